"""JSON as RFC 8259 has it: no doubled keys, no NaN, no lone surrogates, bounded depth and numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import orjson

_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
BOM = b"\xef\xbb\xbf"


class BadJson(ValueError):
    """Not JSON, or JSON that says two things at once; its text is the reason."""


def loads(raw: bytes) -> Any:
    """Parse one JSON value. Raises BadJson."""
    said = None
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        said = f"not valid JSON: {error}"
    if said is not None:  # raised out here, as that error holds a copy of the whole text
        raise BadJson(said)
    _check(value, raw)
    return value


def loads_objects(lines: Sequence[bytes]) -> list[dict[str, Any]]:
    """Parse lines that hold an object each, in half the time. Raises BadJson, without saying which of them is none."""
    try:
        values = [orjson.loads(line) for line in lines]
    except orjson.JSONDecodeError as error:
        raise BadJson("not valid JSON") from error
    if set(map(type, values)) != {dict}:
        raise BadJson("not an object")
    if _colons(b"\n".join(lines)) != sum(map(len, values)):  # no line has fewer, so that none makes up for another
        for value, line in zip(values, lines, strict=True):
            _check(value, line)
    return values


def _check(value: Any, raw: bytes) -> None:
    """Refuse keys that came twice."""
    colons = _colons(raw)
    if not (type(value) is dict and len(value) == colons) and _keys(value) != colons:
        _refuse_doubled_keys(raw)


def _colons(raw: bytes) -> int:
    """Count ``":`` outside of blanks: it occurs at least as often as there are keys in the text."""
    return raw.translate(None, b" \t\r\n").count(b'":')


def repaired(raw: bytes) -> bytes | None:
    """Return the text with bytes that are no UTF-8 and lone surrogate escapes as U+FFFD; None if there were none."""
    if _SURROGATE.search(raw) is None and _is_utf8(raw):  # nothing is damaged so: no copies of what may be large
        return raw.removeprefix(BOM) if raw.startswith(BOM) else None
    fixed = _ESCAPE.sub(_without_lone_surrogate, raw.decode("utf-8", "replace").encode().removeprefix(BOM))
    return fixed if fixed != raw else None


def _is_utf8(raw: bytes) -> bool:
    try:
        return raw.isascii() or bool(raw.decode())
    except UnicodeDecodeError:
        return False


def _without_lone_surrogate(match: re.Match[bytes]) -> bytes:
    return b"\\ufffd" if match.group(1) else match.group()


def _keys(value: Any) -> int:
    """Count the keys of all objects in a value.

    There are at most as many as in the text, and there at most as many as ``":``; if both ends are equal, no key came
    twice.
    """
    total, waiting = 0, [value]
    while waiting:
        current = waiting.pop()
        if isinstance(current, dict):
            total += len(current)
            waiting.extend(v for v in current.values() if isinstance(v, dict | list))
        elif isinstance(current, list):
            waiting.extend(v for v in current if isinstance(v, dict | list))
    return total


def _refuse_doubled_keys(raw: bytes) -> None:
    def unique(pairs: list[tuple[str, Any]]) -> None:
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise BadJson(f"key {key[:40]!r} stands twice in one object")
            seen.add(key)

    try:
        json.loads(raw, object_pairs_hook=unique)
    except RecursionError:
        raise BadJson("nested too deeply") from None
    except ValueError as error:
        raise error if isinstance(error, BadJson) else BadJson(f"not valid JSON: {error}") from None
