"""How good answers are: accuracy, F1, confusion and calibration error, each score with an interval.

Gold answers are int (n,), the place of the one label, or 0/1 (n, labels) where a post may have several; probabilities
are float (n, labels). With several labels accuracy is exact match: all labels of a post right at once.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

SEED, DRAWS, LEVEL = 1, 2000, 0.95
BINS = 15


@dataclass(frozen=True)
class Interval:
    """A measured value and the bounds between which it lies in 95 of 100 draws."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class LabelScore:
    """How one label fares; a rate with nothing under its line is 0."""

    label: str
    precision: float
    recall: float
    f1: Interval
    gold: int
    """Posts that have it."""
    predicted: int
    """Posts that were said to have it."""


@dataclass(frozen=True)
class Bin:
    """Answers of about the same confidence."""

    answers: int
    confidence: float
    right: float


@dataclass(frozen=True)
class Evaluation:
    """What one model does on one set of posts."""

    posts: int
    accuracy: Interval
    macro_f1: Interval
    per_class: list[LabelScore]
    ece: float
    reliability: list[Bin]
    confusion: list[list[int]]
    """One label: [gold][predicted]. Several: a row a label of right absences, false, missed and right presences."""

    def as_json(self) -> dict[str, Any]:
        """Return the same as dicts, lists and numbers."""
        return asdict(self)


def decide(probabilities: np.ndarray, several: bool) -> np.ndarray:
    """Choose answers: the likeliest label, int64 (n,); or with several every label from 0.5 up, int8 (n, labels)."""
    if several:
        return np.asarray(probabilities >= 0.5, np.int8)
    return np.asarray(probabilities.argmax(axis=1), np.int64)


def evaluate(
    gold: np.ndarray, probabilities: np.ndarray, labels: list[str], *, seed: int = SEED, draws: int = DRAWS
) -> Evaluation:
    """Measure answers against gold ones. Raises ValueError where shapes differ or there are no posts."""
    several = gold.ndim == 2
    _check(gold, probabilities, labels)
    predicted = decide(probabilities, several)
    counted = tallies(gold, predicted, len(labels))
    measured = Scores.of(counted.sum(axis=0)[None], len(gold))
    drawn = Scores.of(resampled(counted, seed, draws), len(gold))
    bins = reliability(gold, probabilities)
    return Evaluation(
        posts=len(gold),
        accuracy=interval(measured.accuracy[0], drawn.accuracy),
        macro_f1=interval(measured.macro_f1[0], drawn.macro_f1),
        per_class=_per_class(labels, measured, drawn),
        ece=calibration_error(bins),
        reliability=bins,
        confusion=confusion(gold, predicted, len(labels)).tolist(),
    )


def confusion(gold: np.ndarray, predicted: np.ndarray, labels: int) -> np.ndarray:
    """Count answers: int64 (labels, labels) as [gold][predicted], or (labels, 4) with several labels."""
    if gold.ndim == 1:
        flat = np.bincount(gold * labels + predicted, minlength=labels * labels)
        return flat.reshape(labels, labels)
    cells = gold.astype(np.int64) * 2 + predicted
    return np.stack([np.bincount(column, minlength=4) for column in cells.T])


def tallies(gold: np.ndarray, predicted: np.ndarray, labels: int) -> np.ndarray:
    """Give each post's part in every score: int64 (n, 1 + 3 × labels), right, and hit, said and gold of each label."""
    g, p = (_marks(answers, labels) for answers in (gold, predicted))
    right = (g == p).all(axis=1, keepdims=True)
    return np.concatenate([right, g & p, p, g], axis=1).astype(np.int64)


