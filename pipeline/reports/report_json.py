"""The report as data, ``report.json``: what the page says, for programs; keys in a fixed order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import orjson

from pipeline.reports import learned
from pipeline.reports.characters import encodable
from pipeline.reports.document import web_link
from pipeline.reports.model import COLUMNS, Chart, Day, Picture, Post, Sentence, Table, columns

FORMAT = 1
"""Raised when a reader of the file would notice a change."""


def as_json(day: Day, rows: int = 200) -> bytes:
    """Return UTF-8 JSON, indented, ending in a line feed; tables are cut to their first ``rows`` rows."""
    data = {
        "format": FORMAT,
        "date": day.date,
        "timezone": day.timezone,
        "previous_date": day.previous_date,
        "totals": asdict(day.totals),
        "previous_totals": asdict(day.previous) if day.previous else None,
        "notes": day.notes,
        "summary": [_sentence(sentence) for sentence in day.summary],
        "models": [learned.as_json(one, _post) for one in day.learned],
        "tables": {table.name: _table(table, rows) for table in day.tables},
        "pictures": [_picture(picture) for picture in day.pictures],
        "charts": [_chart(chart) for chart in day.charts],
        "files": [asdict(file) | {"skipped": _sorted(file.skipped)} for file in day.files],
        "quarantine": [asdict(row) for row in day.quarantine],
        "settings": _sorted(day.settings),
        "dictionary": day.dictionary,
        "versions": _sorted(day.versions),
    }
    return orjson.dumps(encodable(data), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _sentence(sentence: Sentence) -> dict[str, object]:
    return {
        "text": sentence.text,
        "share": sentence.share,
        "posts": sentence.posts,
        "post": _post(sentence.post),
        "gloss": sentence.gloss,
        "translator": sentence.translator,
    }


def _post(post: Post) -> dict[str, object]:
    return {"id": post.id, "time": post.time, "author": post.author, "text": post.text, "url": web_link(post.url)}


def _table(table: Table, limit: int) -> dict[str, object]:
    rows = list(zip(*columns(table.data, limit), strict=True))
    return {"columns": COLUMNS, "all_rows": table.data.num_rows, "rows": rows, "query": table.query}


def _picture(picture: Picture) -> dict[str, object]:
    return {
        "name": picture.name,
        "title": picture.title,
        "png_file": picture.png_file,
        "no_glyph": picture.no_glyph,
        "no_room": picture.no_room,
    }


def _chart(chart: Chart) -> dict[str, object]:
    return {"name": chart.name, "title": chart.title, "values": chart.table}


def _sorted(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return dict(sorted(mapping.items()))
