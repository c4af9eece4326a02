"""Files and archives to members with records; archives are read as streams, nothing is written to disk."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO
from zoneinfo import ZoneInfo

from pipeline import settings as configuration
from pipeline.errors import InputError, NotPosts
from pipeline.ingest import origin
from pipeline.ingest.archives import ZIP, Entry, is_tar, opened_zip, tarred, zipped
from pipeline.ingest.companions import beside, companions, may_belong, owner, reopened
from pipeline.ingest.origin import Origin
from pipeline.ingest.recognise import Reading, readings, workbook_readings
from pipeline.ingest.records import Record
from pipeline.ingest.source import Budget, Source, opened, printable, unpacked
from pipeline.ingest.workbook import is_workbook

__all__ = ["Member", "companions", "members"]


@dataclass(frozen=True)
class Member:
    """A file, or a member of an archive or sheet of a workbook, that holds posts.

    Each row, line or item gives exactly one record, so that rows read = posts + removals + rejected + skipped; where
    one line is a page of many posts, each post is a row, and all have the page's line number.
    """

    name: str
    """``tweets.js``, ``archive.zip/data/tweets.js`` or ``posts.xlsx/Sheet1``: for showing only."""
    format: str
    encoding: str
    modified: int
    """Microseconds since the epoch, UTC: the archive's word for a member, else the file's time."""
    records: Iterator[Record]
    """Read as asked for. Raises InputError at damage, after all records before it."""


def members(path: Path, settings: configuration.Ingest, zone: ZoneInfo) -> Iterator[Member]:
    """Yield what a regular file holds; read a member's records before asking for the next member.

    Raises InputError if it is damaged before its format shows, and NotPosts if nothing in it is in a known format.
    A damaged member of an archive is yielded with format ``damaged`` and raises when it is read.
    """
    name = printable(path.name)
    handle = opened(path)
    state = os.fstat(handle.fileno())
    budget, modified = Budget(name, state.st_size), state.st_mtime_ns // 1_000
    around = _Around(path, name, settings, zone, budget, modified)
    source = Source(handle, name)
    inner = unpacked(source, budget)
    empty = True
    for member in _members(around, handle, source, inner):
        empty = False
        yield member
    if empty and state.st_size == 0:
        raise NotPosts(f"{name}: the file is empty; fetch it again, or move it out of the inbox")
    if empty:
        raise NotPosts(
            f"{name}: no posts in a known format; move it out of the inbox, or name the columns of a sheet in [ingest]"
        )


@dataclass(frozen=True)
class _Around:
    """What members of one file share."""

    path: Path
    name: str
    settings: configuration.Ingest
    zone: ZoneInfo
    budget: Budget
    modified: int

    def origin(self, own: str) -> Origin:
        """Return the origin of a member by its own name, with the archive's settings where there are none for it."""
        base = PurePosixPath(own).name or own
        chosen = self.settings.source(base)
        source = self.settings.source(self.path.name) if chosen == configuration.Source() else chosen
        return origin.of(base, source, self.zone, self.settings.private)


def _members(around: _Around, handle: IO[bytes], source: Source, inner: Source) -> Iterator[Member]:
    if source.head(4) in ZIP:
        with handle:
            yield from _zip(around, handle)
    elif is_tar(inner.head(512)):
        with handle:
            entries = partial(_tar_again, around)
            for entry in tarred(inner, around.name):
                yield from _entry(around, entry, entries)
    else:
        yield from _plain(around, handle, inner)


def _plain(around: _Around, handle: IO[bytes], inner: Source) -> Iterator[Member]:
    """Yield what a file that is no archive holds; once that is known, it stays open until its records are read."""
    known = around.origin(around.path.name)
    with ExitStack() as until_known:
        until_known.enter_context(handle)
        for reading in readings(inner, known, around.budget, lambda: owner(beside(around.path))):
            until_known.pop_all()
            yield _member(around.name, reading, around.modified, handle)


def _zip(around: _Around, handle: IO[bytes]) -> Iterator[Member]:
    with opened_zip(handle, around.name) as archive:
        if is_workbook(archive):
            known = around.origin(around.path.name)
            for reading in workbook_readings(handle, known, around.name, around.budget):
                yield _member(around.name, reading, around.modified)
            return
        entries = partial(zipped, archive, around.name, around.zone, around.budget)
        for entry in entries():
            yield from _entry(around, entry, entries)


def _tar_again(around: _Around) -> Iterator[Entry]:
    """Go through a .tar once more: what belongs to an entry may stand after it."""
    with opened(around.path) as handle:
        yield from tarred(reopened(around.path, handle), around.name)


def _entry(around: _Around, entry: Entry, entries: Callable[[], Iterator[Entry]]) -> Iterator[Member]:
    """Yield what one file of an archive holds."""
    shown = f"{around.name}/{entry.name}"
    modified = around.modified if entry.modified is None else entry.modified
    folder = PurePosixPath(entry.name).parent
    others = (e.source for e in entries() if PurePosixPath(e.name).parent == folder and may_belong(e.name))
    inner = unpacked(entry.source, around.budget)
    try:
        for reading in readings(inner, around.origin(entry.name), around.budget, partial(owner, others)):
            yield _member(shown, reading, modified)
    except NotPosts:
        return
    except InputError as error:
        yield Member(shown, "damaged", "", modified, _raising(error))


def _member(name: str, reading: Reading, modified: int, handle: IO[bytes] | None = None) -> Member:
    records = reading.records if handle is None else _closing(reading.records, handle)
    return Member(
        f"{name}/{printable(reading.part)}" if reading.part else name,
        reading.format,
        reading.encoding,
        modified,
        records,
    )


def _closing(records: Iterator[Record], handle: IO[bytes]) -> Iterator[Record]:
    with closing(handle):
        yield from records


def _raising(error: InputError) -> Iterator[Record]:
    raise error
    yield
