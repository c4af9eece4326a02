"""Days past their time: posts and all that names one of them go; counts, shares, tables, pictures and the report stay.

The report is made once more without posts: what somebody wrote is kept as long as the posts are, and no longer.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import structlog

from pipeline import files, stages
from pipeline.engines.book import Book
from pipeline.engines.contents import spooled
from pipeline.engines.days import DayWork
from pipeline.engines.pool import Pool
from pipeline.ingest.collect import Collected
from pipeline.store.layout import Day, Layout
from pipeline.store.manifest import read, write

log = structlog.get_logger()

RULE = "expired"
"""The rule by which rows of such days are skipped when they come again."""
_TABLES = ("posts", "tokens", "word_authors", "predictions", "evidence", "summary")
"""What is a post, or names one or its author."""


def expire(book: Book, pool: Pool, today: Day) -> list[Day]:
    """End the time of the days that are older than the settings keep posts, once all their stages are done.

    Call only while holding the store.
    """
    keep, layout = book.project.settings.privacy.keep_days, book.project.layout
    begun = [
        day for day, manifest in book.days.items() if layout.expired(day) and not (manifest.gone or manifest.damaged)
    ]
    over = [day for day in book.days if keep is not None and (today - day).days > keep and not layout.expired(day)]
    waiting = [day for day in over if any(book.stale(stage, day) for stage in stages.STAGES)]
    if waiting:
        log.warning(
            "kept beyond keep_days", days=len(waiting), why="not reported yet, or failed", first=str(waiting[0])
        )
    for day in over:
        if day not in waiting:
            _unquote(book, pool, day)
            files.write(layout.root, layout.expired_mark(day), b"")
            begun.append(day)
    for day in begun:
        _remove(layout, day)
        book.days[day].expire()
    if keep is not None:
        _spools(layout)
    return sorted(begun)


def skip(layout: Layout, found: Collected) -> Collected:
    """Leave out of what a file gave what is of days past their time, and count it."""
    for day in [day for day in (*found.posts, *found.quarantine) if day is not None and layout.expired(day)]:
        tally = found.tallies[day]
        rows = tally.rows + tally.quarantined
        tally.rows = tally.quarantined = 0
        found.posts.pop(day, None)
        found.quarantine.pop(day, None)
        if rows:
            tally.skipped[RULE] += rows
    return found


def _unquote(book: Book, pool: Pool, day: Day) -> None:
    """Make the report once more, without posts."""
    work, manifest = DayWork(book, day, pool, quotes=False), book.days[day]
    inputs = manifest.stages["report"].inputs
    manifest.begin("report")
    outputs, facts = work.report()
    manifest.finish("report", inputs, outputs, facts)


def _remove(layout: Layout, day: Day) -> None:
    for path in (*layout.pieces(day), *_of(layout, day)):
        _forget_piece(layout, path)
        files.remove(path)


def _spools(layout: Layout) -> None:
    """Remove kept standard input once all days that it has posts of are past their time."""
    for path, key in spooled(layout):
        days = [day for day in read(layout.file_manifest(key)).get("days", {}) if day != "None"]
        if days and all(layout.expired(dt.date.fromisoformat(day)) for day in days):
            files.remove(path)


def _of(layout: Layout, day: Day) -> Iterator[Path]:
    yield from (layout.partition(table, day) for table in _TABLES)
    yield from sorted(layout.quarantine(day, "any").parent.glob("*"))
    yield layout.exclusions(day)
    yield from sorted(layout.queue(day).glob("*"))


def _forget_piece(layout: Layout, path: Path) -> None:
    """Take what a file gave for the day out of what is known of the file, so that nobody misses it."""
    note = read(layout.file_manifest(path.stem))
    names = [name for name in note.get("pieces", {}) if f"/{path.parent.name}/" in name]
    if names:
        note["pieces"] = {name: sha for name, sha in note["pieces"].items() if name not in names}
        write(layout.root, layout.file_manifest(path.stem), note)


def today(book: Book) -> Day:
    """Tell the day that it is in the store's zone."""
    return dt.datetime.now(book.project.settings.zone).date()
