"""What no longer is what was written: found before it is read, named, and made anew from what lies before it.

A run reads whole (SHA-256) what its stages are going to read, once; it does not look at what nobody is going to read.
That is for ``hibi doctor``, which names it, and for ``hibi run --verify``, which makes it anew.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Sequence

import structlog

from pipeline import files
from pipeline.engines.days import Book
from pipeline.errors import StoreDamaged
from pipeline.stages import STAGES, Stage
from pipeline.store import parquet
from pipeline.store.layout import Day, Layout
from pipeline.store.manifest import DayManifest, read, whole, write

log = structlog.get_logger()

Makers = dict[str, tuple[DayManifest, str]]
"""Path -> the day and the stage that made it."""

_REACH = max(back for stage in STAGES for _, back in stage.reads_before)
"""Days that a day's change may reach ahead."""


def mend(book: Book, days: Collection[Day], some: Sequence[Stage], *, everything: bool = False) -> set[str]:
    """Put out of date what made a damaged file that ``some`` stages of ``days`` are going to read; or any, of all days.

    Returns the keys of the files of posts to be read again; exclusions that are damaged are to be settled anew.
    """
    layout = book.project.layout
    for manifest in book.days.values():
        if manifest.damaged:
            _say(layout.relative(layout.day_manifest(manifest.day)), "all stages of the day run again")
    makers = {
        name: (book.days[day], stage)
        for day in days
        for stage, entry in book.days[day].stages.items()
        for name in entry.outputs
    }
    while broken := [name for name in _read(book, days, some, makers, everything) if not _whole(book, name, makers)]:
        for name in broken:
            manifest, stage = makers.pop(name)
            _say(name, f"{stage} of {manifest.day} runs again")
            manifest.begin(stage)
    merging = [day for day in days if everything or book.stale(STAGES[0], day)]
    for day in merging:
        _check_exclusions(layout, day)
    return {key for day in merging for key in _damaged_pieces(layout, day)}


def _read(
    book: Book, days: Collection[Day], some: Sequence[Stage], makers: Collection[str], everything: bool
) -> Iterable[str]:
    """Name the outputs of stages that are going to be read."""
    if everything:
        return list(makers)
    stale = {day for day in days if any(book.stale(stage, day) for stage in some)}
    reached = {day + dt.timedelta(days=ahead) for day in stale for ahead in range(_REACH + 1)}
    found = (name for day in sorted(reached & set(days)) for stage in some for name in book.inputs(stage, day))
    return dict.fromkeys(name for name in found if name in makers)


def _whole(book: Book, name: str, makers: Makers) -> bool:
    manifest, stage = makers[name]
    try:
        book.verify({name: manifest.stages[stage].outputs[name]})
    except StoreDamaged:
        return False
    return True


def _damaged_pieces(layout: Layout, day: Day) -> Iterator[str]:
    for path in layout.pieces(day):
        try:
            given = read(layout.file_manifest(path.stem)).get("pieces", {})
        except StoreDamaged:
            continue  # named where it was read, and its file is read again
        for name, expected in given.items():
            if f"date={day}/" in name and not whole(layout.root / name, expected):
                _say(name, "its file of posts is read again, if it is still in the inbox")
                yield path.stem


def _check_exclusions(layout: Layout, day: Day) -> None:
    """Take damaged exclusions away, and note that they are to be settled anew."""
    path = layout.exclusions(day)
    try:
        if path.exists():
            parquet.read(path)
    except StoreDamaged:
        _say(layout.relative(path), "found again from all that was collected")
        write(layout.root, layout.unsettled, {"version": 1})
        files.remove(path)


def _say(name: str, then: str) -> None:
    log.warning("damaged", file=name, then=then)
