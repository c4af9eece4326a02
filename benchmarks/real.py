"""Real posts through the whole job: the haskell-jp log (1,822 days) and the open2ch posts as one day.

    python benchmarks/real.py FOLDER [--shared ../shared]

Writes FOLDER/haskelljp and FOLDER/open2ch (inbox and store each), so that the reports can be opened and looked at.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parent.parent
TOKYO = dt.timezone(dt.timedelta(hours=9))


def haskelljp(shared: Path) -> Iterable[dict[str, Any]]:
    """Give the log as generic lines."""
    path = shared / "data" / "haskelljp_stream" / "posts_2017_2023.parquet"
    for row in pq.read_table(path).to_pylist():
        reply = row["thread_id"] if row["is_reply"] else None
        yield {k: row[k] for k in ("created_at", "text")} | {
            "id": row["post_id"],
            "author": row["user"],
            "reply_to": reply,
        }


def open2ch(shared: Path) -> Iterable[dict[str, Any]]:
    """Give the posts as one day of generic lines, evenly over the clock; they have neither times nor authors."""
    path = shared / "data" / "open2ch_posts" / "posts_dev.tsv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row["post"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
    for number, text in enumerate(rows):
        moment = dt.datetime(2019, 7, 20, tzinfo=TOKYO) + dt.timedelta(days=number / len(rows))
        yield {"id": str(number), "created_at": moment.isoformat(), "text": text.replace("__BR__", "\n")}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    asked = options.parse_args()
    for name, rows in (("haskelljp", haskelljp(asked.shared)), ("open2ch", open2ch(asked.shared))):
        inbox, store = asked.folder / name / "inbox", asked.folder / name / "store"
        inbox.mkdir(parents=True)
        lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
        (inbox / "posts.jsonl").write_text("".join(lines), encoding="utf-8")
        start = time.perf_counter()
        command = [sys.executable, "-m", "pipeline", "run", "--inbox", str(inbox), "--store", str(store)]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
        print(f"{name}: {len(lines):,} posts, {len(said) - 1:,} days, {seconds:.1f} s, {peak} MB; {said[-1]}")


if __name__ == "__main__":
    main()
