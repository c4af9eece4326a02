"""One unpacked stream to its records: encoding and format are found, and rows come as they are asked for."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from pipeline.errors import InputError
from pipeline.ingest import boards, delimited, detect, encoding, formats, json_values, sheets, workbook, x_archive
from pipeline.ingest.archives import ZIP
from pipeline.ingest.formats import Format
from pipeline.ingest.lines import LONGEST, split
from pipeline.ingest.origin import Note, Origin
from pipeline.ingest.records import Record
from pipeline.ingest.source import Budget, Source

_HEAD = 1 << 18
_ASCII_HEAD = 4 << 20
_DOCUMENT = 256 << 20
_MANY, _DENSEST = 1_000_000, 8
"""Values of a document, and bytes a value, below which it is refused: each takes up to a hundred bytes of memory."""
_WORKBOOK = 64 << 20
_X_ARCHIVE = Format("x_archive", lambda value: True, x_archive.read)

Owner = tuple[str | None, tuple[Note, ...]]
"""Whose X archive it is, and its long posts."""


@dataclass(frozen=True)
class Reading:
    """What a stream turned out to be."""

    format: str
    encoding: str
    records: Iterator[Record]
    part: str = ""
    """Name of the sheet, for a workbook."""


def readings(source: Source, origin: Origin, budget: Budget, owner: Callable[[], Owner]) -> Iterator[Reading]:
    """Yield what a stream holds: nothing if no posts, one reading, or one for each sheet of a workbook.

    ``owner`` is asked for an X archive only. Raises InputError if the stream is damaged before its format shows.
    """
    if source.head(4) in ZIP:
        yield from workbook_readings(io.BytesIO(_all(source, _WORKBOOK)), origin, source.name, budget)
        return
    head, code = text_head(source)
    if code is None:
        return
    origin = replace(origin, recoded=code != "utf-8")
    found = detect.of(head, source.complete, origin)
    if found is None:
        if source.damage is not None:
            raise source.damage
        return
    chunks = encoding.utf8(source.chunks(), code)
    if found.layout in ("document", "x_archive"):
        if found.layout == "x_archive":
            account, notes = owner()
            origin = replace(origin, account=account, notes=notes)
        yield from _document(chunks, found, source.name, code, origin)
    else:
        yield Reading(found.format.name if found.format else found.name, code, _rows(chunks, found, origin))


def line_format(source: Source, origin: Origin) -> Format | None:
    """Tell the format of JSON lines in UTF-8, which can be read from any line on; None for all else."""
    if source.head(4) in ZIP:
        return None
    head, code = text_head(source)
    found = detect.of(head, source.complete, origin) if code == "utf-8" else None
    return found.format if found is not None and found.layout == "lines" else None


def text_head(source: Source) -> tuple[bytes, str | None]:
    """Return the beginning of a stream as UTF-8, and its encoding; None for what is no text.

    The beginning reaches to the first sign beyond ASCII, and of JSON to the end of its first line, within limits.
    """
    size = _HEAD
    while source.head(size).isascii() and not source.complete and size < _ASCII_HEAD:
        size *= 2
    code = encoding.detect(source.head(size), source.complete)
    if code is None:
        return b"", None
    head = b"".join(encoding.utf8(iter([source.head(size)]), code))
    if head.lstrip()[:1] in (b"{", b"[") and b"\n" not in head and not source.complete:
        while b"\n" not in source.head(size) and not source.complete and size <= LONGEST:
            size *= 2
        head = b"".join(encoding.utf8(iter([source.head(size)]), code))
    return head, code


def _rows(chunks: Iterator[bytes], found: detect.Found, origin: Origin) -> Iterator[Record]:
    if found.layout == "sheet":
        return sheets.records(delimited.rows(delimited.lines(chunks), found.separator), origin)
    if found.layout == "fivech" or found.format is None:
        return boards.fivech(split(chunks), origin)
    return json_values.from_lines(split(chunks), found.format, origin)


def _document(chunks: Iterator[bytes], found: detect.Found, name: str, code: str, origin: Origin) -> Iterator[Reading]:
    """Read a JSON document; of one that is cut the entries before the damage, then the InputError."""
    raw, damage = whole(chunks, name)
    if found.layout == "x_archive":
        raw = x_archive.payload(raw)
    value: Any
    try:
        value, mended = json_values.parsed(raw, name)
    except InputError as error:
        if found.layout == "document" and found.format is not None:  # lines after all, the first of them broken
            yield Reading(found.format.name, code, _then(_rows(iter([raw]), found, origin), damage))
            return
        value, mended, damage = json_values.before_damage(raw), True, damage or error
    known = _X_ARCHIVE if found.layout == "x_archive" else formats.of(value)
    if known is not None:
        yield Reading(known.name, code, _then(json_values.from_document(value, known, origin, mended), damage))
    elif damage is not None:
        raise damage


def whole(chunks: Iterator[bytes], name: str) -> tuple[bytes, InputError | None]:
    """Read a document into memory, as far as it goes. Raises InputError where it, or what it says, is beyond bounds."""
    read, damage = io.BytesIO(), None  # it gives its content without a copy
    try:
        for chunk in chunks:
            read.write(chunk)
            if read.tell() > _DOCUMENT:
                break
    except InputError as error:
        damage = error
    if read.tell() > _DOCUMENT:
        raise InputError(f"{name}: one JSON document beyond {_DOCUMENT >> 20} MiB; split it, or write one post a line")
    raw = read.getvalue()
    values = sum(map(raw.count, (b",", b"[", b"{")))
    if values > max(_MANY, len(raw) // _DENSEST):
        raise InputError(
            f"{name}: one JSON document of {values:,} values in {len(raw) >> 20} MiB; no posts are so short"
        )
    return raw, damage


def _then(records: Iterator[Record], damage: InputError | None) -> Iterator[Record]:
    yield from records
    if damage is not None:
        raise damage


def workbook_readings(stream: Any, origin: Origin, name: str, budget: Budget) -> Iterator[Reading]:
    """Yield the sheets of a workbook that have a header of posts. Raises InputError."""
    for sheet, rows in workbook.sheets(stream, name, budget):
        first = list(itertools.islice(rows, sheets.HEADER_ROWS))
        if any(sheets.reader(row, origin) is not None for row in first):
            numbered = enumerate(itertools.chain(first, rows), 1)
            yield Reading("sheet", "utf-8", sheets.records(numbered, origin), sheet)


def _all(source: Source, limit: int) -> bytes:
    raw = source.head(limit + 1)
    if len(raw) > limit:
        raise InputError(f"{source.name}: a workbook beyond {limit >> 20} MiB inside an archive; unpack it by hand")
    return raw
