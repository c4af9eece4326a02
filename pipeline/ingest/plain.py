"""Plain lines of generic JSON, many at once and column by column: half the time of one post after the other.

Only what ``generic.read`` would take as it stands is taken here. Lines that hold anything else (a time without an
offset, an id that is a number, links apart from the text) are left to it, with their neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.ingest import fields, generic, strict_json, times
from pipeline.ingest.origin import Origin
from pipeline.ingest.records import Run

FEWEST = 64
"""Lines for which columns are worth their while."""

_CAREFUL = frozenset(("urls", "url", "hashtags", "edited_at", "collected_at", "retrieved_at"))
"""Keys that only ``generic.read`` knows how to read."""

_LONGEST_TEXT = 100_000
_MICROS = pa.timestamp("us", tz="UTC")


class _Odd(Exception):
    """Something that is no plain post."""


def read(lines: Sequence[tuple[int, bytes]], origin: Origin) -> Run | None:
    """Read lines as posts; None unless each of them is a plain one."""
    if len(lines) < FEWEST or origin.time_format is not None or origin.recoded:
        return None
    numbers, raws = zip(*lines, strict=True)
    try:
        _usual(strict_json.loads_objects(raws[:1]))  # most often one line tells of all
        return _run(strict_json.loads_objects(raws), numbers, origin)
    except (_Odd, strict_json.BadJson, pa.ArrowException):
        return None


def _usual(posts: list[dict[str, Any]]) -> set[str]:
    """Give all keys of posts that have no key to be careful with."""
    keys = set[str]().union(*posts)
    if not keys.isdisjoint(_CAREFUL):
        raise _Odd
    return keys


def _run(posts: list[dict[str, Any]], numbers: Sequence[int], origin: Origin) -> Run:
    keys, size = _usual(posts), len(posts)

    def field(key: str, longest: int = generic.PLAIN) -> pa.Array:
        """Return one field of all posts as text, null where it is missing."""
        found = pa.array([post.get(key) for post in posts], pa.string()) if key in keys else pa.nulls(size, pa.string())
        if (pc.max(pc.utf8_length(found)).as_py() or 0) >= longest:
            raise _Odd
        return found

    def name(key: str) -> pa.Array:
        """Return one field of all posts that is not an empty text."""
        found = field(key)
        if pc.any(pc.equal(found, "")).as_py():
            raise _Odd
        return found

    own_id, text, repost_of = name("id"), field("text", _LONGEST_TEXT), name("repost_of")
    if own_id.null_count or text.null_count or any(map(str.isspace, own_id.to_pylist())):
        raise _Odd
    is_repost = pa.array([words.startswith("RT @") and bool(fields.reposted_name(words)) for words in text.to_pylist()])
    if "is_repost" in keys:
        is_repost = pc.or_(is_repost, pa.array([post.get("is_repost") is True for post in posts]))
    columns = {
        "post_id": pc.binary_join_element_wise(origin.network or generic.NAME, own_id, ":"),
        "source": pa.repeat(generic.NAME, size),
        "author": name("author"),
        "created_at": _moments(field("created_at")),
        "text": text,
        "lang": name("lang"),
        "is_repost": pc.or_(is_repost, pc.is_valid(repost_of)),
        "repost_of": repost_of,
        "reply_to": name("reply_to"),
        "quote_of": name("quote_of"),
        "flags": pa.array([[]] * size, pa.list_(pa.string())),
        "line": pa.array(numbers, pa.int64()),
    }
    return Run(columns)


def _moments(written: pa.Array) -> pa.Array:
    """Read times with an offset: Arrow knows fewer ways to write them than ``times.iso``, and reads those alike."""
    if written.null_count:
        raise _Odd
    found = written.cast(_MICROS)
    bounds = pc.min_max(found.cast(pa.int64())).as_py()
    if not times.usable(bounds["min"]) or not times.usable(bounds["max"]):
        raise _Odd
    return found
