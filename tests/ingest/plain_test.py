"""Plain posts read by column are what they are when read one after the other."""

from __future__ import annotations

import json
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest_reading import TOKYO

from pipeline.errors import InputError
from pipeline.ingest import collect, formats, json_values, plain
from pipeline.ingest.files import Member
from pipeline.ingest.lines import TooLong
from pipeline.ingest.origin import Origin
from pipeline.ingest.records import Post, Run

ORIGIN = Origin("posts.jsonl", TOKYO)
PLAIN = {"id": "1", "author": "花", "created_at": "2024-01-01T07:00:00+09:00", "text": "朝です", "repost_of": None}

VALUES: dict[str, list[Any]] = {
    "id": ["1", "x" * 99, "x" * 100, "", " ", "　", "\x0b", "\x85", "a b", 5, 5.0, True, None, [], {}],
    "author": ["花", "a" * 99, "a" * 100, "a" * 3_000, "", " ", 7, False, None, [1], {"id": "a", "text": "b"}],
    "created_at": [
        *(
            "2024-01-01T07:00:00+09:00",
            "2024-02-29T23:59:59Z",
            "2024-01-01T07:00:00.123Z",
            "2024-01-01T07:00:00.123456-05:30",
        ),
        *("2023-02-29T07:00:00Z", "2024-13-01T07:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01T07:00:60Z"),
        *("2024-01-01T07:00:00", "2024-01-01 07:00:00Z", "20240101T070000Z", "2024-01-01", "2024-01-01T07:00:00+24:00"),
        *("1970-06-01T00:00:00Z", "1971-01-01T00:00:00Z", "2200-12-31T23:59:59.999999Z", "2201-01-01T00:00:00Z"),
        *(
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-14:00",
            "２０２４-01-01T07:00:00Z",
            "2024-01-01T07:00:00Z\n",
        ),
        *("2024-01-01T07:00:00.1Z", "2024-01-01T07:00:00.1234567Z", "", 1_704_060_000, 1.7e12, "1704060000", None, []),
    ],
    "text": [
        "朝",
        "",
        "RT @a: 朝",
        "RT @花: 朝",
        "RT @ 朝",
        '":',
        '\\" : ":',
        "\0",
        "\u2028",
        "😊",
        "x" * 100_000,
        None,
        5,
        ["a"],
    ],
    "lang": ["ja", "", None, 5, ["ja"]],
    "repost_of": ["9", "", None, 9, 9.0, True, "x" * 100],
    "reply_to": ["9", "", None, 9, {}],
    "quote_of": ["9", "", None, 9],
    "is_repost": [True, False, None, "true", 1],
    "urls": [None, [], ["https://a.example/"], "https://a.example/"],
    "hashtags": [None, ["朝"]],
    "edited_at": [None, "2024-01-02T00:00:00Z"],
    "collected_at": [None, "2024-01-02T00:00:00Z"],
    "likes": [None, 5, {"id": 1, "of": {"id": 2}}, [{"text": "a"}]],
}
FIELDS = [(key, value) for key, values in VALUES.items() for value in values]
RAW = [
    b"",
    b"  ",
    b"{",
    b"[]",
    b"5",
    b"null",
    b'{"id": "1", "id": "2", "text": "a", "created_at": "2024-01-01T07:00:00Z"}',
]
RAW += [
    b'{"id": "1", "\\u0069d": "2", "text": "a", "created_at": "2024-01-01T07:00:00Z"}',
    b'{"text": "\\ud800", "id": "1"}',
]
RAW += [
    b'{"id" : "1" ,"text" :\t"\xff", "created_at": "2024-01-01T07:00:00Z"}',
    b"\xef\xbb\xbf" + json.dumps(PLAIN).encode(),
]
RAW += [TooLong(json.dumps(PLAIN).encode() + b" " * 9), json.dumps([PLAIN]).encode(), b'{"data": [], "meta": {}}']


def gathered(lines: list[bytes], origin: Origin = ORIGIN) -> tuple[list[dict[str, Any]], Any]:
    numbered = iter(list(enumerate(lines, 1)))
    records = json_values.from_lines(numbered, formats.GENERIC, origin)
    found = collect.gather([Member("posts.jsonl", "generic_jsonl", "utf-8", 10**15, records)], collect.hasher(b"salt"))
    posts = [post for table in found.tables for post in table.to_pylist()]
    assert len(posts) == found.count
    return posts, (found.rejected, found.skipped, found.removals, found.errors)


def one_by_one(lines: list[bytes], origin: Origin = ORIGIN) -> tuple[list[dict[str, Any]], Any]:
    with mock.patch.object(plain, "FEWEST", 10**9):
        return gathered(lines, origin)


def written(post: dict[str, Any]) -> bytes:
    return json.dumps(post, ensure_ascii=False).encode()


