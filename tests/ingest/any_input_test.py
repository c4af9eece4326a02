"""Every reader, whatever bytes or values come: nothing is raised but InputError, and each row is counted once."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest_reading import DEFAULT, SERIAL, TOKYO, records

from pipeline.errors import InputError, NotPosts
from pipeline.ingest import (
    boards,
    collect,
    columns,
    delimited,
    detect,
    encoding,
    html,
    json_values,
    lines,
    origin,
    parts,
    sheets,
    strict_json,
    times,
    x_archive,
)
from pipeline.ingest.files import members
from pipeline.ingest.records import Post, Rejected, Removal, Skipped, Unusable
from pipeline.settings import Source

MANY = settings(deadline=None, derandomize=True, max_examples=100)
FEW = settings(deadline=None, derandomize=True, max_examples=25)
PLAIN = origin.of("posts", Source(), TOKYO, False)
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=30)

HEADERS = ("id", "投稿者", "日時", "本文", "created_at", "text", "author", "url", "lang", "reply_to", "なにか")
CELLS = st.one_of(
    ANY_TEXT,
    st.sampled_from(["2024-01-01 00:00", "２０２４年１月１日", "45383.5", "1.7E+18", "1774957417067446273", "", " "]),
    st.sampled_from(['a"b', '"', '""', "a,b", "a\nb", "a\rb", "\x00", "RT @a: b", "https://a.example"]),
)
BOARD = st.lists(
    st.lists(
        st.one_of(
            ANY_TEXT,
            st.sampled_from(
                ["2024/01/01(月) 00:00:00.00 ID:abc", "あぼーん", "Over 1000 Thread", ">>1 <br> ttp://a.example"]
            ),
            st.sampled_from(["24/1/1 1:2", "99/99/99 99:99", "&#x1F600; &amp;amp;", "<b>" * 30]),
        ),
        min_size=3,
        max_size=6,
    ).map("<>".join),
    max_size=6,
).map("\n".join)


def gathered(content: bytes, name: str = "posts", size: int | None = None) -> collect.Collected:
    """Read a file as the engine does: at once, or cut into parts."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        os.utime(path, (1_704_000_000, 1_704_000_000))
        found = collect.Gathered()
        cut = parts.cut(path, SERIAL, TOKYO, size) if size else []
        for part in cut:
            found.add(collect.gather([parts.member(part, SERIAL, TOKYO)], collect.hasher(b"salt")))
        whole = found if cut else collect.gather(members(path, SERIAL, TOKYO), collect.hasher(b"salt"))
        return collect.by_day(whole, TOKYO)


