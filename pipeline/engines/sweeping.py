"""What is to be forgotten taken out of every stored file that is not made anew from others.

Each file is replaced whole, and what is gone already is passed over: a sweep that was killed can be done again.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import compute as pc

from pipeline import files
from pipeline.engines import effacing, exclusions, forgotten, traces
from pipeline.engines.contents import spooled
from pipeline.engines.forgotten import Gone, Plan
from pipeline.engines.project import salt
from pipeline.ingest import tombstones
from pipeline.ingest.quarantine import to_line
from pipeline.ingest.tombstones import Tombstones
from pipeline.store import parquet
from pipeline.store.layout import Day, Layout
from pipeline.store.manifest import DayManifest, read, sha256, write
from pipeline.store.search import Strings
from pipeline.tables import COLLECTED, REMOVALS

_ROWS = 100_000
"""Posts a row group, as they are taken in."""


def resume(layout: Layout) -> bool:
    """End the sweep of a forgetting that was killed, so that no run shows what was to go. Tells whether there was one.

    Call only while holding the store.
    """
    plan = forgotten.pending(layout)
    if plan is not None:
        sweep(layout, plan)
    return plan is not None


def sweep(layout: Layout, plan: Plan) -> None:
    """Take all that the plan names out of the store, and put its days out of date. Call only while holding the store.

    What is found on the way is added to the plan before it is taken out.
    """
    known = (forgotten.load(layout) or Tombstones(salt(layout))).add(plan.posts, plan.authors)
    if not layout.forgotten.exists() or known != forgotten.load(layout):
        forgotten.save(layout, known)
    _posts(layout, plan, known)
    _quarantine(layout, plan, known)
    _notices(layout, plan, known)
    exclusions.update(layout, [], everything=True)
    effacing.labels(layout, plan)
    effacing.queues(layout, plan)
    effacing.cards(layout, plan)
    forgotten.keep(layout, plan)


def _posts(layout: Layout, plan: Plan, known: Tombstones) -> None:
    """Take rows out of what files gave; standard input that was kept goes whole."""
    for day in layout.days():
        for path in layout.pieces(day):
            table = parquet.read(path)
            rows = known.rows(table)
            kept = known.without(table, rows)
            if kept is table:
                continue
            plan.merge(_gone(table.filter(pa.array(rows)), day, path.stem))
            plan.count("rows of posts", table.num_rows - kept.num_rows)
            plan.count("references", _emptied(table, kept, rows))
            _begin(layout, plan, path)
            slices = (kept.slice(start, _ROWS) for start in range(0, kept.num_rows, _ROWS))
            parquet.write(layout.root, path, COLLECTED, slices)
    _recount(layout, plan)
    for key in sorted({one.key for one in plan.gone}):
        _spool(layout, plan, key)


def _begin(layout: Layout, plan: Plan, path: Path) -> None:
    """Before a piece of a day is made anew: keep what is known of it, and put the day out of date."""
    name = layout.relative(path)
    if name not in plan.rewritten:
        plan.rewritten.append(name)
    forgotten.keep(layout, plan)
    if path.parent.name.startswith("date="):
        DayManifest(layout, dt.date.fromisoformat(path.parent.name.removeprefix("date="))).begin("merge")


def _gone(table: pa.Table, day: Day, key: str) -> Iterator[Gone]:
    for row in table.to_pylist():
        text = "\n".join(part for part in (row["warning"], row["text"]) if part)
        yield Gone(row["post_id"], row["author"], text, str(day), key, row["file"], row["line"])


def _emptied(before: pa.Table, after: pa.Table, rows: object) -> int:
    kept = before.filter(pc.invert(pa.array(rows)))
    return sum(after[name].null_count - kept[name].null_count for name in tombstones.REFERENCES)


def _spool(layout: Layout, plan: Plan, key: str) -> None:
    for path, other in spooled(layout):
        if other == key:
            files.remove(path)
            plan.count("standard input", 1)


def _recount(layout: Layout, plan: Plan) -> None:
    """Bring what is known of files in line with what is left of them."""
    for key in sorted({Path(name).stem for name in plan.rewritten}):
        note = read(layout.file_manifest(key))
        before = json.dumps(note, sort_keys=True)
        for name in plan.rewritten:
            path = layout.root / name
            if path.stem == key and note:
                _retell(note, name, path)
        if note and json.dumps(note, sort_keys=True) != before:
            write(layout.root, layout.file_manifest(key), note)


def _retell(note: dict[str, Any], name: str, path: Path) -> None:
    there, pieces = path.exists(), note.setdefault("pieces", {})
    pieces.pop(name, None)
    if there:
        pieces[name] = sha256(path)
    if path.parent.name == "removals":
        note["removals"] = parquet_rows(path) if there else 0
        return
    tally = note["days"][path.parent.name.removeprefix("date=") if path.parent.name != "undated" else "None"]
    kind = "rows" if path.suffix == ".parquet" else "quarantined"
    left = (parquet_rows(path) if kind == "rows" else path.read_bytes().count(b"\n")) if there else 0
    if tally[kind] > left:
        tally["skipped"][tombstones.RULE] = tally["skipped"].get(tombstones.RULE, 0) + tally[kind] - left
        tally[kind] = left


def parquet_rows(path: Path) -> int:
    """Count a table's rows by its footer."""
    return int(pq.read_metadata(path).num_rows)


def _quarantine(layout: Layout, plan: Plan, known: Tombstones) -> None:
    """Take rejected rows out that name a post or an author, or hold words that no other post has."""
    spoken = Strings(traces.pieces(layout, plan))
    for path in sorted((layout.root / "quarantine").rglob("*.jsonl")):
        kept, gone = list[dict[str, Any]](), list[dict[str, Any]]()
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            named = known.rejected(row) or spoken.find([row["raw"].encode("utf-8", "replace")])
            (gone if named else kept).append(row)
        if not gone:
            continue
        plan.rejected = sorted({*plan.rejected, *((path.stem, row["file"], row["line"]) for row in gone)})
        plan.count("rejected rows", len(gone))
        _begin(layout, plan, path)
        if kept:
            files.write(layout.root, path, "".join(map(to_line, kept)).encode())
        else:
            files.remove(path)
    _recount(layout, plan)


def _notices(layout: Layout, plan: Plan, known: Tombstones) -> None:
    """Take deletion notices out that say no more than a tombstone does."""
    for path in sorted((layout.root / "removals").glob("*.parquet")):
        table = parquet.read(path)
        kept = known.notices(table)
        if kept.num_rows == table.num_rows:
            continue
        plan.count("deletion notices", table.num_rows - kept.num_rows)
        _begin(layout, plan, path)
        if kept.num_rows:
            parquet.write(layout.root, path, REMOVALS, [kept])
        else:
            files.remove(path)
    _recount(layout, plan)
