"""A file read in parts gives what it gives when read as one, wherever it is cut."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest_reading import DEFAULT, FORMATS, TOKYO, lines, write

from pipeline.ingest import collect
from pipeline.ingest.files import members
from pipeline.ingest.parts import Part, cut, member

LINES = [
    "bluesky_jetstream.jsonl",
    "hostile.jsonl",
    "reddit_comments.jsonl",
    "snscrape.jsonl",
    "twarc2_flat.jsonl",
    "twarc2_pages.jsonl",
    "v11_stream.jsonl",
]
MANY = [{"id": str(n), "created_at": f"2024-01-01T{n % 24:02}:00:00+09:00", "text": f"朝{n}"} for n in range(60)]


def whole(path):
    return collect.by_day(collect.gather(members(path, DEFAULT, TOKYO), collect.hasher(b"salt")), TOKYO)


def in_parts(path, size):
    found = collect.Gathered()
    for part in cut(path, DEFAULT, TOKYO, size):
        found.add(collect.gather([member(part, DEFAULT, TOKYO)], collect.hasher(b"salt")))
    return collect.by_day(found, TOKYO)


def rows(found):
    """All of it, comparable: tables without their chunks."""
    posts = {day: table.combine_chunks().to_pylist() for day, table in found.posts.items()}
    return replace(found, posts=posts, removals=found.removals.to_pylist())


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("size", [1, 200, 1_000])
def test_every_format_of_lines_gives_the_same_rows(tmp_path, name, size):
    path = write(tmp_path / name, 3 * ((FORMATS / name).read_bytes().rstrip(b"\n") + b"\n"))
    size = min(size, path.stat().st_size // 3)
    assert len(cut(path, DEFAULT, TOKYO, size)) > 1
    assert rows(in_parts(path, size)) == rows(whole(path))


@settings(deadline=None, derandomize=True, max_examples=40)
@given(size=st.integers(1, 400), ends=st.lists(st.sampled_from(["\n", "\r\n", "\n\n", "\n \n", "\nnot JSON\n"])))
def test_any_cut_gives_the_same_rows(tmp_path_factory, size, ends):
    ends = (ends + ["\n"] * len(MANY))[: len(MANY)]
    text = "\ufeff" + "".join(json.dumps(v, ensure_ascii=False) + end for v, end in zip(MANY, ends, strict=True))
    path = write(tmp_path_factory.mktemp("parts") / "posts.jsonl", text.removesuffix("\n"))
    assert rows(in_parts(path, size)) == rows(whole(path))


def test_parts_cover_the_file_once_and_end_with_lines(tmp_path):
    path = lines(tmp_path / "posts.jsonl", *MANY)
    raw, parts = path.read_bytes(), cut(path, DEFAULT, TOKYO, 500)
    assert [p.start for p in parts[1:]] == [p.stop for p in parts[:-1]]
    assert (parts[0].start, parts[-1].stop) == (0, len(raw))
    assert all(raw[: p.start].count(b"\n") == p.before and raw[p.stop - 1 : p.stop] == b"\n" for p in parts)


def test_a_line_longer_than_a_part_stays_whole(tmp_path):
    long = {**MANY[0], "id": "long", "text": "あ" * 300_000}
    path = lines(tmp_path / "posts.jsonl", MANY[0], long, *MANY[1:])
    found = in_parts(path, 1_000)
    assert rows(found) == rows(whole(path))
    assert max(len(t) for table in found.posts.values() for t in table["text"].to_pylist()) == 300_000


def test_what_is_no_plain_lines_is_read_as_one(tmp_path):
    text = "".join(json.dumps(value) + "\n" for value in MANY)
    for name, content in {
        "packed.jsonl.gz": gzip.compress(text.encode()),
        "wide.jsonl": text.encode("utf-16"),
        "document.json": json.dumps(MANY).encode(),
        "sheet.csv": ("id,text,created_at\n" + "1,朝,2024-01-01\n" * 60).encode(),
        "nothing.txt": b"no posts\n" * 60,
        "empty.jsonl": b"",
    }.items():
        assert cut(write(tmp_path / name, content), DEFAULT, TOKYO, 10) == [], name
    assert len(cut(write(tmp_path / "plain.jsonl", text), DEFAULT, TOKYO, 10)) == len(MANY)


def test_a_small_file_is_read_as_one(tmp_path):
    path = lines(tmp_path / "posts.jsonl", *MANY)
    size = path.stat().st_size
    assert cut(path, DEFAULT, TOKYO, size // 2 + 1) == []
    assert len(cut(path, DEFAULT, TOKYO, size // 2 - 1)) in (2, 3)


def test_a_part_travels_between_processes(tmp_path):
    import pickle

    part = cut(lines(tmp_path / "posts.jsonl", *MANY), DEFAULT, TOKYO, 100)[1]
    assert pickle.loads(pickle.dumps(part)) == part and isinstance(part, Part)
    found = collect.gather([member(part, DEFAULT, TOKYO)], collect.hasher(None))
    assert pa.concat_tables(pickle.loads(pickle.dumps(found)).tables).num_rows == found.count == 2  # 93 bytes a line
