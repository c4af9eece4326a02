"""A new model beside the one in service, on posts that neither learned from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from pipeline.engines import forgotten
from pipeline.engines import material as materials
from pipeline.engines.material import Material
from pipeline.models import evaluation, promotion
from pipeline.models.bundle import Bundle
from pipeline.models.evaluation import Interval
from pipeline.models.labels import GOLD, JOINT, NONE, WEAK
from pipeline.models.promotion import FROZEN, RECENT, Comparison, Decision
from pipeline.models.splitting import Split
from pipeline.settings import Promotion
from pipeline.store import parquet
from pipeline.store.layout import Layout
from pipeline.tables import TRIALS

if TYPE_CHECKING:
    from pipeline.engines.refitting import Refit
    from pipeline.text.lexicon import Lexicon

DEV = "dev"
CHALLENGER, CHAMPION, LINEAR = "challenger", "champion", "linear"
_NOTHING = Interval(0, 0, 0)


class Judged:
    """A model opened once, for all that is asked of it: opening takes longer than a thousand answers."""

    def __init__(self, bundle: Bundle, lexicon: Lexicon) -> None:
        from pipeline.models.serving import Model

        self.labels, self.linear = bundle.labels, bundle.linear
        self._model = Model.of(bundle, lexicon)

    def probabilities(self, texts: Sequence[str], names: Sequence[str]) -> np.ndarray:
        """Answer; a label that the model does not know has probability 0. float32 (n, names)."""
        return widened(self._model.probabilities(texts), self.labels, names)


@dataclass(frozen=True)
class Part:
    """Answers of all models on one set of posts."""

    rows: np.ndarray
    """int64 (n,), of the material"""
    gold: np.ndarray
    """int64 (n,), or int8 (n, labels)"""
    answers: dict[str, np.ndarray]
    """role -> probabilities, (n, labels)"""


@dataclass(frozen=True)
class Trial:
    """All that was asked, and what came of it."""

    labels: list[str]
    """Those of both models and of the gold answers."""
    parts: dict[str, Part]
    """recent, frozen, dev: those that have posts labelled by people."""
    compared: dict[str, Comparison]
    decision: Decision


def hold(material: Material, split: Split, models: Mapping[str, Judged], seen: set[str], rules: Promotion) -> Trial:
    """Ask both models on the recent posts held out, but for those that the champion has ``seen``, and the frozen ones.

    Seen are ids of posts that the champion learned from or was tuned on; copies of them count as seen.
    """
    known = np.array([post in seen for post in material.ids], bool)
    fresh = ~np.isin(material.groups, material.groups[known])
    rows = {RECENT: split.held_out[fresh[split.held_out]], FROZEN: np.flatnonzero(material.frozen)}
    rows[DEV] = split.dev[material.gold[split.dev]]
    names = _names(material, split, models)
    asked = {RECENT: models, FROZEN: models, DEV: {CHALLENGER: models[CHALLENGER]}}
    parts = {name: _part(material, names, some, asked[name]) for name, some in rows.items() if len(some)}
    both = (RECENT, FROZEN) if CHAMPION in models else ()
    compared = {name: _compared(parts.get(name), names, rules.doubt) for name in both}
    frozen = compared.get(FROZEN) if FROZEN in parts else None
    return Trial(
        names,
        parts,
        {name: each for name, each in compared.items() if name in parts},
        promotion.decide_on(compared.get(RECENT), frozen, rules),
    )


def habits(material: Material, split: Split, model: Judged) -> np.ndarray:
    """Count a model's answers to all posts labelled by people that it did not learn from, as confusion does.

    Dev alone is a few dozen posts, too few to correct the shares of a day by.
    """
    rows = np.concatenate([split.dev, split.held_out])
    rows = rows[material.gold[rows]]
    if not material.several:
        rows = rows[np.isin(np.array(material.labels)[rows], model.labels)]
    answers = model.probabilities([material.texts[row] for row in rows], model.labels)
    given, several = [material.labels[row] for row in rows], material.several
    gold = materials.marks(given, model.labels) if several else np.array([model.labels.index(one) for one in given])
    return evaluation.confusion(gold.astype(np.int64), evaluation.decide(answers, several), len(model.labels))


def said(answers: np.ndarray, names: Sequence[str], several: bool) -> list[str]:
    """Write a model's answers as the table of labels does."""
    chosen = evaluation.decide(answers, several)
    if not several:
        return [names[place] for place in chosen]
    return [JOINT.join(n for n, there in zip(names, row, strict=True) if there) or NONE for row in chosen]


