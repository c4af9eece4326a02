"""A day beside the plain script and beside MeCab, in one run on this machine: ratios, not seconds, are the result.

    python benchmarks/day.py [--posts 20000] [--rounds 5] [--shared ../shared]

Measures, alternating with the yardstick so that both meet the same weather:
  words   reading, cleaning, tokenising and counting, on one and on two processes, against naive_day.py without clouds
  mecab   tokenising and counting alone, on one core, against `mecab -Owakati` with the same dictionaries and texts
  day     the whole `hibi run` of the day, from the shell, against naive_day.py with its two clouds, from the shell
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from pipeline import spreading
from pipeline.analysis import frequency
from pipeline.engines import jobs
from pipeline.engines.pool import Pool, collect_seldom
from pipeline.engines.project import open_project
from pipeline.errors import LostWorker
from pipeline.ingest import collect, parts
from pipeline.ingest.files import members
from pipeline.settings import Settings
from pipeline.spreading import Result, unless_lost
from pipeline.text import dictionary, lexicon, tokenise
from pipeline.text.normalise import clean_all

ROOT = Path(__file__).resolve().parent.parent
TOKYO = ZoneInfo("Asia/Tokyo")
CHUNK = spreading.CHUNK


def counted(
    texts: pa.Array, at: int, folder: str, fingerprint: str, posts: pa.Table
) -> tuple[tokenise.Analysed, list[frequency.Counted]]:
    """Clean, tokenise and count a run of a day's posts: what workers do. A run stores the tokens in between."""
    found = tokenise.analyse([c.clean for c in clean_all(texts.to_pylist())], at, folder, fingerprint, CHUNK)
    counter = frequency.Counter(posts)
    counter.add(found.tokens)
    return found, counter.parts


def words(day: Path, folder: str, fingerprint: str, pool: Pool | None = None) -> float:
    """Read, clean, tokenise and count a day as a run does, in this process or with workers; seconds."""
    start, rules, found = time.perf_counter(), Settings().ingest, collect.Gathered()
    if pool is None:
        found = collect.gather(members(day, rules, TOKYO), collect.hasher(b"salt"))
    else:
        work = [(part, rules, TOKYO, b"salt") for part in parts.cut(day, rules, TOKYO)]
        for part in unless_lost(pool.map(jobs.gather, work)):
            found.add(part)
    posts = pa.concat_tables(collect.by_day(found, TOKYO).posts.values())

    def spread(job: Callable[..., Result], items: Iterable[tuple[Any, ...]]) -> list[Result | LostWorker]:
        return pool.map(job, items) if pool else [job(*item) for item in items]

    authors = posts.append_column("duplicate_of", pa.nulls(len(posts), pa.string())).select(frequency.OF_POSTS)
    counter = frequency.Counter(authors)
    for results, _ in spreading.each_run(
        posts["text"], counted, lambda texts, at: (texts, at, folder, fingerprint, authors), spread
    ):
        counter.parts += [part for _, parts in results for part in parts]
    counter.result()
    return time.perf_counter() - start


def alone(texts: Path, folder: str, fingerprint: str) -> float:
    """Tokenise and count cleaned texts, one a line, on one core; seconds."""
    clean = texts.read_text(encoding="utf-8").splitlines()
    plain = {"author": ["a"] * len(clean), "is_repost": [False] * len(clean)}
    posts = pa.table(plain | {"duplicate_of": pa.nulls(len(clean), pa.string())})
    start = time.perf_counter()
    chunks = [(clean[at : at + CHUNK], at, folder, fingerprint, CHUNK) for at in range(0, len(clean), CHUNK)]
    frequency.count(posts, [tokenise.analyse(*chunk).tokens for chunk in chunks])
    return time.perf_counter() - start


def fresh(workers: int, folder: str, fingerprint: str) -> Pool:
    """Start processes that have loaded everything and remember nothing: the plain script's time is so measured too."""
    pool = Pool(workers)
    unless_lost(pool.map(_load, [(folder, fingerprint)] * workers))
    return pool


def _load(folder: str, fingerprint: str) -> None:
    """Load code and dictionary, and wait, so that no process takes the turn of one that is still starting."""
    nobody = pa.table({"author": ["a"], "is_repost": [False], "duplicate_of": pa.nulls(1, pa.string())})
    counted(pa.array(["朝"]), 0, folder, fingerprint, nobody)
    time.sleep(0.5)


