"""What the doctor sees of a store: clock, disk, speed, salt, lock, leftovers, models."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

from pipeline.engines import ledger, project
from pipeline.errors import BundleDamaged, ModelError, PipelineError, StoreError
from pipeline.models import bundle as bundles
from pipeline.models import registry
from pipeline.settings import Settings
from pipeline.store import lock as locks
from pipeline.store.layout import Layout
from pipeline.store.manifest import DayManifest

OK, WARNING, BROKEN = "ok", "warning", "broken"

_DAY = 10_000_000
"""Bytes that a day of 20,000 posts takes, where the store does not say it better."""
_LATE = dt.timedelta(hours=1)
"""How far clocks of one machine may differ from one run to the next."""


@dataclass(frozen=True)
class Finding:
    """What a check found, how grave it is, and what to do about it."""

    text: str
    state: str = OK
    do: str = ""


def clock(settings: Settings, layout: Layout) -> Finding:
    """Compare the clock with what the store knows to have been, and the zone's data with what is known of it."""
    now = dt.datetime.now(dt.UTC)
    here = now.astimezone(settings.zone)
    told = f"{here:%Y-%m-%d %H:%M} in {settings.timezone}"
    offset = dt.datetime(2024, 1, 1, tzinfo=ZoneInfo("Asia/Tokyo")).utcoffset()
    if offset != dt.timedelta(hours=9):
        return Finding(f"the zone files say that Tokyo is {offset} ahead", BROKEN, "install the package tzdata anew")
    record = ledger.recall(layout)
    past = max(
        (when for when in (record.good, record.last and (record.last.ended or record.last.began)) if when), default=None
    )
    if past and dt.datetime.fromisoformat(past) > now + _LATE:
        ended = dt.datetime.fromisoformat(past).astimezone(settings.zone)
        do = "set the clock (timedatectl set-ntp true)"
        return Finding(f"{told}, but a run ended at {ended:%Y-%m-%d %H:%M}: the clock was set back", BROKEN, do)
    done = [day for day in layout.days() if _reported(layout, day)]
    if done and done[-1] > here.date():
        do = "set the clock; if it is right, look at the times of the posts of those days"
        return Finding(f"{told}, but the newest day with a report is {done[-1]}", WARNING, do)
    return Finding(told)


def _reported(layout: Layout, day: dt.date) -> bool:
    return (layout.folder("reports", day) / "index.html").exists()


def disk(settings: Settings, layout: Layout) -> Finding:
    """Compare what is free with what a day takes."""
    place = _existing(layout.root)
    free, a_day = shutil.disk_usage(place).free, _bytes_of_a_day(layout)
    days = free // a_day
    told = f"{free / 1e9:,.1f} GB free at {place}; a day takes {a_day / 1e6:,.1f} MB"
    do = "make room, or move the store to a larger disk"
    inodes = os.statvfs(place) if hasattr(os, "statvfs") else None
    if inodes and inodes.f_files and inodes.f_favail < 10_000:
        return Finding(f"{told}; only {inodes.f_favail:,} more files fit", WARNING, do)
    if days < 2 or free < 200_000_000:
        return Finding(told, BROKEN, do)
    return Finding(f"{told}: enough for {days:,} days", WARNING, do) if days < 30 else Finding(told)


def _bytes_of_a_day(layout: Layout) -> int:
    """Take the median of the last days: what their manifests name, and what was collected for them."""
    sizes = []
    for day in layout.days()[-7:]:
        try:
            outputs = [layout.root / name for one in DayManifest(layout, day).stages.values() for name in one.outputs]
        except StoreError:
            continue
        sizes.append(sum(path.stat().st_size for path in [*outputs, *layout.pieces(day)] if path.exists()))
    return max(int(median(sizes)), 1) if sizes else _DAY


def _existing(path: Path) -> Path:
    """Go up to the first folder that is there."""
    path = path.absolute()
    return path if path.exists() else _existing(path.parent)