def table(material: Material, split: Split, trial: Trial, again: Refit | None) -> pa.Table:
    """Return a row a labelled post: where it stood, what each model answered, who learned from it; columns TRIALS."""
    part = np.full(len(material.ids), "left_out", object)
    for name, rows in (("train", split.train), (DEV, split.dev), (RECENT, split.held_out)):
        part[rows] = name
    part[material.frozen] = FROZEN
    found = {role: np.full(len(material.ids), None, object) for role in (CHALLENGER, CHAMPION, LINEAR)}
    for each in trial.parts.values():
        for role, answers in each.answers.items():
            found[role][each.rows] = said(answers, trial.labels, material.several)
    origins = [GOLD if gold else WEAK for gold in material.gold]
    learned, served = np.isin(part, ("train", DEV)), np.full(len(material.ids), None, object)
    if again and again.sound:
        learned[again.rows] = True
    if again and again.frozen is not None:
        served[material.frozen] = said(again.frozen, again.labels, material.several)
    columns = [material.ids, part.tolist(), material.labels, origins, *(answers.tolist() for answers in found.values())]
    made = [pa.array(column, pa.string()) for column in (*columns, served.tolist())]
    return pa.table([*made, pa.array(learned)], schema=TRIALS).sort_by("post_id")


def seen(layout: Layout, name: str, version: int, known: Material) -> set[str]:
    """Name the posts that a version learned from or was tuned on.

    Of a retraining its card's table tells; of a training on files, `hibi train`, the hashes of the texts.
    """
    path = layout.cards(name, version) / "posts.parquet"
    if not path.exists():
        learned = forgotten.which_learned(layout, name, version, known.texts)
        return {known.ids[row] for row in np.flatnonzero(learned)}
    return {row["post_id"] for row in parquet.read(path, ["post_id", "learned"]).to_pylist() if row["learned"]}


def _names(material: Material, split: Split, models: Mapping[str, Judged]) -> list[str]:
    known = dict.fromkeys(label for model in models.values() for label in model.labels)
    if material.several:
        return [*known, *(name for name in material.names if name not in known)]
    asked = [*split.held_out.tolist(), *np.flatnonzero(material.frozen).tolist()]
    return [*known, *sorted({material.labels[row] for row in asked} - known.keys())]


def _part(material: Material, names: list[str], rows: np.ndarray, models: Mapping[str, Judged]) -> Part:
    texts, given = [material.texts[row] for row in rows], [material.labels[row] for row in rows]
    gold = materials.marks(given, names) if material.several else np.array([names.index(one) for one in given])
    answers = {role: model.probabilities(texts, names) for role, model in models.items()}
    challenger = models[CHALLENGER]
    if challenger.linear is not None:
        answers[LINEAR] = widened(challenger.linear.probabilities(texts), challenger.labels, names)
    return Part(rows, gold, answers)


def _compared(part: Part | None, names: list[str], doubt: float) -> Comparison:
    if part is None:
        return Comparison(0, _NOTHING, _NOTHING, 0.0, [])
    return promotion.compare(part.gold, part.answers[CHAMPION], part.answers[CHALLENGER], names, doubt=doubt)


def widened(answers: np.ndarray, known: Sequence[str], names: Sequence[str]) -> np.ndarray:
    """Put columns of probabilities in the order of other names, 0 for those that are not known; float32 (n, names)."""
    found = np.zeros((len(answers), len(names)), np.float32)
    found[:, [names.index(name) for name in known]] = answers
    return found


def judged(trial: Trial) -> Iterator[tuple[str, Part]]:
    """Give the parts that speak for the model: recent and frozen ones; dev where there are neither."""
    proof = [(name, part) for name, part in trial.parts.items() if name != DEV]
    yield from proof or trial.parts.items()
