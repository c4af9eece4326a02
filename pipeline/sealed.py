"""JSON that notices a flipped bit: a digit turned into another is still JSON, but it no longer fits its seal."""

from __future__ import annotations

import hashlib
import json
from typing import Any

_SEAL = "seal"


def dumps(content: dict[str, Any]) -> bytes:
    """Write an object with its keys in order, so that the same content is the same bytes, and with its seal."""
    return _text(content | {_SEAL: _seal(content)})


def loads(data: bytes) -> dict[str, Any]:
    """Read what :func:`dumps` wrote. Raises ValueError where it is no object, or has no seal that it fits."""
    content = json.loads(data)
    if not isinstance(content, dict):
        raise ValueError("not an object")
    if content.pop(_SEAL, None) != _seal(content):
        raise ValueError("its content does not fit its seal")
    return content


def _seal(content: dict[str, Any]) -> str:
    return hashlib.sha256(_text(content)).hexdigest()


def _text(content: dict[str, Any]) -> bytes:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, indent=1)
    return text.encode("utf-8", "surrogatepass") + b"\n"  # a name of a file may be no UTF-8
