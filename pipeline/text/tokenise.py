"""Clean text to tokens by MeCab: integers from the analysis to the Arrow table.

A post's ``clean`` goes to MeCab as one string. Equal texts (reposts, copies) are analysed once, unless they are long.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow import compute as pc

from pipeline.errors import DictionaryError
from pipeline.tables import TOKENS
from pipeline.text import lexicon as lexicons
from pipeline.text import sentences
from pipeline.text.lexicon import Lexicon

_UNKNOWN = re.compile(r"!([^\0\n]*)\n?")  # fugashi strips the last line end
_POST = 1 << 24
"""Room for the characters of one post in a key that holds post and character."""


class Analysed(NamedTuple):
    """A run of posts, analysed. Each word stands in it once: a third of its tokens' size, as it crosses a pipe."""

    words: dict[str, pa.Array]
    """Columns of tokens that hang on the word alone, a row each distinct word."""
    word: np.ndarray
    """int32, (tokens,): row of ``words``."""
    sentence: np.ndarray
    """int32, (tokens,): sentence of the post, from 0."""
    lengths: np.ndarray
    """int32, (posts,): tokens of each post."""
    first_post: int
    """Row of posts that the run begins with."""
    cut: list[int]
    """Posts that were analysed only up to the length limit."""

    @property
    def tokens(self) -> pa.Table:
        """Rows of the tokens table."""
        size, starts = len(self.word), np.cumsum(self.lengths) - self.lengths
        posts = np.arange(self.first_post, self.first_post + len(self.lengths), dtype=np.int32)
        columns: dict[str, pa.Array] = {
            "post": np.repeat(posts, self.lengths),
            "sentence": self.sentence,
            "position": np.arange(size, dtype=np.int32) - np.repeat(starts, self.lengths).astype(np.int32),
        }
        columns |= {name: _spread(column, self.word) for name, column in self.words.items()}
        return pa.table([columns[name] for name in TOKENS.names], schema=TOKENS)


class Encoded(NamedTuple):
    """What MeCab found in a run of posts, as numbers."""

    morphemes: np.ndarray
    """int32, (tokens,): row of the lexicon; from its end on, row of ``unknown``."""
    lengths: np.ndarray
    """int32, (posts,): tokens of each post."""
    unknown: list[str]
    """``surface TAB feature`` of words that no dictionary has, in order of appearance."""


class _Numbers(dict[str, str]):
    """Gives unknown words codes of the numbers after the lexicon's, in order of appearance."""

    def __init__(self, first: int) -> None:
        super().__init__()
        self._first = first

    def __missing__(self, line: str) -> str:
        self[line] = code = lexicons.code_of(self._first + len(self))
        return code


_REMEMBERED, _SHORT = 50_000, 500
"""Texts whose analysis a process keeps for the chunks to come, and the characters of the longest of them."""


