"""The page of one day, ``reports/2024-01-01/index.html``: one file that needs nothing beside it but the font."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import fields
from zoneinfo import ZoneInfo

from markupsafe import Markup

from pipeline.reports import document, learned
from pipeline.reports.characters import writable
from pipeline.reports.contexts import as_script_data
from pipeline.reports.model import Day, Picture, Post, Quarantined, Row, Sentence, SourceFile, Table, TableName
from pipeline.reports.strings import long_date, part_of_speech, skip_rule, texts, weekday
from pipeline.settings import Language

_TILES = ("posts", "authors", "reposts", "copies", "quarantined", "words")


def render(day: Day, language: Language, rows: int = 200) -> str:
    """Return the page; tables are cut to their first ``rows`` rows."""
    shown = {table.name: table.rows(rows) for table in day.tables}
    keys = {writable(key) for key in day.contexts}
    return document.render(
        "day.html.j2",
        language,
        assets="../assets",
        script="report.js",
        **_head(day, language),
        tiles=_tiles(day, language),
        notes=[writable(note) for note in day.notes],
        summary=[_sentence(sentence, ZoneInfo(day.timezone)) for sentence in day.summary],
        learned=_learned(day, keys, language),
        pictures=[_picture(picture) for picture in day.pictures],
        charts=[document.figure(chart) for chart in day.charts],
        tables=[_table(table, shown[table.name], keys, day.previous is not None, language) for table in day.tables],
        sources=_files(day.files, language),
        rejected=[_rejected(row) for row in day.quarantine],
        quarantined=day.totals.quarantined,
        settings=_pairs(day.settings),
        versions=_pairs(day.versions),
        dictionary=writable(day.dictionary),
        contexts=Markup(as_script_data(day, [row for table in shown.values() for row in table], language)),
    )


def _head(day: Day, language: Language) -> dict[str, object]:
    date = long_date(day.date, language)
    return {
        "iso": day.date.isoformat(),
        "date": date,
        "weekday": weekday(day.date, language),
        "heading": texts(language).day_title.format(date=date),
        "zone": day.timezone,
        "earlier": day.previous_date.isoformat() if day.previous_date else None,
        "later": (day.date + dt.timedelta(days=1)).isoformat(),
    }


def _tiles(day: Day, language: Language) -> list[dict[str, object]]:
    t = texts(language)
    before = day.previous
    return [
        {
            "label": getattr(t, name),
            "value": getattr(day.totals, name),
            "change": None if before is None else getattr(day.totals, name) - getattr(before, name),
        }
        for name in (*_TILES, *(["skipped"] if day.totals.skipped else []))
    ]


def _sentence(sentence: Sentence, zone: ZoneInfo) -> dict[str, object]:
    return {
        "text": writable(sentence.text),
        "post": _post(sentence.post, zone),
        "share": sentence.share,
        "posts": sentence.posts,
        "gloss": writable(sentence.gloss or ""),
        "translator": writable(sentence.translator or ""),
    }


def _post(post: Post, zone: ZoneInfo) -> dict[str, object]:
    local = post.time.astimezone(zone)
    return {
        "stamp": local.isoformat(timespec="seconds"),
        "clock": local.strftime("%H:%M"),
        "author": writable(post.author) if post.author else None,
        "link": document.web_link(post.url),
    }


def _learned(day: Day, keys: set[str], language: Language) -> list[dict[str, object]]:
    words = {key.partition("\t")[2] for key in keys}
    zone = ZoneInfo(day.timezone)
    return [learned.shown(one, zone, words, language, _post) for one in day.learned]


def _picture(picture: Picture) -> dict[str, object]:
    return {
        "title": picture.title,
        "href": picture.png_file,
        "svg": Markup(picture.svg),
        "no_glyph": [writable(word) for word in picture.no_glyph],
        "no_room": [writable(word) for word in picture.no_room],
    }


def _table(table: Table, rows: Sequence[Row], keys: set[str], moves: bool, language: Language) -> dict[str, object]:
    return {
        "name": table.name,
        "title": getattr(texts(language), table.name),
        "head": _head_of_words(table.name, language),
        "rows": [_row(row, table.name == "hashtags", keys, language) for row in rows],
        "all": table.data.num_rows,
        "readings": any(row.reading for row in rows),
        "parts": any(row.pos for row in rows),
        "moves": moves,
        "query": writable(table.query),
    }


def _head_of_words(name: TableName, language: Language) -> str:
    t = texts(language)
    return str(getattr(t, name) if name in ("hashtags", "emoji", "kaomoji") else t.word)


def _row(row: Row, hashtag: bool, keys: set[str], language: Language) -> dict[str, object]:
    return {
        "rank": row.rank,
        "word": row.word,
        "shown": f"#{row.word}" if hashtag and not row.word.startswith(("#", "＃")) else row.word,
        "reading": row.reading or "",
        "pos": row.pos or "",
        "part": part_of_speech(row.pos, language),
        "sign": not row.word.isascii(),
        "opens": f"{row.pos or ''}\t{row.word}" in keys,
        "count": f"{row.count:,}",
        "posts": f"{row.posts:,}",
        "authors": f"{row.authors:,}",
        "original_count": f"{row.original_count:,}",
        "per_10000": f"{row.per_10000:,.2f}",
        **_move(row, language),
    }


def _move(row: Row, language: Language) -> dict[str, object]:
    """Say the way from yesterday's rank in a word, an arrow and a class, so that colour is never needed."""
    t = texts(language)
    if row.previous_rank is None:
        return {"previous": "", "move": "new", "told": "", "arrow": t.new}
    steps = row.previous_rank - row.rank
    move, told, arrow = ("stayed", t.stayed, "→")
    if steps > 0:
        move, told, arrow = ("rose", t.rose.format(steps=steps), f"↑{steps:,}")
    elif steps < 0:
        move, told, arrow = ("fell", t.fell.format(steps=-steps), f"↓{-steps:,}")
    return {"previous": row.previous_rank, "move": move, "told": told, "arrow": arrow}


def _files(files: Sequence[SourceFile], language: Language) -> dict[str, object]:
    rows = [
        {
            **{name: writable(getattr(file, name)) for name in ("name", "format", "encoding")},
            "numbers": _fates(file),
            "rules": [(writable(skip_rule(rule, language)), n) for rule, n in sorted(file.skipped.items()) if n],
        }
        for file in files
    ]
    return {"rows": rows, "sums": [sum(column) for column in zip(*map(_fates, files), strict=True)] or [0] * 5}


def _fates(file: SourceFile) -> tuple[int, ...]:
    return (file.read, file.kept, file.repeated, file.quarantined, sum(file.skipped.values()))


def _rejected(row: Quarantined) -> dict[str, object]:
    return {
        field.name: writable(value) if isinstance(value := getattr(row, field.name), str) else value
        for field in fields(row)
    }


def _pairs(mapping: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(writable(name), writable(value)) for name, value in sorted(mapping.items())]
