"""Which contents of files gave what to the store, and what goes when a better reading of a file takes its place."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import structlog

from pipeline import files
from pipeline.errors import StoreDamaged
from pipeline.ingest.collect import Collected
from pipeline.store.layout import Layout
from pipeline.store.manifest import read, sha256, write

KEY = 16
"""Signs of a content's name."""

log = structlog.get_logger()


class Content(NamedTuple):
    """What lies in a file: named together with the rules by which it is read, named alone, and its bytes counted."""

    key: str
    digest: str
    size: int


class Contents:
    """Keeps a note of each content that was read: ``manifests/files/KEY.json``."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.dropped = False
        """Whether something was dropped that another reading of its file replaces."""

    @cached_property
    def _keys_of(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for path in sorted((self.layout.root / "manifests" / "files").glob("*.json")):
            if note := sound(path):
                found.setdefault(note["content"], set()).add(path.stem)
        return found

    def keys(self, digest: str) -> set[str]:
        """Look up under which names the store has what a content gave."""
        return self._keys_of.get(digest, set())

    def good(self, key: str) -> bool:
        """Tell whether a content was read, and without an error."""
        note = sound(self.layout.file_manifest(key)) if key else {}
        return bool(note) and not note["error"]

    def grew(self, path: Path, content: Content, before: str) -> bool:
        """Tell whether a file begins with all that it was when it was read under the key ``before``."""
        note = sound(self.layout.file_manifest(before)) if before and before != content.key else {}
        size = note.get("size", 0)
        if not 0 < size < content.size:
            return False
        digest, left = hashlib.sha256(), size
        with path.open("rb") as file:
            while left and (chunk := file.read(min(left, 1 << 20))):
                digest.update(chunk)
                left -= len(chunk)
        return digest.hexdigest() == str(note["content"])

    def note(self, name: str, content: Content, found: Collected | None, error: str | None, foreign: bool) -> None:
        """Write what became of a content that was read; ``foreign``: it holds no posts, and ``error`` says so."""
        note = {
            "version": 1,
            "name": name,
            "content": content.digest,
            "size": content.size,
            "formats": found.formats if found else [],
            "encodings": found.encodings if found else [],
            "days": {str(day): vars(tally) for day, tally in found.tallies.items()} if found else {},
            "removals": found.removals.num_rows if found else 0,
            "pieces": self._pieces(content.key, found) if found else {},
            "error": None if foreign else error,
            "foreign": error if foreign else None,
        }
        write(self.layout.root, self.layout.file_manifest(content.key), note)

    def replace(self, content: Content, grown_from: str | None) -> None:
        """Drop what the same content gave under other rules, and what the file gave before it grew."""
        keys = self._keys_of.setdefault(content.digest, set())
        others = keys - {content.key}
        self.dropped = self.dropped or bool(others)
        self.drop(others | ({grown_from} if grown_from else set()))
        keys.clear()
        keys.add(content.key)

    def drop(self, keys: Iterable[str]) -> None:
        """Remove all that contents gave, and their notes."""
        for path in sorted(map(self.layout.file_manifest, keys)):
            note = sound(path)
            for day in note.get("days", {}):
                date = None if day == "None" else dt.date.fromisoformat(day)
                if date is not None:
                    files.remove(self.layout.collected(date, path.stem))
                files.remove(self.layout.quarantine(date, path.stem))
            files.remove(self.layout.removals(path.stem))
            files.remove(path)

    def drop_unfinished(self) -> None:
        """Remove what a file gave before its reading was done, where it is not there to be read again."""
        root = self.layout.root
        for kind, names in (("collected", "*/*.parquet"), ("removals", "*.parquet"), ("quarantine", "*/*.jsonl")):
            for path in sorted((root / kind).glob(names)):
                of_file = len(path.stem) == KEY  # stages quarantine, too, under their names
                if of_file and not self.layout.file_manifest(path.stem).exists():
                    files.remove(path)

    def _pieces(self, key: str, found: Collected) -> dict[str, str]:
        """Name the files that a reading gave, with their SHA-256."""
        paths = [self.layout.collected(day, key) for day in found.posts]
        paths += [self.layout.quarantine(day, key) for day in found.quarantine]
        paths += [self.layout.removals(key)] if found.removals.num_rows else []
        return {self.layout.relative(path): sha256(path) for path in paths}


def held(told: dict[str, Any]) -> dict[Path, str]:
    """Tell of each file that is still there the key of what it held when it was read; ``told`` is the inbox cache."""
    return {path: key for name, (_, key) in told.get("files", {}).items() if (path := Path(name)).is_file()}


def spooled(layout: Layout) -> list[tuple[Path, str]]:
    """List the standard input that is kept, with the keys of what it holds."""
    folder = (layout.root / "stdin").resolve()
    return [(path, key) for path, key in held(read(layout.inbox_cache)).items() if path.parent == folder]


def sound(path: Path) -> dict[str, Any]:
    """Read what is known of files; of a damaged one nothing is, so that what it tells of is read again."""
    try:
        return read(path)
    except StoreDamaged as error:
        log.warning("damaged", file=str(path), why=str(error.why), then="what it tells of is read again")
        return {}
