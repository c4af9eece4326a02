"""One day of 1,000,000 posts: seconds, and the peak of memory of all processes of the run together.

    python benchmarks/million.py [--posts 1000000] [--shared ../shared]

Memory is the sum of proportional set sizes (pages shared by processes count once), sampled ten times a second; Linux.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def family(root: int) -> list[int]:
    """List a process and all below it."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found = [root]
    for process in found:
        found += parents.get(process, [])
    return found


def proportional_kb(process: int) -> int:
    """Read a process's proportional set size; 0 if it has ended."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--posts", type=int, default=1_000_000)
    options.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        make = [sys.executable, str(asked.shared / "bench" / "make_stream.py"), "--days", "1"]
        subprocess.run([*make, "--posts-per-day", str(asked.posts), "--out", str(folder / "in")], check=True)
        command = [
            sys.executable,
            "-m",
            "pipeline",
            "run",
            "--inbox",
            str(folder / "in"),
            "--store",
            str(folder / "st"),
        ]
        start, peak, by_main = time.perf_counter(), [0], [0]
        run = subprocess.Popen(command)

        def watch() -> None:
            while run.poll() is None:
                sizes = [proportional_kb(process) for process in family(run.pid)]
                peak[0], by_main[0] = max(peak[0], sum(sizes)), max(by_main[0], sizes[0])
                time.sleep(0.1)

        watcher = threading.Thread(target=watch)
        watcher.start()
        code = run.wait()
        watcher.join()
        seconds = time.perf_counter() - start
        print(f"{asked.posts:,} posts: exit {code}, {seconds:.0f} s, peak {peak[0] / 1e6:.2f} GB")
        print(f"of which the main process {by_main[0] / 1e6:.2f} GB")


if __name__ == "__main__":
    main()
