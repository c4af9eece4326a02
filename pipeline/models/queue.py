"""Which posts a person should label today: unsure ones, ones unlike the labelled, and ones of what has grown.

Ten minutes a day. A third each: unsure posts teach most (Lewis and Gale 1994), diverse ones keep the labels from
telling of nothing but the unsure corner (D² sampling, Arthur and Vassilvitskii 2007), and drifting ones come from
the parts of the stream that have grown since the model was trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.models.baseline import fold

SIZE = 30
ALIKE = 0.8
"""Cosine from which two posts are too alike to ask both."""
_FEATURES = 1 << 16
_SIGNIFICANT = 5.0
"""Standard errors by which a run of characters must have grown to count as drifting; there are thousands of them."""


@dataclass(frozen=True)
class Pick:
    """A post to ask, and why."""

    row: int
    why: str
    """unsure, drift or diverse."""


def vectors(texts: Sequence[str]) -> Any:
    """Turn posts into points: hashed counts of two and three characters, length 1; sparse float32 (n, 65536)."""
    from sklearn.feature_extraction.text import HashingVectorizer

    hashing = HashingVectorizer(
        analyzer="char",
        ngram_range=(2, 3),
        n_features=_FEATURES,
        lowercase=False,
        alternate_sign=False,
        dtype=np.float32,
    )
    return hashing.transform(map(fold, texts))


def pick(
    points: Any,
    probabilities: np.ndarray | None,
    *,
    groups: np.ndarray,
    asked: np.ndarray,
    reference: Any | None = None,
    size: int = SIZE,
    seed: int,
) -> list[Pick]:
    """Choose posts, at most one of a group of copies and none that was asked; fewer than ``size`` if there are no more.

    ``points`` are ``vectors`` of the day's posts, ``reference`` of those that the model was trained on, or None;
    ``probabilities`` are (n, labels), None where there is no model yet. What neither gives is diverse. ``asked`` is
    bool (n,). Make the seed of the day, so that asking again asks the same.
    """
    rng = np.random.default_rng(seed)
    _, first = np.unique(groups, return_index=True)
    free = np.zeros(len(groups), bool)
    free[first] = True
    free &= ~np.isin(groups, groups[asked])
    chosen = _Chosen(points, free, np.flatnonzero(asked))
    share = size // 3
    if probabilities is not None:
        by_doubt = np.argsort(-doubt(probabilities), kind="stable")
        chosen.take(by_doubt, share, "unsure")
    if reference is not None:
        chosen.take(_drifting(points, reference), share, "drift")
    chosen.spread(size - len(chosen.picks), rng)
    return chosen.picks


def doubt(probabilities: np.ndarray) -> np.ndarray:
    """Tell how near a post is to another answer: 1 minus the margin of the two likeliest labels, (n,).

    Right for several labels too where each row is given as its least sure label: see ``least_sure``.
    """
    if probabilities.shape[1] < 2:
        return np.ones(len(probabilities))
    top = np.partition(probabilities, -2, axis=1)[:, -2:]
    return np.asarray(1 - np.abs(top[:, 1] - top[:, 0]))


def least_sure(probabilities: np.ndarray) -> np.ndarray:
    """Give, where a post may have several labels, yes and no of the label that is nearest to even; (n, 2)."""
    nearest = np.abs(probabilities - 0.5).argmin(axis=1)
    yes = probabilities[np.arange(len(probabilities)), nearest]
    return np.stack([yes, 1 - yes], axis=1)


class _Chosen:
    """Posts chosen so far; the nearest of them to each post is kept up to date."""

    def __init__(self, points: Any, free: np.ndarray, asked: np.ndarray) -> None:
        self._points, self._free = points, free
        self._nearest = np.full(len(free), -1.0)
        self.picks: list[Pick] = []
        for row in asked[-200:]:  # the latest will do: this is for variety, not a promise
            self._mark(int(row))

    def take(self, order: np.ndarray, most: int, why: str) -> None:
        """Choose in this order, passing over what is too like a chosen one."""
        left = most
        for row in order.tolist():
            if left and self._free[row] and self._nearest[row] < ALIKE:
                self._add(row, why)
                left -= 1

    def spread(self, most: int, rng: np.random.Generator) -> None:
        """Choose at random, the likelier the farther from all chosen ones."""
        for _ in range(most):
            weights = np.where(self._free, np.clip(1 - self._nearest, 0, 2) ** 2, 0)
            total = weights.sum()
            if total <= 0:
                return
            self._add(int(rng.choice(len(weights), p=weights / total)), "diverse")

    def _add(self, row: int, why: str) -> None:
        self._free[row] = False
        self.picks.append(Pick(row, why))
        self._mark(row)

    def _mark(self, row: int) -> None:
        self._nearest = np.maximum(self._nearest, _cosines(self._points, self._points[[row]])[:, 0])


def _drifting(points: Any, reference: Any) -> np.ndarray:
    """Order the posts that hold what has grown since the reference: rows, the greatest growth first.

    Growth of a run of characters is the difference of the two shares of posts that have it, in standard errors; of a
    post, the mean over its runs, weighted as in its vector; only growth beyond chance counts.
    """
    now, before = (np.asarray((each != 0).sum(axis=0), np.float64).ravel() for each in (points, reference))
    days, others = max(points.shape[0], 1), max(reference.shape[0], 1)
    share = (now + before + 1) / (days + others + 2)
    error = np.sqrt(share * (1 - share) * (1 / days + 1 / others))
    growth = (now / days - before / others) / error
    score = np.asarray(points @ np.where(growth >= _SIGNIFICANT, growth, 0)).ravel()
    order = np.argsort(-score, kind="stable")
    return np.asarray(order[score[order] > 0])


def _cosines(points: Any, others: Any) -> np.ndarray:
    found = points @ others.T
    return np.asarray(found.toarray() if hasattr(found, "toarray") else found)
