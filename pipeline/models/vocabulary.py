"""Units <-> numbers: 0 is padding, 1 unknown, the rest by descending frequency (ties by text)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from pipeline.models.recipe import Branch
from pipeline.models.units import Units

PADDING, UNKNOWN = 0, 1
START, END = "<s>", "</s>"
"""Units that a generated text begins and ends with; no text holds them as one unit."""


@dataclass(frozen=True)
class Ragged:
    """Numbered units of a run of texts, text after text."""

    values: np.ndarray
    """int32, (units,)"""
    lengths: np.ndarray
    """int32, (texts,), each at least 1"""
    starts: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "starts", (np.cumsum(self.lengths) - self.lengths).astype(np.int64))

    def __len__(self) -> int:
        return len(self.lengths)

    def padded(self, rows: np.ndarray, width: int) -> np.ndarray:
        """Lay texts out, padded on the right; int32 (rows, width)."""
        columns = np.arange(width)
        inside = columns < self.lengths[rows, None]
        places = np.where(inside, self.starts[rows, None] + columns, 0)
        return np.where(inside, self.values[places], PADDING).astype(np.int32)


@dataclass(frozen=True)
class Vocabulary:
    """The known units, number 2 first."""

    units: tuple[str, ...]
    seldom: int = UNKNOWN
    """The number of units that are not known."""
    forms: bool = False
    """A unit that is not known is read as its dictionary form or its lemma, where one of these is."""

    @property
    def size(self) -> int:
        """Numbers in use, with padding and unknown."""
        return len(self.units) + 2

    def numbers(self) -> dict[str, int]:
        """Map each known unit to its number."""
        return {unit: number for number, unit in enumerate(self.units, 2)}

    def encode(self, units: Units, longest: int, ends: bool = False) -> Ragged:
        """Number texts, cut to ``longest``; a text without units is one unknown unit.

        With ``ends`` each text stands between START and END, which are not cut off.
        """
        known = self.numbers()
        of_kind = np.fromiter((known.get(kind, self.seldom) for kind in units.kinds), np.int32, len(units.kinds))
        for form in units.forms if self.forms else ():
            other = np.fromiter((known.get(kind, self.seldom) for kind in form), np.int32, len(form))
            of_kind = np.where(of_kind == self.seldom, other, of_kind)
        values, lengths = _cut(of_kind[units.codes], units.lengths, longest)
        if ends:
            return _between(values, lengths, known[START], known[END])
        empty = lengths == 0
        if empty.any():
            values = np.insert(values, (np.cumsum(lengths) - lengths)[empty], self.seldom).astype(np.int32)
            lengths = np.where(empty, 1, lengths).astype(np.int32)
        return Ragged(values, lengths)


def build(units: Units, branch: Branch, ends: bool = False) -> Vocabulary:
    """Choose the known units of a branch: the most frequent ones, as many as it wants."""
    counts: Counter[str] = Counter()
    for kind, count in zip(units.kinds, np.bincount(units.codes, minlength=len(units.kinds)).tolist(), strict=True):
        counts[kind] += count  # a word with several readings or parts of speech is of several kinds
    frequent = [(-count, kind) for kind, count in counts.items() if count >= branch.least]
    marks = (START, END) if ends else ()
    room = branch.vocabulary - 2 - len(marks)
    chosen = [kind for _, kind in sorted(frequent)[: max(room, 0)]]
    return restore((*marks, *chosen), branch)


def restore(units: Sequence[str], branch: Branch) -> Vocabulary:
    """Make the vocabulary of a stored list."""
    return Vocabulary(tuple(units), PADDING if branch.seldom == "padding" else UNKNOWN, branch.forms)


def _cut(values: np.ndarray, lengths: np.ndarray, longest: int) -> tuple[np.ndarray, np.ndarray]:
    if not len(lengths) or lengths.max() <= longest:
        return values, lengths
    place = np.arange(len(values)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return values[place < longest], np.minimum(lengths, longest).astype(np.int32)


def _between(values: np.ndarray, lengths: np.ndarray, start: int, end: int) -> Ragged:
    ends = np.cumsum(lengths)
    # Where a text ends, its END comes before the next one's START: np.insert keeps the order given for one place.
    places = np.stack([ends - lengths, ends], 1).ravel()
    marks = np.tile(np.array([start, end], np.int32), len(lengths))
    return Ragged(np.insert(values, places, marks).astype(np.int32), (lengths + 2).astype(np.int32))
