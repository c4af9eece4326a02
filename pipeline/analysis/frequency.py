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
OF_POSTS = ("author", "is_repost", "duplicate_of")
OF_TOKENS = ("post", *KEY)
"""What is needed of either table."""
_AUTHOR = 0xFFFFFFFF
"""Low half of a pair (word, author) packed in int64."""
_NO_WORDS = pa.array(["補助記号", "記号", "空白"])


class Frequencies(NamedTuple):
    """What was counted over some posts."""

    counts: pa.Table
    word_authors: pa.Table


class Counted(NamedTuple):
    """What was counted in one chunk, by numbers of the chunk's own words."""

    words: pa.Table
    tokens: np.ndarray
    posts: np.ndarray
    original: np.ndarray
    pairs: np.ndarray
    """Distinct ``word << 32 | author``."""


class Counter:
    """Counts a day chunk by chunk in bounded memory: what is kept grows with words and authors, not with tokens."""

    def __init__(self, posts: pa.Table) -> None:
        """Take the day's posts: author (null if unknown), is_repost and duplicate_of."""
        encoded = posts["author"].combine_chunks().dictionary_encode()
        self._names = encoded.dictionary
        self._author = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
        self._original = originals(posts)
        self.parts: list[Counted] = []
        """What was counted, here or by counters of the same posts in other processes; in any order."""

    def add(self, tokens: pa.Table) -> None:
        """Count rows of the tokens table. A post must not be split over two calls."""
        if tokens.num_rows == 0:
            return
        post = tokens["post"].to_numpy()
        words, word = _numbered(tokens)
        size = words.num_rows
        count = np.bincount(word, minlength=size)
        original = np.bincount(word[self._original[post]], minlength=size)
        first, posts = int(post[0]), int(post[-1]) - int(post[0]) + 1
        bits = posts.bit_length()
        pairs = _distinct(word << bits | (post - first))
        word, author = pairs >> bits, self._author[(pairs & (1 << bits) - 1) + first]
        pairs = _distinct((word << 32 | author)[author >= 0])
        self.parts.append(Counted(words, count, np.bincount(word, minlength=size), original, pairs))

    def result(self) -> Frequencies:
        """Give the counts, ordered by count, base, lemma and pos, and the authors of each word."""
        return _united(self.parts, self._names)


