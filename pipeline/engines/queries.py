"""Asking the store: DuckDB, and which days and files a query is about."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.analysis import ranking
from pipeline.analysis.ranking import Span
from pipeline.store.layout import Day, Layout
from pipeline.store.manifest import DayManifest

Days = Mapping[Day, DayManifest]


@cache
def _instance(root: Path) -> Any:
    """Open DuckDB once a process: that takes longer than a small day's query."""
    import duckdb

    return duckdb.connect(config={"memory_limit": "300MB", "temp_directory": str(root / ".staging")})


@contextmanager
def database(layout: Layout) -> Iterator[Any]:
    """Connect to DuckDB; for one thread. Queries name files by their whole paths: see :func:`span`."""
    with _instance(layout.root).cursor() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_external_file_cache = false")  # a run replaces files that it has read
        yield connection


def span(layout: Layout, days: Sequence[Day]) -> Span:
    """Name days of a store so that queries find their files from everywhere."""
    return Span(days, f"{layout.root.absolute().as_posix()}/")


def before(days: Days, day: Day, stage: str) -> Day | None:
    """Tell the day before, if that stage of it is done."""
    earlier = day - dt.timedelta(days=1)
    there = earlier in days and stage in days[earlier].stages
    return earlier if there and not (stage == "tokenise" and days[earlier].gone) else None


def of_tables(days: Days, asked: Span) -> dict[str, str]:
    """Give the query of each table of a day, with paths as the span of that day has them."""
    previous = before(days, asked.days[0], "tokenise")
    words = {name: ranking.words(asked, pos, previous) for name, pos in ranking.WORD_TABLES.items()}
    return words | {name: ranking.items(asked, name, previous) for name in ranking.ITEM_TABLES}
