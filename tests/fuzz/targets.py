"""What the fuzzer calls: each reader with any bytes. A target returns, whatever they are, or it has found a defect."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from unittest import mock
from zoneinfo import ZoneInfo

from values import Values

from pipeline.errors import InputError
from pipeline.ingest import (
    boards,
    collect,
    encoding,
    formats,
    json_values,
    lines,
    origin,
    plain,
    quarantine,
    strict_json,
    times,
)
from pipeline.ingest.files import members
from pipeline.ingest.formats import FORMATS, Format
from pipeline.ingest.html import to_text
from pipeline.ingest.records import RAW_LIMIT, Post, Record, Rejected, Run, Unusable
from pipeline.settings import Ingest, Source
from pipeline.text import normalise

TOKYO = ZoneInfo("Asia/Tokyo")
RULES = Ingest(sources=(Source(serial_dates=True),))
PLAIN = origin.of("1705330798.dat", RULES.sources[0], TOKYO, False)
FOLDER = Path(tempfile.mkdtemp(prefix="hibi-fuzz-"))


A_POST = b'{"id": "1", "author": "a", "created_at": "2024-01-01T00:00:00Z", "text": "a"}'


def stored(found: list[Record]) -> None:
    """Nothing that was read is unfit to be stored, and a table can be made of it."""
    for one in found:
        if isinstance(one, Post):
            assert one.post_id.partition(":")[2] and one.line > 0 and 0 < one.created_at < 2**63
        elif isinstance(one, Rejected):
            assert one.reason and len(one.raw) <= RAW_LIMIT
            assert quarantine.to_line(quarantine.entry("f", one)).isprintable() is False  # it ends with a newline
    posts = [one for one in found if isinstance(one, Post)]
    if posts:
        collect._table(posts, Member, collect.hasher(b"salt"))
    for run in found:
        if isinstance(run, Run):
            assert collect._of_run(run, Member, collect.hasher(b"salt")).num_rows == len(run) > 0


class Member:
    """What a table wants of a member."""

    name, modified = "f", 0


def a_file(name: str, raw: bytes) -> None:
    """Read a file from its format's detection on, and count its rows."""
    path = FOLDER / name
    path.write_bytes(raw)
    with contextlib.suppress(InputError):
        found = collect.by_day(collect.gather(members(path, RULES, TOKYO), collect.hasher(b"salt")), TOKYO)
        assert sum(tally.rows for tally in found.tallies.values()) == sum(t.num_rows for t in found.posts.values())
        assert sum(t.quarantined for t in found.tallies.values()) == sum(map(len, found.quarantine.values()))


def a_format(known: Format, raw: bytes) -> None:
    """Read JSON lines as one format: the bytes as they are, by column and by post, and an object made of them."""
    for fewest in (1, plain.FEWEST):
        with mock.patch.object(plain, "FEWEST", fewest):
            stored(list(json_values.from_lines(lines.split(iter([raw])), known, PLAIN)))
    made = Values(raw).object()
    found = formats.of(made)
    for one in (known, found or known):
        stored([json_values.record(item, one, 1, PLAIN, False) for item in formats.items(made, one)])


def an_archive(kind: str, raw: bytes) -> None:
    """Read what an archive's signature stands before."""
    begin = {
        "zip": b"PK\x03\x04",
        "tar": b"a".ljust(257, b"\0") + b"ustar\x0000",
        "gz": b"\x1f\x8b\x08\0",
        "bz2": b"BZh9",
    }
    a_file(f"p.{kind}", raw if raw.startswith(begin[kind][:2]) else begin[kind] + raw)


def board(raw: bytes) -> None:
    """Read a board's thread."""
    stored(list(boards.fivech(lines.split(iter([raw])), PLAIN)))


def sheet(raw: bytes) -> None:
    """Read rows under a header of posts."""
    a_file("p.csv", "id,投稿者,日時,本文,url,reply_to\n".encode() + raw)


def script(raw: bytes) -> None:
    """Read the archive that X gives."""
    a_file("tweets.js", b"window.YTD.tweets.part0 = " + raw)


def markup(raw: bytes) -> None:
    """Read a post's HTML."""
    with contextlib.suppress(Unusable):
        to_text(raw.decode("utf-8", "replace"))


def moments(raw: bytes) -> None:
    """Read times in every way that formats write them."""
    text = raw.decode("utf-8", "replace")
    for read in (times.iso, times.epoch, times.x_time, times.snowflake):
        found = read(text)
        assert found is None or 0 < found < 2**53
    for read_local in (times.sheet, times.serial):
        found = read_local(text, TOKYO)
        assert found is None or 0 < found < 2**53
    half = len(text) // 2
    times.written(text[:half], text[half:], TOKYO)


def code(raw: bytes) -> None:
    """Tell an encoding and recode."""
    found = encoding.detect(raw, True)
    if found is not None:
        b"".join(encoding.utf8(iter([raw]), found))


def strict(raw: bytes) -> None:
    """Parse JSON, or say why not; where it is JSON, Python's own parser agrees."""
    try:
        value = strict_json.loads(raw)
    except strict_json.BadJson:
        strict_json.repaired(raw)
        json_values.before_damage(raw)
    else:
        assert json.loads(raw) == value


def words(raw: bytes) -> None:
    """Clean a post; cleaning it again changes nothing."""
    try:
        text = raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        text = raw.decode("utf-8", "replace")
    cleaned = normalise.clean(text).clean
    assert normalise.clean(cleaned).clean == cleaned
    assert not any((ord(sign) < 32 and sign != "\n") or 0xD800 <= ord(sign) < 0xE000 for sign in cleaned)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "file": partial(a_file, "posts"),
    **{f"format-{n:02}-{known.name}": partial(a_format, known) for n, known in enumerate(FORMATS)},
    **{f"archive-{kind}": partial(an_archive, kind) for kind in ("zip", "tar", "gz", "bz2")},
    "board": board,
    "sheet": sheet,
    "x-archive": script,
    "html": markup,
    "times": moments,
    "encoding": code,
    "json": strict,
    "normalise": words,
}