def timed(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def naive(shared: Path, day: Path, *more: str) -> dict[str, float]:
    """Run the plain script; seconds by step as it tells them itself (imports apart), and by the clock."""
    script = shared / "bench" / "naive_day.py"
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as out:
        done = subprocess.run(
            [sys.executable, str(script), str(day), out, *more], capture_output=True, text=True, check=True
        )
    told: dict[str, float] = json.loads(done.stdout)["seconds"]
    return told | {"clock": time.perf_counter() - start}


def mecab(texts: Path, user: Path) -> None:
    source = str(lexicon.source_folder())
    command = ["mecab", "-r", "/dev/null", "-d", source, "-u", str(user), "-Owakati", str(texts), "-o", os.devnull]
    subprocess.run(command, check=True)


def stream(shared: Path, posts: int, folder: Path) -> Path:
    """Make two days of the stream; the second has reposts of the first, as every night has."""
    command = [sys.executable, str(shared / "bench" / "make_stream.py"), "--days", "2", "--posts-per-day", str(posts)]
    subprocess.run([*command, "--out", str(folder)], check=True)
    return folder / "2024-01-02.jsonl"


def table(rows: list[tuple[str, list[float], list[float], float]]) -> str:
    """Write best times and their ratio, as noise only ever adds to a time; and the median round with the range."""
    lines = [
        "| measure | plain, s | hibi, s | ratio | median round | lowest–highest | target |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, plain, ours, target in rows:
        ratios = sorted(p / o for p, o in zip(plain, ours, strict=True))
        best = f"{min(plain):.2f} | {min(ours):.2f} | {min(plain) / min(ours):.2f}"
        spread = f"{statistics.median(ratios):.2f} | {ratios[0]:.2f}–{ratios[-1]:.2f}"
        lines.append(f"| {name} | {best} | {spread} | {target} |")
    return "\n".join(lines)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--posts", type=int, default=20_000)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        day = stream(asked.shared, asked.posts, folder / "stream")
        project = open_project(Settings(), folder / "words")
        where = (str(project.lexicon.folder), project.lexicon.fingerprint)
        clean = [c.clean for c in clean_all([json.loads(line)["text"] for line in day.open(encoding="utf-8")])]
        texts, user = folder / "clean.txt", folder / "user.dic"
        source = lexicon.source_folder()
        dictionary.compile(dictionary.entries(dictionary.read_words(dictionary.SHIPPED), source), source, user)
        texts.write_text("".join(text.replace("\n", " ") + "\n" for text in clean), encoding="utf-8")

        def whole() -> None:
            store = folder / "store"
            shutil.rmtree(store, ignore_errors=True)
            command = [sys.executable, "-m", "pipeline", "run", "--inbox", str(day), "--store", str(store)]
            subprocess.run(command, check=True, capture_output=True)

        from pylopdf_fonts_jp import sans_path

        whole()  # so that the dictionary is compiled and cached
        collect_seldom()
        plain1, one, two_cores, mecabs, alones, plain2, wholes = ([] for _ in range(7))
        for _ in range(asked.rounds):
            told = naive(asked.shared, day, "--no-cloud")
            plain1.append(told["read"] + told["tokenise and count"])
            with fresh(1, *where) as pool:
                one += unless_lost(pool.map(words, [(day, *where)]))
            with fresh(2, *where) as pool:
                two_cores.append(words(day, *where, pool))
            mecabs.append(timed(lambda: mecab(texts, user)))
            with fresh(1, *where) as pool:
                alones += unless_lost(pool.map(alone, [(texts, *where)]))
            plain2.append(naive(asked.shared, day, "--font", str(sans_path()))["clock"])
            wholes.append(timed(whole))
        print(
            table(
                [
                    ("reading, tokenising, counting, two processes", plain1, two_cores, 4.0),
                    ("reading, tokenising, counting, one process", plain1, one, 2.2),
                    ("tokenising and counting against `mecab -Owakati`, one core", mecabs, alones, 0.8),
                    ("the whole day, from the shell", plain2, wholes, 1.0),
                ]
            )
        )


if __name__ == "__main__":
    main()
