"""Clean text to tokens by MeCab: integers out of the worker, an Arrow table at the end.

A post's ``clean`` goes to MeCab as one string. Equal texts (reposts, copies) are analysed once a chunk.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow import compute as pc

from pipeline.tables import TOKENS
from pipeline.text import lexicon as lexicons
from pipeline.text import sentences
from pipeline.text.lexicon import Lexicon

_UNKNOWN = re.compile(r"!(.*?)(?:\n|\Z)", re.DOTALL)  # fugashi strips the last line end
_SPACES = str.maketrans("", "", " \t\n\r\v")
_POST = 1 << 24
"""Room for the characters of one post in a key that holds post and character."""


class Encoded(NamedTuple):
    """Tokens of a run of posts as numbers, small enough to send between processes."""

    morphemes: np.ndarray
    """int32, (tokens,): row of the lexicon; from its end on, row of ``unknown``."""
    lengths: np.ndarray
    """int32, (posts,): tokens of each post."""
    sentences: np.ndarray
    """int32, (tokens,): sentence of the post."""
    unknown: list[str]
    """``surface TAB feature`` of words that no dictionary has, in order of appearance."""
    cut: list[int]
    """Posts that were analysed only up to the length limit."""


@dataclass(frozen=True)
class Tokeniser:
    """One MeCab over one lexicon; cheap to call, made once a process."""

    lexicon: Lexicon
    parse: Callable[[str], str]

    def encode(self, texts: Sequence[str], max_length: int) -> Encoded:
        """Analyse posts. A text is cut to ``max_length`` characters; MeCab crashes near 190,000."""
        known = self.lexicon.table.num_rows
        unknown: dict[str, str] = {}

        def number(match: re.Match[str]) -> str:
            line = match[1]
            if line not in unknown:
                unknown[line] = lexicons.code_of(known + len(unknown))
            return unknown[line]

        parsed: dict[str, str] = {}
        codes = []
        for text in texts:
            line = parsed.get(text)
            if line is None:
                line = self.parse(text if len(text) <= max_length else text[:max_length])
                parsed[text] = line = _UNKNOWN.sub(number, line) if "!" in line else line
            codes.append(line)
        lengths = np.fromiter(map(len, codes), np.int32, len(codes)) // 4
        morphemes = lexicons.decode("".join(codes).encode("ascii"))
        lines = list(unknown)
        numbers = self._sentences(texts, morphemes, lengths, lines)
        return Encoded(morphemes, lengths, numbers, lines, [i for i, t in enumerate(texts) if len(t) > max_length])

    def _sentences(
        self, texts: Sequence[str], morphemes: np.ndarray, lengths: np.ndarray, unknown: list[str]
    ) -> np.ndarray:
        """Number each token's sentence by the characters, spaces apart, that stand before it; int32 (tokens,)."""
        bounds = [
            post * _POST + len(text[:start].translate(_SPACES))
            for post, text in enumerate(texts)
            for start in sentences.starts(text)[1:]
        ]
        if not bounds:
            return np.zeros(len(morphemes), np.int32)
        ends = np.asarray(bounds, np.int64)
        post = np.repeat(np.arange(len(texts)), lengths)
        width = self._widths(morphemes, unknown)
        before = np.cumsum(width) - width
        first = np.cumsum(lengths) - lengths
        opening = np.where(lengths > 0, np.append(before, 0)[first], 0)
        place = post * _POST + before - opening[post]
        crossed = np.searchsorted(ends, place, side="right")
        earlier = np.searchsorted(ends, np.arange(len(texts)) * _POST, side="right")
        return np.asarray(crossed - earlier[post], np.int32)

    def _widths(self, morphemes: np.ndarray, unknown: list[str]) -> np.ndarray:
        """Count the characters of each token, spaces apart; int64 (tokens,)."""
        kinds, inverse = distinct(morphemes, self.lexicon.table.num_rows + len(unknown))
        surfaces = vocabulary(self.lexicon, kinds, unknown)["surface"].to_pylist()
        return np.array([len(s.translate(_SPACES)) for s in surfaces], np.int64).take(inverse)


