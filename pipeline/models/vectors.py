"""Pretrained word vectors: files in word2vec or fastText text format, and vocabularies of spaCy models (ja-ginza)."""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipeline.errors import InputError
from pipeline.models import ginza
from pipeline.models.inputs import branches
from pipeline.models.recipe import Recipe

GINZA = "ja-ginza"
_SPREAD = 0.4
"""Standard deviation of the numbers of pretrained vectors, as an encoder reads them."""


class Table(NamedTuple):
    """Vectors of words; several words may share one."""

    words: list[str]
    rows: np.ndarray
    """int32, (words,): row of the matrix."""
    matrix: np.ndarray
    """float32, (rows, width)"""

    def rows_of(self, units: Sequence[str], forms: Mapping[str, Sequence[str]] | None = None) -> np.ndarray:
        """Return the row of each unit, counted from 1; 0 where it has no vector; int32 (units,).

        A unit without a vector gets that of the first of its ``forms`` that has one.
        """
        place = dict(zip(self.words, (self.rows + 1).tolist(), strict=True))
        others = forms or {}
        found = (next((place[w] for w in (unit, *others.get(unit, ())) if w in place), 0) for unit in units)
        return np.fromiter(found, np.int32, len(units))

    def even(self) -> np.ndarray:
        """Return the matrix, scaled so that tables of any size stand evenly beside one another."""
        return np.asarray(self.matrix * (_SPREAD / max(float(self.matrix.std()), 1e-9)), np.float32)

    def in_small_letters(self) -> Table:
        """Leave out words with capitals: English is read in small letters, so that no text has them."""
        kept = [row for row, word in enumerate(self.words) if word == word.lower()]
        return Table([self.words[row] for row in kept], self.rows[kept], self.matrix)


def of_branches(recipe: Recipe) -> dict[str, list[Table]]:
    """Read the vectors that each branch names."""
    read_once, found = cache(read), {}
    for name, branch in branches(recipe).items():
        listed = [read_once(source) for source in branch.vectors]
        if (branch.language, branch.unit) == ("en", "word"):
            listed = [table.in_small_letters() for table in listed]
        if listed:
            found[name] = listed
    return found


def words_of(tables: Mapping[str, list[Table]]) -> dict[str, list[str]]:
    """List the words that each branch has vectors of, in the order of its sources."""
    return {name: list(dict.fromkeys(w for table in listed for w in table.words)) for name, listed in tables.items()}


def read(source: str) -> Table:
    """Read one source. Raises InputError naming file and line."""
    if source == GINZA:
        return Table(*ginza.read())
    path = Path(source)
    if path.is_dir():
        return Table(*ginza.read(path))
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            words, matrix = _parse(path, file.read().split(b"\n"))
    except (OSError, EOFError) as error:
        raise InputError(f"{path}: cannot be read ({error})") from error
    return Table(words, np.arange(len(words), dtype=np.int32), matrix)


def _parse(path: Path, lines: list[bytes]) -> tuple[list[str], np.ndarray]:
    """Parse "COUNT WIDTH" and lines of word and numbers; the first line of GloVe's form is a word already."""
    first = lines[0].split()
    skip = len(first) == 2 and all(part.isdigit() for part in first)
    width = int(first[1]) if skip else len(first) - 1
    if width < 1:
        raise InputError(f"{path}: holds no vectors")
    words: dict[str, int] = {}
    rows: list[np.ndarray] = []
    for number, line in enumerate(lines[skip:], 1 + skip):
        if not line.strip():
            continue
        parts = line.rstrip().rsplit(b" ", width)
        try:
            vector = np.array(parts[1:], np.float32)
            word = parts[0].decode("utf-8")
        except ValueError as error:
            raise InputError(f"{path}, line {number}: {error}") from error
        if len(vector) != width or not np.isfinite(vector).all():
            raise InputError(f"{path}, line {number}: not a word and {width} numbers")
        if words.setdefault(word, len(words)) == len(rows):
            rows.append(vector)
    if not rows:
        raise InputError(f"{path}: holds no vectors")
    return list(words), np.stack(rows)
