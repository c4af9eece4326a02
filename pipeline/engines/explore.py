"""Questions to a store, answered from its Parquet: words of a span, a word in context, a word's course."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pipeline.analysis import concordance, ranking
from pipeline.analysis.ranking import Span
from pipeline.engines import queries
from pipeline.errors import SettingsError, StoreDamaged, StoreError
from pipeline.store.layout import Layout
from pipeline.store.manifest import DayManifest, verify

Row = dict[str, Any]

POS = {
    "adjective": ("形容詞", "形状詞"),
    "noun": ("名詞",),
    "verb": ("動詞",),
    "adverb": ("副詞",),
    "interjection": ("感動詞",),
}
"""Names that --pos takes beside UniDic's own."""

WORDS = tuple(name for name in ranking.COLUMNS if name != "previous_rank")
KWIC = ("day", "time", "left", "keyword", "right", "post_id")
TREND = ("day", "word", "count", "per_10000")
"""Columns of the answers."""

_CONTEXT = 30
"""Characters on each side of a keyword."""

_BESIDE = 20
"""Groups of words that are counted beside those asked for: a numeral is none, which counts do not tell."""

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def span(layout: Layout, since: dt.date | None, until: dt.date | None, table: str, *beside: str) -> Span:
    """Name the days in a span that have a table, and make sure that it and those ``beside`` are what was written.

    Raises StoreError where there is no such day, StoreDamaged for a file that is something else.
    """
    names = sorted((layout.root / table).glob("date=*/part-0.parquet"))
    days = [dt.date.fromisoformat(path.parent.name.removeprefix("date=")) for path in names]
    found = [day for day in days if (since is None or day >= since) and (until is None or day <= until)]
    if not found:
        raise StoreError(f"{layout.root}: no day in that span; `hibi status` lists the days")
    with ThreadPoolExecutor() as threads:
        list(threads.map(lambda day: _verify(layout, day, (table, *beside)), found))
    return queries.span(layout, found)


def _verify(layout: Layout, day: dt.date, tables: Sequence[str]) -> None:
    """Read partitions whole before they are asked: DuckDB would take what a flipped bit makes of them."""
    paths = [layout.partition(table, day) for table in tables]
    for path, expected in zip(paths, _expected(layout, day, paths), strict=True):
        try:
            if expected is not None:
                verify(path, expected)
        except StoreDamaged:
            if _expected(layout, day, [path]) == [expected]:  # else a run is replacing it
                raise


def _expected(layout: Layout, day: dt.date, paths: Sequence[Path]) -> list[str | None]:
    """Tell the SHA-256 that partitions must have; None where a stage is at work, or the manifest is damaged."""
    outputs: dict[str, str] = {}
    for entry in DayManifest(layout, day).stages.values():
        outputs |= entry.outputs
    return [outputs.get(layout.relative(path)) for path in paths]


def parts_of_speech(names: Sequence[str]) -> tuple[str, ...]:
    """Turn --pos into UniDic's parts of speech; all content words without one."""
    if not names:
        return ranking.WORD_TABLES["content_words"]
    found = [pos for name in names for pos in POS.get(name.lower(), (name,))]
    known = {
        *ranking.WORD_TABLES["content_words"],
        *(p for some in POS.values() for p in some),
        "代名詞",
        "連体詞",
        "接続詞",
        "助詞",
        "助動詞",
        "接頭辞",
        "接尾辞",
    }
    wrong = [pos for pos in found if pos not in known]
    if wrong:
        raise SettingsError(
            f"--pos {wrong[0]}: not a part of speech; use {', '.join(POS)} or UniDic's name, such as 副詞"
        )
    return tuple(dict.fromkeys(found))


def words(layout: Layout, since: dt.date | None, until: dt.date | None, pos: Sequence[str], top: int) -> list[Row]:
    """Rank the words of a span: rank, word, reading, pos, count, posts, authors, original_count, per_10000."""
    days, kinds = span(layout, since, until, "tokens", "posts", "counts"), parts_of_speech(pos)
    wide = top + _BESIDE
    while True:
        found = _rows(layout, ranking.candidates(days, kinds, wide + 1))
        bases = [base for group in found[:wide] for base in group["bases"]]
        rows = _rows(layout, ranking.top_words(days, kinds, top), bases=bases)
        beyond = found[wide]["count"] if len(found) > wide else 0  # no group left out occurs more often
        if not beyond or (len(rows) == top and rows[-1]["count"] > beyond):
            return [{name: row[name] for name in WORDS} for row in rows]
        wide *= 4


def trend(layout: Layout, since: dt.date | None, until: dt.date | None, asked: Sequence[str]) -> list[Row]:
    """Count words on each day of a span: day, word, count, per_10000."""
    return _rows(
        layout, concordance.trend(span(layout, since, until, "counts")), words=[_folded(word) for word in asked]
    )


def kwic(layout: Layout, since: dt.date | None, until: dt.date | None, word: str, top: int) -> list[Row]:
    """Show a word in its posts, latest day first: day, time, left, keyword, right, post_id."""
    days, word = span(layout, since, until, "tokens", "posts"), _folded(word)
    hits = _rows(layout, concordance.as_tokens(days), word=word, top=top)
    hits = hits or _rows(layout, concordance.as_text(days), word=word, top=top)
    if not hits:
        return []
    used = queries.span(layout, sorted({dt.date.fromisoformat(hit["day"]) for hit in hits}))
    places = {"days": [hit["day"] for hit in hits], "rows": [hit["post"] for hit in hits]}
    posts = {(row["day"], row["post"]): row for row in _rows(layout, concordance.posts(used), **places)}
    at = [hit.get("position", 0) for hit in hits]
    before = _rows(layout, concordance.surfaces_before(used), **places, positions=at)
    passed = {(row["day"], row["post"]): row["surfaces"] for row in before}
    return [_line(posts[place], hit["surface"], passed.get(place, [])) for hit in hits for place in [_place(hit)]]


def _place(row: Row) -> tuple[str, int]:
    return row["day"], row["post"]


def _line(post: Row, surface: str, before: list[str]) -> Row:
    """Cut a post around the keyword, which is the first such string after the tokens that stand before it."""
    text, at = " ".join(post["clean"].split("\n")), 0
    for passed in before:
        at = max(at, text.find(passed, at)) + len(passed)
    at = max(0, text.find(surface, at))
    return dict(
        zip(
            KWIC,
            (
                post["day"],
                _EPOCH + dt.timedelta(microseconds=post["created_at"]),
                text[max(0, at - _CONTEXT) : at],
                surface,
                text[at + len(surface) :][:_CONTEXT],
                post["post_id"],
            ),
            strict=True,
        )
    )


def _rows(layout: Layout, query: str, **parameters: Any) -> list[Row]:
    for value in parameters.values():
        _check(value if isinstance(value, list) else [value])
    with queries.database(layout) as connection:
        found = connection.execute(query, parameters or None)
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _folded(word: str) -> str:
    """Write a word as clean text does (width, NFC), so that what is typed finds what was posted."""
    from pipeline.text.folding import fold_width

    _check([word])
    if not word.strip():
        raise SettingsError("the word is empty")
    return fold_width(unicodedata.normalize("NFC", word))


def _check(values: list[Any]) -> None:
    for value in values:
        if isinstance(value, str) and any("\ud800" <= sign <= "\udfff" for sign in value):
            raise SettingsError("a word of the command line is not UTF-8; set the terminal to UTF-8")
