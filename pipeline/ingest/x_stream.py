"""X's older forms: the v1.1 stream and its notices, and snscrape's lines."""

from __future__ import annotations

from typing import Any

from pipeline.ingest import fields, times
from pipeline.ingest.origin import Origin
from pipeline.ingest.records import Post, Removal, Skipped, Unusable
from pipeline.ingest.x_archive import unescape

_NOTICES = frozenset(
    ("delete", "limit", "scrub_geo", "status_withheld", "user_withheld", "disconnect", "warning", "friends")
)


def matches(value: dict[str, Any]) -> bool:
    """Tell a v1.1 post, or a notice of the stream, by its keys."""
    return _is_notice(value) or ("id_str" in value and "screen_name" in fields.child(value, "user"))


def _is_notice(value: dict[str, Any]) -> bool:
    return len(value) == 1 and not _NOTICES.isdisjoint(value)


def read(item: dict[str, Any], line: int, origin: Origin) -> Post | Removal | Skipped:
    """Read a line of the stream; a repost takes text, links and tags from the original. Raises Unusable."""
    if _is_notice(item):
        return _notice(item, line)
    user = fields.child(item, "user")
    if user.get("protected") is True and not origin.private:
        return Skipped(line, "private")
    own_id = fields.first_name(item, "id_str", "id") or fields.required(None, "id_str")
    created_at = times.x_time(item.get("created_at"))
    created_at = times.epoch(item.get("timestamp_ms")) if created_at is None else created_at
    if created_at is None:
        raise Unusable("created_at: no usable time")
    original = fields.child(item, "retweeted_status")
    shown = original or item
    extended = fields.child(shown, "extended_tweet")
    given = next((v for v in (extended.get("full_text"), shown.get("full_text")) if v), shown.get("text"))
    author = fields.name(user.get("screen_name"), "screen_name")
    post = Post(f"x:{own_id}", "x_v11", author, created_at, unescape(fields.body(given, "text")), line)
    if given == shown.get("text") and shown.get("truncated") is True:
        post.flags.append("text=truncated")
    post.lang = fields.optional(item.get("lang"))
    post.is_repost, post.repost_of = bool(original), fields.first_name(original, "id_str", "id")
    post.reply_to = fields.first_name(item, "in_reply_to_status_id_str", "in_reply_to_status_id")
    # The stream copies the quote of a reposted post onto the repost; only the original quotes.
    post.quote_of = None if original else fields.first_name(item, "quoted_status_id_str", "quoted_status_id")
    entities = fields.child(extended, "entities") or fields.child(shown, "entities")
    post.urls = fields.each(fields.children(entities, "urls"), "expanded_url", "url")
    post.hashtags = fields.each(fields.children(entities, "hashtags"), "text")
    return post


def _notice(item: dict[str, Any], line: int) -> Removal | Skipped:
    notice = fields.child(item, "delete")
    gone = fields.first_name(fields.child(notice, "status"), "id_str", "id")
    if gone is None:
        return Skipped(line, "notice")
    return Removal(f"x:{gone}", None, times.epoch(notice.get("timestamp_ms")), line, "x")


def matches_snscrape(value: dict[str, Any]) -> bool:
    """Tell a line of snscrape by its type."""
    kind = value.get("_type")
    return isinstance(kind, str) and kind.startswith("snscrape.modules.")


def read_snscrape(item: dict[str, Any], line: int, origin: Origin) -> Post | Skipped:
    """Read one post of snscrape's twitter module; ids are integers above 2**53. Raises Unusable."""
    if item.get("_type") != "snscrape.modules.twitter.Tweet":
        raise Unusable(f"_type: {fields.word(item, '_type')[:80]} is no post that is known here")
    user, original = fields.child(item, "user"), fields.child(item, "retweetedTweet")
    if user.get("protected") is True and not origin.private:
        return Skipped(line, "private")
    own_id = fields.required(item.get("id"), "id")
    created_at = times.iso(item.get("date"))
    if created_at is None:
        raise Unusable("date: no usable time")
    shown = original or item
    text = unescape(fields.body(shown.get("rawContent", shown.get("content")), "rawContent"))
    author = fields.first_name(user, "username") or fields.first_name(item, "username")
    post = Post(f"x:{own_id}", "snscrape_twitter", author, created_at, text, line)
    post.lang = fields.optional(item.get("lang"))
    post.is_repost, post.repost_of = bool(original), fields.first_name(original, "id")
    post.reply_to = fields.first_name(item, "inReplyToTweetId")
    post.quote_of = fields.first_name(fields.child(item, "quotedTweet"), "id")
    post.urls = fields.each(fields.children(shown, "links"), "url") if "links" in shown else None
    post.hashtags = fields.strings(shown["hashtags"]) if "hashtags" in shown else None
    return post
