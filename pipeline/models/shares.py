"""The share of each label among many posts, corrected for the mistakes that the model is known to make, with interval.

Counting answers is biased: a model that takes a tenth of the neutral posts for positive ones finds positive posts on
a day without any. Adjusted count (Forman 2005, "Counting Positives Accurately Despite Inaccurate Classification"), for
several classes as least squares on the simplex (Hopkins and King 2010, "A Method of Automated Nonparametric Content
Analysis"): the shares p whose mixture of the model's habits M p is nearest to the shares of its answers, where
M[answer, gold] was measured on dev.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.models.evaluation import SEED, interval

DRAWS = 500
_PRIOR = 0.5
_HARD = 1e4
"""Weight of the demand that shares sum to 1."""


@dataclass(frozen=True)
class Share:
    """Of one label, 0 to 1."""

    counted: float
    """Share of the answers."""
    share: float
    """The same, corrected."""
    low: float
    high: float
    """Where the corrected share lies 95 times of 100: posts are few, and dev was small."""


def shares(answers: np.ndarray, confusion: np.ndarray, *, seed: int = SEED, draws: int = DRAWS) -> list[Share]:
    """Estimate the share of each label from counts of answers, int (labels,), and confusion, [gold][predicted].

    The interval draws both anew: answers of as many posts, and the model's habits as dev allows (Dirichlet).
    Raises ValueError where there are no answers.
    """
    return _told(answers, *_estimated(answers, confusion, seed, draws)[:2])


def shares_of_parts(
    answers: np.ndarray, parts: np.ndarray, confusion: np.ndarray, *, seed: int = SEED, draws: int = DRAWS
) -> list[list[Share]]:
    """Estimate the same of parts of the posts, such as hours, from counts of answers, int (parts, labels).

    A part has too few posts for a correction of its own. So what an answer means, p(gold | answer), is taken of all
    posts together, and a part is the mean of what its answers mean: the mean of all parts is the share of the whole.
    Parts without posts have no shares.
    """
    found, drawn, habit, habits = _estimated(answers, confusion, seed, draws)
    meaning, meanings = _inverted(habit, found), _inverted(habits, drawn)
    rng = np.random.default_rng(seed)
    told = []
    for part in parts:
        posts = int(part.sum())
        again = rng.multinomial(posts, part / max(posts, 1), size=draws) / max(posts, 1)
        each = np.einsum("dga,da->dg", meanings, again)
        told.append(_told(part, meaning @ (part / posts), each) if posts else [])
    return told


def _estimated(
    answers: np.ndarray, confusion: np.ndarray, seed: int, draws: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return shares (labels,), drawn shares (draws, labels), habits [answer][gold], drawn habits (draws, …)."""
    posts = int(answers.sum())
    if posts == 0:
        raise ValueError("no answers to take shares of")
    counted = answers / posts
    seen = confusion + _PRIOR / len(answers)  # a label that dev lacks may be taken for any
    habit = (seen / seen.sum(axis=1, keepdims=True)).T
    rng = np.random.default_rng(seed)
    habits = np.stack([rng.dirichlet(row, size=draws) for row in seen], axis=2)  # (draws, answer, gold)
    again = rng.multinomial(posts, counted, size=draws) / posts
    drawn = np.stack([_adjusted(*draw) for draw in zip(again, habits, strict=True)])
    return _adjusted(counted, habit), drawn, habit, habits


def _told(answers: np.ndarray, found: np.ndarray, drawn: np.ndarray) -> list[Share]:
    counted = answers / answers.sum()
    bounds = [interval(value, column) for value, column in zip(found, drawn.T, strict=True)]
    return [Share(float(c), b.value, b.low, b.high) for c, b in zip(counted, bounds, strict=True)]


def _inverted(habits: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Turn p(answer | gold), (…, answer, gold), and shares, (…, gold), into p(gold | answer), (…, gold, answer)."""
    joint = np.swapaxes(habits * found[..., None, :], -1, -2)
    return np.asarray(joint / np.maximum(joint.sum(axis=-2, keepdims=True), 1e-300))


def shares_of_several(
    present: np.ndarray, posts: int, confusion: np.ndarray, *, seed: int = SEED, draws: int = DRAWS
) -> list[Share]:
    """Do the same where a post may have several labels, each label by itself.

    ``present`` counts the posts said to have each label, int (labels,); ``confusion`` is (labels, 4).
    """
    found = []
    for count, cells in zip(present, confusion, strict=True):
        answers = np.array([posts - count, count])
        found.append(shares(answers, cells.reshape(2, 2), seed=seed, draws=draws)[1])
    return found


def _adjusted(counted: np.ndarray, habits: np.ndarray) -> np.ndarray:
    """Solve habits @ p = counted for p ≥ 0 that sums to 1; (labels,)."""
    from scipy.optimize import nnls

    system = np.vstack([habits, np.full(len(counted), _HARD)])
    found, _ = nnls(system, np.append(counted, _HARD))
    return np.asarray(found / found.sum())