@dataclass(frozen=True)
class Tokeniser:
    """One MeCab over one lexicon; cheap to call, made once a process."""

    lexicon: Lexicon
    parse: Callable[[str], str]
    known: dict[str, str] = field(default_factory=dict)
    """What MeCab said of texts seen before: a repost often comes hours after its post."""

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Analyse posts, each of at most some 100,000 characters: MeCab crashes near 190,000."""
        unknown, known = _Numbers(self.lexicon.size), self.known
        if len(known) > _REMEMBERED:
            known.clear()
        lines = []
        for text in texts:
            line = known.get(text)
            if line is None:
                line = self.parse(text)
                if len(text) <= _SHORT:
                    known[text] = line
            lines.append(line)
        # All posts at once from here on; no analysis holds a NUL.
        parts = _UNKNOWN.split("\0".join(lines))
        parts[1::2] = map(unknown.__getitem__, parts[1::2])
        codes = "".join(parts).split("\0") if lines else []
        lengths = np.fromiter(map(len, codes), np.int32, len(codes)) // 4
        return Encoded(lexicons.decode("".join(codes).encode("ascii")), lengths, list(unknown))


@lru_cache(maxsize=2)
def open_tokeniser(folder: Path, fingerprint: str) -> Tokeniser:
    """Open MeCab on a compiled lexicon, once a process. Raises DictionaryError."""
    import fugashi

    lexicon = Lexicon(folder, fingerprint)
    try:
        return Tokeniser(lexicon, fugashi.GenericTagger(lexicon.arguments).parse)
    except RuntimeError as error:
        raise DictionaryError(
            f"{folder}: MeCab cannot open it, it is damaged; remove it, it is compiled anew"
        ) from error


def analyse(texts: Sequence[str], first_post: int, folder: str, fingerprint: str, max_length: int) -> Analysed:
    """Do the whole of tokenising for a run of posts.

    ``first_post`` is the row of posts that the first text stands in. Longer texts are cut to ``max_length`` characters.
    """
    tokeniser = open_tokeniser(Path(folder), fingerprint)
    lexicon = tokeniser.lexicon
    cut = [i for i, text in enumerate(texts) if len(text) > max_length]
    if cut:
        texts = [text[:max_length] for text in texts]
    morphemes, lengths, unknown = tokeniser.encode(texts)
    kinds, word = distinct(morphemes, lexicon.size + len(unknown))
    words = _vocabulary(lexicon, kinds, unknown)
    sentence = _sentences(texts, words["width"].to_numpy()[word], lengths)
    columns = {name: words[name].combine_chunks() for name in TOKENS.names if name in words.column_names}
    columns = {name: column.dictionary_encode() for name, column in columns.items()}
    columns["unknown"] = pa.array(kinds >= lexicon.size)
    return Analysed(columns, word, sentence, lengths, first_post, [first_post + i for i in cut])


def between_posts(tokens: pa.Table, most: int) -> Iterator[pa.Table]:
    """Cut rows of the tokens table into pieces of at most ``most`` rows, but for a post that is longer by itself.

    What reads tokens piece by piece, as counting does, takes a post that is split over two for two posts.
    """
    posts, start = tokens["post"].to_numpy(), 0
    while len(posts) - start > most:
        stop = int(np.searchsorted(posts, posts[start + most]))
        stop = stop if stop > start else int(np.searchsorted(posts, posts[start], side="right"))
        yield tokens.slice(start, stop - start)
        start = stop
    if start < len(posts) or not len(posts):
        yield tokens.slice(start)


def distinct(numbers: np.ndarray, bound: int) -> tuple[np.ndarray, np.ndarray]:
    """Do np.unique(numbers, return_inverse=True) for integers in [0, bound) without sorting."""
    seen = np.zeros(bound, bool)
    seen[numbers] = True
    kinds = np.flatnonzero(seen)
    place = np.empty(bound, np.int32)
    place[kinds] = np.arange(len(kinds), dtype=np.int32)
    return kinds, place[numbers]


def _vocabulary(lexicon: Lexicon, kinds: np.ndarray, unknown: list[str]) -> pa.Table:
    """Look distinct morphemes up, a row each."""
    known = kinds[kinds < lexicon.size]
    lines = [unknown[i].split("\t") for i in (kinds[len(known) :] - lexicon.size).tolist()]
    surface = pa.array([line[0] for line in lines], pa.string())
    parts = [_part_of_speech(line[1]) for line in lines]
    columns = {
        **dict.fromkeys(("surface", "base", "lemma"), surface),
        "reading": pa.nulls(len(lines), pa.string()),
        "pos": pa.array([pos for pos, _ in parts], pa.string()),
        "subpos": pa.array([subpos for _, subpos in parts], pa.string()),
        "width": pa.array([lexicons.width(line[0]) for line in lines], pa.int32()),
    }
    found = lexicon.table.take(pa.array(known))
    rest = pa.table([columns[name] for name in lexicons.SCHEMA.names], schema=lexicons.SCHEMA)
    return pa.concat_tables([found, rest]).combine_chunks()


@cache
def _part_of_speech(feature: str) -> tuple[str, str]:
    """Read part of speech and finer part of speech of an unknown word; MeCab has some twenty such features."""
    pos, *finer = feature.split(",")
    return pos, "-".join(part for part in finer[:2] if part != "*")


def _sentences(texts: Sequence[str], width: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Number each token's sentence by the characters, spaces apart, that stand before it; int32 (tokens,).

    Clean text has no spaces but these two, and MeCab passes over both.
    """
    found = np.zeros(len(width), np.int32)
    rows, offsets = sentences.later_starts(texts)
    counts = np.bincount(rows, minlength=len(texts))
    tokens = np.flatnonzero(np.repeat(counts > 0, lengths))
    post = np.repeat(np.arange(len(texts)), lengths * (counts > 0))
    before = np.cumsum(width, dtype=np.int64) - width
    first = np.append(before, 0)[np.cumsum(lengths) - lengths]
    place = post * _POST + before[tokens] - first[post]
    earlier = (np.cumsum(counts) - counts)[post]
    found[tokens] = np.searchsorted(rows * _POST + offsets, place, side="right") - earlier
    return found


def _spread(words: pa.Array, rows: np.ndarray) -> pa.Array:
    """Take rows of a column of few; of a dictionary column only its numbers, which numpy does three times as fast."""
    if not pa.types.is_dictionary(words.type):
        return pa.array(words.to_numpy(zero_copy_only=False)[rows])
    if not words.null_count:
        return pa.DictionaryArray.from_arrays(pa.array(words.indices.to_numpy()[rows]), words.dictionary)
    indices = pc.fill_null(words.indices, -1).to_numpy()[rows]
    return pa.DictionaryArray.from_arrays(pa.array(indices, mask=indices < 0), words.dictionary)
