"""Breaks a run at every write of a small store, and says what went wrong: a list of sentences, empty if nothing did.

A warm process forks each run, as a new one would load for two seconds. A run to be broken starts from a copy of the
store as it was when the stage before was done, so that only the stage of that write is done again. Copies are hard
links: hibi replaces files and never writes into them, or these copies would show it.

    python kill_loop.py FOLDER POINT [POINT ...]
"""

import contextlib
import csv
import datetime as dt
import hashlib
import io
import json
import os
import shutil
import signal
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import structlog
from desk import FAR, Desk, Here, Silent
from PIL import Image

from pipeline import files, sealed
from pipeline.engines import local
from pipeline.errors import StoreUnwritable
from pipeline.reports import document
from pipeline.store.layout import Layout
from pipeline.store.manifest import DayManifest

ONE, TWO = "2024-01-01", "2024-01-02"
APART = ("manifests/runs.json", ".lock")
"""What a rerun need not make equal: the one file that tells the clock, and the lock, which is empty."""

CREATED = {
    "did": "did:plc:a", "time_us": 1704067200000000, "kind": "commit",
    "commit": {"operation": "create", "collection": "app.bsky.feed.post", "rkey": "k1",
               "record": {"$type": "app.bsky.feed.post", "createdAt": "2024-01-01T00:00:00Z", "text": "消える投稿"}},
}  # fmt: skip
DELETED = {
    "did": "did:plc:a", "time_us": 1704070000000000, "kind": "commit",
    "commit": {"operation": "delete", "collection": "app.bsky.feed.post", "rkey": "k1"},
}  # fmt: skip


def before(desk):
    """A day that is done: with a post that will move to the next day, and one that will be deleted."""
    desk.put(
        "a.jsonl", ("1", f"{ONE}T01:00:00", "とても寒い朝、雪が降る"), ("2", f"{ONE}T23:59:00", "移る投稿"), mtime=10**9
    )
    desk.put("b.jsonl", CREATED, mtime=10**9)


def after(desk):
    """What changes that day and brings a second, with a row that is no post."""
    desk.put(
        "c.jsonl",
        ("3", f"{ONE}T02:00:00", "遅れて届いた楽しい投稿"),
        ("2", f"{TWO}T00:01:00", "移った投稿"),
        ("4", f"{TWO}T05:00:00", "静かな朝 #推し活 😊"),
        {"id": "5", "text": "時刻なし"},
        mtime=10**9 + 900,
    )
    desk.put("d.jsonl", DELETED, mtime=10**9 + 900)


# Forked runs


def forked(work):
    """Do something in a child; its exit status as waitpid tells it."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    code = 99
    try:
        pa.set_cpu_count(1)
        pa.set_io_thread_count(1)
        connect = duckdb.connect
        duckdb.connect = lambda config=None: connect(config={"threads": 1, **(config or {})})
        code = work() or 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def run(project, inbox, store):
    """Do all there is to do on a store."""
    project = replace(project, layout=Layout(store))
    outcome = local.run(project, [inbox], local.Wanted(FAR), Here(), Silent())
    return 3 if outcome.failed else 0


def linked(source, target):
    """Copy a store by hard links, without what is being written."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, copy_function=os.link, ignore=shutil.ignore_patterns(".staging", ".lock"))
    return target


def traced(told):
    """Have each write tell its target, in order."""
    plain = {name: getattr(files, name) for name in ("staged", "staged_folder", "remove")}

    def staged(root, target):
        told(target)
        return plain["staged"](root, target)

    def staged_folder(root, target):
        told(target)
        return plain["staged_folder"](root, target)

    def remove(path):
        if path.exists():
            told(path, removal=True)
        plain["remove"](path)

    files.staged, files.staged_folder, files.remove = staged, staged_folder, remove


# What a reader sees


class Reader:
    """Opens every published file; each file's content once, as copies are links."""

    def __init__(self):
        self.sums = {}

    def tree(self, store):
        """Path -> SHA-256 of all that is published."""
        found = {}
        for path in sorted(store.rglob("*")):
            name = path.relative_to(store).as_posix()
            if path.is_file() and not name.startswith(".staging") and name not in APART:
                found[name] = self.checked(path)
        return found

    def checked(self, path):
        told = path.stat()
        key = (told.st_ino, told.st_mtime_ns, told.st_size)
        if key not in self.sums:
            self.sums[key] = (opened(path), path)  # the name keeps the inode from being given to another file
        return self.sums[key][0]


