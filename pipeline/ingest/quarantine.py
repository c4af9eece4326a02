"""What was rejected, as lines of JSON that are safe to look at on a terminal."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from pipeline.ingest.records import RAW_LIMIT, Rejected

_SLIPS = 5
# Controls of C1, direction marks and other signs that act on a terminal or hide text; JSON escapes C0 itself.
_ACTING = re.compile("[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\ufff9-\ufffb]")


def entry(file: str, rejected: Rejected) -> dict[str, Any]:
    """Return a rejected row as file, line, reason and raw text (cut to RAW_LIMIT characters)."""
    return {"file": file, "line": rejected.line, "reason": rejected.reason, "raw": rejected.raw[:RAW_LIMIT]}


def refusal(rows: int, rejected: Iterable[dict[str, Any]], most: float) -> str | None:
    """Say why a file with so many posts and these rejected rows is refused; None where it is not.

    More than the share ``most`` of its rows must be unusable, and more than five: a small file with a slip is no fault.
    """
    reasons = Counter(row["reason"] for row in rejected)
    bad = reasons.total()
    if bad <= _SLIPS or bad <= most * (rows + bad):
        return None
    ((reason, often),) = reasons.most_common(1)
    return f"{bad:,} of {rows + bad:,} rows are unusable ({often:,} of them: {reason})"


def to_line(row: dict[str, Any]) -> str:
    """Return an entry as one line of JSON, ended, in which no character acts on a terminal."""
    text = json.dumps(row, ensure_ascii=False, sort_keys=True)
    return _ACTING.sub(lambda match: f"\\u{ord(match.group()):04x}", text) + "\n"
