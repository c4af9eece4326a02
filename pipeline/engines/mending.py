"""What no longer is what was written: found before it is read, named, and made anew from what lies before it.

A run reads whole (SHA-256) what its stages are going to read, once; it does not look at what nobody is going to read.
That is for ``hibi doctor``, which names it, and for ``hibi run --verify``, which makes it anew.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import structlog

from pipeline import files
from pipeline.engines.book import Book
from pipeline.errors import StoreDamaged
from pipeline.stages import STAGES, Stage, looks_back
from pipeline.store import parquet
from pipeline.store.layout import Day, Layout
from pipeline.store.manifest import DayManifest, whole, write

log = structlog.get_logger()

Output = tuple[str, DayManifest, str]
"""Path, and the day and the stage that made it."""


def mend(book: Book, days: Collection[Day], some: Sequence[Stage], *, everything: bool = False) -> set[str]:
    """Put out of date what made a damaged file that ``some`` stages of ``days`` are going to read; or any, of all days.

    Returns the keys of the files of posts to be read again; exclusions that are damaged are to be settled anew.
    """
    layout = book.project.layout
    days = [day for day in days if not layout.expired(day)]  # nothing that these could be made of is there any more
    for day, manifest in book.days.items():
        if manifest.damaged:
            then = "restore it from a backup" if layout.expired(day) else "all stages of the day run again"
            _say(layout.relative(layout.day_manifest(day)), then)
    while broken := [one for one in _read(book, days, some, everything) if not _whole(book, *one)]:
        for name, manifest, stage in broken:
            _say(name, f"{stage} of {manifest.day} runs again")
            manifest.begin(stage)
    merging = [day for day in days if everything or book.stale(STAGES[0], day)]
    for day in merging:
        _check_exclusions(layout, day)
    return set(_damaged_pieces(book, merging, everything))


def _read(book: Book, days: Collection[Day], some: Sequence[Stage], everything: bool) -> list[Output]:
    """List the outputs of stages that are going to be read."""
    stale = {day for day in days if any(book.stale(stage, day) for stage in some)}
    if not (stale or everything):
        return []
    ahead = max((back for stage in some for _, back in looks_back(stage, book.project.settings)), default=0)
    reached = {day + dt.timedelta(days=n) for day in stale for n in range(ahead + 1)} & set(days)
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


def _damaged_pieces(book: Book, days: Collection[Day], everything: bool) -> Iterator[str]:
    """Name the files of posts of which something is damaged or missing: in these days, in lost ones, or anywhere."""
    wanted, known = ({f"date={day}" for day in some} for some in (days, book.days))
    for folder, pieces in book.given.items():
        lost = folder.startswith("date=") and folder not in known
        for name, expected in pieces.items() if everything or lost or folder in wanted else ():
            if not whole(book.project.layout.root / name, expected):
                _say(name, "its file of posts is read again, if it is still in the inbox")
                yield Path(name).stem


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
