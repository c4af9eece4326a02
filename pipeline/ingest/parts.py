"""A large file of JSON lines in parts that can be read apart; in order they give what the whole file gives."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from zoneinfo import ZoneInfo

from pipeline import settings as configuration
from pipeline.ingest import json_values, origin
from pipeline.ingest.archives import is_tar
from pipeline.ingest.encoding import unmarked
from pipeline.ingest.files import Member
from pipeline.ingest.formats import Format
from pipeline.ingest.lines import split
from pipeline.ingest.recognise import line_format
from pipeline.ingest.source import CHUNK, Budget, Source, damaged, opened, printable, unpacked

SIZE = 1 << 20
"""Bytes of a part, to the end of its last line."""


@dataclass(frozen=True)
class Part:
    """Whole lines of a file."""

    path: Path
    format: Format
    start: int
    stop: int
    """Bytes [start, stop)."""
    before: int
    """Lines that come earlier in the file."""


def cut(path: Path, settings: configuration.Ingest, zone: ZoneInfo, size: int = SIZE) -> list[Part]:
    """Cut a file into parts of some ``size`` bytes, in order.

    Returns none where it must be read as one: if it is no longer than two parts, packed, not UTF-8, or no JSON lines.
    Raises InputError if it cannot be read.
    """
    with opened(path) as handle:
        whole = os.fstat(handle.fileno()).st_size
        found = _format(handle, path, whole, settings, zone) if whole > 2 * size else None
        if found is None:
            return []
        handle.seek(0)
        try:
            bounds = list(_bounds(handle, size))
        except OSError as error:
            raise damaged(printable(path.name), error) from error
    return [Part(path, found, start, stop, before) for start, stop, before in bounds]


def _format(handle: IO[bytes], path: Path, whole: int, settings: configuration.Ingest, zone: ZoneInfo) -> Format | None:
    name = printable(path.name)
    source = Source(handle, name)
    if unpacked(source, Budget(name, whole)) is not source or is_tar(source.head(512)):
        return None
    return line_format(source, _origin(path, settings, zone))


def _origin(path: Path, settings: configuration.Ingest, zone: ZoneInfo) -> origin.Origin:
    return origin.of(path.name, settings.source(path.name), zone, settings.private)


def _bounds(handle: IO[bytes], size: int) -> Iterator[tuple[int, int, int]]:
    """Yield start, stop and the lines before, of parts that end with a line."""
    start, before = 0, 0
    while block := handle.read(size):
        rest = block[-1:]
        while rest and not rest.endswith(b"\n"):
            rest = handle.readline(CHUNK)
        stop = handle.tell()
        yield start, stop, before
        before += block.count(b"\n") + (not block.endswith(b"\n"))
        start = stop


def member(part: Part, settings: configuration.Ingest, zone: ZoneInfo) -> Member:
    """Read a part, as a member whose lines are numbered as in the file. Raises InputError."""
    handle = opened(part.path)
    modified = os.fstat(handle.fileno()).st_mtime_ns // 1_000
    chunks = _chunks(handle, part)
    lines = split(chunks if part.start else unmarked(chunks), before=part.before)
    records = json_values.from_lines(lines, part.format, _origin(part.path, settings, zone))
    return Member(printable(part.path.name), part.format.name, "utf-8", modified, records)


def _chunks(handle: IO[bytes], part: Part) -> Iterator[bytes]:
    with handle:
        try:
            handle.seek(part.start)
            while chunk := handle.read(min(CHUNK, part.stop - handle.tell())):
                yield chunk
        except OSError as error:
            raise damaged(printable(part.path.name), error) from error
