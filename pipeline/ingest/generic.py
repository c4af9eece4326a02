"""Generic JSON lines: ``id``, ``author``, ``created_at``, ``text``, and what more a collector knows."""

from __future__ import annotations

from typing import Any

from pipeline.ingest import fields, times
from pipeline.ingest.origin import Origin
from pipeline.ingest.records import Post, Unusable

_CORE = frozenset(("id", "author", "created_at", "text"))
PLAIN = 100
"""Characters from which on ids and names are looked at with care."""
NAME = "jsonl"


def matches(value: dict[str, Any]) -> bool:
    """Tell a generic post: a text, and an id or a time."""
    return "text" in value and ("created_at" in value or "id" in value)


def read(item: dict[str, Any], line: int, origin: Origin) -> Post:
    """Read one object. Raises Unusable naming the field."""
    own_id, author, created, text = item.get("id"), item.get("author"), item.get("created_at"), item.get("text")
    # Most lines are plain: the careful functions are called for the others only.
    if type(own_id) is not str or not 0 < len(own_id) < PLAIN or own_id.isspace():
        own_id = fields.required(own_id, "id")
    if type(text) is not str:
        text = fields.body(text, "text")
    if type(author) is not str or not 0 < len(author) < PLAIN:
        author = fields.name(author, "author")
    created_at = times.iso(created, origin.zone) if origin.time_format is None else None
    if created_at is None:
        created_at = moment(created, origin)
    if created_at is None:
        raise Unusable("created_at: missing" if created is None else "created_at: no usable time")
    post = Post(f"{origin.network or NAME}:{own_id}", NAME, author, created_at, text, line)
    if len(item) > len(_CORE):
        told = {key: value for key in item.keys() - _CORE if (value := item[key]) is not None}
        if told:
            _more(post, told, origin)
    if text.startswith("RT @"):
        post.is_repost = post.is_repost or fields.reposted_name(text) is not None
    return post


def moment(value: object, origin: Origin) -> int | None:
    """Read a time by the settings' format, else as ISO 8601 or as seconds or milliseconds since the epoch."""
    if origin.time_format is not None and isinstance(value, str):
        return times.written(value, origin.time_format, origin.zone)
    found = times.iso(value, origin.zone)
    return times.epoch(value) if found is None else found


def _more(post: Post, item: dict[str, Any], origin: Origin) -> None:
    """Take what else the line tells; ``item`` has no nulls."""
    get = item.get
    post.lang = fields.optional(get("lang"))
    post.repost_of = fields.name(get("repost_of"), "repost_of")
    post.reply_to, post.quote_of = fields.name(get("reply_to"), "reply_to"), fields.name(get("quote_of"), "quote_of")
    post.is_repost = post.repost_of is not None or get("is_repost") is True
    given = get("urls", get("url"))
    if given is not None:
        post.urls = fields.strings(given if isinstance(given, list) else [given])
    if isinstance(get("hashtags"), list):
        post.hashtags = [tag.lstrip("#＃") for tag in fields.strings(item["hashtags"])]
    edited, collected = get("edited_at"), get("collected_at", get("retrieved_at"))
    post.edited_at = None if edited is None else moment(edited, origin)
    post.collected_at = None if collected is None else moment(collected, origin)
