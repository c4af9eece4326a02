"""Typed access to the fields of untrusted JSON values; what has the wrong type counts as missing."""

from __future__ import annotations

import re
from typing import Any

from pipeline.ingest.records import Unusable

_REPOST = re.compile(r"RT @(\w+): ")
_LONGEST_NAME = 2_000


def child(item: dict[str, Any], key: str) -> dict[str, Any]:
    """Return the object under ``key``, or an empty one."""
    value = item.get(key)
    return value if isinstance(value, dict) else {}


def children(item: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """Return the objects of the list under ``key``."""
    value = item.get(key)
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def name(value: object, field: str) -> str | None:
    """Return an id or a name: text or an integer; None if there is none. Raises Unusable for anything else.

    A float is refused: an id that went through one has lost digits.
    """
    if value is None or value == "":
        return None
    if isinstance(value, str):
        if len(value) > _LONGEST_NAME:
            raise Unusable(f"{field}: longer than {_LONGEST_NAME:,} characters")
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise Unusable(f"{field}: neither text nor a whole number")


def required(value: object, field: str) -> str:
    """Return an id that must be there. Raises Unusable."""
    found = name(value, field)
    if found is None or found.isspace():
        raise Unusable(f"{field}: missing")
    return found


def first_name(item: dict[str, Any], *keys: str) -> str | None:
    """Return the first of several fields that holds an id or a name."""
    return next((found for key in keys if (found := name(item.get(key), key)) is not None), None)


def body(value: object, field: str) -> str:
    """Return a text that must be there but may be empty. Raises Unusable."""
    if isinstance(value, str):
        return value
    raise Unusable(f"{field}: missing" if value is None else f"{field}: not text")


def optional(value: object) -> str | None:
    """Return a text that is not empty, or None."""
    return value if isinstance(value, str) and value else None


def word(item: dict[str, Any], key: str, default: str = "") -> str:
    """Return a field that is compared with known words; empty if it is neither text nor a whole number."""
    value = item.get(key, default)
    return value if isinstance(value, str) else str(value) if type(value) is int else ""


def strings(values: object) -> list[str]:
    """Return the texts of a list that are not empty."""
    return [v for v in values if isinstance(v, str) and v] if isinstance(values, list) else []


def each(items: list[dict[str, Any]], *keys: str) -> list[str]:
    """Return one text of each object: that of the first key that has one."""
    found = (next((v for key in keys if (v := optional(item.get(key)))), None) for item in items)
    return [text for text in found if text]


def reposted_name(text: str) -> str | None:
    """Return the account of ``RT @name: …``, the only sign of a repost where the format has no other."""
    match = _REPOST.match(text)
    return match.group(1) if match else None