@lru_cache(maxsize=2)
def open_tokeniser(lexicon: Lexicon) -> Tokeniser:
    """Open MeCab on a compiled lexicon, once a process."""
    import fugashi

    return Tokeniser(lexicon, fugashi.GenericTagger(lexicon.arguments).parse)


def distinct(numbers: np.ndarray, bound: int) -> tuple[np.ndarray, np.ndarray]:
    """Do np.unique(numbers, return_inverse=True) for integers in [0, bound) without sorting."""
    seen = np.zeros(bound, bool)
    seen[numbers] = True
    return np.flatnonzero(seen), (np.cumsum(seen, dtype=np.int32) - 1)[numbers]


def vocabulary(lexicon: Lexicon, morphemes: np.ndarray, unknown: list[str]) -> pa.Table:
    """Look morphemes up: the lexicon's columns and ``unknown`` (bool), a row each."""
    known = morphemes[morphemes < lexicon.table.num_rows]
    table = lexicon.table.take(pa.array(known))
    rows = [_unknown_row(unknown[i - lexicon.table.num_rows]) for i in morphemes[len(known) :]]
    table = pa.concat_tables([table, pa.Table.from_pylist(rows, lexicons.SCHEMA)])
    return table.append_column("unknown", pa.array(np.arange(len(morphemes)) >= len(known)))


def _unknown_row(line: str) -> dict[str, str | None]:
    surface, _, feature = line.partition("\t")
    pos, *finer = feature.split(",")
    subpos = "-".join(part for part in finer[:2] if part != "*")
    return {"surface": surface, "base": surface, "lemma": surface, "reading": None, "pos": pos, "subpos": subpos}


def tokens_table(encoded: Encoded, lexicon: Lexicon, first_post: int) -> pa.Table:
    """Make rows of the tokens table; ``first_post`` is the row of posts that the first text stands in."""
    kinds, inverse = distinct(encoded.morphemes, lexicon.table.num_rows + len(encoded.unknown))
    words = vocabulary(lexicon, kinds, encoded.unknown)
    starts = np.cumsum(encoded.lengths) - encoded.lengths
    columns: dict[str, pa.Array] = {
        "post": np.repeat(np.arange(first_post, first_post + len(encoded.lengths), dtype=np.int32), encoded.lengths),
        "sentence": encoded.sentences,
        "position": (np.arange(len(inverse)) - np.repeat(starts, encoded.lengths)).astype(np.int32),
        "unknown": words["unknown"].combine_chunks().take(pa.array(inverse)),
    }
    columns |= {name: _spread(words[name], inverse) for name in lexicons.SCHEMA.names}
    return pa.table([columns[name] for name in TOKENS.names], schema=TOKENS)


def _spread(words: pa.ChunkedArray, inverse: np.ndarray) -> pa.DictionaryArray:
    encoded = words.combine_chunks().dictionary_encode()
    indices = pc.fill_null(encoded.indices, -1).to_numpy()[inverse]
    return pa.DictionaryArray.from_arrays(pa.array(indices, mask=indices < 0), encoded.dictionary)


def analyse(texts: Sequence[str], first_post: int, folder: str, fingerprint: str, max_length: int) -> Analysed:
    """Do the whole of tokenising for a run of posts; what a worker is asked for."""
    lexicon = Lexicon(Path(folder), fingerprint)
    encoded = open_tokeniser(lexicon).encode(texts, max_length)
    return Analysed(tokens_table(encoded, lexicon, first_post), [first_post + post for post in encoded.cut])


class Analysed(NamedTuple):
    """A run of posts, analysed."""

    tokens: pa.Table
    cut: list[int]
    """Posts that were analysed only up to the length limit."""
