"""Kill -9 at random moments of `hibi run`, then run once: is the store that of a run that nobody disturbed?

    python benchmarks/kills.py [--kills 25] [--days 3] [--posts-per-day 3000] [--seed 4] [--shared ../shared]

Each run is killed at a moment drawn from the length of the undisturbed one. Where it had ended before, the store is
compared and a new one begun, so that each kill hits a run at work. Between a kill and the next run every published
Parquet file, table, report and manifest is opened. Ends with 1 if anything differed.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.parquet as pq

from pipeline import sealed

ROOT = Path(__file__).resolve().parent.parent
NAMED = ("posts", "tokens", "counts", "tables")
"""Folders that must come out the same byte for byte; so must all others, but for the file that tells the clock."""
CLOCK = {".lock", "manifests/runs.json"}


@dataclass
class Trial:
    """A stream, an undisturbed store, and what was found."""

    folder: Path
    kills: int
    draw: random.Random
    seconds: float = 0.0
    done: int = 0
    stores: int = 0
    ended: int = 0
    orphans: int = 0
    halves: list[str] = field(default_factory=list)
    differing: set[str] = field(default_factory=set)
    moments: list[float] = field(default_factory=list)

    def command(self, store: Path) -> list[str]:
        inbox, settings = self.folder / "stream", self.folder / "hibi.toml"
        return [
            sys.executable,
            "-m",
            "pipeline",
            "run",
            "--inbox",
            str(inbox),
            "--store",
            str(store),
            "--settings",
            str(settings),
        ]

    def start(self, store: Path) -> subprocess.Popen[bytes]:
        with (self.folder / "log.txt").open("ab") as log:
            return subprocess.Popen(self.command(store), stdout=log, stderr=log, cwd=ROOT, start_new_session=True)

    def finish(self, store: Path) -> None:
        if code := self.start(store).wait():
            raise SystemExit(f"hibi run ended with {code}; see {self.folder / 'log.txt'}")

    def killed(self, store: Path, moment: float) -> bool:
        """Kill a run at a moment; tell whether it was still at work."""
        process = self.start(store)
        try:
            process.wait(moment)
            return False
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
        until = time.monotonic() + 60  # those that were only starting load their code first
        while _alive(process.pid) and time.monotonic() < until:
            time.sleep(0.05)
        self.orphans += _alive(process.pid)
        return True

    def run(self) -> None:
        """Kill until there were enough, and compare each store that came to its end."""
        whole = self.folder / "whole"
        began = time.monotonic()
        self.finish(whole)
        self.seconds = time.monotonic() - began
        store = self._new(whole)
        while self.done < self.kills:
            moment = self.draw.uniform(0, self.seconds)
            if self.killed(store, moment):
                self.done += 1
                self.moments.append(round(moment, 2))
                self.halves += [str(path.relative_to(store)) for path in published(store) if not opens(path)]
            else:
                self.ended += 1
                self.compare(whole, store)
                store = self._new(whole)
        self.finish(store)
        self.compare(whole, store)

    def _new(self, whole: Path) -> Path:
        """Begin a store with the same salt, so that authors are named alike."""
        store = self.folder / f"store{self.stores}"
        self.stores += 1
        (store / "manifests").mkdir(parents=True)
        shutil.copy(whole / ".salt", store)
        shutil.copy(whole / "manifests" / "salt.json", store / "manifests")
        return store

    def compare(self, whole: Path, store: Path) -> None:
        """Name what differs, and drop the store."""
        one, other = (sums(path) for path in (whole, store))
        self.differing |= {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}
        if not self.differing:
            shutil.rmtree(store)


def _alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def published(store: Path) -> list[Path]:
    """List all files that readers may open."""
    found = (path for path in sorted(store.rglob("*")) if path.is_file() and ".staging" not in path.parts)
    return [path for path in found if path.relative_to(store).as_posix() not in CLOCK]


def sums(store: Path) -> dict[str, str]:
    """Hash all files that readers may open."""
    return {str(path.relative_to(store)): hashlib.sha256(path.read_bytes()).hexdigest() for path in published(store)}


def opens(path: Path) -> bool:
    """Read a file whole, as its readers do."""
    try:
        if path.suffix == ".parquet":
            pq.ParquetFile(path, page_checksum_verification=True).read()
        elif path.suffix == ".json":
            read = sealed.loads if "manifests" in path.parts else json.loads  # a report is for others to read
            read(path.read_bytes())
        elif path.suffix == ".csv":
            return len({len(row) for row in csv.reader(path.open(encoding="utf-8-sig", newline=""))}) == 1
        elif path.suffix == ".html":
            return path.read_bytes().rstrip().endswith(b"</html>")
    except (OSError, ValueError):
        return False
    return True


def main() -> None:
    """Make the stream, break the runs, say what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--days", type=int, default=3)
    parser.add_argument("--posts-per-day", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        trial = Trial(Path(folder), asked.kills, random.Random(asked.seed))
        make = [sys.executable, str(asked.shared / "bench" / "make_stream.py"), "--days", str(asked.days)]
        make += ["--posts-per-day", str(asked.posts_per_day), "--out", str(trial.folder / "stream")]
        subprocess.run(make, check=True, stdout=subprocess.DEVNULL)
        (trial.folder / "hibi.toml").write_text("")
        trial.run()
        told = {
            "kills": trial.done,
            "seconds of the undisturbed run": round(trial.seconds, 1),
            "moments": trial.moments,
            "stores compared": trial.stores,
            "runs that ended before their moment": trial.ended,
            "files compared": len(sums(trial.folder / "whole")),
            "of them": {
                kind: sum(name.startswith(f"{kind}/") for name in sums(trial.folder / "whole")) for kind in NAMED
            },
            "files that differ": sorted(trial.differing),
            "halves seen by a reader": trial.halves,
            "runs whose workers outlived them": trial.orphans,
        }
        print(json.dumps(told, indent=1, ensure_ascii=False))
        raise SystemExit(bool(trial.differing or trial.halves or trial.orphans))


if __name__ == "__main__":
    main()
