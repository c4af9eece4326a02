"""The formats that come as JSON values, in the order in which they are tried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipeline.ingest import bluesky, boards, fediverse, generic, misskey, x_api, x_stream
from pipeline.ingest.origin import Origin
from pipeline.ingest.records import Post, Removal, Skipped


@dataclass(frozen=True)
class Format:
    """One format: how an object of it is told, taken apart and read."""

    name: str
    matches: Callable[[dict[str, Any]], bool]
    read: Callable[[Any, int, Origin], Post | Removal | Skipped]
    unpack: Callable[[dict[str, Any]], list[Any]] | None = None
    """A page to its items; None where an object is always one item."""


GENERIC = Format("generic_jsonl", generic.matches, generic.read)
"""Tried last: it wants least."""

FORMATS = (
    Format("x_v2", x_api.matches, x_api.read, x_api.unpack),
    Format("x_v11", x_stream.matches, x_stream.read),
    Format("snscrape_twitter", x_stream.matches_snscrape, x_stream.read_snscrape),
    Format("mastodon", fediverse.matches, fediverse.read),
    Format("activitypub", fediverse.matches_activity, fediverse.read_activity, fediverse.unpack_outbox),
    Format("bluesky", bluesky.matches_stream, bluesky.read_stream),
    Format("bluesky", bluesky.matches, bluesky.read, bluesky.unpack),
    Format("misskey", misskey.matches, misskey.read),
    Format("misskey_export", misskey.matches_export, misskey.read_export),
    Format("youtube", boards.matches_youtube, boards.read_youtube, boards.unpack_youtube),
    Format("reddit", boards.matches_reddit, boards.read_reddit),
    GENERIC,
)


_LOOKED_AT = 50
"""Entries of a list."""


def of(value: Any) -> Format | None:
    """Tell the format of a JSON value: of an object, or of the first object in a list that has one."""
    waiting = [value]
    while waiting:  # no recursion: hostile values are nested deeper than Python's stack
        entry = waiting.pop()
        if isinstance(entry, dict) and isinstance(entry.get("statuses"), list):
            entry = entry["statuses"]  # a search's answer, of X v1.1 or of Mastodon
        if isinstance(entry, list):
            waiting.extend(inner for inner in reversed(entry[:_LOOKED_AT]) if isinstance(inner, dict))
        elif isinstance(entry, dict) and (found := next((f for f in FORMATS if f.matches(entry)), None)):
            return found
    return None


def items(value: Any, known: Format) -> list[Any]:
    """Take a value apart into what stands for one post each; what is no object stays in it, to be counted."""
    if isinstance(value, list):
        return [item for entry in value for item in (items(entry, known) if isinstance(entry, dict) else [entry])]
    if not isinstance(value, dict):
        return [value]
    if isinstance(value.get("statuses"), list):
        return list(value["statuses"])
    return [value] if known.unpack is None else known.unpack(value)
