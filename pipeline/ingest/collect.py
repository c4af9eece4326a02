"""Records of a file to tables: posts by day, deletion notices, what was rejected, and how many rows of each kind."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from pipeline.errors import InputError
from pipeline.ingest.files import Member
from pipeline.ingest.quarantine import entry
from pipeline.ingest.records import RAW_LIMIT, Post, Record, Rejected, Removal, Run, Skipped
from pipeline.tables import COLLECTED, REMOVALS

VERSION = 3
"""Raised when the same file gives other rows."""

MOST_REJECTED = 1_000_000
"""Unusable rows after which a file is given up: each is kept in memory, and such a file is no file of posts."""
_KEPT_WHOLE, _BEGINNING = 20_000, 200
"""Unusable rows whose text is kept up to RAW_LIMIT, and the characters that are kept of the others."""

LONGEST_TEXT = 1_000_000
"""Characters of a post; no network has as many, and cleaning needs some 30 bytes for each."""

_CHUNK = 50_000
_QUARTER = 900_000_000
"""Microseconds of a quarter of an hour: zones change their offset at no finer point."""

Hasher = Callable[[str, str], str]
"""(network, author) -> author as stored"""


@dataclass
class Tally:
    """What became of a file's rows of one day; ``rows`` are posts before the same post twice becomes one."""

    rows: int = 0
    quarantined: int = 0
    skipped: Counter[str] = field(default_factory=Counter)


@dataclass
class Collected:
    """All that one file gave. A row without a time counts to the day of the post before it (else of the first)."""

    posts: dict[dt.date, pa.Table]
    removals: pa.Table
    quarantine: dict[dt.date | None, list[dict[str, Any]]]
    tallies: dict[dt.date | None, Tally]
    formats: list[str]
    encodings: list[str]
    error: str | None
    """Why reading ended early, if it did; what came before counts."""


def hasher(salt: bytes | None) -> Hasher:
    """Return what turns an author into what is stored: a keyed BLAKE2 hash, or the name itself without a salt."""
    known: dict[tuple[str, str], str] = {}

    def stored(network: str, author: str) -> str:
        if salt is None:
            return author
        pair = (network, author)
        if pair not in known:
            text = f"{network}\0{author}".encode("utf-8", "replace")
            known[pair] = hashlib.blake2b(text, key=salt, digest_size=8).hexdigest()
        return known[pair]

    return stored


def local_days(micros: np.ndarray, zone: ZoneInfo) -> np.ndarray:
    """Tell the calendar days of instants (int64 microseconds, UTC) in a zone; datetime64[D], same shape."""
    quarters, inverse = np.unique(micros // _QUARTER, return_inverse=True)
    epoch = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    offsets = [_offset(epoch + dt.timedelta(microseconds=int(q) * _QUARTER), zone) for q in quarters]
    local = micros + np.array(offsets, np.int64)[inverse]
    return np.asarray(local.astype("datetime64[us]").astype("datetime64[D]"))


def _offset(moment: dt.datetime, zone: ZoneInfo) -> int:
    offset = moment.astimezone(zone).utcoffset() or dt.timedelta()
    return offset // dt.timedelta(microseconds=1)


@dataclass
class Gathered:
    """What a file, or a part of one, gave; in its order, not yet by day."""

    tables: list[pa.Table] = field(default_factory=list)
    """Posts, as COLLECTED."""
    count: int = 0
    """Posts in all."""
    removals: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[tuple[int, str, Rejected]] = field(default_factory=list)
    """Rows that should be posts: how many posts came before, the member's name, and why they are none."""
    skipped: Counter[tuple[int, str]] = field(default_factory=Counter)
    """Rows that are no posts, by how many posts came before, and by rule; counted, as a file may hold nothing else."""
    formats: set[str] = field(default_factory=set)
    encodings: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)

    def reject(self, before: int, name: str, record: Rejected) -> None:
        """Keep a row that should be a post; of one that comes after many only the beginning."""
        if len(self.rejected) >= _KEPT_WHOLE:
            record.raw = record.raw[:_BEGINNING]
        self.rejected.append((before, name, record))

    def add(self, more: Gathered) -> None:
        """Take in what comes next in the file."""
        self.tables += more.tables
        for before, name, record in more.rejected:
            self.reject(self.count + before, name, record)
        self.skipped.update({(self.count + before, rule): n for (before, rule), n in more.skipped.items()})
        self.count += more.count
        self.removals += more.removals
        self.formats |= more.formats
        self.encodings |= more.encodings
        self.errors += more.errors


def gather(members: Iterable[Member], stored: Hasher) -> Gathered:
    """Read all records of a file. Damage is told; what came before it is kept, and the next member is read.

    Raises InputError where the file is damaged before its first member, or holds none.
    """
    found = Gathered()
    try:
        for member in members:
            found.formats.add(member.format)
            found.encodings.add(member.encoding)
            waiting: list[Post] = []
            try:
                _take(member, found, waiting, stored)
            except InputError as damage:
                found.errors.append(str(damage))
            _flush(waiting, member, found, stored)
    except InputError as damage:
        if not found.formats:
            raise
        found.errors.append(str(damage))
    return found