@pytest.mark.parametrize("key, value", FIELDS)
def test_any_value_of_any_field_is_read_as_by_itself(key: str, value: Any) -> None:
    lines = [written(post) for post in (PLAIN, {**PLAIN, key: value}, {**PLAIN, "id": "3"})]
    with mock.patch.object(plain, "FEWEST", 1):
        assert gathered(lines) == one_by_one(lines)
        assert gathered(lines[1:2]) == one_by_one(lines[1:2])


@pytest.mark.parametrize("raw", RAW)
def test_any_line_is_read_as_by_itself(raw: bytes) -> None:
    lines = [written(PLAIN), raw, written({**PLAIN, "id": "3"})]
    with mock.patch.object(plain, "FEWEST", 1):
        assert gathered(lines) == one_by_one(lines)


@settings(deadline=None, derandomize=True, max_examples=300)
@given(
    posts=st.lists(
        st.lists(st.sampled_from(FIELDS), max_size=3).map(lambda fields: {**PLAIN, **dict(fields)}), max_size=12
    ),
    gone=st.sampled_from([None, *PLAIN]),
    raw=st.none() | st.tuples(st.integers(0, 12), st.sampled_from(RAW)),
    most=st.integers(1, 5),
    network=st.sampled_from([None, "x", "a:b"]),
)
def test_any_mixture_gives_the_same_rows(
    posts: list[dict[str, Any]], gone: str | None, raw: tuple[int, bytes] | None, most: int, network: str | None
) -> None:
    lines = [written({key: value for key, value in post.items() if key != gone}) for post in posts]
    if raw is not None:
        lines.insert(*raw)
    origin = Origin("posts.jsonl", TOKYO, network=network)
    with mock.patch.object(plain, "FEWEST", 1), mock.patch.object(json_values, "_LINES", most):
        assert gathered(lines, origin) == one_by_one(lines, origin)


YEARS, DAYS = (
    ["2024", "1999", "0001", "9999", "2200", "1971", "24"],
    ["01-01", "02-29", "02-30", "12-31", "13-01", "1-1"],
)
DAYS += ["0101", "001", "W01-1"]
CLOCKS = ["07:00:00", "23:59:59", "24:00:00", "07:00:60", "07:00", "07", "070000", "7:00:00", "07:00:00,5", "-7:00:00"]
PARTS = ["", "", "", ".", ".1", ".123", ".1234", ".123456", ".1234567", ".123456789", ".1234567890"]
OFFSETS = [
    "Z",
    "z",
    "+09:00",
    "-0930",
    "+09",
    "+14:00",
    "-23:59",
    "+24:00",
    "+09:60",
    "+9:00",
    "-00:00",
    "+09:00:30",
    "",
    " Z",
]


SIGNS = ["-", "-", "-", "", "/"]
TIMES = st.tuples(*map(st.sampled_from, (YEARS, SIGNS, DAYS, ["T", "T", "T", " ", "t", ""], CLOCKS, PARTS, OFFSETS)))


@settings(deadline=None, derandomize=True, max_examples=2_000)
@given(TIMES.map("".join))
def test_any_way_to_write_a_time_is_read_the_same(time: str) -> None:
    lines = [written({**PLAIN, "created_at": time})]
    with mock.patch.object(plain, "FEWEST", 1):
        assert gathered(lines) == one_by_one(lines)


def test_many_plain_posts_come_as_runs_and_odd_ones_alone() -> None:
    lines = [(n, written({**PLAIN, "id": str(n), "text": 'er sagt ":" ' * (n % 2)})) for n in range(1, 201)]
    with mock.patch.object(json_values, "_LINES", 100):
        found = list(json_values.from_lines(iter(lines), formats.GENERIC, ORIGIN))
        assert [len(record) for record in found if isinstance(record, Run)] == [100, 100] and len(found) == 2
        lines[150] = (151, written({**PLAIN, "id": 151}))
        found = list(json_values.from_lines(iter(lines), formats.GENERIC, ORIGIN))
    assert isinstance(found[0], Run) and found[0].columns["line"].to_pylist() == list(range(1, 101))
    assert [post.line for post in found[1:] if isinstance(post, Post)] == list(range(101, 201))


def test_what_other_settings_say_is_heeded() -> None:
    lines = [written(PLAIN)] * 100
    for origin in (Origin("a", TOKYO, time_format="%Y"), Origin("a", TOKYO, recoded=True)):
        assert not any(
            isinstance(r, Run) for r in json_values.from_lines(iter(enumerate(lines)), formats.GENERIC, origin)
        )
    of_x = formats.FORMATS[1]
    assert not any(isinstance(r, Run) for r in json_values.from_lines(iter(enumerate(lines)), of_x, ORIGIN))


def test_all_before_damage_is_read() -> None:
    def lines() -> Any:
        yield from enumerate([written(PLAIN)] * 70, 1)
        raise InputError("damaged")

    found = json_values.from_lines(lines(), formats.GENERIC, ORIGIN)
    assert len(next(found)) == 70
    with pytest.raises(InputError, match="damaged"):
        next(found)
