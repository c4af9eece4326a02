"""Which format a text file is in, by its beginning."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pipeline.ingest import boards, delimited, formats, sheets, x_archive
from pipeline.ingest.formats import GENERIC, Format
from pipeline.ingest.lines import LONGEST
from pipeline.ingest.origin import Origin
from pipeline.ingest.records import Rejected
from pipeline.ingest.strict_json import BadJson, loads, repaired

_LOOKED_AT = 200
"""Lines looked at."""


@dataclass(frozen=True)
class Found:
    """How a file is laid out, and the format where its beginning tells it."""

    layout: Literal["lines", "document", "x_archive", "fivech", "sheet"]
    format: Format | None = None
    name: str = ""
    separator: str = ","


def of(head: bytes, complete: bool, origin: Origin) -> Found | None:
    """Tell the layout from the first bytes, in UTF-8; None if it is none that holds posts.

    ``complete``: the head is the whole file. A document is told as one only: what it holds shows when it is parsed.
    Raises InputError where the settings name a column that a sheet lacks.
    """
    archive = x_archive.kind(head)
    if archive is not None:
        return Found("x_archive", name="x_archive") if archive == "tweets" else None
    lines = _whole(head.split(b"\n"), complete)[:_LOOKED_AT]
    if not lines and not complete and _endless(head):
        return Found("lines", GENERIC)
    found = _json(head.lstrip()[:1], lines, complete)
    if found is not None:
        return found
    if boards.is_fivech(head):
        return Found("fivech", name="fivech")
    return _sheet(_whole(head.splitlines(), complete), origin)


def _whole(lines: list[bytes], complete: bool) -> list[bytes]:
    """Leave out blank lines, and the last one where it is cut."""
    return [line for line in lines[: None if complete else -1] if line.strip()]


def _json(sign: bytes, lines: list[bytes], complete: bool) -> Found | None:
    """Lines where most of those that begin an object are one each, a document where the first sign begins one."""
    starts = [line for line in lines if line[:1] in b"{["]
    first = _value(lines[0]) if lines else None
    if first is None and (sign == b"[" or (lines and lines[0].strip() == b"{")):
        return Found("document")
    values = itertools.chain([first] if first is not None else [], map(_value, starts[first is not None :]))
    known = next((found for value in values if (found := formats.of(value)) is not None), None)
    if first is not None and complete and len(lines) == 1 and (isinstance(first, list) or (known and known.unpack)):
        return Found("document", known)
    if known is not None and (first is not None or _mostly(starts)):
        return Found("lines", known)
    return Found("document", known) if sign in (b"{", b"[") else None


def _value(line: bytes) -> Any:
    try:
        return loads(line)
    except BadJson:
        fixed = repaired(line)
    try:
        return None if fixed is None else loads(fixed)
    except BadJson:
        return None


def _endless(head: bytes) -> bool:
    """Whether a file begins with an object in which one text goes on beyond any line that is kept."""
    return head.lstrip()[:1] == b"{" and len(head) > LONGEST and b'"' not in head[-LONGEST // 2 :]


def _mostly(starts: list[bytes]) -> bool:
    return sum(_value(line) is not None for line in starts) * 2 > len(starts)


def _sheet(lines: list[bytes], origin: Origin) -> Found | None:
    """A header of posts within the first rows; a sheet's lines may end with CR alone."""
    for line in lines[: sheets.HEADER_ROWS]:
        separator = delimited.delimiter(line.decode("utf-8", "replace"))
        header = next(delimited.rows(_text(line), separator), None) if separator else None
        if header is not None and not isinstance(header, Rejected) and separator:
            reader = sheets.reader(header[1], origin)
            if reader is not None:
                return Found("sheet", name=reader[0], separator=separator)
    return None


def _text(line: bytes) -> Iterator[str]:
    yield line.decode("utf-8", "replace")
