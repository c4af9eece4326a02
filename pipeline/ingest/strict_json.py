"""JSON as RFC 8259 has it: no doubled keys, no NaN, no lone surrogates, bounded depth and numbers."""

from __future__ import annotations

import json
import re
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
    colons = raw.translate(None, b" \t\r\n").count(b'":')
    if not (type(value) is dict and len(value) == colons) and _keys(value) != colons:
        _refuse_doubled_keys(raw)
    return value


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

    Without blanks, ``":`` occurs at least as often as there are keys in the text, and these are at least as many as
    in the parsed value; if both ends are equal, no key came twice.
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
