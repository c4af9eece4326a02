"""Misskey: notes as its API gives them, and the export of an account's own notes."""

from __future__ import annotations

from typing import Any

from pipeline.ingest import fields, times
from pipeline.ingest.origin import Origin
from pipeline.ingest.records import Post, Skipped, Unusable

_OPEN = frozenset(("public", "home"))


def matches(value: dict[str, Any]) -> bool:
    """Tell a note by its keys."""
    return "createdAt" in value and "userId" in value and ("visibility" in value or "renoteId" in value)


def matches_export(value: dict[str, Any]) -> bool:
    """Tell a note of an export, which names no user."""
    return "createdAt" in value and "localOnly" in value and "userId" not in value


def read(item: dict[str, Any], line: int, origin: Origin) -> Post | Skipped:
    """Read one note; a pure renote takes its text from the original. Raises Unusable."""
    pure = _pure_renote(item)
    original = fields.child(item, "renote") if pure else {}
    if not origin.private and any(_hidden(note) for note in (item, original) if note):
        return Skipped(line, "private")
    user = fields.child(item, "user")
    host = fields.optional(user.get("host")) or origin.server
    author = fields.name(user.get("username"), "user.username")
    post = _post(item, original or item, "misskey", line, origin)
    post.author = f"{author}@{host}" if author and host else author
    post.hashtags = fields.strings((original or item).get("tags"))
    return post


def read_export(item: dict[str, Any], line: int, origin: Origin) -> Post | Skipped:
    """Read one exported note; the author comes from the settings. Raises Unusable."""
    if not origin.private and _hidden(item):
        return Skipped(line, "private")
    post = _post(item, item, "misskey_export", line, origin)
    post.author = origin.author
    return post


def _hidden(note: dict[str, Any]) -> bool:
    return fields.word(note, "visibility", "public") not in _OPEN or note.get("isHidden") is True


def _pure_renote(item: dict[str, Any]) -> bool:
    """Whether a note only passes on another: a quote has words, files or a poll of its own."""
    own = (item.get(key) for key in ("text", "cw", "poll", "files", "fileIds"))
    return bool(item.get("renoteId")) and not any(own)


def _post(item: dict[str, Any], shown: dict[str, Any], source: str, line: int, origin: Origin) -> Post:
    """Make the post. Ids are unique on one server only: it stands before the id where the settings name it."""
    own_id = fields.required(item.get("id"), "id")
    created_at = times.iso(item.get("createdAt"))
    if created_at is None:
        raise Unusable("createdAt: no usable time")
    if "text" not in shown:
        raise Unusable("text: missing")
    server = origin.server
    key = f"misskey:{server}/{own_id}" if server else f"misskey:{own_id}"
    # A note of files or a poll alone has null for its text.
    text = "" if shown["text"] is None else fields.body(shown["text"], "text")
    post = Post(key, source, None, created_at, text, line)
    renoted = fields.first_name(item, "renoteId")
    post.is_repost = _pure_renote(item)
    post.repost_of, post.quote_of = (renoted, None) if post.is_repost else (None, renoted)
    post.reply_to = fields.first_name(item, "replyId")
    post.warning = fields.optional(shown.get("cw"))
    post.edited_at = times.iso(item.get("updatedAt"))
    return post
