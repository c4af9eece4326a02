"""Which posts do not count to which day: those that a notice deleted, and those whose latest version has another day.

What is written depends on all that was collected, not on the order in which it came. Only posts that the new files
name are looked at again, so that a night costs one pass over the stored ids.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from pipeline import files
from pipeline.store import parquet
from pipeline.store.layout import Layout
from pipeline.tables import EXCLUSIONS

_SEEN = """
CREATE TABLE seen AS
SELECT post_id, author, date, edited_at, collected_at, line, file FROM everything
WHERE post_id IN (SELECT post_id FROM new_post UNION ALL SELECT post_id FROM new_removal WHERE post_id IS NOT NULL)
   OR author IN (SELECT author FROM new_removal WHERE author IS NOT NULL)
"""

_EXCLUDED = """
CREATE TABLE excluded AS
WITH judged AS (
  SELECT post_id, date,
    bool_or(post_id IN (SELECT post_id FROM removal WHERE post_id IS NOT NULL)
         OR coalesce(author IN (SELECT author FROM removal WHERE author IS NOT NULL), false))
      OVER (PARTITION BY post_id) AS deleted,
    first_value(date) OVER (PARTITION BY post_id
      ORDER BY edited_at DESC NULLS LAST, collected_at DESC, line DESC, file) AS home
  FROM seen)
SELECT DISTINCT post_id, date, CASE WHEN deleted THEN 'deleted' ELSE 'moved' END AS reason
FROM judged WHERE deleted OR date <> home
"""

_ALL = """
SELECT post_id, reason, date FROM known
WHERE NOT $everything AND post_id NOT IN (SELECT post_id FROM seen)
UNION ALL SELECT post_id, reason, date FROM excluded ORDER BY date, post_id
"""


def update(layout: Layout, keys: Iterable[str], *, everything: bool = False) -> None:
    """Bring the exclusions up to date after the files ``keys`` were collected; ``everything`` after others went."""
    import duckdb

    keys = set(keys)
    pieces = sorted((layout.root / "collected").glob("*/*.parquet"))
    removals = sorted((layout.root / "removals").glob("*.parquet"))
    new = [path for path in pieces if everything or path.stem in keys]
    new_removals = [path for path in removals if everything or path.stem in keys]
    if not new and not new_removals and not everything:
        return
    with duckdb.connect() as database:
        _view(database, "everything", pieces, "post_id, author, edited_at, collected_at, line, file")
        _view(database, "new_post", new, "post_id")
        _view(database, "removal", removals, "post_id, author")
        _view(database, "new_removal", new_removals, "post_id, author")
        _view(database, "known", sorted((layout.root / "exclusions").glob("*.parquet")), "post_id, reason")
        database.execute(_SEEN)
        database.execute(_EXCLUDED)
        _save(layout, database.sql(_ALL, params={"everything": everything}).to_arrow_table())


def _view(database: Any, name: str, paths: list[Any], columns: str) -> None:
    """Name some Parquet files; ``date`` is the day in their path, null for removals, which have none."""
    if not paths:
        empty = ", ".join(f"NULL::VARCHAR AS {column.strip()}" for column in columns.split(","))
        database.execute(f"CREATE VIEW {name} AS SELECT {empty}, NULL::DATE AS date WHERE false")
        return
    names = ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)
    # the last such part: the store itself may stand in a folder of that form
    day = r"nullif(regexp_extract(filename, '.*date=(\d{4}-\d\d-\d\d)', 1), '')::DATE"
    database.execute(
        f"CREATE VIEW {name} AS SELECT {columns}, {day} AS date FROM read_parquet([{names}], filename = true)"
    )


def _save(layout: Layout, table: pa.Table) -> None:
    from pyarrow import compute as pc

    found: dict[dt.date, pa.Table] = {}
    for day in pc.unique(table["date"]).to_pylist():
        found[day] = table.filter(pc.equal(table["date"], pa.scalar(day))).select(EXCLUSIONS.names).cast(EXCLUSIONS)
    stale = {
        dt.date.fromisoformat(p.stem.removeprefix("date=")) for p in (layout.root / "exclusions").glob("*.parquet")
    }
    for day, rows in found.items():
        path = layout.exclusions(day)
        if not path.exists() or not parquet.read(path).equals(rows):
            parquet.write(layout.root, path, EXCLUSIONS, [rows])
    for day in stale - set(found):
        files.remove(layout.exclusions(day))
