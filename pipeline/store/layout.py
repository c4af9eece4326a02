"""Where everything of a store lies. Names of days and stages make paths; names found inside inputs never do."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

Day = dt.date


@dataclass(frozen=True)
class Layout:
    """Paths of a store."""

    root: Path

    def partition(self, table: str, day: Day) -> Path:
        """The one file of a table's day."""
        return self.root / table / f"date={day}" / "part-0.parquet"

    def collected(self, day: Day, key: str) -> Path:
        """What one file of posts gave for a day."""
        return self.root / "collected" / f"date={day}" / f"{key}.parquet"

    def pieces(self, day: Day) -> list[Path]:
        """All that files of posts gave for a day, in order of name."""
        return sorted((self.root / "collected" / f"date={day}").glob("*.parquet"))

    def exclusions(self, day: Day) -> Path:
        """Posts of a day that a notice deleted or that moved to another day."""
        return self.root / "exclusions" / f"date={day}.parquet"

    def expired_mark(self, day: Day) -> Path:
        """Lies there for a day whose posts went as their time was over."""
        return self.root / "collected" / f"date={day}" / ".expired"

    def expired(self, day: Day) -> bool:
        """Tell whether a day's posts went, or are going, as their time was over: no stage of it may run again."""
        return self.expired_mark(day).exists()

    def removals(self, key: str) -> Path:
        """Deletion notices of one file of posts."""
        return self.root / "removals" / f"{key}.parquet"

    def quarantine(self, day: Day | None, key: str) -> Path:
        """What was rejected, of a file of posts or of a stage; ``undated`` where no post stood near."""
        return self.root / "quarantine" / (f"date={day}" if day else "undated") / f"{key}.jsonl"

    def folder(self, kind: str, day: Day) -> Path:
        """The folder of a day's tables, pictures or reports."""
        return self.root / kind / str(day)

    def day_manifest(self, day: Day) -> Path:
        """What each stage of a day was made of."""
        return self.root / "manifests" / "days" / f"{day}.json"

    def file_manifest(self, key: str) -> Path:
        """What was read from one file of posts."""
        return self.root / "manifests" / "files" / f"{key}.json"

    def labels(self, task: str) -> Path:
        """What people answered of posts, and the weak labels made by rule."""
        return self.root / "labels" / f"{task}.parquet"

    def queue(self, day: Day) -> Path:
        """The folder of a day's posts to be labelled."""
        return self.root / "labels" / "queue" / str(day)

    def cards(self, model: str, version: int) -> Path:
        """The folder of a version's card, and of the posts that it was proved on."""
        return self.root / "models" / model / "cards" / f"{version:04}"

    def training(self, model: str) -> Path:
        """The folder of a training: its state while it runs, its log."""
        return self.root / "models" / model / "training"

    @property
    def unsettled(self) -> Path:
        """Lies there while files are taken in: until exclusions are those of all that was collected."""
        return self.root / "manifests" / "unsettled.json"

    @property
    def shared(self) -> Path:
        """What the files are that all reports share: the calendar, the fonts."""
        return self.root / "manifests" / "shared.json"

    @property
    def dictionary(self) -> Path:
        """Which dictionary the store is made with."""
        return self.root / "manifests" / "dictionary.json"

    @property
    def lists(self) -> Path:
        """Which stop words and synonyms lie beside it, for the queries on the pages."""
        return self.root / "words" / "lists.json"

    @property
    def salt_check(self) -> Path:
        """What the secret is known by, without telling it."""
        return self.root / "manifests" / "salt.json"

    @property
    def inbox_cache(self) -> Path:
        """Which files of the inbox are known, by size and time."""
        return self.root / "manifests" / "inbox.json"

    @property
    def last_run(self) -> Path:
        """What the last run was done with."""
        return self.root / "manifests" / "run.json"

    @property
    def runs(self) -> Path:
        """What became of the last run, and of days that failed."""
        return self.root / "manifests" / "runs.json"

    @property
    def salt(self) -> Path:
        """The secret that authors are hashed with."""
        return self.root / ".salt"

    @property
    def forgotten(self) -> Path:
        """Tombstones: salted hashes of what was asked to be forgotten."""
        return self.root / "forgotten.parquet"

    @property
    def forgetting(self) -> Path:
        """What is being forgotten, until it is proved to be gone; readable by its owner alone."""
        return self.root / ".forgetting.json"

    def learned(self, model: str, version: int) -> Path:
        """Salted hashes of the texts that a version learned from; readable by its owner alone."""
        return self.root / "models" / model / "learned" / f"{version:04}.bin"

    @property
    def lock(self) -> Path:
        """Held by the one run that may write."""
        return self.root / ".lock"

    @property
    def reports(self) -> Path:
        """The folder that a person opens."""
        return self.root / "reports"

    def days(self) -> list[Day]:
        """All days that have posts, earliest first."""
        names = (path.name.removeprefix("date=") for path in (self.root / "collected").glob("date=*"))
        return sorted(dt.date.fromisoformat(name) for name in names)

    def relative(self, path: Path) -> str:
        """Name a path as manifests do."""
        return path.relative_to(self.root).as_posix()
