import datetime as dt
import json
from pathlib import Path

import pytest

from pipeline.engines import local
from pipeline.engines.pool import Pool
from pipeline.engines.project import open_project
from pipeline.settings import Settings

JST = dt.timezone(dt.timedelta(hours=9))
FAR = dt.date(2100, 1, 1)


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
        import os

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

    def read(self, table, day):
        import pandas as pd

        return pd.read_parquet(self.store / table / f"date={day}" / "part-0.parquet")

    def bytes(self, *kinds):
        """All files of some tables, by path."""
        paths = [p for kind in kinds for p in sorted((self.store / kind).rglob("*")) if p.is_file()]
        return {str(p.relative_to(self.store)): p.read_bytes() for p in paths}

    def salted_like(self, other):
        """Share the other store's salt, so that authors hash the same."""
        self.store.mkdir(parents=True, exist_ok=True)
        (self.store / ".salt").write_bytes((other.store / ".salt").read_bytes())


@pytest.fixture(scope="session")
def pool():
    with Pool(1) as workers:
        yield workers


@pytest.fixture
def desk(tmp_path, pool):
    return Desk(tmp_path, pool)


@pytest.fixture
def new_desk(tmp_path, pool):
    """Make several desks in one test."""

    def make(name, **settings):
        return Desk(tmp_path / name, pool, **settings)

    return make