def accounted(content: bytes, name: str = "posts") -> Counter[str]:
    """Count a file's rows twice, as its records come and as they are stored: the same number of each kind."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        read: list[Any] = []
        try:
            for member in members(path, SERIAL, TOKYO):
                read.extend(member.records)
        except InputError:
            pass
    told = Counter(type(one).__name__ for one in read)
    try:
        stored = gathered(content, name)
    except NotPosts:
        assert not read
        return told
    except InputError:
        return told
    assert (
        sum(t.rows for t in stored.tallies.values()) == sum(t.num_rows for t in stored.posts.values()) == told["Post"]
    )
    assert sum(t.quarantined for t in stored.tallies.values()) == told["Rejected"]
    assert sum(map(len, stored.quarantine.values())) == told["Rejected"]
    skipped = sum(n for tally in stored.tallies.values() for n in tally.skipped.values())
    assert skipped == told["Skipped"] + told["Removal"]
    assert stored.posts.keys() <= stored.tallies.keys()
    return told


@MANY
@given(st.binary(max_size=400))
def test_rows_of_any_bytes_are_counted_once(content: bytes) -> None:
    accounted(content)


@MANY
@given(st.lists(ANY_TEXT, max_size=8), st.sampled_from(["utf-8", "utf-16", "cp932", "euc_jp", "iso2022_jp"]))
def test_rows_of_any_text_in_any_encoding_are_counted_once(some: list[str], code: str) -> None:
    first = json.dumps({"id": "1", "created_at": "2024-01-01T00:00:00Z", "text": "朝の雨"}, ensure_ascii=False)
    content = "\n".join([first, *some]).encode(code, "replace")
    told = accounted(content)
    no_text = encoding.detect(content, complete=True) is None  # more than a twentieth of it are controls
    assert told["Post"] >= (0 if no_text else 1)


@FEW
@given(st.lists(st.binary(max_size=40), max_size=12), st.integers(1, 200))
def test_parts_give_what_the_whole_gives_for_any_bytes(some: list[bytes], size: int) -> None:
    good = [json.dumps({"id": str(n), "created_at": "2024-01-01T00:00:00Z", "text": "朝"}).encode() for n in range(3)]
    content = b"\n".join([*good, *some, *good])
    whole, cut = gathered(content), gathered(content, size=size)
    assert whole.tallies == cut.tallies and whole.quarantine == cut.quarantine
    assert {day: table.to_pylist() for day, table in whole.posts.items()} == {
        day: table.to_pylist() for day, table in cut.posts.items()
    }


@MANY
@given(
    st.lists(st.sampled_from(HEADERS), min_size=2, max_size=6),
    st.lists(st.lists(CELLS, max_size=7), max_size=6),
    st.sampled_from(",\t;"),
    st.booleans(),
)
def test_any_sheet_gives_a_record_a_row(header: list[str], rows: list[list[str]], sign: str, quoted: bool) -> None:
    stream = io.StringIO()
    quoting = csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
    writer = csv.writer(stream, delimiter=sign, quoting=quoting, escapechar=None, lineterminator="\n")
    writer.writerow([*header, "日時", "本文"])
    writer.writerows([*row, "x", "y"] for row in rows)
    content = stream.getvalue().encode("utf-8", "replace")
    told = accounted(content)
    assert not told or told.total() >= 1
    raw = content.decode("utf-8", "replace").replace("\0", "\ufffd")
    numbered = list(delimited.rows(iter(raw.splitlines(keepends=True)), sign))
    places = [one.line if isinstance(one, Rejected) else one[0] for one in numbered]
    assert places == sorted(set(places))


@MANY
@given(
    st.lists(
        st.one_of(CELLS, st.none(), st.floats(), st.integers(), st.datetimes(), st.dates(), st.booleans()), max_size=9
    )
)
def test_any_cells_of_a_workbook_give_a_record(cells: list[Any]) -> None:
    header = ["id", "投稿者", "日時", "本文", "url", "reply_to"]
    found = list(sheets.records([(1, header), (2, cells)], PLAIN))
    assert len(found) == 2 and all(isinstance(one, Post | Rejected | Skipped) for one in found)


@MANY
@given(BOARD)
def test_any_board_gives_a_record_a_line(text: str) -> None:
    raw = text.encode("utf-8", "replace")
    found = list(boards.fivech(lines.split(iter([raw])), origin.of("1705330798.dat", Source(), TOKYO, False)))
    assert [one.line for one in found] == list(range(1, len(found) + 1))
    assert len(found) == len(raw.removesuffix(b"\n").split(b"\n")) if raw.strip(b"\n") else True
    accounted(raw, "1705330798.dat")


MARKS = ["<p>", "</p>", "<br>", "<a href='", "'>", "<", "&", "&#0;", "&#xD800;", "x"]


@MANY
@given(ANY_TEXT | st.lists(st.sampled_from(MARKS)).map("".join))
def test_any_markup_is_text(markup: str) -> None:
    try:
        text, links = html.to_text(markup)
    except Unusable:
        return
    assert isinstance(text.encode("utf-8", "surrogatepass"), bytes) and all(isinstance(one, str) for one in links)


@MANY
@given(st.binary(max_size=200))
def test_any_bytes_are_in_some_encoding_or_none_and_come_whole_in_any_chunks(raw: bytes) -> None:
    code = encoding.detect(raw, True)
    if code is None:
        return
    whole = b"".join(encoding.utf8(iter([raw]), code))
    if code != "utf-8":
        whole.decode("utf-8")
        apart = b"".join(encoding.utf8(iter([raw[n : n + 1] for n in range(len(raw))]), code))
        assert apart == whole


@MANY
@given(st.binary(max_size=300), st.booleans())
def test_any_beginning_is_told_or_not(head: bytes, complete: bool) -> None:
    found = detect.of(head, complete, PLAIN)
    assert found is None or found.layout in ("lines", "document", "x_archive", "fivech", "sheet")


@MANY
@given(st.binary(max_size=60))
def test_strict_json_says_no_in_one_way_and_is_json_where_it_says_yes(raw: bytes) -> None:
    for text in (raw, b'{"a":' + raw + b"}", b'"' + raw + b'"'):
        try:
            value = strict_json.loads(text)
        except strict_json.BadJson as reason:
            assert str(reason)
            fixed = strict_json.repaired(text)
            assert fixed is None or isinstance(fixed, bytes)
        else:
            assert json.loads(text) == value
    assert isinstance(json_values.before_damage(b"[" + raw), list)


@MANY
@given(st.binary(max_size=120))
def test_any_archive_script_is_told_by_its_beginning(raw: bytes) -> None:
    told = x_archive.kind(b"window.YTD.tweets.part0 = " + raw)
    assert told == "tweets" and x_archive.payload(b"window.YTD.tweets.part0 = " + raw) is not None
    accounted(b"window.YTD.tweets.part0 = [" + raw + b"]")


@MANY
@given(st.lists(ANY_TEXT, max_size=8))
def test_any_header_has_columns_or_none(header: list[str]) -> None:
    found = columns.assign(header, {})
    assert found is None or set(found.values()) <= set(range(len(header)))


@MANY
@given(st.one_of(ANY_TEXT, st.integers(), st.floats(), st.none(), st.booleans(), st.lists(st.none())))
def test_any_value_is_a_time_of_this_age_or_none(value: Any) -> None:
    found = [times.iso(value), times.epoch(value), times.x_time(value), times.serial(value, TOKYO)]
    if isinstance(value, str):
        found += [times.sheet(value, TOKYO), times.snowflake(value)]
        found += [times.written(value, form, TOKYO) for form in ("%Y", "%H:%M %d.%m.%y", "%z %Y", value)]
    first, last = 31_536_000_000_000, 7_289_654_400_000_000  # 1971-01-01, 2201-01-01
    assert all(one is None or first <= one < last for one in found)


@pytest.mark.parametrize("kind", ["xlsx", "zip", "tar"])
@FEW
@given(data=st.data())
def test_any_bytes_that_begin_as_an_archive_are_an_input_error_or_counted(kind: str, data: st.DataObject) -> None:
    begin = {"zip": b"PK\x03\x04", "xlsx": b"PK\x05\x06", "tar": b"a".ljust(257, b"\0") + b"ustar\x0000"}[kind]
    accounted(begin + data.draw(st.binary(max_size=600)))


def test_removals_are_counted_among_the_skipped(tmp_path: Path) -> None:
    account = {"active": False, "status": "deleted"}
    notice = {"did": "did:plc:a", "time_us": 1_704_067_200_000_000, "kind": "account", "account": account}
    (tmp_path / "p.jsonl").write_text(json.dumps(notice) + "\n")
    (found,) = records(tmp_path / "p.jsonl", DEFAULT)
    assert isinstance(found, Removal)
    assert accounted((tmp_path / "p.jsonl").read_bytes()) == {"Removal": 1}


def test_no_reader_is_left_out() -> None:
    """Each module of ingest that reads bytes or values is named in this file or in hostile_bytes_test."""
    folder = Path(collect.__file__).parent
    tested = Path(__file__).read_text("utf-8") + Path(__file__).with_name("hostile_bytes_test.py").read_text("utf-8")
    by_files = {"archives", "companions", "files", "recognise", "source", "workbook"}  # read through members()
    by_formats = {
        "bluesky",
        "fediverse",
        "generic",
        "plain",
        "misskey",
        "x_api",
        "x_stream",
        "fields",
        "formats",
    }  # FORMATS
    others = {"__init__", "duplicates", "merge", "origin", "quarantine", "records", "tombstones"}  # no readers
    for path in folder.glob("*.py"):
        assert path.stem in by_files | by_formats | others or re.search(rf"\b{path.stem}\b", tested), path.stem
