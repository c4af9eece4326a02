"""The inbox: which files are new, and what they give to which day."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pipeline import files
from pipeline.engines import jobs
from pipeline.engines.project import salt
from pipeline.errors import InputError, LostWorker, NotPosts, SettingsError
from pipeline.ingest import collect, parts
from pipeline.ingest.files import companions, members
from pipeline.ingest.quarantine import to_line
from pipeline.settings import Settings
from pipeline.spreading import Mapper
from pipeline.store import parquet
from pipeline.store.layout import Layout
from pipeline.store.manifest import read, write
from pipeline.tables import COLLECTED, REMOVALS

_ROWS = 100_000
"""Posts a row group."""


@dataclass(frozen=True)
class Taken:
    """What became of one file of the inbox."""

    path: Path
    key: str
    rows: int = 0
    error: str | None = None
    foreign: bool = False
    """Readable, but not a file of posts: named, not counted as a failure."""


def paths(inboxes: Iterable[Path]) -> Iterator[Path]:
    """List the files of the inboxes, each once, in order of path; hidden ones are passed over."""
    seen: set[Path] = set()
    for inbox in inboxes:
        if not inbox.exists():
            raise SettingsError(f"{inbox}: no such file or folder; see --inbox")
        found = [inbox] if inbox.is_file() else sorted(p for p in inbox.rglob("*") if p.is_file())
        for path in found:
            hidden = any(part.startswith(".") for part in path.relative_to(inbox).parts)
            if not hidden and path.resolve() not in seen:
                seen.add(path.resolve())
                yield path


class Inbox:
    """Takes in what is new. A file is known by its content, so a copy under another name adds nothing."""

    def __init__(self, settings: Settings, layout: Layout, spread: Mapper, *, force: bool = False) -> None:
        self.settings, self.layout, self.spread, self.force = settings, layout, spread, force
        hashed = settings.privacy.authors == "hash"
        self._salt = salt(layout) if hashed else None
        self._hasher = collect.hasher(self._salt)
        self._read: set[str] = set()
        self.dropped = False
        """Whether something was dropped that another reading of its file replaces."""
        self._seen: dict[str, list[Any]] = read(layout.inbox_cache).get("files", {})

    @cached_property
    def _keys_of(self) -> dict[str, set[str]]:
        """Look up under which names the store has what a content gave."""
        found: dict[str, set[str]] = {}
        for path in sorted((self.layout.root / "manifests" / "files").glob("*.json")):
            found.setdefault(read(path)["content"], set()).add(path.stem)
        return found

    def take(self, inboxes: Iterable[Path]) -> Iterator[Taken]:
        """Read each new file and store what it gives. Yields what was read, and again what failed before."""
        before = dict(self._seen)
        for path in paths(inboxes):
            try:
                stamp = self._stamp(path)
            except (InputError, OSError) as error:
                yield Taken(path, "", error=f"{path}: cannot be read ({error})")
                continue
            known = self._seen.get(str(path.resolve()))
            if known and known[0] == stamp and not self.force:
                manifest = read(self.layout.file_manifest(known[1]))
                if manifest and not manifest["error"]:
                    continue
            taken = self._file(path)
            self._seen[str(path.resolve())] = [stamp, taken.key]
            if taken.rows >= 0:
                yield taken
        if self._seen != before:
            write(self.layout.root, self.layout.inbox_cache, {"version": 1, "files": self._seen})

    def _stamp(self, path: Path) -> str:
        """Tell size and time of a file, and under which rules it was read."""
        parts = [p.stat() for p in (path, *companions(path))]
        text = repr([(part.st_size, part.st_mtime_ns) for part in parts]) + self._rules(path)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def _rules(self, path: Path) -> str:
        source = self.settings.ingest.source(path.name).model_dump_json()
        secret = hashlib.sha256(self._salt or b"").hexdigest()
        return f"{collect.VERSION} {self.settings.timezone} {self.settings.ingest.private} {source} {secret}"

    def _key(self, path: Path) -> tuple[str, str]:
        """Name what a file gives: by its content and the rules; and by its content alone."""
        digests = []
        for part in (path, *companions(path)):
            with part.open("rb") as file:
                digests.append(hashlib.file_digest(file, "sha256").digest())
        whole = hashlib.sha256(b"".join(digests) + self._rules(path).encode())
        return whole.hexdigest()[:16], digests[0].hex()

    def _file(self, path: Path) -> Taken:
        try:
            key, content = self._key(path)
        except OSError as error:
            return Taken(path, "", error=f"{path}: cannot be read ({error.strerror})")
        manifest = read(self.layout.file_manifest(key))
        if manifest and not manifest["error"] and not self.force:
            return Taken(path, key, rows=-1)
        if key in self._read:
            return Taken(path, key, rows=-1)
        twin = self._twin(key, content)
        if twin:
            return Taken(path, twin, rows=-1)
        self._read.add(key)
        try:
            found = collect.by_day(self._gathered(path), self.settings.zone)
        except NotPosts as error:
            self._note(path, key, content, None, str(error), foreign=True)
            return Taken(path, key, error=str(error), foreign=True)
        except (InputError, OSError) as error:
            self._note(path, key, content, None, str(error))
            return Taken(path, key, error=str(error))
        self._save(key, found)
        self._note(path, key, content, found, found.error)
        return Taken(path, key, sum(t.rows for t in found.tallies.values()), found.error)

    def _gathered(self, path: Path) -> collect.Gathered:
        """Read a file: a large one of JSON lines in workers, any other here."""
        rules, zone = self.settings.ingest, self.settings.zone
        cut, found = parts.cut(path, rules, zone), collect.Gathered()
        results = self.spread(jobs.gather, [(part, rules, zone, self._salt) for part in cut])
        for part, result in zip(cut, results, strict=True):
            if isinstance(result, LostWorker):
                found.errors.append(f"{path.name}: its reader died in the lines after {part.before:,}; look at them")
            else:
                found.add(result)
        return found if cut else collect.gather(members(path, rules, zone), self._hasher)

    def _twin(self, own: str, content: str) -> str | None:
        """Find what the same content gave under another name with other rules: the first name that came keeps it."""
        keys = self._keys_of.get(content, set())
        for name, (stamp, key) in self._seen.items():
            other = Path(name)
            if key in keys and key != own and other.is_file() and self._stamp(other) == stamp:
                return str(key)
        return None

    def _save(self, key: str, found: collect.Collected) -> None:
        root = self.layout.root
        for day, table in found.posts.items():
            slices = (table.slice(start, _ROWS) for start in range(0, table.num_rows, _ROWS))
            parquet.write(root, self.layout.collected(day, key), COLLECTED, slices)
        if found.removals.num_rows:
            parquet.write(root, self.layout.removals(key), REMOVALS, [found.removals])
        for day_or_none, rejected in found.quarantine.items():
            lines = "".join(to_line(row) for row in rejected)
            files.write(root, self.layout.quarantine(day_or_none, key), lines.encode())

    def _note(
        self,
        path: Path,
        key: str,
        content: str,
        found: collect.Collected | None,
        error: str | None,
        foreign: bool = False,
    ) -> None:
        """Write what was read from a file, and drop what the same content gave under other rules."""
        tallies = found.tallies if found else {}
        note = {
            "version": 1,
            "name": path.name,
            "content": content,
            "formats": found.formats if found else [],
            "encodings": found.encodings if found else [],
            "days": {str(day): vars(tally) for day, tally in tallies.items()},
            "removals": found.removals.num_rows if found else 0,
            "error": None if foreign else error,
            "foreign": error if foreign else None,
        }
        self._drop_superseded(key, content)
        write(self.layout.root, self.layout.file_manifest(key), note)

    def _drop_superseded(self, key: str, content: str) -> None:
        keys = self._keys_of.setdefault(content, set())
        for other in sorted(self.layout.file_manifest(old) for old in keys - {key}):
            for day in read(other)["days"]:
                date = None if day == "None" else dt.date.fromisoformat(day)
                if date is not None:
                    files.remove(self.layout.collected(date, other.stem))
                files.remove(self.layout.quarantine(date, other.stem))
            files.remove(self.layout.removals(other.stem))
            files.remove(other)
            self.dropped = True
        keys.clear()
        keys.add(key)
