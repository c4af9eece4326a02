"""Work on posts in runs, in the processes that an engine gives; a run lost with its worker is done in halves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, TypeVar

import pyarrow as pa

from pipeline.errors import LostWorker

Result = TypeVar("Result")

CHUNK = 10_000
"""Posts a job and a row group. Fixed, so that the bytes do not depend on the number of workers."""

_WINDOW = 8
"""Runs that may wait in memory at once."""

_TRIES = 256
"""Lost jobs that are looked into for one chunk, some twenty posts far apart; with more, the posts are not to blame."""


class Mapper(Protocol):
    """Runs a job for each tuple of arguments, in processes or not; a LostWorker stands where a job was lost."""

    def __call__(self, job: Callable[..., Result], items: Iterable[tuple[Any, ...]]) -> list[Result | LostWorker]:
        """Return the results in order."""
        ...


Item = Callable[[pa.Array, int], tuple[Any, ...]]
"""Makes a job's arguments of texts and the row of the first. As Arrow they cross a pipe ten times as fast as a list."""


def chunks(size: int) -> list[tuple[int, int]]:
    """Cut rows into runs of CHUNK."""
    return [(start, min(start + CHUNK, size)) for start in range(0, size, CHUNK)]


def each_run(
    texts: pa.ChunkedArray, job: Callable[..., Any], item: Item, spread: Mapper
) -> Iterator[tuple[list[Any], list[int]]]:
    """Do a job for runs of texts. Yields for each chunk (results in order, rows of texts given up).

    One result a chunk, but for a chunk that is lost with its worker: that is done again in halves.
    """
    runs = chunks(len(texts))
    for some in (runs[at : at + _WINDOW] for at in range(0, len(runs), _WINDOW)):
        results = spread(job, [item(_copied(texts.slice(a, b - a)), a) for a, b in some])
        for (start, end), result in zip(some, results, strict=True):
            if isinstance(result, LostWorker):
                unless_lost(spread(job, [item(_EMPTY, start)]))  # where nothing at all can be done, halves cannot help
                lost = _copied(texts.slice(start, end - start))
                yield _halves(lost, start, job, item, spread, iter(range(_TRIES)))
            else:
                yield [result], []


_EMPTY = pa.array([""], pa.string())


def _copied(texts: pa.ChunkedArray) -> pa.Array:
    """Copy texts out of a table, all of which would be pickled with a part of it."""
    return pa.concat_arrays([*texts.chunks, pa.array([], pa.string())])


def _halves(
    texts: pa.Array, first: int, job: Callable[..., Any], item: Item, spread: Mapper, tries: Iterator[int]
) -> tuple[list[Any], list[int]]:
    """Do a job again that was lost, in halves, down to the texts that kill: those are done as if empty.

    Raises LostWorker when ``tries`` are used up.
    """
    if len(texts) == 1:
        return unless_lost(spread(job, [item(_EMPTY, first)])), [first]
    half, results, lost = len(texts) // 2, [], []
    halves = [(texts[:half], first), (texts[half:], first + half)]
    for (part, at), outcome in zip(halves, spread(job, [item(*one) for one in halves]), strict=True):
        if not isinstance(outcome, LostWorker):
            results.append(outcome)
        elif next(tries, None) is None:
            raise LostWorker(f"{outcome}; over and over: see to memory and dictionary, then run again")
        else:
            more, killers = _halves(part, at, job, item, spread, tries)
            results += more
            lost += killers
    return results, lost


def unless_lost(results: Iterable[Result | LostWorker]) -> list[Result]:
    """Return results that are all there. Raises the LostWorker that stands among them."""
    done = []
    for result in results:
        if isinstance(result, LostWorker):
            raise result
        done.append(result)
    return done
