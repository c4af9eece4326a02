"""X's API, version 2: response pages as they came or as twarc keeps them, and twarc's flattened lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pipeline.ingest import fields, times
from pipeline.ingest.origin import Origin
from pipeline.ingest.records import Post, Skipped, Unusable
from pipeline.ingest.x_archive import unescape


@dataclass(frozen=True, slots=True)
class Tweet:
    """A post with what its page tells about others."""

    raw: dict[str, Any]
    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    tweets: dict[str, dict[str, Any]] = field(default_factory=dict)
    collected_at: int | None = None


def matches(value: dict[str, Any]) -> bool:
    """Tell a page or a flat line by its keys."""
    if "__twarc" in value or "edit_history_tweet_ids" in value:
        return True
    if "data" not in value:
        return False
    first = next((d for d in _listed(value) if isinstance(d, dict)), None)
    return not value.keys().isdisjoint(("includes", "meta", "errors")) if first is None else "text" in first


def _listed(page: dict[str, Any]) -> list[Any]:
    data = page.get("data")
    return data if isinstance(data, list) else [] if data is None else [data]


def unpack(value: dict[str, Any]) -> list[Any]:
    """Return a page's posts, in order; a flat line is its own post."""
    collected_at = times.iso(fields.child(value, "__twarc").get("retrieved_at"))
    if value.keys().isdisjoint(("data", "meta", "errors")):
        return [Tweet(value, collected_at=collected_at)]
    includes = fields.child(value, "includes")
    users = {fields.word(u, "id"): u for u in fields.children(includes, "users")}
    tweets = {fields.word(t, "id"): t for t in fields.children(includes, "tweets")}
    return [Tweet(raw, users, tweets, collected_at) if isinstance(raw, dict) else raw for raw in _listed(value)]


def read(tweet: Tweet, line: int, origin: Origin) -> Post | Skipped:
    """Read one post; a repost takes text, links and tags from the original where the page has it. Raises Unusable."""
    raw = tweet.raw
    own_id = fields.required(raw.get("id"), "id")
    user = fields.child(raw, "author") or tweet.users.get(fields.word(raw, "author_id"), {})
    if user.get("protected") is True and not origin.private:
        return Skipped(line, "private")
    created_at, flags = _time(raw, own_id)
    related = {fields.word(r, "type"): r for r in fields.children(raw, "referenced_tweets")}
    repost = related.get("retweeted")
    original = _original(repost, tweet.tweets) if repost else raw
    shown = original or raw
    note = fields.child(shown, "note_tweet")
    text = unescape(fields.body(note.get("text", shown.get("text")), "text"))
    if repost and original is None and text.endswith("…"):
        flags.append("text=truncated")
    post = Post(f"x:{own_id}", "x_v2", fields.name(user.get("username"), "username"), created_at, text, line)
    post.lang, post.flags, post.collected_at = fields.optional(raw.get("lang")), flags, tweet.collected_at
    post.is_repost = repost is not None
    post.repost_of = _reference(related, "retweeted")
    post.reply_to, post.quote_of = (_reference(related, kind) for kind in ("replied_to", "quoted"))
    post.urls, post.hashtags = _entities(shown, fields.child(note, "entities"))
    return post


def _time(raw: dict[str, Any], own_id: str) -> tuple[int, list[str]]:
    if raw.get("created_at") is None:
        found, flags = times.snowflake(own_id), ["created_at=id"]
    else:
        found, flags = times.iso(raw["created_at"]), []
    if found is None:
        raise Unusable("created_at: no usable time")
    return found, flags


def _original(reference: dict[str, Any], tweets: dict[str, dict[str, Any]]) -> dict[str, Any] | None:
    return reference if "text" in reference else tweets.get(fields.word(reference, "id"))


def _reference(related: dict[str, dict[str, Any]], kind: str) -> str | None:
    return fields.name(related[kind].get("id"), "id") if kind in related else None


def _entities(raw: dict[str, Any], noted: dict[str, Any]) -> tuple[list[str] | None, list[str] | None]:
    """Links and tags; None where fields beyond the default ones were not asked for, as then nothing is told."""
    if "entities" not in raw and "created_at" not in raw:
        return None, None
    found = noted or fields.child(raw, "entities")
    urls = fields.each(fields.children(found, "urls"), "expanded_url", "url")
    return urls, fields.each(fields.children(found, "hashtags"), "tag")