def resampled(counted: np.ndarray, seed: int, draws: int = DRAWS) -> np.ndarray:
    """Sum tallies over posts drawn with replacement, as many as there are; (draws, columns).

    Posts with equal tallies are drawn together: the counts of a bootstrap sample are multinomial.
    """
    kinds, sizes = np.unique(counted, axis=0, return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(len(counted), sizes / len(counted), size=draws)
    return np.asarray(drawn @ kinds)


def interval(value: float, drawn: np.ndarray, level: float = LEVEL) -> Interval:
    """Bound a value by quantiles of bootstrap draws, (draws,) (Efron's percentile interval)."""
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(value), float(min(low, value)), float(max(high, value)))


@dataclass(frozen=True)
class Scores:
    """Scores of many draws at once."""

    accuracy: np.ndarray
    """(draws,)"""
    macro_f1: np.ndarray
    """(draws,), over the labels that occur, in gold or in answers, in the draw."""
    f1: np.ndarray
    """(draws, labels)"""
    counts: np.ndarray
    """(draws, 3, labels): hit, said, gold."""

    @classmethod
    def of(cls, sums: np.ndarray, posts: int) -> Scores:
        """Compute scores from sums of tallies, (draws, 1 + 3 × labels)."""
        counts = sums[:, 1:].reshape(len(sums), 3, -1)
        hit, said, gold = counts[:, 0], counts[:, 1], counts[:, 2]
        f1 = 2 * hit / np.maximum(said + gold, 1)
        occurring = np.maximum(((said + gold) > 0).sum(axis=1), 1)
        return cls(sums[:, 0] / posts, f1.sum(axis=1) / occurring, f1, counts)


def reliability(gold: np.ndarray, probabilities: np.ndarray, bins: int = BINS) -> list[Bin]:
    """Put answers into bins of equal width by their confidence; empty bins are left out.

    With several labels each label of each post is an answer of its own, yes or no.
    """
    sure, right = confidence(gold, probabilities)
    place = np.minimum((sure * bins).astype(np.int64), bins - 1)
    sizes = np.bincount(place, minlength=bins)
    sums, hits = (np.bincount(place, weights, bins) for weights in (sure, right))
    return [Bin(int(sizes[b]), float(sums[b] / sizes[b]), float(hits[b] / sizes[b])) for b in range(bins) if sizes[b]]


def calibration_error(bins: list[Bin]) -> float:
    """Expected calibration error: the mean distance of confidence and share of right answers (Guo et al. 2017)."""
    answers = sum(b.answers for b in bins)
    return sum(b.answers * abs(b.confidence - b.right) for b in bins) / answers


def confidence(gold: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tell of each answer how sure it is, float64, and whether it is right, bool: (n,), or (n × labels,)."""
    probabilities = probabilities.astype(np.float64)
    if gold.ndim == 1:
        return probabilities.max(axis=1), probabilities.argmax(axis=1) == gold
    return np.maximum(probabilities, 1 - probabilities).ravel(), ((probabilities >= 0.5) == (gold == 1)).ravel()


def _marks(answers: np.ndarray, labels: int) -> np.ndarray:
    return np.asarray(answers == 1 if answers.ndim == 2 else answers[:, None] == np.arange(labels), bool)


def _per_class(labels: list[str], measured: Scores, drawn: Scores) -> list[LabelScore]:
    found = []
    for place, label in enumerate(labels):
        hit, said, gold = measured.counts[0, :, place].tolist()
        f1 = interval(measured.f1[0, place], drawn.f1[:, place])
        found.append(LabelScore(label, hit / max(said, 1), hit / max(gold, 1), f1, gold, said))
    return found


def _check(gold: np.ndarray, probabilities: np.ndarray, labels: list[str]) -> None:
    wanted = (len(gold), len(labels))
    if len(gold) == 0:
        raise ValueError("no posts to evaluate on")
    if probabilities.shape != wanted or (gold.ndim == 2 and gold.shape != wanted):
        raise ValueError(f"gold {gold.shape} and probabilities {probabilities.shape} of {len(labels)} labels")
    if gold.ndim == 1 and not (gold.min() >= 0 and gold.max() < len(labels)):
        raise ValueError(f"gold labels from {gold.min()} to {gold.max()} of {len(labels)}")
