"""Examples of like length -> batches of bounded size, right-padded; a thread prepares the next ones.

A row is never padding alone: a vocabulary gives every text at least one unit.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np

from pipeline.models.vocabulary import UNKNOWN, Ragged

EDGES = (4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 1024, 2048, 4096, 10_240)
"""Widths of batches where every new shape costs a compilation."""

_AHEAD = 4
"""Batches prepared before they are asked for."""
_POOL = 32
"""Batches whose texts are sorted by length together: enough for even lengths, few enough for a random order."""

T = TypeVar("T")
Inputs = dict[str, np.ndarray]


@dataclass(frozen=True)
class Plan:
    """How large batches are."""

    tokens: int
    rows: int
    fixed: bool = False
    """Widths from EDGES and a full number of rows, the missing ones filled up with weight 0."""

    def halved(self) -> Plan:
        """Return the plan for when the device's memory did not suffice."""
        return Plan(max(self.tokens // 2, 1), max(self.rows // 2, 1), self.fixed)

    def width(self, longest: int) -> int:
        """Widen a batch to an edge where shapes must be few."""
        return next((edge for edge in EDGES if edge >= longest), longest) if self.fixed else longest

    def height(self, width: int) -> int:
        """Return the most rows of this width."""
        return max(1, min(self.rows, self.tokens // width))


@dataclass(frozen=True)
class Batch:
    """Some rows, laid out."""

    rows: np.ndarray
    """int64, (rows,): which examples; fewer than the arrays have rows where these were filled up."""
    inputs: Inputs
    """``NAME`` int32 (rows, width) and ``NAME_lengths`` int32 (rows,) of each branch."""
    weights: np.ndarray
    """float32, (rows,): 0 for rows that only fill up."""


def shuffled(lengths: np.ndarray, plan: Plan, generator: np.random.Generator) -> list[np.ndarray]:
    """Deal the rows of an epoch: like lengths together, otherwise at random; the same generator, the same batches."""
    order = generator.permutation(len(lengths))
    pool = max(1, _POOL * plan.rows)
    batches: list[np.ndarray] = []
    for start in range(0, len(order), pool):
        part = order[start : start + pool]
        batches += _runs(part[np.argsort(lengths[part], kind="stable")], lengths, plan)
    return [batches[i] for i in generator.permutation(len(batches))]


def in_length_order(lengths: np.ndarray, plan: Plan) -> list[np.ndarray]:
    """Deal all rows by length, the longest first, so that a lack of memory shows at once."""
    return _runs(np.argsort(lengths, kind="stable"), lengths, plan)[::-1]


def _runs(order: np.ndarray, lengths: np.ndarray, plan: Plan) -> list[np.ndarray]:
    """Cut rows sorted by length into batches; the widest row of a batch is its last."""
    found, start = [], 0
    ordered = lengths[order]
    while start < len(order):
        stop = min(start + plan.rows, len(order))
        while stop - start > plan.height(plan.width(int(ordered[stop - 1]))):
            stop -= max(1, (stop - start - plan.height(plan.width(int(ordered[stop - 1])))) // 2)
        found.append(order[start:stop])
        start = stop
    return found


def lay_out(texts: dict[str, Ragged], rows: np.ndarray, plan: Plan) -> Batch:
    """Pad some rows of every branch."""
    inputs: Inputs = {}
    weights = np.ones(len(rows), np.float32)
    first = next(iter(texts.values()))
    full = plan.height(plan.width(int(first.lengths[rows].max()))) if plan.fixed else len(rows)
    for name, ragged in texts.items():
        lengths = ragged.lengths[rows].astype(np.int32)
        numbers = ragged.padded(rows, plan.width(int(lengths.max())))
        if full > len(rows):
            numbers = np.pad(numbers, ((0, full - len(rows)), (0, 0)))
            numbers[len(rows) :, 0] = UNKNOWN
            lengths = np.pad(lengths, (0, full - len(rows)), constant_values=1)
        inputs[name], inputs[f"{name}_lengths"] = numbers, lengths
    return Batch(rows, inputs, np.pad(weights, (0, full - len(rows))) if full > len(rows) else weights)


class _End(NamedTuple):
    """Stands after the last item."""

    error: BaseException | None


def ahead(items: Iterator[T]) -> Iterator[T]:
    """Draw from an iterator in a thread, a few items ahead; its error is raised here, and leaving early ends it."""
    waiting: queue.Queue[T | _End] = queue.Queue(_AHEAD)
    left = threading.Event()

    def put(item: T | _End) -> bool:
        while not left.is_set():
            try:
                waiting.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def draw() -> None:
        try:
            for item in items:
                if not put(item):
                    return
            put(_End(None))
        except BaseException as error:  # whatever it is, it belongs to the one who waits
            put(_End(error))

    threading.Thread(target=draw, daemon=True, name="batches").start()
    try:
        while not isinstance(item := waiting.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        left.set()


def total_lengths(texts: Sequence[Ragged]) -> np.ndarray:
    """Return the length by which rows are sorted: that of the branch that has most units."""
    return np.asarray(np.max(np.stack([ragged.lengths for ragged in texts]), axis=0))
