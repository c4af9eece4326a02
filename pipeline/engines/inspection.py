"""The state of a store: what is up to date, what failed and why, what was seen damaged, what answers, what it takes."""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pipeline import __version__, stages
from pipeline.engines import last_run, ledger, project
from pipeline.engines.book import Book
from pipeline.engines.contents import held
from pipeline.engines.ledger import Ledger
from pipeline.errors import ModelError, PipelineError, StoreError
from pipeline.models import registry
from pipeline.settings import Settings
from pipeline.store import lock, usage
from pipeline.store.layout import Day, Layout
from pipeline.store.manifest import DayManifest, read


def status(settings: Settings, layout: Layout) -> dict[str, Any]:
    """Tell of the last run, of each day what is out of date, of each file what it gave; of disk and models.

    The keys are a contract. A part that is damaged, or that cannot be told, is named in ``damaged``.
    """
    record, damaged = ledger.recall(layout), list[str]()
    manifests = {day: one for day in layout.days() if (one := _manifest(layout, day, damaged))}
    book = _book(settings, layout, manifests, record, damaged)
    notes = sorted((layout.root / "manifests" / "files").glob("*.json"))
    there = set(held(_read(layout.inbox_cache, damaged)).values())
    files = [_file(note) | {"gone": path.stem not in there} for path in notes if (note := _read(path, damaged))]
    days = [_day(layout.root, book, manifest, record, damaged) for manifest in manifests.values()]
    disk, running = usage.by_kind(layout.root), lock.busy(layout)
    run = asdict(record.last) if record.last else None
    failed = [{"date": str(day), **asdict(one)} for day, one in record.failed.items()]
    unread = any(file["error"] and not file["gone"] for file in files)
    return {
        "store": str(layout.root),
        "version": __version__,
        "timezone": settings.timezone,
        "ok": not (failed or damaged or unread or _went_wrong(record, running)),
        "running": running,
        "run": run,
        "last_good": record.good,
        "last_run": _last_run(layout, damaged),
        "failed": failed,
        "damaged": damaged,
        "days": days,
        "files": files,
        "models": _models(layout, damaged),
        "bytes": sum(disk.values()),
        "disk": disk,
        "free": shutil.disk_usage(layout.root).free if layout.root.exists() else None,
    }


def _went_wrong(record: Ledger, running: bool) -> bool:
    return record.last is not None and (bool(record.last.exit) or (record.last.ended is None and not running))


def _manifest(layout: Layout, day: Day, damaged: list[str]) -> DayManifest | None:
    try:
        manifest = DayManifest(layout, day)
    except StoreError as error:
        damaged.append(str(error))
        return None
    if manifest.damaged:
        damaged.append(f"{layout.relative(layout.day_manifest(day))}: damaged; the next run makes the day anew")
    return manifest


def _read(path: Path, damaged: list[str]) -> dict[str, Any]:
    try:
        return read(path)
    except StoreError as error:
        damaged.append(str(error))
        return {}


def _last_run(layout: Layout, damaged: list[str]) -> dict[str, Any] | None:
    try:
        return last_run.recall(layout)
    except StoreError as error:
        damaged.append(str(error))
        return None


def _book(
    settings: Settings, layout: Layout, days: dict[Day, DayManifest], record: Ledger, damaged: list[str]
) -> Book | None:
    """Open the project, to tell what is out of date; None where dictionary, lists or font do not allow it."""
    try:
        return Book(project.open_project(settings, layout.root), days, record.reasons)
    except PipelineError as error:
        damaged.append(str(error))
        return None