def opened(path):
    """Read a file as its readers do. Raises where it is a half."""
    data = path.read_bytes()
    if path.suffix == ".parquet":
        pq.ParquetFile(io.BytesIO(data), page_checksum_verification=True).read()
    elif path.name == "report.json":
        json.loads(data)
    elif path.suffix == ".json":
        sealed.loads(data)
    elif path.suffix == ".jsonl":
        [json.loads(line) for line in data.decode().splitlines()]
        assert data.endswith(b"\n"), path
    elif path.suffix == ".csv":
        assert (
            data.endswith(b"\n") and len({len(row) for row in csv.reader(io.StringIO(data.decode("utf-8-sig")))}) == 1
        )
    elif path.suffix == ".html":
        assert data.rstrip().endswith(b"</html>"), path
    elif path.suffix == ".svg":
        assert data.rstrip().endswith(b"</svg>"), path
    elif path.suffix == ".png":
        Image.open(io.BytesIO(data)).load()
    elif path.suffix == ".xlsx":
        assert zipfile.ZipFile(io.BytesIO(data)).testzip() is None
    elif path.suffix == ".woff2":
        assert int.from_bytes(data[8:12], "big") == len(data), path
    elif path.name == ".salt":
        assert len(data) == 32
    else:
        raise AssertionError(f"{path}: nobody opens it")
    return hashlib.sha256(data).hexdigest()


def faults_of_manifests(store, tree):
    """Name what a manifest says is there and is not."""
    layout = Layout(store)
    for path in sorted((store / "manifests" / "days").glob("*.json")):
        for stage, entry in DayManifest(layout, dt.date.fromisoformat(path.stem)).stages.items():
            for name, expected in entry.outputs.items():
                if tree.get(name) != expected:
                    yield f"{path.stem} says that {stage} made {name}, which is something else"


# The loop


