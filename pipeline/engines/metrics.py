"""What a run leaves for Prometheus: one file in the text format, which node_exporter's textfile collector reads.

The names are a contract. Of posts, those of the latest day that has a report: Prometheus keeps the days before.
"""

from __future__ import annotations

import datetime as dt
import secrets
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipeline import __version__
from pipeline.engines import ledger
from pipeline.engines.contents import held
from pipeline.engines.ledger import Ledger
from pipeline.errors import ModelError, StoreError, StoreUnwritable
from pipeline.models import registry
from pipeline.store import usage
from pipeline.store.layout import Day, Layout
from pipeline.store.manifest import DayManifest, read

Sample = tuple[dict[str, str], float]
Family = tuple[str, str, list[Sample]]
"""A gauge: its name after ``hibi_``, what it tells, and its samples."""


def write(path: Path, layout: Layout) -> None:
    """Replace the file at once and whole; nothing is written while a run goes on. Raises StoreUnwritable."""
    record = ledger.recall(layout)
    if record.last is None or record.last.ended is None:
        return
    draft = path.with_name(f".{path.stem}-{secrets.token_hex(4)}")  # a name that the collector does not read
    try:
        draft.write_text(render(layout, record), encoding="utf-8")
        draft.chmod(0o644)  # node_exporter is somebody else
        draft.replace(path)
    except OSError as error:
        raise StoreUnwritable(f"{path}: cannot be written ({error.strerror or error}); see [monitoring]") from error
    finally:
        draft.unlink(missing_ok=True)


def render(layout: Layout, record: Ledger) -> str:
    """Write all metrics in Prometheus' text format, version 0.0.4."""
    store = {"store": str(layout.root.absolute())}
    lines: list[str] = []
    for name, told, samples in _families(layout, record):
        if not samples:
            continue
        lines += [f"# HELP hibi_{name} {told}", f"# TYPE hibi_{name} gauge"]
        lines += [f"hibi_{name}{_labels(store | dict(labels))} {value:.15g}" for labels, value in samples]
    return "\n".join(lines) + "\n"


def _labels(labels: Mapping[str, str]) -> str:
    return "{" + ",".join(f'{name}="{_quoted(value)}"' for name, value in labels.items()) + "}"


def _quoted(value: str) -> str:
    plain = value.encode("utf-8", "replace").decode()
    return plain.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _families(layout: Layout, record: Ledger) -> Iterator[Family]:
    yield "info", "Version of hibi that ran last.", [({"version": __version__}, 1)]
    yield from _of_runs(record)
    yield from _of_days(layout, record)
    there = set(held(_read(layout.inbox_cache)).values())
    broken = sum(_failed(layout.file_manifest(key)) for key in there)
    yield "files_failed", "Files of the inbox that could not be read, or not whole.", [({}, broken)]
    kinds = [({"kind": kind}, float(size)) for kind, size in usage.by_kind(layout.root).items()]
    yield "store_bytes", "Bytes of the store, by folder.", kinds
    yield "disk_free_bytes", "Bytes free on the store's disk.", [({}, shutil.disk_usage(layout.root).free)]
    yield from _of_models(layout)


def _of_runs(record: Ledger) -> Iterator[Family]:
    last = record.last
    if last is not None and last.ended is not None:
        yield "last_run_timestamp_seconds", "When the last run ended.", [({}, _seconds(last.ended))]
        yield "last_run_duration_seconds", "How long the last run took.", [({}, last.seconds or 0)]
        yield (
            "last_run_exit_code",
            "0 done, 1 failed, 2 wrong settings, 3 a day or a file failed.",
            [({}, last.exit or 0)],
        )
    if record.good is not None:
        told = "When the last run ended in which nothing failed."
        yield "last_success_timestamp_seconds", told, [({}, _seconds(record.good))]


def _of_days(layout: Layout, record: Ledger) -> Iterator[Family]:
    days = layout.days()
    yield "days", "Days with posts.", [({}, len(days))]
    yield "days_failed", "Days whose last run failed.", [({}, len(record.failed))]
    newest = next((one for day in reversed(days) if (one := _reported(layout, day))), None)
    if newest is None:
        return
    midnight = dt.datetime.combine(newest.day, dt.time(), dt.UTC)
    yield (
        "newest_day_timestamp_seconds",
        "Latest day with a report, as its midnight in UTC.",
        [({}, midnight.timestamp())],
    )
    facts = newest.stages["merge"].facts
    fates = {name: sum(file[name] for file in facts["files"]) for name in ("read", "kept", "repeated", "quarantined")}
    fates["skipped"] = sum(sum(file["skipped"].values()) for file in facts["files"])
    yield "newest_day_rows", "Rows of that day by what became of them.", [({"fate": n}, v) for n, v in fates.items()]
    kinds = [({"kind": name}, float(facts[name])) for name in ("posts", "reposts", "copies")]
    yield "newest_day_posts", "Posts of that day; reposts and copies are among them.", kinds
    yield "newest_day_authors", "Authors of that day.", [({}, facts["authors"])]


def _reported(layout: Layout, day: Day) -> DayManifest | None:
    try:
        manifest = DayManifest(layout, day)
    except StoreError:
        return None
    return manifest if {"merge", "report"} <= manifest.stages.keys() else None


def _failed(path: Path) -> bool:
    try:
        return bool(read(path).get("error"))
    except StoreError:
        return True


def _read(path: Path) -> dict[str, Any]:
    try:
        return read(path)
    except StoreError:  # the next run writes it anew
        return {}


def _of_models(layout: Layout) -> Iterator[Family]:
    served: list[Sample] = []
    made: list[Sample] = []
    for name in registry.names(layout.root):
        try:
            one = next((version for version in registry.versions(layout.root, name) if version.served), None)
        except (ModelError, StoreError):
            continue
        if one is not None:
            served.append(({"model": name, "version": str(one.number)}, 1))
            if when := one.about.get("made_at"):
                made.append(({"model": name}, _seconds(when)))
    yield "model_info", "Version of each model that answers.", served
    yield "model_made_timestamp_seconds", "When that version was trained.", made


def _seconds(when: str) -> float:
    return dt.datetime.fromisoformat(when).timestamp()