def _day(root: Path, book: Book | None, manifest: DayManifest, record: Ledger, damaged: list[str]) -> dict[str, Any]:
    facts = manifest.stages["merge"].facts if "merge" in manifest.stages else {}
    gone = [name for entry in manifest.stages.values() for name in entry.outputs if not (root / name).exists()]
    damaged += [f"{name}: missing; the next run makes it again" for name in gone]
    failure = record.failed.get(manifest.day)
    return {
        "date": str(manifest.day),
        "posts": facts.get("posts"),
        "stale": [stage.name for stage in stages.STAGES if book.stale(stage, manifest.day)] if book else None,
        "error": failure.error if failure else None,
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


def _models(layout: Layout, damaged: list[str]) -> list[dict[str, Any]]:
    """Tell of each model the latest version, and the one that answers."""
    found = []
    for name in registry.names(layout.root):
        try:
            versions = registry.versions(layout.root, name)
        except (ModelError, StoreError) as error:
            damaged.append(str(error))
            continue
        served = next((one for one in versions if one.served), None)
        found.append(
            {
                "model": name,
                "latest": versions[-1].number,
                "made_at": versions[-1].about.get("made_at"),
                "served": served.number if served else None,
                "served_made_at": served.about.get("made_at") if served else None,
            }
        )
    return found


def status_lines(found: dict[str, Any]) -> list[str]:
    """Say the same to a person."""
    days, zone = found["days"], ZoneInfo(found["timezone"])
    lines = [f"store {found['store']}: {len(days)} days, {_size(found['bytes'])}, hibi {found['version']}"]
    if found["free"] is None:
        lines.append("nothing is there yet: `hibi run` makes the store")
    if days:
        posts, current = sum(d["posts"] or 0 for d in days), sum(d["stale"] == [] for d in days)
        told = "unknown what is up to date" if days[0]["stale"] is None else f"{current} days up to date"
        lines.append(f"{days[0]['date']} to {days[-1]['date']}: {posts:,} posts, {told}")
    lines += _run_lines(found, zone)
    lines += [f"{d['date']}  out of date: {', '.join(d['stale'])}" for d in days if d["stale"]]
    lines += [f"{one['date']}  FAILED since {_local(one['since'], zone)}: {one['error']}" for one in found["failed"]]
    there = [f for f in found["files"] if not f["gone"]]
    lines += [f"FAILED: {f['error']}" for f in there if f["error"]]
    lines += [f"damaged: {told}" for told in found["damaged"]]
    lines += [f"not posts: {f['not_posts']}" for f in there if f["not_posts"]]
    empty = [f for f in there if not (f["posts"] or f["error"] or f["not_posts"])]
    lines += [f"{f['name']}: no posts, {_rows(f)}" for f in empty]
    if gone := len(found["files"]) - len(there):
        lines.append(f"{gone:,} files are gone since they were read; their posts stay")
    lines += [_model_line(one, zone) for one in found["models"]]
    if found["disk"]:
        largest = sorted(found["disk"].items(), key=lambda item: -item[1])
        told = ", ".join(f"{kind} {_size(size)}" for kind, size in largest[:_KINDS])
        rest = sum(size for _, size in largest[_KINDS:])
        lines.append(f"disk: {told}{f', the rest {_size(rest)}' if rest else ''}; {_size(found['free'])} free")
    return lines


def _rows(file: dict[str, Any]) -> str:
    """Say what the rows of a file were that gave no posts."""
    told = ", ".join(
        f"{n:,} {what}" for what, n in [("quarantined", file["quarantined"]), *file["skipped"].items()] if n
    )
    return f"of {file['read']:,} rows {told}"


_KINDS = 6
_ENDS = {0: "nothing failed", 2: "settings are wrong", 3: "done, but a day or a file failed", 130: "interrupted"}


def _run_lines(found: dict[str, Any], zone: ZoneInfo) -> list[str]:
    run = found["run"]
    if run is None:
        return []
    if run["ended"] is None:
        ended = "goes on" if found["running"] else "BROKEN OFF (killed, or the machine stopped); run again to go on"
        return [f"run of {_local(run['began'], zone)}: {ended}"]
    how = _ENDS.get(run["exit"], "FAILED") + (f": {run['error']}" if run["error"] else "")
    lines = [f"last run {_local(run['ended'], zone)}, {run['seconds']:,.0f} s: {how}"]
    if run["exit"] and found["last_good"]:
        lines.append(f"last run without a failure: {_local(found['last_good'], zone)}")
    return lines + (["another run goes on"] if found["running"] else [])


def _model_line(one: dict[str, Any], zone: ZoneInfo) -> str:
    made = _local(one["made_at"], zone) if one["made_at"] else "unknown"
    latest = f"model {one['model']}/{one['latest']:04} of {made}"
    if one["served"] == one["latest"]:
        return f"{latest}: answers"
    return f"{latest}: kept; " + (f"{one['model']}/{one['served']:04} answers" if one["served"] else "none answers")


def _local(when: str, zone: ZoneInfo) -> str:
    return f"{dt.datetime.fromisoformat(when).astimezone(zone):%Y-%m-%d %H:%M}"


def _size(size: float) -> str:
    for unit, least in (("GB", 1e9), ("MB", 1e6)):
        if size >= least:
            return f"{size / least:,.1f} {unit}"
    return f"{size / 1e3:,.0f} kB"
