"""The shipped sample is what its generator writes, and holds what its README promises."""

from __future__ import annotations

import csv
import gzip
import json
import re
import subprocess
import sys
import zipfile
import zlib
from collections import Counter
from pathlib import Path

import pytest

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
INBOX = SAMPLE / "inbox"


def _files(folder: Path) -> dict[str, bytes]:
    caches = {"__pycache__", ".mypy_cache", ".ruff_cache"}
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file() and not caches & set(path.parts))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def _lines(day: int) -> list[dict[str, str]]:
    """Return the day's good lines: objects with a text and a time."""
    plain, packed = INBOX / f"2024-01-{day:02d}.jsonl", INBOX / f"2024-01-{day:02d}.jsonl.gz"
    data = gzip.decompress(packed.read_bytes()) if packed.exists() else plain.read_bytes()
    found = []
    for line in data.decode("utf-8-sig").split("\n"):
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and row["text"] and row.get("created_at", "").startswith("2024"):
            found.append(row)
    return found


@pytest.fixture(scope="module")
def days() -> dict[int, list[dict[str, str]]]:
    return {day: _lines(day) for day in range(1, 15)}


def test_generator_writes_the_shipped_bytes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-B", str(SAMPLE / "generate.py"), str(tmp_path)], check=True)
    assert _files(tmp_path / "inbox") == _files(INBOX)
    assert (tmp_path / "labels.csv").read_bytes() == (SAMPLE / "labels.csv").read_bytes()


def test_each_day_is_of_a_readable_size(days: dict[int, list[dict[str, str]]]) -> None:
    assert all(250 <= len(rows) <= 450 for rows in days.values()), {day: len(rows) for day, rows in days.items()}
    assert sum(len(data) for data in _files(SAMPLE).values()) < 2_000_000


def test_events_make_words_jump(days: dict[int, list[dict[str, str]]]) -> None:
    def share(word: str, day: int) -> float:
        return sum(word in row["text"] for row in days[day]) / len(days[day])

    events = {"こむぎ座": 6, "成人": 8, "しおさいリフレイン": 10, "雪": 11, "停電": 12, "冬の音会": 13}
    for word, day in events.items():
        assert share(word, day) > 4 * share(word, day - 1), (word, day)
    assert share("初詣", 1) > share("初詣", 3) > share("初詣", 5)  # and one that falls


def test_posts_seldom_read_alike(days: dict[int, list[dict[str, str]]]) -> None:
    own = (row for rows in days.values() for row in rows if not {"repost_of", "collected_at"} & row.keys())
    texts = Counter(row["text"] for row in own)
    repeated = sum(count - 1 for count in texts.values())
    assert 20 < repeated < 0.03 * sum(texts.values())


def test_reposts_replies_and_authors(days: dict[int, list[dict[str, str]]]) -> None:
    rows = [row for found in days.values() for row in found]
    passed_on = sum("repost_of" in row or row["text"].startswith("RT @") for row in rows)
    assert 0.12 < passed_on / len(rows) < 0.2
    ids = {row["id"] for row in rows}
    pointed = [row[key] for row in rows for key in ("repost_of", "reply_to") if key in row]
    assert len(pointed) > 900
    assert set(pointed) <= ids
    activity = sorted(Counter(row["author"] for row in rows).values())
    assert len(activity) > 120
    assert activity[-1] > 8 * activity[len(activity) // 2]


def test_bad_late_edited_and_private_ones() -> None:
    assert '"text": ""' in (INBOX / "2024-01-09.jsonl").read_text(encoding="utf-8")
    sixth = (INBOX / "2024-01-06.jsonl").read_text(encoding="utf-8").split("\n")
    assert any("時刻のない投稿" in line and "created_at" not in line for line in sixth)
    late = [json.loads(line) for line in (INBOX / "late/2024-01-05-late.jsonl").read_text("utf-8").splitlines()]
    assert {row["created_at"][:10] for row in late} == {"2024-01-05", "2024-01-06"}
    before = {row["id"]: row["text"] for row in _lines(8)}
    edited = [row for row in _lines(9) if "edited_at" in row]
    assert len(edited) == 4
    assert all(row["text"] != before[row["id"]] for row in edited)
    statuses = json.loads((INBOX / "mastodon-shiomi.json").read_bytes())
    assert any(status["spoiler_text"] for status in statuses)
    assert any(status["reblog"] for status in statuses)
    visible = Counter(status["visibility"] for status in statuses)
    assert visible["private"] >= 1
    assert visible["public"] > 20


def test_other_layouts_open() -> None:
    with zipfile.ZipFile(INBOX / "x-archive-shizuku.zip") as archive:
        assert archive.testzip() is None
        assert archive.read("data/tweets.js").startswith(b"window.YTD.tweets.part0 = [")
    rows = list(csv.reader((INBOX / "goiken.csv").read_bytes().decode("cp932").splitlines(keepends=True)))
    assert rows[0] == ["投稿ID", "ユーザー名", "投稿日時", "本文", "URL"]
    assert sum(bool(re.fullmatch(r"\d\.\d+E\+\d+", row[0])) for row in rows) == 1
    board = next(INBOX.glob("*.dat")).read_bytes().decode("cp932").splitlines()
    assert all(line.count("<>") == 4 for line in board)
    operations = [json.loads(line)["commit"] for line in (INBOX / "bluesky-shiomi.jsonl").read_bytes().splitlines()]
    created = {commit["rkey"] for commit in operations if commit["operation"] == "create"}
    assert {commit["rkey"] for commit in operations if commit["operation"] == "delete"} < created


def test_labels_name_posts_of_the_daily_files(days: dict[int, list[dict[str, str]]]) -> None:
    with (SAMPLE / "labels.csv").open(encoding="utf-8", newline="") as file:
        labels = list(csv.DictReader(file))
    ids = {f"jsonl:{row['id']}" for rows in days.values() for row in rows}
    late = (INBOX / "late/2024-01-05-late.jsonl").read_bytes().splitlines()
    ids |= {f"jsonl:{json.loads(line)['id']}" for line in late}
    assert {row["post_id"] for row in labels} <= ids
    assert len({row["post_id"] for row in labels}) == 600
    assert Counter(row["mood"] for row in labels) == {"positive": 200, "negative": 200, "neutral": 200}


def test_stored_gzip_is_a_gzip_of_any_length() -> None:
    sys.path.insert(0, str(SAMPLE))
    try:
        from layouts import gzipped
    finally:
        sys.path.remove(str(SAMPLE))
    for size in (1, 65535, 65536, 200_000):  # a stored block holds at most 65535 bytes
        data = bytes(n % 251 for n in range(size))
        assert gzip.decompress(gzipped(data)) == data
        assert zlib.crc32(data).to_bytes(4, "little") == gzipped(data)[-8:-4]
