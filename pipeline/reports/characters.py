"""Characters that no page, sheet or JSON text can hold."""

from __future__ import annotations

import re
from typing import Any

_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_LINE_ENDS = re.compile("\r\n?|\u2028|\u2029|\x85")


def writable(text: str) -> str:
    """Return the text with line ends as ``\\n`` and unwritable characters as U+FFFD.

    Controls are replaced and not removed, so that a reader sees that something was there. An HTML parser would turn
    ``\\r`` into ``\\n`` and NUL into U+FFFD by itself, XML forbids them, and UTF-8 has no lone surrogates: doing it
    here for all keeps a word equal to its key wherever both are written.
    """
    if text.isprintable():  # true of nearly all words and posts, and far cheaper than the two patterns
        return text
    return _UNWRITABLE.sub("\ufffd", _LINE_ENDS.sub("\n", text))


def encodable(value: Any) -> Any:
    """Return lists, tuples and dicts with every text writable: one lone surrogate would stop a whole JSON file."""
    if isinstance(value, str):
        return writable(value)
    if isinstance(value, dict):
        return {writable(key): encodable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [encodable(item) for item in value]
    return value
