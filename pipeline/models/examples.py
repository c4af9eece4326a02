"""Labelled texts to learn from, and their labels as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from pipeline.errors import InputError

Gold = list[str] | np.ndarray
"""One text an example (a label, or a sentence to produce); or int8 (n, labels) of 0 and 1; or float32 (n,)."""

_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Examples:
    """Texts, and what is known of each."""

    texts: list[str]
    gold: Gold = field(default_factory=list)
    ids: list[str] | None = None
    labels: list[str] | None = None
    """Names of the columns of ``gold`` where it has several."""
    votes: np.ndarray | None = None
    """float32 (n, labels): the share of judges for each label, where votes are known."""
    also: list[str] | None = None
    """Of each example a further text with the same label, for the linear model alone to learn from; may be empty."""
    unlabelled: int = 0
    """Rows of the file that were left out, as their label is empty."""

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: Sequence[int] | np.ndarray) -> Examples:
        """Return the examples of these rows, in the order of the rows."""
        numbers = [int(row) for row in rows]
        gold = self.gold[numbers] if isinstance(self.gold, np.ndarray) else [self.gold[i] for i in numbers if self.gold]
        ids = None if self.ids is None else [self.ids[i] for i in numbers]
        votes = None if self.votes is None else self.votes[numbers]
        also = None if self.also is None else [self.also[i] for i in numbers]
        return Examples([self.texts[i] for i in numbers], gold, ids, self.labels, votes, also)

    def enlarged(self) -> Examples:
        """Return the examples with the further texts as examples behind them."""
        if self.also is None:
            return self
        rows = [row for row, text in enumerate(self.also) if text.strip()]
        both = self.take([*range(len(self)), *rows])
        return replace(both, texts=self.texts + [self.also[row] for row in rows], also=None)


def label_names(examples: Examples) -> list[str]:
    """Name the labels: those of the columns, or the distinct labels, sorted (numbers by value)."""
    if examples.labels is not None:
        return examples.labels
    return sorted({str(label) for label in examples.gold}, key=_by_value)


def label_numbers(examples: Examples, labels: Sequence[str]) -> np.ndarray:
    """Number the labels of examples; int64 (n,), or int8 (n, labels) where an example may have several.

    Raises InputError naming a label that ``labels`` does not have.
    """
    if examples.labels is not None:
        absent = [label for label in labels if label not in examples.labels]
        if absent or len(labels) != len(examples.labels):
            raise InputError(f"the labels are {', '.join(examples.labels)}; the model knows {', '.join(labels)}")
        return np.asarray(np.asarray(examples.gold)[:, [examples.labels.index(label) for label in labels]], np.int8)
    place = {label: number for number, label in enumerate(labels)}
    strange = sorted({str(label) for label in examples.gold} - place.keys())
    if strange:
        raise InputError(f"label {strange[0]!r} is none of {', '.join(labels)}")
    return np.fromiter((place[str(label)] for label in examples.gold), np.int64, len(examples))


def wanted_texts(examples: Examples) -> list[str]:
    """Return the one text that is wanted of each example. Raises InputError where several columns are labels."""
    if examples.labels is not None:
        raise InputError(f"one column of labels is wanted, not {len(examples.labels)}")
    return [str(answer) for answer in examples.gold]


def wanted_numbers(examples: Examples) -> np.ndarray:
    """Return the number that is wanted of each example; float64 (n,), each within float32.

    Raises InputError naming what is no such number, or where several columns are labels.
    """
    return np.array([_number(text) for text in wanted_texts(examples)], np.float64)


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = np.nan
    if not abs(number) <= _LARGEST:  # NaN neither
        raise InputError(f"a number is wanted for each text, not {text[:40]!r}")
    return number


def left_out(unlabelled: int) -> list[str]:
    """Tell of the rows that were left out for want of a label, where there are any."""
    return [f"{unlabelled:,} rows without a label were left out"] if unlabelled else []


def _by_value(label: str) -> tuple[float, str]:
    try:
        return float(label), label
    except ValueError:
        return float("inf"), label
