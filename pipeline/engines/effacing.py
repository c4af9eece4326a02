"""What is to be forgotten taken out of what people and models made of it: labels, queues, cards. Names the models."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyarrow as pa
from pyarrow import compute as pc

from pipeline import files
from pipeline.engines import forgotten
from pipeline.engines.forgotten import Plan
from pipeline.models import registry
from pipeline.store import parquet
from pipeline.store.layout import Layout
from pipeline.store.search import Search, Strings

_QUEUE = (".html", ".xlsx", ".csv")
_FLIP = re.compile(r'<tr><td class="post-text".*?</tr>\n?', re.DOTALL)


def labels(layout: Layout, plan: Plan) -> None:
    """Take answers about the plan's posts out."""
    for path in sorted((layout.root / "labels").glob("*.parquet")):
        plan.count("labels", _filtered(layout, path, plan))


def _filtered(layout: Layout, path: Path, plan: Plan) -> int:
    """Take the rows of the plan's posts out of a table; tell how many."""
    table = parquet.read(path)
    named = pc.is_in(table["post_id"], pa.array(sorted(plan.ids()), pa.string()))
    kept = table.filter(pc.invert(named))
    if kept.num_rows < table.num_rows:
        parquet.write(layout.root, path, table.schema, [kept])
    return int(table.num_rows - kept.num_rows)


def queues(layout: Layout, plan: Plan) -> None:
    """Remove queues of posts to label that show one of the plan's: page, sheet and workbook.

    Looked through like any file, as people open them, save them as something else, and take one of the three away.
    """
    look, found = Search(Strings(names=plan.ids())), dict[Path, list[Path]]()
    for path in sorted((layout.root / "labels" / "queue").glob("*/*")):
        if path.suffix in _QUEUE:
            found.setdefault(path.with_suffix(""), []).append(path)
    for paths in found.values():
        if any(look.file(path) for path in paths):
            for path in paths:
                files.remove(path)
            plan.count("label queues", 1)


def cards(layout: Layout, plan: Plan) -> None:
    """Take posts out of the cards of models, and note which models learned from them."""
    ids, texts = plan.ids(), [one.text for one in plan.gone]
    for name in registry.names(layout.root):
        for one in registry.versions(layout.root, name):
            folder = layout.cards(name, one.number)
            found = max(_taught(folder, ids), forgotten.learned_from(layout, name, one.number, texts))
            if found:
                plan.models[one.label] = max(found, plan.models.get(one.label, 0))
    forgotten.keep(layout, plan)
    for path in sorted((layout.root / "models").glob("*/cards/*/posts.parquet")):
        plan.count("rows of model cards", _filtered(layout, path, plan))
        _flips(layout, path.parent, ids, plan)


def _taught(folder: Path, ids: set[str]) -> int:
    """Count the posts that a version learned from or was tuned on, by its card."""
    if not (folder / "posts.parquet").exists():
        return 0
    rows = parquet.read(folder / "posts.parquet").to_pylist()
    return sum(row["post_id"] in ids and bool(row.get("learned", row["part"] in ("train", "dev"))) for row in rows)


def _flips(layout: Layout, folder: Path, ids: set[str], plan: Plan) -> None:
    """Take the posts that a card shows out of its data and of its page, where they stand in the same order."""
    data, page = folder / "card.json", folder / "card.html"
    if not data.exists():
        return
    told = json.loads(data.read_bytes())
    stays = [flip["post_id"] not in ids for flip in told["flips"]]
    if all(stays):
        return
    if page.exists():
        html = page.read_text(encoding="utf-8")
        rows = _FLIP.findall(html)
        if len(rows) == len(stays):
            places = iter(stays)
            files.write(layout.root, page, _FLIP.sub(lambda row: row[0] if next(places) else "", html).encode())
        else:
            files.remove(page)  # of an older form
    told["flips"] = [flip for flip, stay in zip(told["flips"], stays, strict=True) if stay]
    files.write(layout.root, data, (json.dumps(told, ensure_ascii=False, indent=2) + "\n").encode())
    plan.count("posts shown on model cards", len(stays) - sum(stays))
