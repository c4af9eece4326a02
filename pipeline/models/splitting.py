"""Which posts are learned from, which are tuned on and which are held out: by time, and never copies on both sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

DEV, HELD_OUT = 0.1, 0.2
_GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True)
class Split:
    """Rows of each part, int64, ascending; no two parts share a row or a group of copies."""

    train: np.ndarray
    dev: np.ndarray
    held_out: np.ndarray
    left_out: np.ndarray
    """Rows in no part: copies of a post in an earlier part, frozen ones, and weak ones too late to train on."""


def copies(ids: Sequence[str], duplicate_of: Sequence[str | None], clean: Sequence[str]) -> np.ndarray:
    """Number groups of copies, int64 (n,): posts joined by ``duplicate_of``, or whose clean text is the same.

    Case and spaces do not count. A post without any clean text (emoji alone) is a copy of none but by
    ``duplicate_of``. A group's number is the row of its first post.
    """
    parent = list(range(len(ids)))

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = row = parent[parent[row]]
        return row

    seen: dict[tuple[str, str], int] = {}
    for row, (own, other, text) in enumerate(zip(ids, duplicate_of, clean, strict=True)):
        folded = "".join(text.split()).casefold()
        keys = [("post", other or own), ("post", own), *([("text", folded)] if folded else [])]
        for key in keys:
            first, second = sorted((root(seen.setdefault(key, row)), root(row)))
            parent[second] = first
    return np.fromiter(map(root, range(len(ids))), np.int64, len(ids))


def by_time(
    times: np.ndarray,
    groups: np.ndarray,
    *,
    dev: float = DEV,
    held_out: float = HELD_OUT,
    gold: np.ndarray | None = None,
    frozen: np.ndarray | None = None,
) -> Split:
    """Hold out the latest posts, tune on those before them, train on the rest.

    ``times`` is any comparable (n,); ``dev`` and ``held_out`` are shares of the gold posts. A group of copies belongs
    to the part of its earliest post; its later copies in other parts are left out. Rows that are not ``gold``, bool
    (n,), never leave training. ``frozen``, bool (n,), marks posts of a set kept apart for good: neither they nor
    their copies are in any part.
    """
    rows = len(times)
    is_gold = np.ones(rows, bool) if gold is None else gold
    usable = np.ones(rows, bool) if frozen is None else ~np.isin(groups, groups[frozen])
    order = np.argsort(times, kind="stable")
    candidates = order[(usable & is_gold)[order]]
    late, later = (len(candidates) - round(share * len(candidates)) for share in (dev + held_out, held_out))
    part = np.full(rows, -1)
    for number, chosen in enumerate((candidates[:late], candidates[late:later], candidates[later:])):
        part[chosen] = number
    weak = usable & ~is_gold
    if late < len(candidates):
        weak &= times < times[candidates[late]]
    part[weak] = 0
    return _without_copies(part, groups, order, is_gold)


def stratified(
    gold: np.ndarray, groups: np.ndarray, *, dev: float = DEV, held_out: float = HELD_OUT, seed: int = 1
) -> Split:
    """Split undated posts at random, each label in the same shares; a group of copies goes as one.

    ``gold`` is int (n,), or 0/1 (n, labels), where each combination of labels counts as one.
    """
    kinds = gold if gold.ndim == 1 else np.unique(gold, axis=0, return_inverse=True)[1].ravel()
    _, first, of_group = np.unique(groups, return_index=True, return_inverse=True)
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(first))
    order = shuffled[np.argsort(kinds[first][shuffled], kind="stable")]
    # Multiples of the golden ratio: of any run of neighbours, hence of every label, each part gets its share.
    places = (np.arange(len(first)) * _GOLDEN + rng.random()) % 1
    part = np.empty(len(first), np.int64)
    part[order] = np.where(places < held_out, 2, np.where(places < held_out + dev, 1, 0))
    rows = part[of_group]
    return Split(*(np.flatnonzero(rows == number) for number in (0, 1, 2, -1)))


def _without_copies(part: np.ndarray, groups: np.ndarray, order: np.ndarray, is_gold: np.ndarray) -> Split:
    """Keep a group in one part: that of its earliest gold post, or of its earliest."""
    home = np.full(len(part), -1)
    placed = order[part[order] >= 0]
    ranked = placed[np.argsort(~is_gold[placed], kind="stable")]
    home[groups[ranked[::-1]]] = part[ranked[::-1]]  # the first of each group is written last
    part = np.where(part == home[groups], part, -1)
    return Split(*(np.flatnonzero(part == number) for number in (0, 1, 2, -1)))
