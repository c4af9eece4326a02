"""What a report shows: filled by the caller from the stored tables, read by every writer of this room.

SVG stands in the page as it is given, so it must come from our own pictures: text in it escaped, no ``style``
attribute and no script (the page's Content-Security-Policy would refuse both).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

import pyarrow as pa

from pipeline.reports.characters import writable

TableName = Literal["adjectives", "nouns_adjectives", "content_words", "hashtags", "emoji", "kaomoji"]


@dataclass(frozen=True, slots=True)
class Row:
    """One word of a table, in plain Python values; None where unknown."""

    rank: int
    word: str
    reading: str | None
    pos: str | None
    count: int
    posts: int
    authors: int
    original_count: int
    per_10000: float
    previous_rank: int | None


COLUMNS = tuple(column.name for column in fields(Row))
"""The columns of every table: their names in CSV and JSON, a contract."""

TEXT_COLUMNS = ("word", "reading", "pos")


@dataclass(frozen=True)
class Totals:
    """Counts of one day; ``words`` are tokens, ``skipped`` the rows left out by a rule."""

    posts: int
    authors: int
    reposts: int
    copies: int
    quarantined: int
    words: int
    skipped: int


@dataclass(frozen=True, eq=False)
class Table:
    """A ranked table: Arrow data with COLUMNS, best first, and the DuckDB SQL that recomputes it."""

    name: TableName
    data: pa.Table
    query: str

    def rows(self, limit: int | None = None) -> list[Row]:
        """Return the first ``limit`` rows (all without one), text made writable."""
        return [Row(*values) for values in zip(*columns(self.data, limit), strict=True)]


def columns(data: pa.Table, limit: int | None = None) -> list[list[Any]]:
    """Return COLUMNS of a table (all rows without a limit) as lists of plain values, missing ones as None."""
    head = data if limit is None else data.slice(0, limit)
    return [
        [value and writable(value) for value in values] if name in TEXT_COLUMNS else values
        for name, values in ((name, head[name].to_pylist()) for name in COLUMNS)
    ]


@dataclass(frozen=True)
class Post:
    """A post as a reader sees it; ``time`` is aware, ``url`` is linked only where it is http(s)."""

    id: str
    time: dt.datetime
    author: str | None
    text: str
    url: str | None = None


@dataclass(frozen=True)
class Sentence:
    """A sentence of the summary with its post, and the posts (number, share from 0 to 1) that it stands for."""

    text: str
    post: Post
    share: float
    posts: int
    gloss: str | None = None
    """Its translation by a model."""
    translator: str | None = None
    """Name and version of that model, english/0001."""


@dataclass(frozen=True)
class Picture:
    """A word cloud: a PNG beside the page and the same as trusted SVG with data-word and data-pos on its text."""

    name: str
    title: str
    png_file: str
    svg: str
    no_glyph: tuple[str, ...] = ()
    no_room: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chart:
    """A chart as trusted SVG, and its values as (label, value) for those who do not see it."""

    name: str
    title: str
    svg: str
    table: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class SourceFile:
    """What became of a file's rows: read = kept + repeated + quarantined + the sum of ``skipped`` (rule -> rows)."""

    name: str
    format: str
    encoding: str
    read: int
    kept: int
    repeated: int
    quarantined: int
    skipped: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Quarantined:
    """A rejected row: where it stands, why, and the beginning of it as it was."""

    file: str
    line: int
    reason: str
    raw: str


@dataclass(frozen=True)
class Share:
    """Of one label among posts: ``answers`` of them were said to have it; ``share`` is corrected, from 0 to 1."""

    label: str
    posts: int
    answers: int
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Clue:
    """A word that speaks for a label: without it, its probability falls by ``value``, in the mean over ``posts``."""

    word: str
    value: float
    posts: int


@dataclass(frozen=True)
class Example:
    """A post that a model is sure or unsure of: ``value`` is a probability, or the perplexity of a language model."""

    post: Post
    label: str | None
    value: float


@dataclass(frozen=True)
class Learned:
    """What one model says of the day; labels are those of the model, ``names`` what the reader is told."""

    task: str
    title: str
    version: str
    language: bool
    """A language model: no labels, and the values of posts are perplexities."""
    posts: int
    """Posts asked, without reposts and copies."""
    unsure: int = 0
    measured: bool = True
    """Whether the model's mistakes are known: else no shares are told."""
    names: Mapping[str, str] = field(default_factory=dict)
    shares: tuple[Share, ...] = ()
    hours: tuple[tuple[int, Share], ...] = ()
    days: tuple[tuple[dt.date, Share], ...] = ()
    charts: tuple[Chart, ...] = ()
    clues: Mapping[str, tuple[Clue, ...]] = field(default_factory=dict)
    """Of each label, in the order of ``shares``."""
    typical: tuple[Example, ...] = ()
    surprising: tuple[Example, ...] = ()
    queries: Mapping[str, str] = field(default_factory=dict)
    """What is shown -> the DuckDB SQL for it."""
    versions: tuple[str, ...] = ()
    """Other versions that answered on days of the charts."""


@dataclass(frozen=True, eq=False)
class Day:
    """All that the report of one calendar day shows.

    ``contexts`` maps ``pos + tab + word`` to indexes into ``posts``, and ``surfaces`` the same key to the forms
    to be marked in them (the word itself without one).
    """

    date: dt.date
    timezone: str
    totals: Totals
    tables: tuple[Table, ...]
    previous: Totals | None = None
    previous_date: dt.date | None = None
    posts: tuple[Post, ...] = ()
    contexts: Mapping[str, list[int]] = field(default_factory=dict)
    surfaces: Mapping[str, list[str]] = field(default_factory=dict)
    pictures: tuple[Picture, ...] = ()
    charts: tuple[Chart, ...] = ()
    summary: tuple[Sentence, ...] = ()
    learned: tuple[Learned, ...] = ()
    files: tuple[SourceFile, ...] = ()
    quarantine: tuple[Quarantined, ...] = ()
    notes: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    dictionary: str = ""


@dataclass(frozen=True)
class DayCard:
    """A day in the calendar of days; a failed day has no numbers, ``sparkline`` is trusted SVG."""

    date: dt.date
    posts: int | None
    authors: int | None
    words: tuple[str, ...] = ()
    sparkline: str = ""
    failed: bool = False
