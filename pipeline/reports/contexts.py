"""The posts behind each word, as JSON that can stand inside a page."""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo

import orjson

from pipeline.reports.characters import writable
from pipeline.reports.document import web_link
from pipeline.reports.model import Day, Row
from pipeline.reports.strings import part_of_speech
from pipeline.settings import Language


def as_script_data(day: Day, rows: Iterable[Row], language: Language) -> str:
    """Return JSON of ``posts`` ([time, author, text, link]) and ``words`` (key -> what the panel shows).

    ``rows`` are those shown on the page; a word of the contexts without a row has no counts.
    """
    shown: dict[str, Row] = {}
    for row in rows:
        shown.setdefault(f"{row.pos or ''}\t{row.word}", row)
    data = {
        "posts": _posts(day),
        "words": {
            writable(key): _word(writable(key), places, day.surfaces.get(key), shown.get(writable(key)), language)
            for key, places in sorted(day.contexts.items())
        },
    }
    return escaped(orjson.dumps(data))


def escaped(json: bytes) -> str:
    """Write the signs that end a script in HTML as JSON escapes; JSON has them inside strings only."""
    for sign in ("<", ">", "&", "\u2028", "\u2029"):
        json = json.replace(sign.encode(), f"\\u{ord(sign):04x}".encode())
    return json.decode("utf-8")


def _posts(day: Day) -> list[tuple[str, str | None, str, str | None]]:
    zone = ZoneInfo(day.timezone)
    return [
        (
            f"{post.time.astimezone(zone):%H:%M}",
            writable(post.author) if post.author else None,
            writable(post.text),
            web_link(post.url),
        )
        for post in day.posts
    ]


def _word(
    key: str, places: list[int], surfaces: list[str] | None, row: Row | None, language: Language
) -> dict[str, object]:
    pos, _, word = key.partition("\t")
    return {
        "pos": part_of_speech(pos, language),
        "reading": row.reading if row else None,
        "count": f"{row.count:,}" if row else None,
        "in_posts": f"{row.posts:,}" if row else None,
        "surfaces": [writable(surface) for surface in surfaces or [word]],
        "posts": places,
    }
