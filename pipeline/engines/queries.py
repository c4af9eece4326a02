"""Asking the store: DuckDB, and which days and files a query is about."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.analysis import ranking
from pipeline.analysis.ranking import Span
from pipeline.store.layout import Day, Layout
from pipeline.store.manifest import DayManifest

Days = Mapping[Day, DayManifest]


_USES = 50
"""Connections to one DuckDB: it keeps a quarter of a megabyte of every day's report, until it is closed."""
_lock = threading.Lock()
_opened: dict[Path, tuple[Any, int]] = {}
"""The DuckDB of each store, and its connections so far."""


def _cursor(root: Path) -> Any:
    """Connect to this process's DuckDB: to open one takes longer than a small day's query.

    One that is left for a new one is closed with the last connection to it.
    """
    import duckdb

    with _lock:
        instance, uses = _opened.get(root, (None, 0))
        if instance is None or uses == _USES:
            instance = duckdb.connect(config={"memory_limit": "300MB", "temp_directory": str(root / ".staging")})
            uses = 0
        _opened[root] = (instance, uses + 1)
        return instance.cursor()


@contextmanager
def database(layout: Layout) -> Iterator[Any]:
    """Connect to DuckDB; for one thread. Queries name files by their whole paths: see :func:`span`."""
    with _cursor(layout.root) as connection:
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