def _numbered(tokens: pa.Table) -> tuple[pa.Table, np.ndarray]:
    """List the distinct words of some tokens, and number each token's word; int64 (tokens,)."""
    columns = [tokens[name].unify_dictionaries().combine_chunks() for name in KEY]
    sizes = [len(column.dictionary) for column in columns]
    indices = [column.indices.to_numpy() for column in columns]
    key = pa.array((indices[0].astype(np.int64) * sizes[1] + indices[1]) * sizes[2] + indices[2]).dictionary_encode()
    kinds = key.dictionary.to_numpy()
    parts = (kinds // (sizes[1] * sizes[2]), kinds // sizes[2] % sizes[1], kinds % sizes[2])
    words = [column.dictionary.take(pa.array(part)) for column, part in zip(columns, parts, strict=True)]
    return pa.table(words, names=list(KEY)), key.indices.to_numpy().astype(np.int64)


def _united(parts: Sequence[Counted], names: pa.Array) -> Frequencies:
    """Add up parts whose authors are rows of ``names``."""
    words = pa.concat_tables([part.words for part in parts]) if parts else pa.table([[]] * 3, _WORDS)
    keys = pc.binary_join_element_wise(*words.columns, _BETWEEN).combine_chunks().dictionary_encode()
    number, size = keys.indices.to_numpy().astype(np.int64), len(keys.dictionary)
    first = np.empty(size, np.int64)
    first[number[::-1]] = np.arange(len(number))[::-1]
    sums = [_added(number, [part[i] for part in parts], size) for i in (1, 2, 3)]
    unordered = pa.table(
        [*words.take(pa.array(first)).columns, *sums], names=[*KEY, "count", "posts", "original_count"]
    )
    found, place = _ordered(unordered, [("count", "descending"), *((name, "ascending") for name in KEY)])
    authors, rank = _ordered(pa.table([names], names=["author"]), [("author", "ascending")])
    word, offsets = place[number], np.cumsum([0, *(part.words.num_rows for part in parts)])
    pairs = [
        word[p.pairs + (o << 32) >> 32] << 32 | rank[p.pairs & _AUTHOR] for p, o in zip(parts, offsets, strict=False)
    ]
    united = _distinct(np.concatenate([_NONE, *pairs]))
    counts = found.append_column("authors", pa.array(np.bincount(united >> 32, minlength=size)))
    names = authors["author"].combine_chunks()
    author = pa.DictionaryArray.from_arrays(pa.array((united & _AUTHOR).astype(np.int32)), names)
    word_authors = pa.table([pa.array((united >> 32).astype(np.int32)), author], schema=WORD_AUTHORS)
    return Frequencies(counts.select(COUNTS.names).cast(COUNTS), word_authors)


def _ordered(table: pa.Table, keys: list[tuple[str, str]]) -> tuple[pa.Table, np.ndarray]:
    """Sort rows, and tell where each went; int64 (rows,)."""
    order = pc.sort_indices(table, keys)
    place = np.empty(len(order), np.int64)
    place[order.to_numpy()] = np.arange(len(order))
    return table.take(order), place


_WORDS = pa.schema([(name, pa.string()) for name in KEY])
_NONE = np.zeros(0, np.int64)
_BETWEEN = "\t"
"""Joins the parts of a key. No token holds it: cleaning takes it out, and MeCab passes over it."""


def _added(number: np.ndarray, values: Sequence[np.ndarray], size: int) -> np.ndarray:
    """Add up values by number; exact, as sums stay below 2**53."""
    return np.bincount(number, np.concatenate([_NONE, *values]), size).astype(np.int64)


def _distinct(keys: np.ndarray) -> np.ndarray:
    """Do np.unique by sorting; numpy's own hashes first and takes three times as long on such keys."""
    keys = np.sort(keys)
    return keys[np.append(True, keys[1:] != keys[:-1])] if len(keys) else keys


def count(posts: pa.Table, tokens: Iterable[pa.Table]) -> Frequencies:
    """Count a day in one go; ``tokens`` are chunks, none of which splits a post."""
    counter = Counter(posts)
    for chunk in tokens:
        counter.add(chunk)
    return counter.result()


def originals(posts: pa.Table) -> np.ndarray:
    """Tell which posts are neither repost nor copy; bool (posts,)."""
    repeated = pc.or_(posts["is_repost"], pc.is_valid(posts["duplicate_of"]))
    return np.asarray(pc.invert(repeated).to_numpy(), bool)


def count_words(tokens: pa.Table) -> int:
    """Count the tokens that are words: neither signs nor spaces."""
    pos = tokens["pos"].unify_dictionaries().combine_chunks()
    words = pc.invert(pc.is_in(pos.dictionary, _NO_WORDS)).to_numpy(zero_copy_only=False)
    return int(words[pos.indices.to_numpy()].sum()) if len(words) else 0


def merge(parts: Sequence[Frequencies]) -> Frequencies:
    """Merge frequencies of disjoint posts: sums add up, authors are united. Order and grouping do not matter."""
    names = pa.chunked_array([n for part in parts for n in _names(part)], pa.string()).unique()
    return _united([_part(part, names) for part in parts], names)


def _part(found: Frequencies, names: pa.Array) -> Counted:
    author = pc.index_in(found.word_authors["author"].cast(pa.string()), names).to_numpy().astype(np.int64)
    pairs = found.word_authors["word"].to_numpy().astype(np.int64) << 32 | author
    tokens, posts, original = (found.counts[name].to_numpy() for name in ("count", "posts", "original_count"))
    return Counted(found.counts.select(list(KEY)), tokens, posts, original, pairs)


def _names(part: Frequencies) -> list[pa.Array]:
    return [chunk.dictionary for chunk in part.word_authors["author"].chunks]
