"""Rows of a sheet to records: CSV, TSV and XLSX alike, with columns named by the settings or guessed."""

from __future__ import annotations

import datetime as dt
import hashlib
import math
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import orjson

from pipeline.ingest import fields, times
from pipeline.ingest.columns import assign
from pipeline.ingest.origin import Origin
from pipeline.ingest.records import RAW_LIMIT, Post, Record, Rejected, Skipped, Unusable
from pipeline.ingest.x_archive import unescape

Row = list[Any]
HEADER_ROWS = 5
"""A header stands within the first rows: titles may stand above it."""
_SCIENTIFIC = re.compile(r"[+-]?\d+(?:[.,]\d+)?[eE][+]?\d+", re.ASCII)
_EXACT = 2**53
_EPOCHS = (10, 13)  # digits of today's seconds and milliseconds since the epoch
_TWARC = ("author.username", "referenced_tweets.retweeted.id")

Reader = Callable[[Row, int, Origin], Post]


def reader(header: Row, origin: Origin) -> tuple[str, Reader] | None:
    """Return format and reader for rows under a header; None if it is no header of posts. Raises InputError."""
    names = [_shown(cell) for cell in header]
    if all(name in names for name in _TWARC):
        places = {name: place for place, name in enumerate(names)}
        return "twarc_csv", lambda row, line, where: _twarc(row, places, line)
    columns = assign(names, origin.columns)
    return None if columns is None else ("sheet", lambda row, line, where: _post(row, columns, line, where))


def records(rows: Iterable[tuple[int, Row] | Rejected], origin: Origin) -> Iterator[Record]:
    """Read numbered rows, header included; each gives one record."""
    read, width = None, 0
    for numbered in rows:
        if isinstance(numbered, Rejected):
            yield numbered
            continue
        line, row = numbered
        if all(_shown(cell).strip() == "" for cell in row):
            yield Skipped(line, "blank")
        elif read is None:
            found = reader(row, origin)
            read, width = (found[1], len(row)) if found else (None, 0)
            yield Skipped(line, "header")
        else:
            yield _record(read, row, width, line, origin)


def _record(read: Reader, row: Row, width: int, line: int, origin: Origin) -> Record:
    try:
        if any(_shown(cell) for cell in row[width:]):
            raise Unusable(f"{len(row)} fields under a header of {width}: a separator in a text stands without quotes")
        post = read(row, line, origin)
    except Unusable as reason:
        return Rejected(line, str(reason), "\t".join(map(_shown, row))[:RAW_LIMIT])
    if "\ufffd" in post.text:
        post.flags.append("text=repaired")
    return post


def _post(row: Row, columns: dict[str, int], line: int, origin: Origin) -> Post:
    """Read one row. Without a column of ids the id is a hash of author, time and text. Raises Unusable."""
    cells = {column: row[place] if place < len(row) else "" for column, place in columns.items()}
    if cells["text"] in ("", None):
        raise Unusable("text: missing")
    text, author = _shown(cells["text"]), _shown(cells.get("author", "")).strip() or None
    created_at = _moment(cells["created_at"], origin)
    own_id = _id(cells["id"], "id") if "id" in columns else _made_id(author, created_at, text)
    post = Post(f"{origin.network or 'sheet'}:{own_id}", "csv", author, created_at, text, line)
    post.lang = _shown(cells.get("lang", "")).strip() or None
    post.reply_to, post.repost_of, post.quote_of = (
        _id(cells[key], key) if _shown(cells.get(key, "")).strip() else None
        for key in ("reply_to", "repost_of", "quote_of")
    )
    post.is_repost = post.repost_of is not None or fields.reposted_name(text) is not None
    post.urls = _shown(cells["url"]).split() if "url" in columns else None
    return post


def _made_id(author: str | None, created_at: int, text: str) -> str:
    key = f"{author or ''}\0{created_at}\0{text}".encode("utf-8", "replace")
    return hashlib.blake2b(key, digest_size=12).hexdigest()


def _id(cell: object, field: str) -> str:
    """Read an id; one that went through a number of 15 digits is lost for good."""
    text = _shown(cell).strip()
    inexact = isinstance(cell, float) and abs(cell) >= _EXACT
    if inexact or _SCIENTIFIC.fullmatch(text):
        raise Unusable(f"{field}: {text[:40]} is in scientific notation, its last digits are lost; format it as text")
    return fields.required(text, field)


def _shown(cell: object) -> str:
    """Return a cell as a person sees it; whole numbers without a point."""
    if isinstance(cell, float) and math.isfinite(cell) and cell.is_integer() and abs(cell) < _EXACT:
        return str(int(cell))
    return "" if cell is None else str(cell)


def _moment(cell: object, origin: Origin) -> int:
    zone = origin.zone
    if isinstance(cell, dt.date):
        found = times.cell(cell, zone)
    else:
        text = _shown(cell).strip()
        form = origin.time_format
        found = times.written(text, form, zone) if form else times.sheet(text, zone)
        if found is None and text.isdigit() and len(text) in _EPOCHS:
            found = times.epoch(text)
        if found is None and origin.serial_dates:
            found = times.serial(text, zone)
    if found is None:
        raise Unusable("created_at: no usable time" if _shown(cell).strip() else "created_at: missing")
    return found


def _twarc(row: Row, places: dict[str, int], line: int) -> Post:
    """Read a row of twarc-csv: newlines as backslash-n, lists as JSON, hashtags with their sign. Raises Unusable."""

    def cell(name: str) -> str:
        place = places.get(name, len(row))
        return str(row[place]) if place < len(row) else ""

    own_id = _id(cell("id"), "id")
    created_at = times.iso(cell("created_at"))
    if created_at is None:
        raise Unusable("created_at: no usable time")
    text = unescape(cell("text").replace("\\n", "\n"))
    if not text:
        raise Unusable("text: missing")
    post = Post(f"x:{own_id}", "x_v2", cell("author.username") or None, created_at, text, line)
    post.lang = cell("lang") or None
    post.repost_of, post.reply_to, post.quote_of = (
        _id(found, kind) if (found := cell(f"referenced_tweets.{kind}.id")) else None
        for kind in ("retweeted", "replied_to", "quoted")
    )
    post.is_repost = post.repost_of is not None
    if post.is_repost and text.startswith("RT @") and text.endswith("…"):
        post.flags.append("text=truncated")
    post.hashtags = [tag.removeprefix("#") for tag in _listed(cell("entities.hashtags"), "tag")]
    post.urls = _listed(cell("entities.urls"), "expanded_url")
    post.collected_at = times.iso(cell("__twarc.retrieved_at"))
    return post


def _listed(text: str, key: str) -> list[str]:
    try:
        found = orjson.loads(text) if text else []
    except orjson.JSONDecodeError:
        return []
    entries = found if isinstance(found, list) else []
    values = (entry.get(key) if isinstance(entry, dict) else entry for entry in entries)
    return [value for value in values if isinstance(value, str) and value]
