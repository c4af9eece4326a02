"""A month of 20,000 posts a day in one inbox: everything accounted for, counts as a plain loop finds them, the same
bytes day by day as at once, and what day 31 costs beside day 2.

    python benchmarks/month.py [--days 31] [--posts 20000] [--shared ../shared]
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 5
TABLES = ("posts", "tokens", "counts", "word_authors", "tables", "summary")


def hibi(*arguments: str) -> float:
    """Run the command; seconds by the clock."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "pipeline", *arguments], check=True, capture_output=True)
    return time.perf_counter() - start


def night(store: Path, inbox: Path) -> float:
    return hibi("run", "--inbox", str(inbox), "--store", str(store))


def day_by_day(stream: Path, inbox: Path, store: Path, before: Path) -> None:
    """Deliver a day's file a night, and run; ``before`` gets the store as it was before the last night."""
    files = sorted(stream.glob("*.jsonl"))
    for file in files:
        if file == files[-1]:
            shutil.copytree(store, before)
        shutil.copy2(file, inbox)
        night(store, inbox)


def growth(stream: Path, inbox: Path, before: Path, folder: Path) -> list[tuple[float, float]]:
    """Seconds of the second night and of the last, one after the other so that both meet the same weather."""
    first, second = sorted(stream.glob("*.jsonl"))[:2]
    early, two = folder / "early", folder / "two"
    two.mkdir()
    shutil.copy2(first, two)
    night(early, two)
    shutil.copy2(second, two)
    return [(night(_copy(early), two), night(_copy(before), inbox)) for _ in range(ROUNDS)]


def _copy(store: Path) -> Path:
    copy = store.with_name(f"{store.name}-copy")
    shutil.rmtree(copy, ignore_errors=True)
    return shutil.copytree(store, copy)


def different(one: Path, other: Path) -> list[str]:
    """Name the files of the tables that are not the same bytes in both stores."""
    paths = {p.relative_to(s) for s in (one, other) for t in TABLES for p in (s / t).rglob("*") if p.is_file()}
    return sorted(str(p) for p in paths if not _same(one / p, other / p))


def _same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.read_bytes() == other.read_bytes()


def accounted(store: Path, stream: Path) -> tuple[int, int, int]:
    """Count lines in the files, rows read as the reports tell, and posts stored; the first two must be equal."""
    lines = sum(file.read_bytes().count(b"\n") for file in stream.glob("*.jsonl"))
    read = kept = 0
    for path in sorted((store / "reports").glob("*/report.json")):
        for file in json.loads(path.read_bytes())["files"]:
            fates = file["kept"], file["repeated"], file["quarantined"], sum(file["skipped"].values())
            assert file["read"] == sum(fates), f"{path}: {file}"
            read, kept = read + file["read"], kept + file["kept"]
    stored = sum(pq.read_metadata(p).num_rows for p in (store / "posts").glob("*/*.parquet"))
    assert stored == kept, (stored, kept)
    return lines, read, stored


def wrong_days(store: Path) -> list[str]:
    """Name the days whose counts are not those of a plain loop over clean with the same dictionaries."""
    import fugashi

    from pipeline.text import dictionary, lexicon, synonyms, variants

    source, words = lexicon.source_folder(), dictionary.read_words(dictionary.SHIPPED)
    words += variants.split_words(synonyms.load(None).keys() - {word.word for word in words}, source)
    with tempfile.TemporaryDirectory() as folder:
        user = Path(folder) / "user.dic"
        dictionary.compile(dictionary.entries(words, source), source, user)
        tagger = fugashi.Tagger(f'-u "{user}"')
        return [p.parent.name for p in sorted((store / "posts").glob("*/*.parquet")) if not _right(p, tagger, store)]


def _right(posts: Path, tagger: Callable[[str], list[Any]], store: Path) -> bool:
    plain: Counter[tuple[str, str, str]] = Counter()
    for text in pq.read_table(posts, columns=["clean"])["clean"].to_pylist():
        for word in tagger(text):
            feature = word.feature
            plain[feature.orthBase or word.surface, feature.lemma or word.surface, feature.pos1] += 1
    found = pq.read_table(store / "counts" / posts.parent.name / "part-0.parquet").to_pylist()
    return {(r["base"], r["lemma"], r["pos"]): r["count"] for r in found} == plain


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--days", type=int, default=31)
    options.add_argument("--posts", type=int, default=20_000)
    options.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        stream, inbox, daily, once, before = (folder / name for name in ("stream", "inbox", "daily", "once", "before"))
        inbox.mkdir()
        make = [sys.executable, str(asked.shared / "bench" / "make_stream.py"), "--out", str(stream)]
        subprocess.run([*make, "--days", str(asked.days), "--posts-per-day", str(asked.posts)], check=True)
        day_by_day(stream, inbox, daily, before)
        nights = growth(stream, inbox, before, folder)
        once.mkdir()
        shutil.copy2(daily / ".salt", once / ".salt")
        whole = hibi("run", "--inbox", str(stream), "--store", str(once))
        again = hibi("run", "--inbox", str(stream), "--store", str(once))
        lines, read, stored = accounted(once, stream)
        last = str(dt.date(2024, 1, 1) + dt.timedelta(days=asked.days - 1))
        questions = {
            "words": ["words", "--since", "2024-01-01", "--until", last],
            "kwic": ["kwic", "雨"],
            "trend": ["trend", "雨", "雪"],
        }
        asking = {
            name: [hibi(*question, "--store", str(once)) for _ in range(ROUNDS)] for name, question in questions.items()
        }
        result = {
            "lines in the files": lines,
            "rows read": read,
            "posts stored": stored,
            "files that differ between day by day and at once": different(daily, once),
            "days whose counts are not those of a plain loop": wrong_days(once),
            "night 2 and the last, s": [[round(seconds, 2) for seconds in pair] for pair in nights],
            "last night / night 2, median round": round(statistics.median(late / early for early, late in nights), 3),
            "all at once, s": round(whole, 1),
            "a run with nothing to do, s": round(again, 2),
            "asking, s": {name: [round(one, 2) for one in sorted(seconds)] for name, seconds in asking.items()},
            "peak of one process, MB": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024,
        }
        print(json.dumps(result, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