_BLOCK, _BLOCKS = bytes(range(256)) * 4096, 32


def write_speed(settings: Settings, layout: Layout) -> Finding:
    """Write 32 MB where the store lies and flush them; the file has no name and is gone at once."""
    began = time.perf_counter()
    with tempfile.TemporaryFile(dir=_existing(layout.root)) as file:
        for _ in range(_BLOCKS):
            file.write(_BLOCK)
        file.flush()
        os.fsync(file.fileno())
    speed = len(_BLOCK) * _BLOCKS / 1e6 / (time.perf_counter() - began)
    told = f"{speed:,.0f} MB/s, flushed to the disk"
    if speed >= 5:
        return Finding(told)
    return Finding(told, WARNING, "a slow disk or network folder: put the store on a local disk")


def salt(settings: Settings, layout: Layout) -> Finding:
    """See that the secret that authors are hashed with is there and the owner's alone."""
    if settings.privacy.authors != "hash":
        return Finding("authors are stored by name, as the settings say")
    if not layout.salt.exists():
        if layout.days():
            do = "put it back from a copy: with a new one, the same author counts as two"
            return Finding(f"{layout.salt} is missing", BROKEN, do)
        return Finding("made by the first run")
    mode, size = layout.salt.stat().st_mode & 0o777, layout.salt.stat().st_size
    if size < 16:
        return Finding(f"{layout.salt} holds {size} bytes", BROKEN, "put it back from a copy")
    if mode & 0o077:
        return Finding(f"{layout.salt} can be read by others (mode {mode:o})", BROKEN, f"chmod 600 {layout.salt}")
    return Finding("read by its owner alone")


def lock(settings: Settings, layout: Layout) -> Finding:
    """Tell whether a run goes on, or whether the last one was broken off."""
    record = ledger.recall(layout)
    if locks.busy(layout):
        since = f" since {record.last.began}" if record.last and record.last.ended is None else ""
        return Finding(f"a run holds the store{since}")
    if record.last and record.last.ended is None:
        told = f"free; the run of {record.last.began} did not end (killed, or the machine stopped)"
        return Finding(told, WARNING, "run `hibi run`: it goes on from there")
    return Finding("free")


def leftovers(settings: Settings, layout: Layout) -> Finding:
    """Look for what a killed run left half written."""
    if locks.busy(layout):
        return Finding("not looked at while a run goes on")
    found = [path for path in (layout.root / ".staging").rglob("*") if path.is_file()]
    if not found:
        return Finding("none")
    size = sum(path.stat().st_size for path in found)
    told = f"{len(found):,} files, {size / 1e6:,.1f} MB half written by a killed run"
    return Finding(told, WARNING, "nothing: the next `hibi run` removes them")


def models(settings: Settings, layout: Layout) -> Finding:
    """Hash every version of every model, and see that those in service can answer."""
    broken, warned, whole = list[str](), list[str](), 0
    dictionary: str | None = None
    for name in registry.names(layout.root):
        try:
            versions = registry.versions(layout.root, name)
            dictionary = dictionary or project.lexicon_of(settings).fingerprint
        except PipelineError as error:
            broken.append(str(error))
            continue
        for one in versions:
            try:
                if one.served:
                    bundles.load(one.folder, dictionary)
                else:
                    bundles.verified(one.folder)
                whole += 1
            except BundleDamaged as error:
                (broken if one.served else warned).append(str(error))
            except ModelError as error:
                broken.append(f"{error}; `hibi retrain {name}`")
        if not any(one.served for one in versions):
            warned.append(f"no version of {name} is in service; `hibi models promote {name} VERSION`")
    absent = [task.name for task in settings.models if task.name not in registry.names(layout.root)]
    warned += [f"no model named {name} yet; `hibi train` or `hibi retrain` makes it" for name in absent]
    if broken:
        return Finding("; ".join([*broken, *warned]), BROKEN)
    return Finding("; ".join(warned), WARNING) if warned else Finding(f"{whole} versions, whole" if whole else "none")
