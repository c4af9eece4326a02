"""Records of a file to tables: posts by day, deletion notices, what was rejected, and how many rows of each kind."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from pipeline.errors import InputError
from pipeline.ingest.files import Member
from pipeline.ingest.quarantine import entry
from pipeline.ingest.records import Post, Rejected, Removal, Skipped
from pipeline.tables import COLLECTED, REMOVALS

VERSION = 1
"""Raised when the same file gives other rows."""

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


class _Collector:
    def __init__(self, stored: Hasher) -> None:
        self.stored = stored
        self.posts: list[Post] = []
        self.tables: list[pa.Table] = []
        self.removals: list[dict[str, Any]] = []
        self.others: list[tuple[int, Member, Rejected | Skipped]] = []
        self.count = 0

    def take(self, member: Member) -> None:
        for record in member.records:
            if isinstance(record, Post):
                self.posts.append(record)
                self.count += 1
                if len(self.posts) == _CHUNK:
                    self.flush(member)
            elif isinstance(record, Removal):
                self.removals.append(self._removal(record, member))
                self.others.append((self.count, member, Skipped(record.line, "notice")))
            else:
                self.others.append((self.count, member, record))

    def _removal(self, record: Removal, member: Member) -> dict[str, Any]:
        author = record.author and self.stored(record.network, record.author)
        moment = record.removed_at if record.removed_at is not None else member.modified
        place = {"file": member.name, "line": record.line}
        return {"post_id": record.post_id, "author": author, "removed_at": moment, **place}

    def flush(self, member: Member) -> None:
        if self.posts:
            self.tables.append(_table(self.posts, member, self.stored))
            self.posts = []


def collect(members: Iterable[Member], zone: ZoneInfo, stored: Hasher) -> Collected:
    """Read all records of a file. Damage is told; what came before it is kept, and the next member is read."""
    into = _Collector(stored)
    formats, encodings, errors = [], [], []
    for member in members:
        formats.append(member.format)
        encodings.append(member.encoding)
        try:
            into.take(member)
        except InputError as damage:
            errors.append(str(damage))
        into.flush(member)
    error = "; ".join(errors) or None
    return _by_day(into, zone, formats, encodings, error)


def _by_day(into: _Collector, zone: ZoneInfo, formats: list[str], encodings: list[str], error: str | None) -> Collected:
    table = pa.concat_tables(into.tables) if into.tables else COLLECTED.empty_table()
    micros = table["created_at"].cast(pa.int64()).to_numpy()
    days = local_days(micros, zone) if len(micros) else np.zeros(0, "datetime64[D]")
    order = np.argsort(days, kind="stable")
    distinct, starts = np.unique(days[order], return_index=True)
    sorted_table = table.take(pa.array(order)) if len(distinct) > 1 else table
    bounds = pairwise([*starts.tolist(), len(days)])
    posts = {day.item(): sorted_table.slice(a, b - a) for day, (a, b) in zip(distinct, bounds, strict=True)}
    tallies: dict[dt.date | None, Tally] = {day: Tally(rows=part.num_rows) for day, part in posts.items()}
    quarantine: dict[dt.date | None, list[dict[str, Any]]] = {}
    for before, member, record in into.others:
        day = days[max(0, before - 1)].item() if len(days) else None
        tally = tallies.setdefault(day, Tally())
        if isinstance(record, Skipped):
            tally.skipped[record.rule] += 1
        else:
            tally.quarantined += 1
            quarantine.setdefault(day, []).append(entry(member.name, record))
    removals = pa.Table.from_pylist(into.removals, REMOVALS)
    return Collected(posts, removals, quarantine, tallies, sorted(set(formats)), sorted(set(encodings)), error)


def _table(posts: list[Post], member: Member, stored: Hasher) -> pa.Table:
    columns: dict[str, list[Any]] = {name: [getattr(post, name) for post in posts] for name in _PLAIN}
    columns["author"] = [p.author and stored(p.post_id.partition(":")[0], p.author) for p in posts]
    columns["collected_at"] = [member.modified if p.collected_at is None else p.collected_at for p in posts]
    columns["file"] = [member.name] * len(posts)
    return pa.table([_array(columns[f.name], f.type) for f in COLLECTED], schema=COLLECTED)


_PLAIN = tuple(name for name in COLLECTED.names if name not in {"author", "collected_at", "file"})


def _array(values: list[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_timestamp(kind):
        return pa.array(values, pa.int64()).cast(kind)
    return pa.array(values, kind)
