"""Whatever bytes and values come: records or an InputError, each row counted once, nothing that cannot be stored."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest_reading import FORMATS, SERIAL, TOKYO, records

from pipeline.errors import InputError
from pipeline.ingest import formats, json_values, lines, origin, quarantine, strict_json, x_archive
from pipeline.ingest.formats import FORMATS as JSON_FORMATS
from pipeline.ingest.records import RAW_LIMIT, Post, Record, Rejected, Removal, Skipped
from pipeline.settings import Source

FEW = settings(deadline=None, derandomize=True, max_examples=40)
MANY = settings(deadline=None, derandomize=True, max_examples=60)
EXAMPLES = sorted(p for p in FORMATS.iterdir() if p.name not in ("README.md", "expected.jsonl"))
X_ARCHIVE = formats.Format("x_archive", lambda value: True, x_archive.read)
PLAIN = origin.of("1705330798.dat", Source(), TOKYO, False)

# Keys that the readers look at, so that arbitrary objects often reach deep into them.
NAMES = (
    "id id_str author author_id created_at createdAt created_utc text full_text body title selftext content uri url"
    " urls hashtags lang language user username screen_name account acct reblog visibility spoiler_text tags name"
    " did time_us kind commit operation collection rkey record langs reply parent embed facets features data"
    " includes users tweets referenced_tweets type note_tweet entities $type __twarc retrieved_at object"
    " actor published orderedItems to cc tag posts feed post reason userId renoteId renote localOnly cw comments"
    " extractor timestamp epoch subreddit crosspost_parent parent_id retweeted_status extended_tweet delete status"
    " timestamp_ms date rawContent _type repost_of reply_to quote_of statuses tweet edited_at collected_at"
)
KEYS = NAMES.split()
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(["2024-04-01T00:00:00Z", "Sun Mar 31 14:59:59 +0000 2024", "<p>a<br>b", "public", "retweeted"]),
    st.sampled_from(["1774957417067446273", "at://did:plc:a/app.bsky.feed.post/1", "app.bsky.feed.post", "Create"]),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=25,
)
OBJECTS = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=8)


def read(content: bytes) -> list[Record]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "posts"
        path.write_bytes(content)
        return records(path, SERIAL)


def storable(found: list[Record]) -> None:
    for record in found:
        if isinstance(record, Post):
            texts = [record.post_id, record.author, record.text, record.lang, record.warning, record.reply_to]
            texts += [record.quote_of, record.repost_of, *(record.urls or []), *(record.hashtags or []), *record.flags]
            assert all(text is None or isinstance(text.encode("utf-8"), bytes) for text in texts)
            assert record.post_id.partition(":")[2]
            assert 0 <= record.created_at < 2**63 and record.line > 0
        elif isinstance(record, Rejected):
            assert record.reason and len(record.raw) <= RAW_LIMIT and record.raw.encode("utf-8") is not None
            told = quarantine.to_line(quarantine.entry("f", record))
            assert json.loads(told)["line"] == record.line and told.count("\n") == 1
        else:
            assert isinstance(record, Removal | Skipped)


@FEW
@given(st.binary(max_size=300))
def test_any_bytes(content: bytes) -> None:
    try:
        storable(read(content))
    except InputError as error:
        assert "posts" in str(error)


@FEW
@given(st.sampled_from(EXAMPLES), st.data())
def test_damaged_examples(path: Path, data: st.DataObject) -> None:
    raw = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(raw) - 1))
        raw[place : place + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=4))
    with contextlib.suppress(InputError):
        storable(read(bytes(raw[: data.draw(st.integers(1, max(1, len(raw))))])))


@FEW
@given(st.sampled_from(EXAMPLES), st.sampled_from(["gz", "zip", "tar"]), st.data())
def test_damaged_archives(path: Path, way: str, data: st.DataObject) -> None:
    raw = bytearray(_packed(path, way))
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(InputError):
        storable(read(bytes(raw[: data.draw(st.integers(1, len(raw)))])))


def _packed(path: Path, way: str) -> bytes:
    if way == "gz":
        return gzip.compress(path.read_bytes(), mtime=0)
    stream = io.BytesIO()
    if way == "zip":
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(zipfile.ZipInfo("a/b"), path.read_bytes())
    else:
        with tarfile.open(fileobj=stream, mode="w") as tar:
            info = tarfile.TarInfo("a/b")
            info.size = path.stat().st_size
            tar.addfile(info, io.BytesIO(path.read_bytes()))
    return stream.getvalue()


@MANY
@given(st.sampled_from(JSON_FORMATS), VALUES)
def test_any_value_in_any_reader(known: formats.Format, value: Any) -> None:
    found = [json_values.record(item, known, 1, PLAIN, False) for item in formats.items(value, known)]
    storable(found)


@MANY
@given(st.sampled_from(JSON_FORMATS), st.lists(VALUES, min_size=1, max_size=4))
def test_each_line_is_accounted_for(known: formats.Format, values: list[Any]) -> None:
    raw = [json.dumps(value, ensure_ascii=False).encode("utf-8", "replace") for value in values]
    found = list(json_values.from_lines(iter(enumerate(raw, 1)), known, PLAIN))
    assert {record.line for record in found} == set(range(1, len(values) + 1))
    storable(found)


@MANY
@given(OBJECTS)
def test_formats_are_told_apart_without_errors(value: dict[str, Any]) -> None:
    known = formats.of(value)
    assert known is None or "statuses" in value or known.matches(value)
    storable([json_values.record(value, X_ARCHIVE, 1, PLAIN, False)])


@MANY
@given(st.lists(st.binary(max_size=12)), st.integers(1, 6))
def test_lines_split_the_same_however_they_come(chunks: list[bytes], longest: int) -> None:
    whole = b"".join(chunks)
    told = whole.split(b"\n")
    told = told[:-1] if told[-1] == b"" else told
    found = list(lines.split(iter(chunks), longest))
    assert [number for number, _ in found] == list(range(1, len(told) + 1))
    for (_, line), want in zip(found, told, strict=True):
        # The last line has no end: what came is all there is, a carriage return included.
        short = len(want) <= longest
        assert isinstance(line, lines.TooLong) != short
        assert not short or line in (want, want.removesuffix(b"\r"))


@MANY
@given(
    st.recursive(
        st.integers(-(2**63), 2**64 - 1) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner),
        max_leaves=10,
    ),
    st.sampled_from([(",", ":"), (" , ", " : "), (",\t", "\t:\r")]),
)
def test_json_without_doubled_keys_passes(value: Any, separators: tuple[str, str]) -> None:
    raw = json.dumps(value, separators=separators).encode()
    assert strict_json.loads(raw) == value


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.name)
def test_every_cut_of_an_example_is_survived(path: Path, tmp_path: Path) -> None:
    raw, cut = path.read_bytes(), tmp_path / path.name
    for place in range(1, len(raw), max(1, len(raw) // 12)):
        cut.write_bytes(raw[:place])
        try:
            storable(records(cut, SERIAL))
        except InputError as error:
            assert path.name in str(error)
