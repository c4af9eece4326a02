"""The archive that X gives to an account's owner: ``window.YTD.tweets.part0 = [ … ]``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pipeline.ingest import fields, times
from pipeline.ingest.origin import Note, Origin
from pipeline.ingest.records import Post, Unusable

_ASSIGNMENT = re.compile(rb"\s*window\.YTD\.(\w+)\.part\d+\s*=\s*")
_CUT = re.compile(r"…(?:\s*https?://\S+)?\s*$")
_CUT_REPOST = 130  # reposts are cut at 140 signs; a shorter one ends in … because its writer wanted it
_LONGEST_END = 3_000
"""Characters in which a cut is looked for: an ellipsis and a link."""
_SAME_TIME = 2_000_000


def kind(head: bytes) -> str | None:
    """Tell what a file of an archive holds: tweets, account, note_tweet or another name; None if it is none."""
    match = _ASSIGNMENT.match(head)
    if match is None:
        return None
    found = match.group(1).decode("ascii", "replace")
    return "tweets" if found in ("tweet", "tweets", "community_tweet") else found


def payload(document: bytes) -> bytes:
    """Return the JSON that the file assigns, a list; in one copy, as it may be large."""
    match = _ASSIGNMENT.match(document)
    end = document.rfind(b"]") + 1
    whole = document[end:].strip() in (b"", b";")
    return document[match.end() if match else 0 : end if whole else None]


def unescape(text: str) -> str:
    """Undo the three entities that X writes; the ampersand last, so that nothing is undone twice."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def account(value: Any) -> str | None:
    """Return the owner's name out of account.js."""
    entries = value if isinstance(value, list) else []
    found = (fields.child(e, "account").get("username") for e in entries if isinstance(e, dict))
    return next((name for name in found if isinstance(name, str) and name), None)


def notes(value: Any) -> Iterator[Note]:
    """Yield the long texts out of note-tweet.js."""
    for entry in value if isinstance(value, list) else ():
        note = fields.child(entry, "noteTweet") if isinstance(entry, dict) else {}
        core = fields.child(note, "core")
        text, created_at = core.get("text"), times.iso(note.get("createdAt"))
        if isinstance(text, str) and created_at is not None:
            urls = fields.each(fields.children(core, "urls"), "expandedUrl", "expanded_url")
            tags = fields.each(fields.children(core, "hashtags"), "text", "tag")
            yield Note(created_at, unescape(text), urls, tags)


def read(item: dict[str, Any], line: int, origin: Origin) -> Post:
    """Read one entry. Raises Unusable."""
    tweet = fields.child(item, "tweet") or item
    own_id = fields.first_name(tweet, "id_str", "id") or fields.required(None, "id_str")
    created_at = times.x_time(tweet.get("created_at"))
    if created_at is None:
        raise Unusable("created_at: no usable time")
    text = unescape(fields.body(tweet.get("full_text", tweet.get("text")), "full_text"))
    post = Post(f"x:{own_id}", "x_archive", origin.account or origin.author, created_at, text, line)
    post.lang = fields.optional(tweet.get("lang"))
    post.is_repost = fields.reposted_name(text) is not None
    post.reply_to = fields.first_name(tweet, "in_reply_to_status_id_str", "in_reply_to_status_id")
    entities = fields.child(tweet, "entities")
    post.urls = fields.each(fields.children(entities, "urls"), "expanded_url", "url")
    post.hashtags = fields.each(fields.children(entities, "hashtags"), "text")
    _complete(post, own_id, origin.notes)
    return post


def _complete(post: Post, own_id: str, known: tuple[Note, ...]) -> None:
    """Put the full text in place of a cut one, found by time and beginning, as the note's id is another."""
    links = post.urls or []
    rest = [url for url in links if not url.endswith(f"/i/web/status/{own_id}")]
    match = _CUT.search(post.text, max(0, len(post.text) - _LONGEST_END))
    if match is None:
        return
    start = post.text[: match.start()]
    for note in known:
        if abs(note.created_at - post.created_at) <= _SAME_TIME and note.text.startswith(start):
            post.text, post.urls = note.text, note.urls
            post.hashtags = note.hashtags or None
            return
    if len(rest) < len(links) or (post.is_repost and len(post.text) > _CUT_REPOST):
        post.urls = rest
        post.flags.append("text=truncated")