def _take(member: Member, into: Gathered, waiting: list[Post], stored: Hasher) -> None:
    for record in map(_bounded, member.records):
        if isinstance(record, Post):
            waiting.append(record)
            into.count += 1
            if len(waiting) == _CHUNK:
                _flush(waiting, member, into, stored)
        elif isinstance(record, Run):
            _flush(waiting, member, into, stored)
            into.tables.append(_of_run(record, member, stored))
            into.count += len(record)
        elif isinstance(record, Removal):
            into.removals.append(_removal(record, member, stored))
            into.skipped[into.count, "notice"] += 1
        elif isinstance(record, Skipped):
            into.skipped[into.count, record.rule] += 1
        else:
            into.reject(into.count, member.name, record)
            if len(into.rejected) > MOST_REJECTED:
                raise InputError(f"{member.name}: more than {MOST_REJECTED:,} rows are unusable; reading ended there")


def _bounded(record: Record) -> Record:
    """Refuse a post of endless text, whatever format it comes in."""
    if isinstance(record, Post) and len(record.text) > LONGEST_TEXT:
        return Rejected(record.line, f"text: longer than {LONGEST_TEXT:,} characters", record.text[:RAW_LIMIT])
    return record


def _flush(waiting: list[Post], member: Member, into: Gathered, stored: Hasher) -> None:
    if waiting:
        into.tables.append(_table(waiting, member, stored))
        waiting.clear()


def _removal(record: Removal, member: Member, stored: Hasher) -> dict[str, Any]:
    author = record.author and stored(record.network, record.author)
    moment = record.removed_at if record.removed_at is not None else member.modified
    place = {"file": member.name, "line": record.line}
    return {"post_id": record.post_id, "author": author, "removed_at": moment, **place}


def by_day(found: Gathered, zone: ZoneInfo) -> Collected:
    """Sort what a file gave by calendar days of the zone."""
    table = pa.concat_tables(found.tables) if found.tables else COLLECTED.empty_table()
    micros = table["created_at"].cast(pa.int64()).to_numpy()
    days = local_days(micros, zone) if len(micros) else np.zeros(0, "datetime64[D]")
    order = np.argsort(days, kind="stable")
    distinct, starts = np.unique(days[order], return_index=True)
    sorted_table = table.take(pa.array(order)) if len(distinct) > 1 else table
    bounds = pairwise([*starts.tolist(), len(days)])
    posts = {day.item(): sorted_table.slice(a, b - a) for day, (a, b) in zip(distinct, bounds, strict=True)}
    tallies: dict[dt.date | None, Tally] = {day: Tally(rows=part.num_rows) for day, part in posts.items()}
    quarantine: dict[dt.date | None, list[dict[str, Any]]] = {}

    def day_of(before: int) -> dt.date | None:
        return days[max(0, before - 1)].item() if len(days) else None

    for (before, rule), n in found.skipped.items():
        tallies.setdefault(day_of(before), Tally()).skipped[rule] += n
    for before, name, record in found.rejected:
        tallies.setdefault(day_of(before), Tally()).quarantined += 1
        quarantine.setdefault(day_of(before), []).append(entry(name, record))
    removals = pa.Table.from_pylist(found.removals, REMOVALS)
    error = "; ".join(found.errors) or None
    return Collected(posts, removals, quarantine, tallies, sorted(found.formats), sorted(found.encodings), error)


def _table(posts: list[Post], member: Member, stored: Hasher) -> pa.Table:
    columns: dict[str, Sequence[Any]] = {name: list(map(value, posts)) for name, value in _PLAIN.items()}
    columns["author"] = [p.author and stored(p.post_id.partition(":")[0], p.author) for p in posts]
    columns["collected_at"] = [member.modified if p.collected_at is None else p.collected_at for p in posts]
    columns["file"] = [member.name] * len(posts)
    return pa.table([_array(columns[f.name], f.type) for f in COLLECTED], schema=COLLECTED)


def _of_run(run: Run, member: Member, stored: Hasher) -> pa.Table:
    size, told = len(run), run.columns
    network = told["post_id"][0].as_py().partition(":")[0]
    authors = [author and stored(network, author) for author in told["author"].to_pylist()]
    columns = {
        **told,
        "author": pa.array(authors, pa.string()),
        "collected_at": _array([member.modified] * size, COLLECTED.field("collected_at").type),
        "file": pa.repeat(member.name, size),
    }
    return pa.table([columns[f.name] if f.name in columns else pa.nulls(size, f.type) for f in COLLECTED], COLLECTED)


_PLAIN = {name: attrgetter(name) for name in COLLECTED.names if name not in {"author", "collected_at", "file"}}


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_timestamp(kind):
        return pa.array(values, pa.int64()).cast(kind)
    return pa.array(values, kind)
