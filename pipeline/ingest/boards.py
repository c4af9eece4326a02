"""Boards and comments: 5ch's dat files, Reddit's dumps, YouTube comments as yt-dlp writes them."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from pipeline.ingest import fields, times
from pipeline.ingest.html import to_text
from pipeline.ingest.lines import TooLong
from pipeline.ingest.origin import Origin
from pipeline.ingest.records import RAW_LIMIT, Post, Record, Rejected, Skipped, Unusable

_TOKYO = ZoneInfo("Asia/Tokyo")
_KEY = re.compile(r"(?<!\d)\d{9,10}(?!\d)")
_STAMP = re.compile(
    r"(\d{2,4})/(\d\d?)/(\d\d?)(?:\([^)]{0,8}\))? {0,2}(\d\d?):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?", re.ASCII
)
_AUTHOR = re.compile(r"\bID:\S+")
_ANSWER = re.compile(r">>(\d{1,4})")
_BREAK = re.compile(r" ?<br> ?")
_LINK = re.compile(r"h?ttps?://[!#-;=?-Z\[\]_a-z~]+")
_GONE = ("あぼーん", "あぼ～ん", "あぼ〜ん", "うふ～ん", "うふ〜ん")


def fivech(lines: Iterator[tuple[int, bytes]], origin: Origin) -> Iterator[Record]:
    """Read a thread. Its key is the number in the file's name, else the second of its first post, which it equals."""
    named = _KEY.search(origin.name)
    key = named.group() if named else None
    for line, raw in lines:
        text = raw.decode("utf-8", "replace")
        if not text:
            yield Skipped(line, "blank")
            continue
        if isinstance(raw, TooLong):
            yield Rejected(line, "longer than any post", text[:RAW_LIMIT])
            continue
        try:
            record = _fivech(text, line, key)
        except Unusable as reason:
            yield Rejected(line, str(reason), text[:RAW_LIMIT])
            continue
        if isinstance(record, Post):
            key = key or str(record.created_at // 1_000_000)
            record.post_id = f"fivech:{key}/{line}"
            record.reply_to = f"{key}/{record.reply_to}" if record.reply_to else None
        yield record


def _fivech(text: str, line: int, key: str | None) -> Post | Skipped:
    parts = text.split("<>")
    if len(parts) != 5:
        raise Unusable(f"{len(parts) - 1} of the four <> that part a line")
    if parts[2].strip() in _GONE or parts[3].strip() in _GONE:
        return Skipped(line, "tombstone")
    if parts[2].startswith(("Over ", "停止")):
        return Skipped(line, "notice")
    if key is None and line > 1:
        raise Unusable("no thread key: the file's name has none and its first line no time; name it KEY.dat")
    body = _body(parts[3])
    post = Post("", "fivech", _board_author(parts[2]), _stamp(parts[2]), body, line, urls=[], hashtags=[])
    answer = _ANSWER.search(body)
    post.reply_to = str(int(answer.group(1))) if answer and int(answer.group(1)) else None
    # By custom the h is left out.
    post.urls = ["h" + url.removeprefix("h") for url in _LINK.findall(body)]
    if "\ufffd" in body:
        post.flags.append("text=repaired")
    return post


def _body(field: str) -> str:
    text = _BREAK.sub("\n", field.removeprefix(" ").removesuffix(" "))
    return to_text(text)[0] if "<" in text else html.unescape(text)


def _board_author(field: str) -> str | None:
    found = _AUTHOR.search(field)
    return None if found is None or found.group().startswith("ID:???") else found.group()


def _stamp(field: str) -> int:
    match = _STAMP.search(field)
    if match is None:
        raise Unusable("date: no usable time")
    year, month, day, hour, minute, second, fraction = (v or "0" for v in match.groups())
    # Threads of the first years write two digits.
    full = int(year) + (0 if len(year) == 4 else 2000 if int(year) < 70 else 1900)
    stamp = f"{full:04}-{int(month):02}-{int(day):02}T{int(hour):02}:{minute}:{int(second):02}.{fraction:0<6}"
    found = times.iso(stamp, _TOKYO)
    if found is None:
        raise Unusable("date: no usable time")
    return found


def is_fivech(head: bytes) -> bool:
    """Tell a thread by the four ``<>`` of its first lines."""
    return any(line.count(b"<>") == 4 for line in head.split(b"\n", 5)[:5])


def matches_reddit(value: dict[str, Any]) -> bool:
    """Tell a comment or a post by its keys."""
    return "created_utc" in value and "subreddit" in value


def read_reddit(item: dict[str, Any], line: int, origin: Origin) -> Post | Skipped:
    """Read a comment (``body``) or a post (title and ``selftext``). Raises Unusable."""
    comment = "body" in item
    text = fields.body(item.get("body" if comment else "title"), "body" if comment else "title")
    own = text if comment else fields.word(item, "selftext")
    if own in ("[deleted]", "[removed]"):
        return Skipped(line, "tombstone")
    own_id = fields.required(item.get("id"), "id").removeprefix("t1_" if comment else "t3_")
    created_at = times.epoch(item.get("created_utc"))
    if created_at is None:
        raise Unusable("created_utc: no usable time")
    whole = html.unescape(text if comment or not own else f"{text}\n\n{own}")
    author = fields.name(item.get("author"), "author")
    post_id = f"reddit:{'t1' if comment else 't3'}_{own_id}"
    post = Post(post_id, "reddit", None if author == "[deleted]" else author, created_at, whole, line, hashtags=[])
    post.reply_to = fields.first_name(item, "parent_id")
    post.repost_of = fields.first_name(item, "crosspost_parent")
    post.is_repost = post.repost_of is not None
    link = fields.optional(item.get("url"))
    post.urls = [html.unescape(link)] if link and not comment and item.get("is_self") is not True and not own else None
    post.edited_at = times.epoch(item.get("edited"))
    return post


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment with the time at which its video's comments were collected."""

    raw: dict[str, Any]
    collected_at: int | None


def matches_youtube(value: dict[str, Any]) -> bool:
    """Tell a video's information with comments by its keys."""
    return "extractor" in value and "comments" in value


def unpack_youtube(value: dict[str, Any]) -> list[Any]:
    """Return a video's comments."""
    collected_at = times.epoch(value.get("epoch"))
    listed = value.get("comments", [value])
    return [Comment(c, collected_at) if isinstance(c, dict) else c for c in listed] if isinstance(listed, list) else []


def read_youtube(comment: Comment, line: int, origin: Origin) -> Post:
    """Read one comment; its time is an estimate out of "1 day ago". Raises Unusable."""
    item = comment.raw
    own_id = fields.required(item.get("id"), "id")
    created_at = times.epoch(item.get("timestamp"))
    if created_at is None:
        raise Unusable("timestamp: no usable time")
    text = fields.body(item.get("text"), "text")
    author = fields.first_name(item, "author_id", "author")
    post = Post(f"youtube:{own_id}", "youtube", author, created_at, text, line, flags=["created_at=estimated"])
    parent = fields.name(item.get("parent"), "parent")
    post.reply_to = None if parent == "root" else parent
    post.collected_at = comment.collected_at
    return post