class Loop:
    def __init__(self, folder):
        self.folder, self.reader, self.wrong = folder, Reader(), []
        self.desk = Desk(folder, Here(), pictures={"width": 200, "height": 200, "words": 3})
        self.inbox, self.bases = self.desk.inbox, folder / "bases"
        self.whole, self.killed = folder / "whole", folder / "killed"
        self.equal = set()
        before(self.desk)
        self.project = self.desk.project()

    def prepare(self):
        """Do the first day; then do the second undisturbed, and keep a copy of the store at each stage's end."""
        loaded = self.folder / "modules.json"

        def first():
            run(self.project, self.inbox, self.desk.store)
            loaded.write_text(json.dumps([name for name in sys.modules if name != "__main__"]))

        assert forked(first) == 0
        for name in json.loads(loaded.read_text()):
            with contextlib.suppress(ImportError):
                __import__(name)
        for template in document._templates().list_templates(["j2"]):
            document._templates().get_template(template)  # compiled once, not in each child
        after(self.desk)
        linked(self.desk.store, self.bases / "0")
        linked(self.desk.store, self.whole)
        notes = self.folder / "writes.json"

        def second():
            writes, versions, drafted = [], [], []

            def told(target, removal=False):
                drafted.append(not removal)
                versions.extend(self.reader.checked(path) for path in writes[-1:] if path.exists())
                writes.append(target)

            traced(told)
            finish = DayManifest.finish

            def finished(manifest, *arguments):
                finish(manifest, *arguments)
                linked(self.whole, self.bases / str(len(writes)))

            DayManifest.finish = finished
            run(self.project, self.inbox, self.whole)
            versions.extend(self.reader.checked(path) for path in writes if path.exists())
            notes.write_text(json.dumps([[str(path.relative_to(self.whole)) for path in writes], drafted, versions]))

        assert forked(second) == 0
        self.writes, self.drafted, versions = json.loads(notes.read_text())
        self.expected = self.reader.tree(self.whole)
        self.known = {*versions, *self.expected.values(), *self.reader.tree(self.desk.store).values()}
        self.starts = sorted(int(path.name) for path in self.bases.iterdir())
        self.ends = {start: self.reader.tree(self.bases / str(start)) for start in self.starts} | {None: self.expected}

    def breaks(self, point, number):
        """Break a run at a write, look at what a reader sees, run again and compare."""
        if point == "before" and number - 1 not in self.starts:
            return  # on the disk, that is where the write before was renamed
        if point in ("half", "written", "full") and not self.drafted[number - 1]:
            return  # a removal is not written
        done = max(start for start in self.starts if start < number)
        target, store = self.writes[number - 1], linked(self.bases / str(done), self.killed)
        # a run that goes on writes first that it began
        here = number if done == 0 else number - done + 1
        status = forked(lambda: self.broken(f"{point}:{here}", store, here, target))
        where = f"{point} at write {number} of {len(self.writes)}, {target}"
        expected = 1 << 8 if point == "full" else int(signal.SIGKILL)  # as waitpid tells them
        if status != expected:
            self.wrong.append(f"{where}: the run ended with {status}, not {expected}")
            return
        if point == "full" and any((store / ".staging").iterdir()):
            self.wrong.append(f"{where}: a draft is left")
        try:
            tree = self.reader.tree(store)
        except Exception as error:
            self.wrong.append(f"{where}: a reader sees a half: {error}")
            return
        self.wrong += [f"{where}: {fault}" for fault in faults_of_manifests(store, tree)]
        stage = min((start for start in self.starts if start >= number), default=None)
        if point == "full":
            stage = None  # what does not need the file was done all the same
        else:
            changed = (name for name, content in tree.items() if content not in self.known)
            self.wrong += [f"{where}: {name} is neither the old nor the new file" for name in changed]
        if tree == self.ends.get(number):
            return  # the end of a stage: see goes_on
        state = hashlib.sha256(repr((tree, stage)).encode()).hexdigest()
        if point == "full" and number % 3 and number != len(self.writes):
            return  # all of the rest would be done again for each: every third is
        if state not in self.equal:  # what is published is what another break left: the rest was cleared away
            self.again(store, where, stage)
            self.equal.add(state)

    def broken(self, fault, store, here, target):
        writes = []

        def told(path, removal=False):
            writes.append(path)
            if len(writes) == here and path != store / target:
                print(f"write {here} is of {path}, not {target}", file=sys.stderr)
                os._exit(98)

        traced(told)
        files._fault = fault
        try:
            return run(self.project, self.inbox, store)
        except StoreUnwritable as error:
            return 1 if str(error).startswith(f"{store / target}: cannot be written (No space left on device)") else 97

    def again(self, store, where, end=None):
        """Run again, up to the end of the broken stage: from there on the undisturbed run is gone on with."""
        status = forked(lambda: self.ended(store) if end else run(self.project, self.inbox, store))
        if status:
            self.wrong.append(f"{where}: the next run ended with {status}")
        found, expected = self.reader.tree(store), self.ends[end]
        names = sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))
        if names:
            self.wrong.append(f"{where}: after the next run these differ: {', '.join(names)}")
        if list((store / ".staging").iterdir()):
            self.wrong.append(f"{where}: the next run left drafts")

    def ended(self, store):
        """Run until a stage is done."""
        finish = DayManifest.finish

        def finished(manifest, *arguments):
            finish(manifest, *arguments)
            os._exit(0)

        DayManifest.finish = finished
        run(self.project, self.inbox, store)
        return 96

    def goes_on(self):
        """Go on from the end of each stage."""
        for start in self.starts[1:]:
            self.again(linked(self.bases / str(start), self.killed), f"going on after write {start}")


def main(folder, points):
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    began = time.perf_counter()
    loop = Loop(folder)
    loop.prepare()
    if "renamed" in points:  # once is enough
        loop.goes_on()
    for number in range(1, len(loop.writes) + 1):
        for point in points:
            loop.breaks(point, number)
    told = {
        "writes": len(loop.writes), "states": len(loop.equal), "wrong": loop.wrong,
        "seconds": round(time.perf_counter() - began, 1),
    }  # fmt: skip
    print(json.dumps(told, ensure_ascii=False))


if __name__ == "__main__":
    os.environ.setdefault("HIBI_CACHE", str(Path(__file__).resolve().parents[2] / "build" / "cache"))
    main(Path(sys.argv[1]), sys.argv[2:])
