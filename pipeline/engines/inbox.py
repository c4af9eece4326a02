"""The inbox: which files are new, and what they give to which day."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipeline import files
from pipeline.engines import exclusions, forgotten, jobs, retention
from pipeline.engines.contents import KEY, Content, Contents, sound
from pipeline.engines.project import salt
from pipeline.errors import InputError, LostWorker, NotPosts, SettingsError
from pipeline.ingest import collect, parts
from pipeline.ingest.files import companions, members
from pipeline.ingest.quarantine import refusal, to_line
from pipeline.ingest.source import printable
from pipeline.settings import Settings
from pipeline.spreading import Mapper
from pipeline.store import parquet
from pipeline.store.layout import Layout
from pipeline.store.manifest import write
from pipeline.tables import COLLECTED, REMOVALS

_ROWS = 100_000
"""Posts a row group."""
_PARTS = 128
"""Parts of a large file that are read before their posts are taken together."""


@dataclass(frozen=True)
class Taken:
    """What became of one file of the inbox."""

    path: Path
    key: str
    rows: int = 0
    error: str | None = None
    foreign: bool = False
    """Readable, but not a file of posts: named, not counted as a failure."""
    growing: bool = False
    """It changed while it was read: what was there is taken, the rest comes with the next run."""


def paths(inboxes: Iterable[Path], store: Path) -> Iterator[Path]:
    """List the files of the inboxes, each once, in order of path; hidden ones and the store's own are passed over.

    Raises SettingsError for an inbox that is not there, or is the store.
    """
    seen, root = set[Path](), store.resolve()
    for inbox in inboxes:
        if not inbox.exists():
            raise SettingsError(f"{inbox}: no such file or folder; see --inbox")
        if inbox.resolve() == root:
            raise SettingsError(f"{inbox}: is the store itself; put the files of posts into another folder")
        around = root.is_relative_to(inbox.resolve())
        found = [inbox] if inbox.is_file() else sorted(p for p in inbox.rglob("*") if p.is_file())
        for path in found:
            hidden, real = any(part.startswith(".") for part in path.relative_to(inbox).parts), path.resolve()
            if not (hidden or real in seen or (around and real.is_relative_to(root))):
                seen.add(real)
                yield path


class Inbox:
    """Takes in what is new. A file is known by its content, so a copy under another name adds nothing."""

    def __init__(
        self,
        settings: Settings,
        layout: Layout,
        spread: Mapper,
        *,
        force: bool = False,
        damaged: Collection[str] = (),
    ) -> None:
        """``force`` reads all files again, ``damaged`` those that gave what no longer is what was written, alone."""
        self.settings, self.layout, self.spread, self.force = settings, layout, spread, force
        self.damaged = frozenset(damaged)
        hashed = settings.privacy.authors == "hash"
        self._salt = salt(layout) if hashed else None
        self._hasher = collect.hasher(self._salt)
        self._forgotten = forgotten.load(layout)
        self._read: set[str] = set()
        self._contents = Contents(layout)
        self._seen: dict[str, list[Any]] = sound(layout.inbox_cache).get("files", {})

    def take(self, inboxes: Iterable[Path]) -> Iterator[Taken]:
        """Read each new file and store what it gives. Yields what was read, and again what failed before."""
        before = dict(self._seen)
        for path in paths(inboxes, self.layout.root):
            try:
                stamp = self._stamp(path)
            except (InputError, OSError) as error:
                yield Taken(path, "", error=f"{path}: cannot be read ({error})")
                continue
            known = self._seen.get(str(path.resolve()))
            if self.damaged and (known is None or known[1] not in self.damaged):
                continue
            same = known and known[0] == stamp and self._contents.good(known[1])
            if same and not self.force and not self.damaged:
                continue
            taken = self._file(path, known[1] if known else "")
            if taken.key:  # else it could not be opened, and is what it was
                self._seen[str(path.resolve())] = [stamp, taken.key]
            if taken.rows >= 0:
                yield replace(taken, growing=self._changed(path, stamp))
        if self._seen != before:
            write(self.layout.root, self.layout.inbox_cache, {"version": 1, "files": self._seen})

    def _stamp(self, path: Path) -> str:
        """Tell size and time of a file, and under which rules it was read."""
        parts = [p.stat() for p in (path, *companions(path))]
        text = repr([(part.st_size, part.st_mtime_ns) for part in parts]) + self._rules(path)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def _changed(self, path: Path, stamp: str) -> bool:
        try:
            return self._stamp(path) != stamp
        except (InputError, OSError):
            return True

    def _rules(self, path: Path) -> str:
        source = self.settings.ingest.source(path.name).model_dump_json()
        secret = hashlib.sha256(self._salt or b"").hexdigest()
        return f"{collect.VERSION} {self.settings.timezone} {self.settings.ingest.private} {source} {secret}"

    def _content(self, path: Path) -> Content:
        digests, sizes = [], []
        for part in (path, *companions(path)):
            with part.open("rb") as file:
                digests.append(hashlib.file_digest(file, "sha256").digest())
                sizes.append(file.tell())
        whole = hashlib.sha256(b"".join(digests) + self._rules(path).encode())
        return Content(whole.hexdigest()[:KEY], digests[0].hex(), sizes[0])

    def _file(self, path: Path, before: str) -> Taken:
        """Read a file, unless what it holds is known; ``before`` is the key of what it held when it was last read."""
        try:
            content = self._content(path)
        except OSError as error:
            return Taken(path, "", error=f"{path}: cannot be read ({error.strerror})")
        key = content.key
        known = self._contents.good(key) and not self.force and key not in self.damaged
        if known or key in self._read:
            return Taken(path, key, rows=-1)
        twin = self._twin(content)
        if twin:
            return Taken(path, twin, rows=-1)
        self._read.add(key)
        if not self.layout.unsettled.exists():
            write(self.layout.root, self.layout.unsettled, {"version": 1})
        try:
            found = self._forgotten.strip(collect.by_day(self._gathered(path), self.settings.zone))
            found = retention.skip(self.layout, found)
        except (InputError, OSError) as error:
            foreign = isinstance(error, NotPosts)
            self._contents.replace(content, None)
            self._contents.note(printable(path.name), content, None, str(error), foreign)
            return Taken(path, key, error=str(error), foreign=foreign)
        self._keep(path, content, before, found)
        return Taken(path, key, sum(t.rows for t in found.tallies.values()), found.error)

    def _keep(self, path: Path, content: Content, before: str, found: collect.Collected) -> None:
        """Store what a file gave; of one with too many unusable rows these alone."""
        if self._refused(path, content.key, found):
            self._contents.drop([content.key])
            self._save(content.key, found)
        else:
            self._save(content.key, found)
            self._contents.replace(content, before if self._grew(path, content, before) else None)
        self._contents.note(printable(path.name), content, found, found.error, False)

    def _grew(self, path: Path, content: Content, before: str) -> bool:
        """Tell whether a file holds what it held before and more, and no other file holds what it held before."""
        here = str(path.resolve())
        others = (name for name, (_, key) in self._seen.items() if key == before and name != here)
        try:
            return self._contents.grew(path, content, before) and not any(Path(name).is_file() for name in others)
        except OSError:  # it can no longer be read: what it gave before stays beside what it gave now
            return False

    def _refused(self, path: Path, key: str, found: collect.Collected) -> bool:
        """Take the posts of a file with too many unusable rows out, and say so."""
        rejected = [row for rows in found.quarantine.values() for row in rows]
        reason = refusal(sum(t.rows for t in found.tallies.values()), rejected, self.settings.ingest.most_unusable)
        if reason is None:
            return False
        found.posts.clear()
        found.removals = found.removals.slice(0, 0)
        for tally in found.tallies.values():
            tally.rows = 0
        told = (
            f"{path.name}: {reason}, so nothing of it is taken. See {self.layout.root / 'quarantine'}; mend the file"
            " or its [[ingest.sources]], or raise ingest.most_unusable in the settings"
        )
        found.error = f"{found.error}; {told}" if found.error else told
        return True

    def _gathered(self, path: Path) -> collect.Gathered:
        """Read a file: a large one of JSON lines in workers, any other here."""
        rules, zone = self.settings.ingest, self.settings.zone
        cut, found = parts.cut(path, rules, zone), collect.Gathered()
        for some in (cut[at : at + _PARTS] for at in range(0, len(cut), _PARTS)):
            results = self.spread(jobs.gather, [(part, rules, zone, self._salt) for part in some])
            for part, result in zip(some, results, strict=True):
                if isinstance(result, LostWorker):
                    found.errors.append(
                        f"{path.name}: its reader died in the lines after {part.before:,}; look at them"
                    )
                else:
                    found.add(result)
            if len(found.rejected) > collect.MOST_REJECTED:
                found.errors.append(f"{path.name}: more than {collect.MOST_REJECTED:,} rows are unusable")
                break
        return found if cut else collect.gather(members(path, rules, zone), self._hasher)

    def _twin(self, content: Content) -> str | None:
        """Find what the same content gave under another name with other rules: the first name that came keeps it."""
        keys = self._contents.keys(content.digest)
        for name, (stamp, key) in self._seen.items():
            other = Path(name)
            if key in keys and key != content.key and other.is_file() and not self._changed(other, stamp):
                return str(key)
        return None

    def settle(self, keys: Iterable[str], *, anew: bool) -> None:
        """End what a killed run left half taken in (``anew``), and bring the exclusions up to date."""
        if anew:
            self._contents.drop_unfinished()
        exclusions.update(self.layout, keys, everything=anew or self._contents.dropped)
        files.remove(self.layout.unsettled)

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
