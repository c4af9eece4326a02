"""Whether every stored file is what was written, and what to do where it is not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline import sealed
from pipeline.engines.health import BROKEN, Finding
from pipeline.errors import ModelError, StoreDamaged, StoreError
from pipeline.models import bundle as bundles
from pipeline.settings import Settings
from pipeline.store import parquet
from pipeline.store.layout import Layout
from pipeline.store.manifest import DayManifest, read, verify

_SHOWN = 5
"""Damaged files that the doctor names."""

ANEW = "`hibi run --verify` makes it anew"
_AGAIN = "`hibi run --verify` reads its file of posts again, if it is still in the inbox: else put it back there"
_EXPIRED = "its day's posts went as their time was over, so it cannot be made anew: restore it from a backup"
_LABELS = "nothing it could be made of anew is stored: restore it from a backup, or import the files of answers again"
_MODEL = "the last good version answers; train anew, or restore the folder from a backup"
_POINTER = "remove it and choose the version with `hibi models promote`"
_SALT = "restore it from a backup: with another, every author would be somebody else"


@dataclass(frozen=True)
class Damage:
    """A stored file that is not what was written."""

    path: Path
    why: str
    do: str


def check(_settings: Settings, layout: Layout) -> Finding:
    """Read the whole store and say it."""
    seen, damages = 0, []
    for one in look(layout):
        seen += 1
        if isinstance(one, Damage):
            damages.append(one)
    days = len(layout.days())
    if not damages:
        return Finding(f"{days:,} days, {seen:,} files are what was written")
    named = "; ".join(f"{layout.relative(one.path)}: {one.why}: {one.do}" for one in damages[:_SHOWN])
    more = f"; and {len(damages) - _SHOWN:,} more" if len(damages) > _SHOWN else ""
    return Finding(f"{len(damages):,} of {seen:,} files are not what was written", BROKEN, named + more)


def damaged(layout: Layout) -> list[Damage]:
    """Name all files that are not what was written."""
    return [one for one in look(layout) if isinstance(one, Damage)]


def look(layout: Layout) -> Iterator[Damage | None]:
    """Read every stored file whose content is known; None for one that is whole."""
    yield from _days(layout)
    yield from given(layout)
    yield from _known(layout, layout.shared, "files", ANEW)
    yield from _known(layout, layout.lists, "files", ANEW)
    for path in (layout.inbox_cache, layout.last_run, layout.runs, layout.dictionary):
        if path.exists():
            yield _manifest(path, "the next run writes it anew")
    for path in sorted((layout.root / "exclusions").glob("*.parquet")):
        yield _parquet(path, ANEW)
    yield from _people(layout)
    yield from _models(layout)


def _days(layout: Layout) -> Iterator[Damage | None]:
    for path in sorted((layout.root / "manifests" / "days").glob("*.json")):
        expired = layout.expired(dt.date.fromisoformat(path.stem))
        yield _manifest(path, _EXPIRED if expired else "the next run makes all of the day anew")
    for day in layout.days():
        do = _EXPIRED if layout.expired(day) else ANEW
        for entry in DayManifest(layout, day).stages.values():
            for name, expected in entry.outputs.items():
                yield _sum(layout.root / name, expected, do)


def given(layout: Layout) -> Iterator[Damage | None]:
    """Read what files of posts gave; None for a file that is whole."""
    for path in sorted((layout.root / "manifests" / "files").glob("*.json")):
        broken = _manifest(path, "the next run reads its file of posts again, if it is still in the inbox")
        yield broken
        if broken is None:
            for name, expected in read(path).get("pieces", {}).items():
                yield _sum(layout.root / name, expected, _AGAIN)


def _known(layout: Layout, manifest: Path, key: str, do: str) -> Iterator[Damage | None]:
    if manifest.exists():
        broken = _manifest(manifest, "the next run writes it anew")
        yield broken
        if broken is None:
            for name, expected in read(manifest).get(key, {}).items():
                yield _sum(layout.root / name, expected, do)


def _people(layout: Layout) -> Iterator[Damage | None]:
    """What nobody could make anew: the secret, tombstones, labels."""
    if layout.salt_check.exists():
        broken = _manifest(layout.salt_check, "remove it, if authors of new posts are hashed as those of old ones")
        yield broken or _sum(layout.salt, read(layout.salt_check)["sha256"], _SALT)
    if layout.forgotten.exists():
        yield _parquet(layout.forgotten, "restore it from a backup, or run `hibi forget` with all files once more")
    for path in sorted((layout.root / "labels").glob("*.parquet")):
        yield _parquet(path, _LABELS)


def _models(layout: Layout) -> Iterator[Damage | None]:
    for pointer in sorted((layout.root / "models").glob("*/served.json")):
        try:
            sealed.loads(pointer.read_bytes())
            yield None
        except (OSError, ValueError) as error:
            yield Damage(pointer, str(error), _POINTER)
    for path in sorted((layout.root / "models").glob("*/cards/*/*.parquet")):
        yield _parquet(path, "the next `hibi retrain` makes a card of its own")
    for folder in sorted((layout.root / "models").glob("*/versions/*")):
        try:
            bundles.verified(folder)
            yield None
        except ModelError as error:
            yield Damage(folder, str(error).removeprefix(f"{folder}/"), _MODEL)


def _sum(path: Path, expected: str, do: str) -> Damage | None:
    try:
        verify(path, expected)
    except StoreDamaged as error:
        return Damage(path, str(error.why), do)
    return None


def _manifest(path: Path, do: str) -> Damage | None:
    try:
        read(path)
    except StoreError as error:
        return Damage(path, str(error.why if isinstance(error, StoreDamaged) else error), do)
    return None


def _parquet(path: Path, do: str) -> Damage | None:
    try:
        parquet.read(path)
    except StoreDamaged as error:
        return Damage(path, str(error.why), do)
    return None
