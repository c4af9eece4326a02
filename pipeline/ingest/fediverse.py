"""Mastodon: statuses as its API gives them, and the outbox of an archive (ActivityPub)."""

from __future__ import annotations

from typing import Any

from pipeline.ingest import fields, times
from pipeline.ingest.html import to_text
from pipeline.ingest.origin import Origin
from pipeline.ingest.records import Post, Removal, Skipped, Unusable

_OPEN = frozenset(("public", "unlisted"))
_PUBLIC = frozenset(("https://www.w3.org/ns/activitystreams#Public", "as:Public", "Public"))
_NOTES = frozenset(("Create", "Update", "Announce", "Delete"))


def matches(value: dict[str, Any]) -> bool:
    """Tell a status by its keys."""
    return "acct" in fields.child(value, "account") and "content" in value and ("reblog" in value or "uri" in value)


def read(item: dict[str, Any], line: int, origin: Origin) -> Post | Skipped:
    """Read one status; its ``uri`` is its id, as ``id`` is unique on one server only. Raises Unusable."""
    original = fields.child(item, "reblog")
    seen = {fields.word(status, "visibility", "public") for status in (item, original) if status}
    if not origin.private and not seen <= _OPEN:
        return Skipped(line, "private")
    own_id = fields.required(item.get("uri"), "uri")
    created_at = times.iso(item.get("created_at"))
    if created_at is None:
        raise Unusable("created_at: no usable time")
    shown = original or item
    text, links = to_text(fields.body(shown.get("content"), "content"))
    post = Post(f"mastodon:{own_id}", "mastodon", _account(item, origin), created_at, text, line)
    post.lang = fields.optional(shown.get("language"))
    post.is_repost, post.repost_of = bool(original), fields.first_name(original, "uri")
    post.reply_to = fields.first_name(item, "in_reply_to_id")
    quote = fields.child(shown, "quote")
    post.quote_of = fields.first_name(fields.child(quote, "quoted_status") or quote, "uri", "id", "quoted_status_id")
    card = fields.optional(fields.child(shown, "card").get("url"))
    post.urls = links + [card for card in (card,) if card and card not in links]
    post.hashtags = fields.each(fields.children(shown, "tags"), "name")
    post.warning = fields.optional(shown.get("spoiler_text"))
    post.edited_at = times.iso(shown.get("edited_at"))
    return post


def _account(item: dict[str, Any], origin: Origin) -> str | None:
    """Return the account; one without a host lives on the server that gave the file."""
    found = fields.name(fields.child(item, "account").get("acct"), "account.acct")
    server = origin.server
    return f"{found}@{server}" if found and server and "@" not in found else found


def matches_activity(value: dict[str, Any]) -> bool:
    """Tell an outbox, or one activity of it; a list of likes or bookmarks holds addresses only."""
    if fields.word(value, "type").startswith("OrderedCollection"):
        return bool(fields.children(value, "orderedItems"))
    return fields.word(value, "type") in _NOTES and "actor" in value and "object" in value


def unpack_outbox(value: dict[str, Any]) -> list[Any]:
    """Return an outbox's activities."""
    items = value.get("orderedItems")
    return items if isinstance(items, list) else [value]


def read_activity(item: dict[str, Any], line: int, origin: Origin) -> Post | Removal | Skipped:
    """Read one activity: a post, a boost (whose object is only an address), or a deletion. Raises Unusable."""
    kind, note = fields.word(item, "type"), fields.child(item, "object")
    if kind not in _NOTES:
        return Skipped(line, "notice")
    if kind == "Delete":
        gone = fields.required(note.get("id") or item.get("object"), "object")
        return Removal(f"mastodon:{gone}", None, times.iso(item.get("published")), line, "mastodon")
    if note.get("type") == "Tombstone":
        return Skipped(line, "tombstone")
    if not origin.private and not any(_public(part) for part in (item, note)):
        return Skipped(line, "private")
    return _boost(item, line) if kind == "Announce" else _note(item, note, line)


def _public(part: dict[str, Any]) -> bool:
    addressed = (part.get("to"), part.get("cc"))
    return any(
        a in _PUBLIC
        for given in addressed
        for a in (given if isinstance(given, list) else [given])
        if isinstance(a, str)
    )


def _boost(item: dict[str, Any], line: int) -> Post:
    own_id = fields.required(item.get("id"), "id")
    post = Post(f"mastodon:{own_id}", "activitypub", _actor(item.get("actor")), _published(item), "", line)
    given = item.get("object")
    post.is_repost = True
    post.repost_of = fields.name(given.get("id") if isinstance(given, dict) else given, "object")
    post.urls, post.hashtags = [], []
    return post


def _note(item: dict[str, Any], note: dict[str, Any], line: int) -> Post:
    own_id = fields.required(note.get("id"), "object.id")
    content = fields.body(note.get("content"), "object.content")
    text, links = to_text(content)
    author = _actor(note.get("attributedTo") or item.get("actor"))
    post = Post(f"mastodon:{own_id}", "activitypub", author, _published(note, item), text, line)
    post.lang = _language(note, content)
    post.reply_to = fields.name(_address(note.get("inReplyTo")), "inReplyTo")
    quotes = (_address(note.get(key)) for key in ("quote", "quoteUri", "_misskey_quote"))
    post.quote_of = fields.name(next((q for q in quotes if q), None), "quote")
    post.urls = links
    tags = [t for t in fields.children(note, "tag") if t.get("type") == "Hashtag"]
    post.hashtags = [name.removeprefix("#") for name in fields.each(tags, "name")]
    post.warning = fields.optional(note.get("summary"))
    post.edited_at = times.iso(note.get("updated"))
    return post


def _address(value: object) -> object:
    return value.get("id") if isinstance(value, dict) else value


def _actor(value: object) -> str | None:
    return fields.name(_address(value), "actor")


def _published(*parts: dict[str, Any]) -> int:
    found = next((t for part in parts if (t := times.iso(part.get("published"))) is not None), None)
    if found is None:
        raise Unusable("published: no usable time")
    return found


def _language(note: dict[str, Any], content: str) -> str | None:
    texts = fields.child(note, "contentMap")
    return next((key for key, text in texts.items() if text == content or len(texts) == 1), None)
