"""What each stage of a day was made of, and so whether it must run again.

One JSON file a day. A stage's entry is taken out before its outputs are replaced and put back after, so that a run
killed between the two leaves the stage out of date, never wrong.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from pipeline import files, sealed
from pipeline.errors import StoreDamaged, StoreError
from pipeline.store.layout import Day, Layout

VERSION = 1


@dataclass(frozen=True)
class Entry:
    """One stage of one day, done."""

    inputs: dict[str, str]
    """What it was made of: name -> fingerprint (files, settings, dictionary, versions of code)."""
    outputs: dict[str, str]
    """What it made: path -> SHA-256."""
    facts: dict[str, Any] = field(default_factory=dict)
    """Small numbers that later stages and the report need."""


class DayManifest:
    """The stages of one day; kept by the one run that holds the store."""

    def __init__(self, layout: Layout, day: Day) -> None:
        self._layout, self._path = layout, layout.day_manifest(day)
        self._lock = threading.Lock()  # stages of a day may end at the same moment
        self.day = day
        self.damaged = False
        """Whether it was not what was written: then nothing is known of the day, and all its stages run again."""
        self.gone: dict[str, dict[str, str]] = {}
        """Of a day past its time: stage -> outputs that are no more, as later days were made of them."""
        self.stages = self._read()

    def _read(self) -> dict[str, Entry]:
        try:
            told = read(self._path)
            self.gone = told.get("gone", {})
            return {name: Entry(**entry) for name, entry in told.get("stages", {}).items()}
        except StoreDamaged:
            self.damaged = True
            return {}

    def current(self, stage: str, inputs: dict[str, str]) -> bool:
        """Tell whether a stage was made of just these inputs and its outputs are still there."""
        entry = self.stages.get(stage)
        root = self._layout.root
        return entry is not None and entry.inputs == inputs and all((root / path).exists() for path in entry.outputs)

    def begin(self, stage: str) -> None:
        """Take a stage's entry out, before its outputs are touched."""
        with self._lock:
            if self.stages.pop(stage, None) is not None:
                self._write()

    def finish(self, stage: str, inputs: dict[str, str], outputs: list[Path], facts: dict[str, Any]) -> None:
        """Put a stage's entry back; all its outputs lie on disk."""
        hashes = {self._layout.relative(path): sha256(path) for path in outputs}
        with self._lock:
            self.stages[stage] = Entry(inputs, hashes, facts)
            self._write()

    def expire(self) -> None:
        """Note that the outputs that are no more went as their time was over."""
        with self._lock:
            for name, entry in self.stages.items():
                lost = {path: sha for path, sha in entry.outputs.items() if not (self._layout.root / path).exists()}
                self.gone[name] = self.gone.get(name, {}) | lost
                left = {path: sha for path, sha in entry.outputs.items() if path not in lost}
                self.stages[name] = replace(entry, outputs=left)
            self._write()

    def _write(self) -> None:
        stages = {name: asdict(entry) for name, entry in self.stages.items()}
        gone = {"gone": self.gone} if self.gone else {}
        write(self._layout.root, self._path, {"version": VERSION, "date": str(self.day), "stages": stages} | gone)


def sha256(path: Path) -> str:
    """Hash a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(path: Path, expected: str) -> None:
    """Read a file whole. Raises StoreDamaged where it is not what was written."""
    try:
        if sha256(path) != expected:
            raise StoreDamaged(path, "its SHA-256 is not the one that was written")
    except OSError as error:
        raise StoreDamaged(path, error.strerror) from error


def whole(path: Path, expected: str) -> bool:
    """Tell whether a file is what was written."""
    try:
        verify(path, expected)
    except StoreDamaged:
        return False
    return True


def read(path: Path) -> dict[str, Any]:
    """Read a manifest; empty if there is none. Raises StoreDamaged, StoreError for one of another version."""
    try:
        content = sealed.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise StoreDamaged(path, error) from error
    if content.get("version") != VERSION:
        raise StoreError(f"{path}: written by another version of hibi ({content.get('version')}, not {VERSION})")
    return content


def write(root: Path, path: Path, content: dict[str, Any]) -> None:
    """Write a manifest; the same content is the same bytes."""
    files.write(root, path, sealed.dumps(content))
