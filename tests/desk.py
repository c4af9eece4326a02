"""An inbox and a store in a folder, and runs over them: what tests of whole runs share."""

import datetime as dt
import json
import os
from concurrent.futures import Future
from pathlib import Path

from pipeline import stages
from pipeline.engines import local
from pipeline.engines.book import Book
from pipeline.engines.days import DayWork
from pipeline.engines.project import open_project
from pipeline.settings import Settings
from pipeline.store.manifest import DayManifest

FORMATS = Path(__file__).resolve().parent / "formats"
FAR = dt.date(2100, 1, 1)
NEVER = dt.date(1, 1, 1)
QUICK = {"pictures": {"width": 200, "height": 200, "words": 5}}
"""Settings for runs whose pictures nobody looks at."""


class Silent:
    """A watcher that remembers which days ran."""

    def __init__(self):
        self.lines = []

    def file(self, taken):
        pass

    def days(self, total):
        pass

    def day(self, result, manifest):
        self.lines.append((str(result.day), result.ran))


class Here:
    """Does the pool's jobs in this process: for tests of what is done, not of who does it."""

    workers = 1

    @property
    def apart(self):
        return self

    def submit(self, job, *arguments):
        future = Future()
        future.set_result(job(*arguments))
        return future

    def map(self, job, items):
        return [job(*item) for item in items]

    def result(self, future, job, *arguments):
        return future.result()


class Workers(Here):
    """Stands for the pool: jobs are done in this process."""

    def __init__(self, workers):
        self.workers = workers

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def start(self):
        pass


class Desk:
    """An inbox and a store in a temporary folder, and runs over them."""

    def __init__(self, folder: Path, pool, **settings):
        self.pool = pool
        self.inbox, self.store = folder / "inbox", folder / "store"
        self.inbox.mkdir(parents=True)
        self.settings = Settings.model_validate(settings)
        self.watcher = Silent()

    def put(self, name, *rows, mtime=None):
        """Write generic lines; a row is (id, day and time in Tokyo, text) or a dict."""
        path = self.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            "".join(json.dumps(self.line(row), ensure_ascii=False) + "\n" for row in rows), encoding="utf-8"
        )
        if mtime is not None:
            os.utime(path, (mtime, mtime))
        return path

    @staticmethod
    def line(row):
        if isinstance(row, dict):
            return row
        key, when, text = row
        return {"id": key, "author": f"a-{key}", "created_at": f"{when}+09:00", "text": text}

    def project(self):
        return open_project(self.settings, self.store)

    def run(self, *, inbox=None, **wanted):
        self.watcher = Silent()
        asked = local.Wanted(**{"until": FAR} | wanted)
        return local.run(self.project(), [inbox or self.inbox], asked, self.pool, self.watcher)

    def merge(self):
        """Take in what is new and make the posts of each day, and no more: a tenth of a run."""
        outcome = self.run(until=NEVER)
        project = self.project()
        book = Book(project, {day: DayManifest(project.layout, day) for day in project.layout.days()})
        for day in book.days:
            DayWork(book, day, self.pool).run(stages.STAGES[0])
        return outcome

    def posts(self):
        """All posts of all days, in order of day."""
        import pyarrow.parquet as pq

        paths = sorted((self.store / "posts").glob("date=*/part-0.parquet"))
        return [
            {"day": path.parent.name.removeprefix("date=")} | row
            for path in paths
            for row in pq.ParquetFile(path).read().to_pylist()
        ]

    def read(self, table, day):
        import pandas as pd

        return pd.read_parquet(self.store / table / f"date={day}" / "part-0.parquet")

    def report(self, day):
        """The day's report.json."""
        return json.loads((self.store / "reports" / day / "report.json").read_bytes())

    def bytes(self, *kinds):
        """All files of some tables, by path."""
        paths = [p for kind in kinds for p in sorted((self.store / kind).rglob("*")) if p.is_file()]
        return {str(p.relative_to(self.store)): p.read_bytes() for p in paths}

    def salted_like(self, other):
        """Share the other store's salt, so that authors hash the same."""
        self.store.mkdir(parents=True, exist_ok=True)
        (self.store / ".salt").write_bytes((other.store / ".salt").read_bytes())
