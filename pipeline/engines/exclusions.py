"""Which posts do not count to which day: those that a notice deleted, and those whose latest version has another day.

What is written depends on all that was collected, not on the order in which it came. Only posts that the new files
name are looked at again, so that a night costs one pass over the stored ids.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import structlog

from pipeline import files
from pipeline.errors import StoreDamaged
from pipeline.store import parquet
from pipeline.store.layout import Layout
from pipeline.tables import COLLECTED, EXCLUSIONS, REMOVALS

log = structlog.get_logger()

_DAY = re.compile(r"date=(\d{4}-\d\d-\d\d)")

_SEEN = """
CREATE TABLE seen AS
SELECT post_id, author, date, edited_at, collected_at, line, file FROM everything
WHERE $everything
   OR post_id IN (SELECT post_id FROM new_post UNION ALL SELECT post_id FROM new_removal WHERE post_id IS NOT NULL)
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
    """Bring the exclusions up to date after the files ``keys`` were collected; ``everything`` after others went.

    Raises StoreDamaged for a file that was collected.
    """
    import duckdb

    keys = set(keys)
    pieces = sorted((layout.root / "collected").glob("*/*.parquet"))
    removals = sorted((layout.root / "removals").glob("*.parquet"))
    new = [path for path in pieces if everything or path.stem in keys]
    new_removals = [path for path in removals if everything or path.stem in keys]
    if not new and not new_removals and not everything:
        return
    known = [] if everything else sorted((layout.root / "exclusions").glob("*.parquet"))
    for path in known:
        if _damaged(path):
            log.warning("damaged", file=layout.relative(path), then="found again from all that was collected")
            return update(layout, keys, everything=True)
    spill = str(layout.root / ".staging")  # else it would be the folder that hibi was started in
    with duckdb.connect(config={"temp_directory": spill}) as database:
        ids = ("post_id", "author")
        _register(database, "new_post", new, ("post_id",))
        _register(database, "removal", removals, ids)
        _register(database, "new_removal", new_removals, ids)
        _register(database, "known", known, ("post_id", "reason"))
        columns = (*ids, "edited_at", "collected_at", "line", "file")
        damaged: list[StoreDamaged] = []
        stream = _stopped_by(damaged, _batches(pieces, columns))
        database.register("everything", pa.RecordBatchReader.from_batches(_schema(columns), stream))
        try:
            database.execute(_SEEN, {"everything": everything})
        except duckdb.Error as error:
            if damaged:
                raise damaged[0] from None
            raise error
        database.execute(_EXCLUDED)
        _save(layout, database.sql(_ALL, params={"everything": everything}).to_arrow_table())


def _register(database: Any, name: str, paths: Sequence[Path], columns: Sequence[str]) -> None:
    database.register(name, pa.Table.from_batches(_batches(paths, columns), _schema(columns)))


def _schema(columns: Sequence[str]) -> pa.Schema:
    fields = {field.name: field for schema in (EXCLUSIONS, REMOVALS, COLLECTED) for field in schema}
    return pa.schema([*(pa.field(name, fields[name].type) for name in columns), pa.field("date", pa.date32())])


def _stopped_by(damaged: list[StoreDamaged], batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Keep the error that ends a stream: DuckDB only tells its text."""
    try:
        yield from batches
    except StoreDamaged as error:
        damaged.append(error)
        raise


def _batches(paths: Sequence[Path], columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Read some columns of files one by one, and the day in their path: ``date``, null for removals, which have none.

    Not by DuckDB, which does not look at the checksums of pages and takes what a flipped bit makes of them.
    """
    schema = _schema(columns)
    for path in paths:
        named = _DAY.search(f"{path.parent.name}/{path.name}")
        table = parquet.read(path, columns)
        day = pa.array([dt.date.fromisoformat(named[1]) if named else None], pa.date32())
        whole = table.append_column("date", day.take(pa.array(np.zeros(table.num_rows, np.int64))))
        yield from whole.cast(schema).to_batches()


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
        if not path.exists() or _damaged(path) or not parquet.read(path).equals(rows):
            parquet.write(layout.root, path, EXCLUSIONS, [rows])
    for day in stale - set(found):
        files.remove(layout.exclusions(day))


def _damaged(path: Path) -> bool:
    try:
        parquet.read(path)
    except StoreDamaged:
        return True
    return False
