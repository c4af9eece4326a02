"""The state of a store: what is up to date, and whether every file is what its manifest says."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline import __version__, stages
from pipeline.engines import last_run, presenting, project
from pipeline.engines.days import Book
from pipeline.errors import PipelineError
from pipeline.settings import Settings
from pipeline.store.layout import Layout
from pipeline.store.manifest import DayManifest, read, sha256

Check = dict[str, Any]


def status(settings: Settings, layout: Layout) -> dict[str, Any]:
    """Tell of each day what is out of date, and of each file what it gave."""
    opened = project.open_project(settings, layout.root)
    book = Book(opened, {day: DayManifest(layout, day) for day in layout.days()})
    days = [_day(book, manifest) for manifest in book.days.values()]
    there = {key for name, (_, key) in read(layout.inbox_cache).get("files", {}).items() if Path(name).is_file()}
    notes = sorted((layout.root / "manifests" / "files").glob("*.json"))
    return {
        "store": str(layout.root),
        "last_run": last_run.recall(layout),
        "version": __version__,
        "days": days,
        "files": [_file(read(path)) | {"gone": path.stem not in there} for path in notes],
        "bytes": sum(path.stat().st_size for path in layout.root.rglob("*") if path.is_file()),
    }


def _day(book: Book, manifest: DayManifest) -> dict[str, Any]:
    facts = manifest.stages["merge"].facts if "merge" in manifest.stages else {}
    return {
        "date": str(manifest.day),
        "posts": facts.get("posts"),
        "stale": [stage.name for stage in stages.STAGES if book.stale(stage, manifest.day)],
    }


def _file(note: dict[str, Any]) -> dict[str, Any]:
    tallies = note["days"].values()
    skipped: dict[str, int] = {}
    for tally in tallies:
        for rule, n in tally["skipped"].items():
            skipped[rule] = skipped.get(rule, 0) + n
    rows, quarantined = (sum(t[key] for t in tallies) for key in ("rows", "quarantined"))
    return {
        "name": note["name"],
        "formats": note["formats"],
        "read": rows + quarantined + sum(skipped.values()),
        "posts": rows,
        "quarantined": quarantined,
        "skipped": skipped,
        "error": note["error"],
        "not_posts": note["foreign"],
    }


def status_lines(found: dict[str, Any]) -> list[str]:
    """Say the same to a person."""
    days, stale = found["days"], [d for d in found["days"] if d["stale"]]
    lines = [f"store {found['store']}: {len(days)} days, {found['bytes'] / 1e6:,.1f} MB, hibi {found['version']}"]
    if days:
        posts = sum(d["posts"] or 0 for d in days)
        lines.append(
            f"{days[0]['date']} to {days[-1]['date']}: {posts:,} posts, {len(days) - len(stale)} days up to date"
        )
    lines += [f"{d['date']}  out of date: {', '.join(d['stale'])}" for d in stale]
    there = [f for f in found["files"] if not f["gone"]]
    lines += [f"FAILED: {f['error']}" for f in there if f["error"]]
    lines += [f"not posts: {f['not_posts']}" for f in there if f["not_posts"]]
    undated = [f for f in there if not f["posts"] and f["quarantined"]]
    lines += [f"{f['name']}: no posts, {f['quarantined']} rows quarantined" for f in undated]
    if gone := len(found["files"]) - len(there):
        lines.append(f"{gone:,} files are gone since they were read; their posts stay")
    return lines


def doctor(settings: Settings, layout: Layout) -> list[Check]:
    """Check what a run needs. Each check has name, ok, found, and what to do where it is not."""
    checks: tuple[tuple[str, Callable[[Settings, Layout], str]], ...] = (
        ("python", _python),
        ("packages", lambda _s, _l: ", ".join(f"{k} {v}" for k, v in presenting.versions().items())),
        ("dictionary", _dictionary),
        ("font", _font),
        ("word lists", lambda chosen, at: project.open_project(chosen, at.root).lists),
        ("disk", _disk),
        ("store", _store),
    )
    return [_check(name, check, settings, layout) for name, check in checks]


def _check(name: str, check: Callable[[Settings, Layout], str], settings: Settings, layout: Layout) -> Check:
    try:
        return {"name": name, "ok": True, "found": check(settings, layout)}
    except (PipelineError, OSError) as error:
        return {"name": name, "ok": False, "found": str(error)}


def _python(_settings: Settings, _layout: Layout) -> str:
    return sys.version.split()[0]


def _dictionary(settings: Settings, layout: Layout) -> str:
    opened = project.open_project(settings, layout.root)
    return f"{opened.lexicon.fingerprint}, {opened.lexicon.table.num_rows:,} entries"


def _font(_settings: Settings, _layout: Layout) -> str:
    from pipeline.pictures import fonts

    return fonts.path().name


def _disk(_settings: Settings, layout: Layout) -> str:
    free = shutil.disk_usage(layout.root if layout.root.exists() else layout.root.absolute().parent).free
    if free < 1 << 30:
        raise OSError(f"only {free / 1e6:,.0f} MB free at {layout.root}; a day of 20,000 posts takes some 10 MB")
    return f"{free / 1e9:,.1f} GB free"


def _store(_settings: Settings, layout: Layout) -> str:
    """Hash every file that a manifest names."""
    wrong, checked = [], 0
    for day in layout.days():
        for entry in DayManifest(layout, day).stages.values():
            for name, expected in entry.outputs.items():
                checked += 1
                path = layout.root / name
                if not path.exists() or sha256(path) != expected:
                    wrong.append(name)
    if wrong:
        raise OSError(f"{len(wrong)} damaged or missing, such as {wrong[0]}; remove them and run `hibi run`")
    return f"{len(layout.days())} days, {checked:,} files as their manifests say"


def doctor_lines(checks: list[Check]) -> list[str]:
    """Say the same to a person."""
    return [f"{'ok  ' if check['ok'] else 'FAIL'}  {check['name']}: {check['found']}" for check in checks]
