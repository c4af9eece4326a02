"""Files and archives to members with records; archives are read as streams, nothing is written to disk."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO
from zoneinfo import ZoneInfo

from pipeline import settings as configuration
from pipeline.errors import InputError, NotPosts
from pipeline.ingest import json_values, origin, x_archive
from pipeline.ingest.archives import ZIP, Entry, is_tar, opened_zip, tarred, zipped
from pipeline.ingest.encoding import detect, utf8
from pipeline.ingest.origin import Note, Origin
from pipeline.ingest.recognise import Owner, Reading, readings, text_head, whole, workbook_readings
from pipeline.ingest.records import Record
from pipeline.ingest.source import Budget, Source, opened, printable, unpacked
from pipeline.ingest.workbook import is_workbook

_COMPANIONS = 50
"""Files of a folder that are looked into for what belongs to an X archive."""
_BEGINNING = 4_096
_BESIDE = ("account", "note_tweet")


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
        reading = _only(around, handle, inner)
        if reading is not None:
            yield _member(around.name, reading, around.modified, handle)


def _only(around: _Around, handle: IO[bytes], inner: Source) -> Reading | None:
    """Read what a file that is no archive holds; the file stays open for its records."""
    known = around.origin(around.path.name)
    reading = None
    try:
        reading = next(readings(inner, known, around.budget, lambda: _owner(_beside(around.path))), None)
    finally:
        if reading is None:
            handle.close()
    return reading


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
        yield from tarred(_unpacked(around.path, handle), around.name)


def _entry(around: _Around, entry: Entry, entries: Callable[[], Iterator[Entry]]) -> Iterator[Member]:
    """Yield what one file of an archive holds."""
    shown = f"{around.name}/{entry.name}"
    modified = around.modified if entry.modified is None else entry.modified
    folder = PurePosixPath(entry.name).parent
    beside = (e.source for e in entries() if PurePosixPath(e.name).parent == folder and _may_be_beside(e.name))
    inner = unpacked(entry.source, around.budget)
    try:
        for reading in readings(inner, around.origin(entry.name), around.budget, partial(_owner, beside)):
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
    with handle:
        yield from records


def _raising(error: InputError) -> Iterator[Record]:
    raise error
    yield


def companions(path: Path) -> list[Path]:
    """Return the files of the same folder that change how this one is read: account and long posts of an X archive.

    Found by what is in them, among the files whose names tell of accounts or notes; where the folder has more than
    one archive, those whose names begin most like this one's. Empty for any other file.
    """
    if not path.is_file() or _kind(path) != "tweets":
        return []
    others = sorted(p for p in path.parent.iterdir() if p != path and _may_be_beside(p.name) and p.is_file())
    found: dict[str, list[Path]] = {kind: [] for kind in _BESIDE}
    for other in others[:_COMPANIONS]:
        found.get(_kind(other) or "", []).append(other)
    return sorted(p for kind in found.values() for p in _likest(path.name, kind))


def _may_be_beside(name: str) -> bool:
    base = PurePosixPath(name).name.lower()
    return "account" in base or ("note" in base and "tweet" in base)


def _likest(name: str, paths: list[Path]) -> list[Path]:
    alike = {path: _common(name, path.name) for path in paths}
    return [path for path in paths if alike[path] == max(alike.values())]


def _common(one: str, other: str) -> int:
    """Count the signs with which both names begin."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _beside(path: Path) -> Iterator[Source]:
    for other in companions(path):
        with opened(other) as handle:
            yield _unpacked(other, handle)


def _unpacked(path: Path, handle: IO[bytes]) -> Source:
    name = printable(path.name)
    return unpacked(Source(handle, name), Budget(name, os.fstat(handle.fileno()).st_size))


def _kind(path: Path) -> str | None:
    with opened(path) as handle:
        source = _unpacked(path, handle)
        head = source.head(_BEGINNING)
        code = detect(head, source.complete)
        return None if code is None else x_archive.kind(b"".join(utf8(iter([head]), code)))


def _owner(sources: Iterable[Source]) -> Owner:
    """Read account and long posts; where several accounts are found, none is taken. Raises InputError."""
    accounts: set[str] = set()
    notes: list[Note] = []
    for source in sources:
        head, code = text_head(source)
        kind = None if code is None else x_archive.kind(head)
        if code is None or kind not in _BESIDE:
            continue
        raw, damage = whole(utf8(source.chunks(), code), source.name)
        if damage is not None:
            raise damage
        value, _ = json_values.parsed(x_archive.payload(raw), source.name)
        if kind == "account":
            accounts.update(filter(None, [x_archive.account(value)]))
        else:
            notes.extend(x_archive.notes(value))
    return accounts.pop() if len(accounts) == 1 else None, tuple(notes)
