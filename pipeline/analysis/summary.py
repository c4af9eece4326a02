"""The day in a few of its own sentences: LexRank for weight, MMR against repetition.

MMR: Carbonell and Goldstein 1998, "The Use of MMR, Diversity-Based Reranking for Reordering Documents and Producing
Summaries".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from pipeline.analysis.lexrank import SHARED, Floats, Integers, graph, lexrank, linked, vectors

Rows = npt.NDArray[np.intp]

_FEWEST, _FULL, _MOST = 3, 5, 40
"""Distinct content words of a sentence that may be shown: fewer tell a stranger nothing, more are lists. Below the
second a sentence weighs less, in proportion: it is shown where many say just that, and else a fuller one like it.
"""
_PRODUCTS = 100_000_000
"""Products of words that building the graph may cost, some seconds; of a day that needs more, sentences are taken
evenly. 20,000 posts need some 5 million, 100,000 some 70."""


@dataclass(frozen=True)
class Sentences:
    """The day's sentences in the order of their posts, copies and reposts folded into the weight of the first.

    post, number, weight: one entry a sentence. Its content words are ``words[indptr[i]:indptr[i + 1]]``, numbers from 0
    in any order.
    """

    post: Integers
    number: Integers
    weight: Floats
    indptr: npt.NDArray[np.int64]
    words: Integers


@dataclass(frozen=True)
class _Weights:
    """Of each ranked sentence its LexRank, its part by length, and its post."""

    rank: Floats
    fullness: Floats
    post: Integers


@dataclass(frozen=True)
class Chosen:
    """A sentence of the summary.

    score: the LexRank of the sentences linked to it, each times its cosine; of the whole day's 1.
    posts: the posts that it stands for, copies and reposts included: its own and those with a sentence linked to it (a
    cosine of at least 0.35 and two content words in common). A post linked to several chosen counts once, for the
    nearest, so that the posts of a summary add up.
    share: these of the day's posts.
    """

    post: int
    number: int
    score: float
    share: float
    posts: int


def summarise(sentences: Sentences, *, posts: int, wanted: int, diversity: float) -> list[Chosen]:
    """Return at most ``wanted`` sentences of as many posts, in the order of choice; fewer where no more are new.

    posts: the day's posts, copies and reposts included. diversity: 0 to 1, the part of MMR that counts difference.
    """
    space = vectors(sentences.indptr, sentences.words)
    ranked, votes = _voters(space, sentences)
    if not len(ranked):
        return []
    links = graph(space[ranked], sentences.post[ranked])
    rank = lexrank(links, votes)
    weights = _Weights(rank, _fullness(np.diff(space.indptr)[ranked]), sentences.post[ranked])
    picked = _picked(space[ranked], links, weights, wanted=wanted, diversity=diversity)
    if not picked:
        return []
    rows = ranked[picked]
    scores = (links @ rank)[picked].tolist()
    return [
        Chosen(int(sentences.post[row]), int(sentences.number[row]), score, count / posts, round(count))
        for row, score, count in zip(rows, scores, _stood_for(space, sentences, rows), strict=True)
    ]


def _voters(space: sparse.csr_array, sentences: Sentences) -> tuple[Rows, Floats]:
    """Return the sentences to rank, those of the same words once, and what each is voted with.

    One post, one vote: a post's weight is shared among its sentences. Where the graph would cost too much, sentences
    are met in equal steps through all votes.
    """
    rows = np.flatnonzero(np.diff(space.indptr) >= SHARED)
    if not len(rows):
        return rows, np.empty(0)
    votes: Floats = sentences.weight[rows] / np.bincount(sentences.post[rows])[sentences.post[rows]]
    words = space[rows]
    codes = np.random.default_rng(1).integers(2**64, size=space.shape[1], dtype=np.uint64)
    _, first, same = np.unique(
        np.add.reduceat(codes[words.indices], words.indptr[:-1]), return_index=True, return_inverse=True
    )
    order = np.argsort(first)  # the day's order again
    rows = rows[first[order]]
    votes = np.bincount(same, weights=votes)[order].astype(np.float64)
    cost = float((np.bincount(space[rows].indices).astype(np.float64) ** 2).sum())
    if cost <= _PRODUCTS:
        return rows, votes
    steps = max(1, int(len(rows) * (_PRODUCTS / cost) ** 0.5))
    met = np.searchsorted(np.cumsum(votes), (np.arange(steps) + 0.5) * (votes.sum() / steps))
    hit, times = np.unique(np.minimum(met, len(rows) - 1), return_counts=True)
    return rows[hit], times.astype(np.float64)


def _fullness(words: Integers) -> Floats:
    """Return by what part sentences of so many distinct words count when some are chosen; 0: may not be shown."""
    return np.where((words >= _FEWEST) & (words <= _MOST), np.minimum(words / _FULL, 1.0), 0.0)


def _picked(
    space: sparse.csr_array, links: sparse.csr_array, weights: _Weights, *, wanted: int, diversity: float
) -> list[int]:
    """Return rows by MMR, each weighed by the rank of the sentences linked to it that no chosen one stands for yet.

    The rank of a sentence alone would not do: in a graph of many topics each has its size in rank, shared among its
    sentences, so that those of a large topic stand no higher than one that nobody else repeats. A sentence linked to a
    chosen one is not chosen; likeness of fewer words counts against it.
    """
    unsaid, likeness = weights.rank.copy(), np.zeros(len(weights.rank))
    free = weights.fullness > 0
    picked: list[int] = []
    while len(picked) < wanted:
        weight = np.where(free & (unsaid > 0), weights.fullness * (links @ unsaid), 0.0)
        if weight.max() <= 0:
            break
        value = np.where(weight > 0, (1 - diversity) * weight / weight.max() - diversity * likeness, -np.inf)
        row = int(np.lexsort((-weight, -value))[0])
        picked.append(row)
        free &= weights.post != weights.post[row]
        unsaid[links.indices[links.indptr[row] : links.indptr[row + 1]]] = 0
        likeness = np.maximum(likeness, (space @ space[[row]].T).toarray().ravel())
    return picked


def _stood_for(space: sparse.csr_array, sentences: Sentences, rows: Rows) -> list[float]:
    """Return for each chosen row how many posts it stands for, as Chosen defines it."""
    cosines = linked(space, space[rows]).toarray()
    cosines[rows, np.arange(len(rows))] = 2  # a chosen sentence's own post counts for nothing nearer
    nearest, cosine = cosines.argmax(axis=1), cosines.max(axis=1)
    order = np.lexsort((-cosine, sentences.post))
    order = order[cosine[order] > 0]
    best = order[np.unique(sentences.post[order], return_index=True)[1]]  # of each post the nearest sentence
    counts: list[float] = np.bincount(nearest[best], weights=sentences.weight[best], minlength=len(rows)).tolist()
    return counts
