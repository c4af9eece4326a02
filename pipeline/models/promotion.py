"""Whether a newly trained model takes over: compared with the one in service on the same posts, by paired bootstrap.

Two sets of posts are asked: recent ones held out of both, which tell whether the new model fits the days it will
see, and a frozen gold set, which no label that came later can poison (Berg-Kirkpatrick, Burkett and Klein 2012, "An
Empirical Investigation of Statistical Significance in NLP", on the paired bootstrap).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from pipeline.models.evaluation import DRAWS, SEED, Interval, Scores, decide, interval, resampled, tallies
from pipeline.settings import Promotion


@dataclass(frozen=True)
class LabelChange:
    """F1 of one label, before and after."""

    label: str
    gold: int
    champion: float
    challenger: float
    difference: Interval


@dataclass(frozen=True)
class Comparison:
    """Challenger minus champion on one set of posts; intervals are of 95 %."""

    posts: int
    accuracy: Interval
    macro_f1: Interval
    worst: float
    """Lower bound of the difference of macro F1 at the doubt that the rules allow."""
    per_class: list[LabelChange]


@dataclass(frozen=True)
class Reason:
    """One thing that was asked, and the answer."""

    name: str
    """better, worse, few, collapsed, kept, first, unfrozen; of a second training learned, held, unsound: what the page
    looks its words up by."""
    passed: bool
    words: str
    values: dict[str, str]


@dataclass(frozen=True)
class Decision:
    """Whether the challenger takes over, and why."""

    promoted: bool
    reasons: list[Reason]

    def as_json(self) -> dict[str, Any]:
        """Return the same as dicts, lists and numbers."""
        return asdict(self)


_WORDS = {
    "better": "macro F1 on the {those} changes by {value}, to {sure} % no lower than {low}: above -{tolerance}",
    "worse": "macro F1 on the {those} changes by {value}, to {sure} % no lower than {low}: not above -{tolerance}",
    "few": "{those} are too few to decide; {least} are needed",
    "collapsed": "label {label} collapses on {part}: F1 from {champion} to {challenger}",
    "kept": "no label collapses on {part}",
    "first": "no model was in service",
    "learned": "trained once more on all posts: macro F1 on the {those}, which it has learned now, changes by {value}",
    "held": "trained once more on all posts: macro F1 on the {those} changes by {value} ({low} to {high})",
    "unsound": "trained once more on all posts, it is worse on the {those}: macro F1 changes by {value} "
    "({low} to {high}); the measured model answers",
    "unfrozen": "there is no frozen gold set: only recent posts were asked",
}
RECENT, FROZEN = "recent", "frozen"
_PARTS = {RECENT: "recent posts", FROZEN: "the frozen gold set"}
_THOSE = {RECENT: "{posts} recent posts", FROZEN: "{posts} posts of the frozen gold set"}


def compare(
    gold: np.ndarray,
    champion: np.ndarray,
    challenger: np.ndarray,
    labels: Sequence[str],
    *,
    doubt: float = Promotion().doubt,
    seed: int = SEED,
    draws: int = DRAWS,
) -> Comparison:
    """Compare probabilities, (n, labels) each, on the same posts; gold is int (n,) or 0/1 (n, labels).

    ``doubt`` is the chance, 0 to 0.5, that the difference lies below ``worst``.
    """
    several = gold.ndim == 2
    counted = [tallies(gold, decide(p, several), len(labels)) for p in (champion, challenger)]
    both = np.concatenate(counted, axis=1)
    drawn = [Scores.of(half, len(gold)) for half in np.split(resampled(both, seed, draws), 2, axis=1)]
    before, after = (Scores.of(part.sum(axis=0)[None], len(gold)) for part in counted)

    def change(name: str) -> tuple[np.ndarray, np.ndarray]:
        return getattr(after, name) - getattr(before, name), getattr(drawn[1], name) - getattr(drawn[0], name)

    (accuracy, accuracies), (macro, macros), (f1, f1s) = map(change, ("accuracy", "macro_f1", "f1"))
    changes = [
        LabelChange(
            label,
            int(before.counts[0, 2, place]),
            float(before.f1[0, place]),
            float(after.f1[0, place]),
            interval(f1[0, place], f1s[:, place]),
        )
        for place, label in enumerate(labels)
    ]
    worst = min(float(np.quantile(macros, doubt)), float(macro[0]))
    return Comparison(len(gold), interval(accuracy[0], accuracies), interval(macro[0], macros), worst, changes)


def decide_on(recent: Comparison | None, frozen: Comparison | None, rules: Promotion | None = None) -> Decision:
    """Promote where the lower bound is above the tolerance and no label collapses, on each set that there is.

    ``recent`` is None where no model was in service: then the challenger is the first and takes over.
    """
    if recent is None:
        return Decision(True, [_reason("first", True)])
    rules = rules or Promotion()
    reasons = _on(recent, RECENT, rules)
    reasons += [_reason("unfrozen", True)] if frozen is None else _on(frozen, FROZEN, rules)
    return Decision(all(reason.passed for reason in reasons), reasons)


def sound(recent: Comparison | None, frozen: Comparison | None, rules: Promotion) -> list[Reason]:
    """Tell whether a model trained once more on all posts may answer in place of the measured one, which is compared.

    It has learned the recent posts, so that it must not answer them worse; the frozen ones not worse beyond doubt.
    """
    reasons = []
    for part, compared in ((RECENT, recent), (FROZEN, frozen)):
        if compared is None or not compared.posts:
            continue
        change = compared.macro_f1
        passed = change.value >= -rules.tolerance if part == RECENT else change.high >= 0
        told = {"value": _signed(change.value), "low": _signed(change.low), "high": _signed(change.high)}
        name = {RECENT: "learned", FROZEN: "held"}[part] if passed else "unsound"
        reasons.append(_reason(name, passed, part=part, posts=compared.posts, **told))
    return reasons


def flips(champion: np.ndarray, challenger: np.ndarray, several: bool, most: int = 50) -> np.ndarray:
    """Find the posts whose answer changes, the surest of the new answers first: rows, int64 (at most ``most``,)."""
    before, after = decide(champion, several), decide(challenger, several)
    changed = np.flatnonzero((before != after).any(axis=1) if several else before != after)
    margin = np.abs(challenger - champion).max(axis=1)
    return np.asarray(changed[np.argsort(-margin[changed], kind="stable")][:most])


def _on(compared: Comparison, part: str, rules: Promotion) -> list[Reason]:
    if compared.posts < rules.least_posts:
        return [_reason("few", False, part=part, posts=compared.posts, least=rules.least_posts)]
    better = compared.worst > -rules.tolerance
    told = {"value": _signed(compared.macro_f1.value), "low": _signed(compared.worst)}
    told |= {"sure": f"{100 * (1 - rules.doubt):g}", "tolerance": f"{rules.tolerance:.3f}"}
    reasons = [_reason("better" if better else "worse", better, part=part, posts=compared.posts, **told)]
    fallen = [label for label in compared.per_class if _collapsed(label, rules)]
    reasons += [
        _reason(
            "collapsed",
            False,
            part=part,
            label=label.label,
            champion=f"{label.champion:.3f}",
            challenger=f"{label.challenger:.3f}",
        )
        for label in fallen
    ]
    return reasons if fallen else [*reasons, _reason("kept", True, part=part)]


def _collapsed(change: LabelChange, rules: Promotion) -> bool:
    if change.gold < rules.least_of_label or change.champion == 0:
        return False
    surely = change.difference.value <= -rules.collapse and change.difference.high < 0
    return surely or change.challenger == 0


def _reason(name: str, passed: bool, **values: object) -> Reason:
    told = {key: str(value) for key, value in values.items()}
    part = told.get("part", "")
    named = told | {"part": _PARTS.get(part, ""), "those": _THOSE.get(part, "").format(posts=told.get("posts"))}
    return Reason(name, passed, _WORDS[name].format(**named), told)


def _signed(value: float) -> str:
    return f"{value:+.3f}"
