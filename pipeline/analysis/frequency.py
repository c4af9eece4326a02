"""Counting: tokens to the day's counts, and days to a span by merging alone.

A count of words and posts adds up over days, as a post has one day; distinct authors do not. So each day keeps which
authors used a word (``word_authors``), and a merge unites them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow import compute as pc

from pipeline.tables import COUNTS, WORD_AUTHORS

KEY = ("base", "lemma", "pos")
_AUTHOR = 0xFFFFFFFF
"""Low half of a pair (word, author) packed in int64."""

Word = tuple[str, ...]


class Frequencies(NamedTuple):
    """What was counted over some posts."""

    counts: pa.Table
    word_authors: pa.Table


class _Sums:
    """Sums by integer key, grown as keys appear."""

    def __init__(self) -> None:
        self.values = np.zeros(0, np.int64)

    def add(self, keys: np.ndarray, weights: np.ndarray | None = None) -> None:
        found = np.bincount(keys, weights, len(self.values)).astype(np.int64)  # exact: sums stay below 2**53
        found[: len(self.values)] += self.values
        self.values = found

    def upto(self, size: int) -> np.ndarray:
        return np.pad(self.values, (0, size - len(self.values)))


class Counter:
    """Counts a day chunk by chunk in bounded memory: what is kept grows with words and authors, not with tokens."""

    def __init__(self, authors: pa.ChunkedArray, original: np.ndarray) -> None:
        """Take the posts' authors (null if unknown) and whether each post is neither repost nor copy."""
        encoded = authors.combine_chunks().dictionary_encode()
        self._names = encoded.dictionary
        self._author = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
        self._original = original
        self._words: dict[Word, int] = {}
        self._count, self._posts, self._original_count = _Sums(), _Sums(), _Sums()
        self._pairs: list[np.ndarray] = []

    def add(self, tokens: pa.Table) -> None:
        """Count rows of the tokens table. A post must not be split over two calls."""
        if tokens.num_rows == 0:
            return
        post = tokens["post"].to_numpy()
        word = self._number(tokens)
        self._count.add(word)
        self._original_count.add(word[self._original[post]])
        first, posts = int(post[0]), int(post[-1]) - int(post[0]) + 1
        word, post = np.divmod(_distinct(word * posts + (post - first)), posts)
        self._posts.add(word)
        author = self._author[post + first]
        self._pairs.append(_distinct((word << 32 | author)[author >= 0]))

    def _number(self, tokens: pa.Table) -> np.ndarray:
        """Number each token's word, the same in every chunk; int64 (tokens,)."""
        columns = [tokens[name].unify_dictionaries().combine_chunks() for name in KEY]
        sizes = [len(column.dictionary) for column in columns]
        indices = [column.indices.to_numpy() for column in columns]
        key = (indices[0].astype(np.int64) * sizes[1] + indices[1]) * sizes[2] + indices[2]
        kinds, inverse = np.unique(key, return_inverse=True)
        parts = (kinds // (sizes[1] * sizes[2]), kinds // sizes[2] % sizes[1], kinds % sizes[2])
        texts = (c.dictionary.take(pa.array(p)).to_pylist() for c, p in zip(columns, parts, strict=True))
        numbers = [self._words.setdefault(word, len(self._words)) for word in zip(*texts, strict=True)]
        return np.array(numbers, np.int64)[inverse]

    def result(self) -> Frequencies:
        """Give the counts, ordered by count, base, lemma and pos, and the authors of each word."""
        size = len(self._words)
        pairs = _distinct(np.concatenate([np.zeros(0, np.int64), *self._pairs]))
        sums = [s.upto(size) for s in (self._count, self._posts, self._original_count)]
        return _assemble(list(self._words), sums, pairs, self._names)


def _distinct(keys: np.ndarray) -> np.ndarray:
    """Do np.unique by sorting; numpy's own hashes first and takes three times as long on such keys."""
    keys = np.sort(keys)
    return keys[np.append(True, keys[1:] != keys[:-1])] if len(keys) else keys


def _assemble(words: Sequence[Word], sums: Sequence[np.ndarray], pairs: np.ndarray, names: pa.Array) -> Frequencies:
    """Build the tables of sums (count, posts, original_count) and distinct pairs ``word << 32 | author``.

    Authors are rows of ``names``.
    """
    authors = np.bincount(pairs >> 32, minlength=len(words))
    keys = [pa.array([word[i] for word in words], pa.string()) for i in range(len(KEY))]
    counts = pa.table([*keys, sums[0], sums[1], authors, sums[2]], schema=COUNTS)
    order = pc.sort_indices(counts, [("count", "descending"), *((name, "ascending") for name in KEY)])
    place = np.empty(len(words), np.int64)
    place[order.to_numpy()] = np.arange(len(words))
    rank = np.empty(len(names), np.int64)
    alphabetic = pc.sort_indices(names)
    rank[alphabetic.to_numpy()] = np.arange(len(names))
    pairs = np.sort(place[pairs >> 32] << 32 | rank[pairs & _AUTHOR])
    author = pa.DictionaryArray.from_arrays(pa.array((pairs & _AUTHOR).astype(np.int32)), names.take(alphabetic))
    word_authors = pa.table([pa.array((pairs >> 32).astype(np.int32)), author], schema=WORD_AUTHORS)
    return Frequencies(counts.take(order), word_authors)


def count(posts: pa.Table, tokens: Iterable[pa.Table]) -> Frequencies:
    """Count a day: ``posts`` needs author, is_repost and duplicate_of; ``tokens`` are chunks in order."""
    counter = Counter(posts["author"], originals(posts))
    for chunk in tokens:
        counter.add(chunk)
    return counter.result()


def originals(posts: pa.Table) -> np.ndarray:
    """Tell which posts are neither repost nor copy; bool (posts,)."""
    repeated = pc.or_(posts["is_repost"], pc.is_valid(posts["duplicate_of"]))
    return np.asarray(pc.invert(repeated).to_numpy(), bool)


def merge(parts: Sequence[Frequencies]) -> Frequencies:
    """Merge frequencies of disjoint posts: sums add up, authors are united. Order and grouping do not matter."""
    words: dict[Word, int] = {}
    sums = [_Sums() for _ in range(3)]
    names = pa.chunked_array([n for p in parts for n in _names(p)], pa.string()).unique()
    pairs = [np.zeros(0, np.int64)]
    for part in parts:
        columns = (part.counts[name].to_pylist() for name in KEY)
        number = np.array([words.setdefault(w, len(words)) for w in zip(*columns, strict=True)], np.int64)
        for total, name in zip(sums, ("count", "posts", "original_count"), strict=True):
            total.add(number, part.counts[name].to_numpy())
        author = pc.index_in(part.word_authors["author"].cast(pa.string()), names).to_numpy().astype(np.int64)
        pairs.append(number[part.word_authors["word"].to_numpy()] << 32 | author)
    totals = [total.upto(len(words)) for total in sums]
    return _assemble(list(words), totals, _distinct(np.concatenate(pairs)), names)


def _names(part: Frequencies) -> list[pa.Array]:
    return [chunk.dictionary for chunk in part.word_authors["author"].chunks]
