from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
import zipfile
from pathlib import Path

import pytest
from expected_test import pack
from ingest_reading import DEFAULT, FORMATS, TOKYO, kinds, micros, numbers, posts, records, write

from pipeline.errors import InputError, NotPosts
from pipeline.ingest import collect, lines, recognise, source
from pipeline.ingest.files import members
from pipeline.ingest.records import Post, Record, Rejected
from pipeline.settings import Ingest, Source


def line(own_id: int, text: str = "x") -> bytes:
    return json.dumps({"id": str(own_id), "created_at": "2024-04-01T00:00:00Z", "text": text}).encode() + b"\n"


def until_damage(path: Path) -> tuple[list[Record], str]:
    found: list[Record] = []
    with pytest.raises(InputError) as raised:
        for member in members(path, DEFAULT, TOKYO):
            found.extend(member.records)
    return found, str(raised.value)


def test_all_before_a_truncation_is_kept(tmp_path: Path) -> None:
    whole = gzip.compress(b"".join(line(i, os.urandom(30).hex()) for i in range(3000)), mtime=0)
    found, error = until_damage(write(tmp_path / "a.gz", whole[: len(whole) // 2]))
    assert error.startswith("a.gz: damaged") and "fetch it again" in error
    # Half the bytes are about half the lines, as each is as random as the others.
    read = numbers(found)
    assert 1400 < len(read) < 1600 and read == list(range(1, len(read) + 1))


def test_all_before_the_cut_of_a_document_is_kept(tmp_path: Path) -> None:
    raw = json.dumps([json.loads(line(i)) for i in range(10)]).encode()
    found, error = until_damage(write(tmp_path / "a.json", raw[:-20]))
    assert kinds(found) == {"Post": 9} and "a.json: not valid JSON" in error


def test_joined_gzip_files_are_one(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gz", gzip.compress(line(1)) + gzip.compress(line(2)))
    assert [p.post_id for p in posts(path)] == ["jsonl:1", "jsonl:2"]


def test_names_in_archives_are_only_names(tmp_path: Path) -> None:
    names = ("../../escape.jsonl", "/absolute.jsonl", "red\x1b[31m.jsonl", "ok/" + "x" * 50)
    for way in ("zip", "tar.gz"):
        path = pack({name: line(i) for i, name in enumerate(names)}, way, tmp_path)
        found = [(m.name, kinds(list(m.records))) for m in members(path, DEFAULT, TOKYO)]
        shown = [f"{path.name}/{name}".replace("\x1b", "\ufffd") for name in names]
        assert found == [(name, {"Post": 1}) for name in shown]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["archive.tar.gz", "archive.zip"]


def test_links_in_archives_are_not_followed(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        link = tarfile.TarInfo("posts.jsonl")
        link.type, link.linkname = tarfile.SYMTYPE, str(FORMATS / "hostile.jsonl")
        tar.addfile(link)
    with pytest.raises(NotPosts, match=r"a\.tar"):
        list(members(tmp_path / "a.tar", DEFAULT, TOKYO))


def test_members_tell_their_own_time_and_place(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zipfile.ZipInfo("b/c.jsonl", (2024, 4, 1, 9, 0, 0)), line(1))
        archive.writestr(zipfile.ZipInfo("d.jsonl"), gzip.compress(line(2)))  # 1980: says nothing
        archive.writestr("picture.png", b"\x89PNG\r\n\x1a\n" + bytes(100))
    os.utime(path, (1_700_000_000, 1_700_000_000))
    found = [(m.name, m.modified, m.format) for m in members(path, DEFAULT, TOKYO)]
    assert found == [
        ("a.zip/b/c.jsonl", micros("2024-04-01T00:00:00+00:00"), "generic_jsonl"),
        ("a.zip/d.jsonl", 1_700_000_000_000_000, "generic_jsonl"),
    ]


def test_a_damaged_member_does_not_stop_the_others(tmp_path: Path) -> None:
    path = pack({"a": line(1), "b": b'{"id": "cut', "c": line(3)}, "zip", tmp_path)
    found = list(members(path, DEFAULT, TOKYO))
    assert [(m.name, m.format) for m in found] == [
        ("archive.zip/a", "generic_jsonl"),
        ("archive.zip/b", "damaged"),
        ("archive.zip/c", "generic_jsonl"),
    ]
    assert kinds(list(found[0].records)) == kinds(list(found[2].records)) == {"Post": 1}
    with pytest.raises(InputError, match=r"archive\.zip/b: not valid JSON"):
        next(found[1].records)


def test_what_comes_before_the_cut_of_an_archive_is_kept(tmp_path: Path) -> None:
    noise = [line(i, os.urandom(30).hex()) for i in range(4000)]
    path = pack({"a": b"".join(noise[:2000]), "b": b"".join(noise[2000:])}, "tar.gz", tmp_path)
    write(path, path.read_bytes()[: path.stat().st_size * 3 // 4])
    found = collect.gather(members(path, DEFAULT, TOKYO), collect.hasher(None))
    assert 2000 < found.count < 4000 and all("archive.tar.gz" in error for error in found.errors) and found.errors
    write(path, path.read_bytes()[:20])
    with pytest.raises(InputError, match=r"archive\.tar\.gz"):
        collect.gather(members(path, DEFAULT, TOKYO), collect.hasher(None))


def test_a_flipped_bit_in_a_zip_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:  # stored, not packed: the text itself is in the file
        archive.writestr("a", line(1, "flip me"))
    write(path, path.read_bytes().replace(b"flip me", b"flop me"))
    assert "a.zip/a: damaged" in until_damage(path)[1]


def test_encrypted_members_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", line(1))
    raw = bytearray(path.read_bytes())
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.find(magic) + offset] |= 1  # the flag for encryption, in both headers
    write(path, bytes(raw))
    assert "encrypted" in until_damage(path)[1]


def test_bombs_end_at_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "_FREE", 1 << 20)
    packed = gzip.compress(line(1) * 100_000, mtime=0)  # 6 MB to some 20 KB
    found, error = until_damage(write(tmp_path / "a.gz", packed))
    assert error.startswith("a.gz: unpacks to") and "100 times its size" in error
    # A line has 63 bytes; the limit is 100 times the packed size, or 1 MiB if that is more; reading is by 256 KiB.
    most = max(100 * len(packed), 1 << 20) // len(line(1))
    assert most - 2 * source.CHUNK // len(line(1)) <= len(numbers(found)) <= most
    path = pack({"a": line(1) * 300_000}, "zip", tmp_path)
    assert "100 times its size" in until_damage(path)[1]


def test_a_document_of_nothing_but_values_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognise, "_MANY", 100)
    path = write(tmp_path / "a.json", b"[" + b"[],\n" * 99 + b"[]]")  # 99 commas and 101 brackets in 400 bytes
    with pytest.raises(InputError, match=r"a\.json: one JSON document of 200 values in 0 MiB"):
        list(members(path, DEFAULT, TOKYO))
    rows = [json.loads(line(i)) for i in range(1000)]  # 3 commas and a brace a post of some 60 bytes
    assert len(posts(write(tmp_path / "b.json", json.dumps(rows)))) == 1000


def test_a_text_beyond_the_limit_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect, "LONGEST_TEXT", 5)
    path = write(tmp_path / "a", line(1, "a" * 5) + line(2, "a" * 6) + line(3))
    found = collect.gather(members(path, DEFAULT, TOKYO), collect.hasher(None))
    ((before, _, rejected),) = found.rejected
    assert (found.count, before, rejected) == (2, 1, Rejected(2, "text: longer than 5 characters", "aaaaaa"))


def test_of_many_unusable_rows_only_the_beginning_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect, "_KEPT_WHOLE", 2)
    path = write(tmp_path / "a", line(1) + (b"x" * 500 + b"\n") * 3)
    found = collect.gather(members(path, DEFAULT, TOKYO), collect.hasher(None))
    assert [len(record.raw) for _, _, record in found.rejected] == [500, 500, 200]
    joined = collect.Gathered()
    for _ in range(2):
        joined.add(collect.gather(members(path, DEFAULT, TOKYO), collect.hasher(None)))
    assert [len(record.raw) for _, _, record in joined.rejected] == [500, 500, 200, 200, 200, 200]


def test_a_line_beyond_the_limit_is_rejected_and_reading_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines.split, "__defaults__", (1000, 0))
    path = write(tmp_path / "a", line(1) + b'{"id": "2", "text": "' + b"a" * 1_000_000 + b'"}\n' + line(3))
    found = records(path)
    assert [(type(f).__name__, f.line) for f in found] == [("Post", 1), ("Rejected", 2), ("Post", 3)]
    assert isinstance(found[1], Rejected) and len(found[1].raw) == 2_000 and "longer than" in found[1].reason


@pytest.mark.parametrize(
    "content", [b"", b"\n \n", b"[]", b'{"a": 1}', "日記\n今日は\n".encode(), b"\x89PNG\r\n\x1a\n" + bytes(99), b"5"]
)
def test_what_holds_no_posts(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(NotPosts, match=r"^thing\.bin: .*out of the inbox"):
        list(members(write(tmp_path / "thing.bin", content), DEFAULT, TOKYO))


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.jsonl: cannot be read"):
        list(members(tmp_path / "gone.jsonl", DEFAULT, TOKYO))


def test_settings_are_chosen_by_the_member_else_by_the_archive(tmp_path: Path) -> None:
    path = pack({"x/a.jsonl": line(1), "b.jsonl": line(2)}, "zip", tmp_path)
    by_archive = Source(match="archive.*", network="whole")
    assert [p.post_id for p in posts(path, Ingest(sources=(by_archive,)))] == ["whole:1", "whole:2"]
    both = (Source(match="a.jsonl", network="own"), by_archive)
    assert [p.post_id for p in posts(path, Ingest(sources=both))] == ["own:1", "whole:2"]


def test_a_mastodon_archive_gives_its_outbox_only(tmp_path: Path) -> None:
    likes = {"type": "OrderedCollection", "orderedItems": ["https://a.example/1"]}
    files = {
        "actor.json": b'{"type": "Person", "id": "https://mastodon.example/users/ao"}',
        "likes.json": json.dumps(likes).encode(),
        "media/1.png": b"\x89PNG\r\n\x1a\n" + bytes(100),
        "outbox.json": (FORMATS / "mastodon_outbox.json").read_bytes(),
    }
    found = list(members(pack(files, "zip", tmp_path), DEFAULT, TOKYO))
    assert [m.name for m in found] == ["archive.zip/outbox.json"]
    in_order = members(pack(files, "tar.gz", tmp_path), DEFAULT, TOKYO)
    assert [(m.name, kinds(list(m.records))) for m in in_order] == [
        ("archive.tar.gz/outbox.json", {"Post": 2, "private": 1})
    ]


def test_records_come_as_they_are_asked_for(tmp_path: Path) -> None:
    class Slow(io.BytesIO):
        given = 0

        def read(self, size: int | None = -1, /) -> bytes:
            part = super().read(size)
            Slow.given += len(part)
            return part

        read1 = read

    stream = source.Source(Slow(line(1) * 200_000), "a")
    numbered = lines.split(stream.chunks())
    assert next(numbered)[0] == 1 and Slow.given <= 2 * source.CHUNK < 200_000 * len(line(1))


def test_many_lines_add_up(tmp_path: Path) -> None:
    rows = [line(i) if i % 7 else (b"\n" if i % 2 else b"{bad}\n") for i in range(1, 1001)]
    found = records(write(tmp_path / "a", b"".join(rows)))
    # Of 1,000 lines 142 are multiples of 7, 71 of them even.
    assert kinds(found) == {"Post": 858, "blank": 71, "Rejected": 71}
    assert [f.line for f in found if isinstance(f, Post)] == [i for i in range(1, 1001) if i % 7]
