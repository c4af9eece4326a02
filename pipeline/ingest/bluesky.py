"""Bluesky: the Jetstream of everything that happens, and posts and feeds as its API gives them."""

from __future__ import annotations

from typing import Any

from pipeline.ingest import fields, times
from pipeline.ingest.origin import Origin
from pipeline.ingest.records import Post, Removal, Skipped, Unusable

_POST, _REPOST = "app.bsky.feed.post", "app.bsky.feed.repost"
_GONE = frozenset(("deleted", "takendown"))


def matches_stream(value: dict[str, Any]) -> bool:
    """Tell a line of the Jetstream by its keys."""
    return "did" in value and "time_us" in value and "kind" in value


def read_stream(item: dict[str, Any], line: int, origin: Origin) -> Post | Removal | Skipped:
    """Read one event: a post, a repost (without text), a deletion, or something else. Raises Unusable."""
    did = fields.required(item.get("did"), "did")
    seen_at = times.epoch(item.get("time_us"))
    account, commit = fields.child(item, "account"), fields.child(item, "commit")
    if account.get("active") is False and fields.word(account, "status") in _GONE:
        return Removal(None, did, seen_at, line, "bluesky")
    if commit.get("collection") not in (_POST, _REPOST):
        return Skipped(line, "notice")
    uri = f"at://{did}/{commit['collection']}/{fields.required(commit.get('rkey'), 'commit.rkey')}"
    if commit.get("operation") == "delete":
        return Removal(f"bluesky:{uri}", None, seen_at, line, "bluesky")
    record = fields.child(commit, "record")
    post = _repost(uri, did, record, line) if commit["collection"] == _REPOST else _post(uri, did, record, line)
    post.collected_at = seen_at
    return post


def matches(value: dict[str, Any]) -> bool:
    """Tell an answer of the API with posts or a feed, or one of its entries."""
    entries = [*fields.children(value, "posts"), *fields.children(value, "feed")] or [value]
    view = fields.child(entries[0], "post") or entries[0]
    return fields.word(view, "uri").startswith("at://")


def unpack(value: dict[str, Any]) -> list[Any]:
    """Return the entries of an answer."""
    listed = next((value[key] for key in ("posts", "feed") if isinstance(value.get(key), list)), None)
    return [value] if listed is None else listed


def read(item: dict[str, Any], line: int, origin: Origin) -> Post | Skipped:
    """Read one post; one seen through another's repost is still the original. Raises Unusable."""
    view = fields.child(item, "post") or item
    if view.get("notFound") is True or view.get("blocked") is True:
        return Skipped(line, "tombstone")
    uri = fields.required(view.get("uri"), "uri")
    author = fields.name(fields.child(view, "author").get("did"), "author.did")
    return _post(uri, author, fields.child(view, "record"), line)


def _time(record: dict[str, Any]) -> int:
    found = times.iso(record.get("createdAt"))
    if found is None:
        raise Unusable("record.createdAt: no usable time")
    return found


def _repost(uri: str, author: str | None, record: dict[str, Any], line: int) -> Post:
    post = Post(f"bluesky:{uri}", "bluesky", author, _time(record), "", line, urls=[], hashtags=[])
    post.is_repost, post.repost_of = True, fields.first_name(fields.child(record, "subject"), "uri")
    return post


def _post(uri: str, author: str | None, record: dict[str, Any], line: int) -> Post:
    text = fields.body(record.get("text"), "record.text")
    post = Post(f"bluesky:{uri}", "bluesky", author, _time(record), text, line)
    post.lang = next(iter(fields.strings(record.get("langs"))), None)
    post.reply_to = fields.first_name(fields.child(fields.child(record, "reply"), "parent"), "uri")
    embed = fields.child(record, "embed")
    quoted = fields.child(embed, "record")
    target = fields.first_name(quoted, "uri") or fields.first_name(fields.child(quoted, "record"), "uri")
    post.quote_of = target if target and f"/{_POST}/" in target else None
    features = [f for facet in fields.children(record, "facets") for f in fields.children(facet, "features")]
    links = fields.each([f for f in features if fields.word(f, "$type").endswith("#link")], "uri")
    card = fields.optional(fields.child(fields.child(embed, "media") or embed, "external").get("uri"))
    post.urls = links + [url for url in (card,) if url and url not in links]
    tags = fields.each([f for f in features if fields.word(f, "$type").endswith("#tag")], "tag")
    post.hashtags = tags + [t for t in fields.strings(record.get("tags")) if t not in tags]
    return post
