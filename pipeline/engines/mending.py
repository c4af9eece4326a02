"""What no longer is what was written: found before it is read, named, and made anew from what lies before it.

A run reads whole (SHA-256) what its stages are going to read, once; it does not look at what nobody is going to read.
That is for ``hibi doctor``, which names it, and for ``hibi run --verify``, which makes it anew.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence

import structlog

from pipeline import files
from pipeline.engines.book import Book
from pipeline.errors import StoreDamaged
from pipeline.stages import STAGES, Stage
from pipeline.store import parquet
from pipeline.store.layout import Day, Layout
from pipeline.store.manifest import DayManifest, read, whole, write

log = structlog.get_logger()

Output = tuple[str, DayManifest, str]
"""Path, and the day and the stage that made it."""

_REACH = max(back for stage in STAGES for _, back in stage.reads_before)
"""Days that a day's change may reach ahead."""


def mend(book: Book, days: Collection[Day], some: Sequence[Stage], *, everything: bool = False) -> set[str]:
    """Put out of date what made a damaged file that ``some`` stages of ``days`` are going to read; or any, of all days.

    Returns the keys of the files of posts to be read again; exclusions that are damaged are to be settled anew.
    """
    layout = book.project.layout
    days = [day for day in days if not layout.expired(day)]  # nothing that these could be made of is there any more
    for manifest in book.days.values():
        if manifest.damaged:
            _say(layout.relative(layout.day_manifest(manifest.day)), "all stages of the day run again")
    while broken := [one for one in _read(book, days, some, everything) if not _whole(book, *one)]:
        for name, manifest, stage in broken:
            _say(name, f"{stage} of {manifest.day} runs again")
            manifest.begin(stage)
    merging = [day for day in days if everything or book.stale(STAGES[0], day)]
    for day in merging:
        _check_exclusions(layout, day)
    return {key for day in merging for key in _damaged_pieces(layout, day)}


def _read(book: Book, days: Collection[Day], some: Sequence[Stage], everything: bool) -> list[Output]:
    """List the outputs of stages that are going to be read."""
    stale = {day for day in days if any(book.stale(stage, day) for stage in some)}
    if not (stale or everything):
        return []
    reached = {day + dt.timedelta(days=ahead) for day in stale for ahead in range(_REACH + 1)} & set(days)
    wanted = {name for day in reached for stage in some for name in book.inputs(stage, day)}
    return [
        (name, book.days[day], stage)
        for day in sorted(days)
        for stage, entry in book.days[day].stages.items()
        for name in entry.outputs
        if everything or name in wanted
    ]


def _whole(book: Book, name: str, manifest: DayManifest, stage: str) -> bool:
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
