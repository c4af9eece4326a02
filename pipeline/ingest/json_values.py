"""JSON lines and JSON documents to records."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from pipeline.errors import InputError
from pipeline.ingest import formats, plain
from pipeline.ingest.formats import Format
from pipeline.ingest.lines import LONGEST, TooLong
from pipeline.ingest.origin import Origin
from pipeline.ingest.records import RAW_LIMIT, Post, Record, Rejected, Skipped, Unusable
from pipeline.ingest.strict_json import BadJson, loads, repaired

_BLOCK, _LINES = 1 << 18, 5_000
"""Bytes and lines that are read at once."""
_NO_OBJECTS = frozenset((type(None), list, str, int, float, bool))
_REPAIR = "\ufffd"
_OPEN = re.compile(r"\s*\[\s*")
_COMMA = re.compile(r"\s*,\s*")


def from_lines(lines: Iterator[tuple[int, bytes]], expected: Format, origin: Origin) -> Iterator[Record]:
    """Read one JSON value a line. A line that is a page gives one record for each post on it, all with its number.

    Plain posts of the generic format come as runs.
    """
    for block in _blocks(lines):
        run = plain.read(block, origin) if expected == formats.GENERIC else None
        if run is None:
            yield from _each(block, expected, origin)
        else:
            yield run


def _blocks(lines: Iterator[tuple[int, bytes]]) -> Iterator[list[tuple[int, bytes]]]:
    """Gather lines that are read at once. Raises InputError at damage, after all lines before it."""
    block, size, damage = list[tuple[int, bytes]](), 0, None
    try:
        for line in lines:
            block.append(line)
            size += len(line[1])
            if size >= _BLOCK or len(block) == _LINES:
                yield block
                block, size = [], 0
    except InputError as error:
        damage = error
    if block:
        yield block
    if damage is not None:
        raise damage


def _each(lines: Iterable[tuple[int, bytes]], expected: Format, origin: Origin) -> Iterator[Record]:
    for line, raw in lines:
        if isinstance(raw, TooLong):
            yield Rejected(line, f"longer than {LONGEST >> 20} MiB", _shown(raw))
            continue
        if not raw or raw.isspace():
            yield Skipped(line, "blank")
            continue
        mended = False
        try:
            value = loads(raw)
        except BadJson as reason:
            value, mended = _second_try(raw)
            if value is None:
                yield Rejected(line, str(reason), _shown(raw))
                continue
        known = expected
        if type(value) is not dict or not expected.matches(value):
            known = formats.of(value) or expected
        elif expected.unpack is None:
            yield record(value, known, line, origin, mended)
            continue
        taken = formats.items(value, known)
        if not taken:
            yield Skipped(line, "notice")
        for item in taken:
            yield record(item, known, line, origin, mended)


def _second_try(raw: bytes) -> tuple[Any, bool]:
    """Parse again with damaged characters replaced; (None, False) if that was not what was wrong."""
    fixed = repaired(raw)
    try:
        return (None, False) if fixed is None else (loads(fixed), True)
    except BadJson:
        return None, False


def from_document(value: Any, known: Format, origin: Origin, mended: bool) -> Iterator[Record]:
    """Read the posts of one parsed document, numbered from 1."""
    for number, item in enumerate(formats.items(value, known), 1):
        yield record(item, known, number, origin, mended)


def record(item: Any, known: Format, line: int, origin: Origin, mended: bool) -> Record:
    """Read one item; what cannot be used becomes a Rejected."""
    if type(item) in _NO_OBJECTS:
        return Rejected(line, "not a JSON object", _json(item))
    try:
        found = known.read(item, line, origin)
    except Unusable as reason:
        return Rejected(line, str(reason), _json(item))
    if (mended or origin.recoded) and isinstance(found, Post) and _REPAIR in found.text:
        found.flags.append("text=repaired")
    return found


def _json(item: Any) -> str:
    raw = item if isinstance(item, dict | list | str | int | float) else getattr(item, "raw", None)
    try:
        return _shown(orjson.dumps(raw))
    except orjson.JSONEncodeError:  # it writes fewer levels than it reads
        return "nested too deeply to be shown"


def _shown(raw: bytes) -> str:
    return raw[: RAW_LIMIT * 4].decode("utf-8", "replace")[:RAW_LIMIT]


def parsed(raw: bytes, name: str) -> tuple[Any, bool]:
    """Parse a whole document; the second value tells whether characters had to be replaced. Raises InputError."""
    try:
        return loads(raw), False
    except BadJson as reason:
        value, mended = _second_try(raw)
        if mended:
            return value, True
        raise InputError(f"{name}: {reason}; the file is cut or damaged, fetch it again") from None


def before_damage(raw: bytes) -> list[Any]:
    """Return the whole entries of a list that is cut or damaged further on."""
    text, decoder, found = raw.decode("utf-8", "replace"), json.JSONDecoder(parse_constant=_refused), list[Any]()
    place = _OPEN.match(text)
    while place is not None and place.end() < len(text):
        try:
            value, end = decoder.raw_decode(text, place.end())
            orjson.dumps(value)  # refuses what orjson would not have read: lone surrogates, numbers beyond 64 bits
        except (ValueError, TypeError, RecursionError):
            break
        found.append(value)
        place = _COMMA.match(text, end)
    return found


def _refused(constant: str) -> None:
    raise ValueError(constant)
