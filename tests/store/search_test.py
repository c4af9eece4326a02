"""Many strings looked for at once, in plain and in packed files."""

import bz2
import gzip
import lzma
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.store.search import Search, Strings, files

SECRET, OTHER = "秘密の温泉旅館に泊まる", "駅伝を家族で見ています"


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.lists(st.text("ab", min_size=12, max_size=16), max_size=4), st.text("ab", max_size=60), st.integers(1, 20))
def test_finds_just_what_a_plain_search_finds(wanted, data, size):
    blocks = [data.encode()[at : at + size] for at in range(0, len(data), size)]
    assert Strings(wanted).find(blocks) == {one for one in wanted if one in data}


def test_a_short_id_is_found_as_a_whole_name_alone():
    wanted = Strings(names=["jsonl:7"])
    assert wanted.find([b'{"id": "jsonl:7", ', b'"n": 1}']) == {"jsonl:7"}
    assert wanted.find([b"see jsonl:7. and"]) == {"jsonl:7"}
    assert wanted.find([b"jsonl:70 xjsonl:7 jsonl:7a"]) == set()
    assert wanted.find([b"jso", b"nl:7 "]) == {"jsonl:7"}


@pytest.mark.parametrize("size", [1, 7, 100])
@pytest.mark.parametrize("name", ["jsonl:7", "jsonl:1234567890"])
@pytest.mark.parametrize(
    ("text", "there"),
    [("{}", True), ('"{}"', True), ("/{}/", True), ("x{}", False), ("{}0", False), ("あ{}い", True), ("{}1 {}", True)],
)
def test_names_are_found_whole_wherever_the_blocks_end(size, name, text, there):
    data = text.format(name, name).encode()
    blocks = [data[at : at + size] for at in range(0, len(data), size)]
    assert Strings(names=[name]).find(blocks) == ({name} if there else set())


def packed(folder):
    data = f"前{SECRET}後".encode()
    (folder / "plain.html").write_bytes(data)
    (folder / ".hidden").write_bytes(data)
    (folder / "a.gz").write_bytes(gzip.compress(data))
    (folder / "a.bz2").write_bytes(bz2.compress(data))
    (folder / "a.xz").write_bytes(lzma.compress(data))
    (folder / "a.zst").write_bytes(pa.compress(data, codec="zstd", asbytes=True))
    with zipfile.ZipFile(folder / "a.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", data)
    tables = {
        "cell": pa.table({"text": [SECRET]}),
        "list": pa.table({"urls": [["x"], [OTHER, SECRET]]}),
        "dictionary": pa.table({"word": pa.array([SECRET]).dictionary_encode()}),
        "running": pa.table({"surface": pa.array(["秘密", "の", "温泉", "旅館", "に", "泊まる"]).dictionary_encode()}),
    }
    for name, table in tables.items():
        pq.write_table(table, folder / f"{name}.parquet", compression="zstd", write_statistics=False)


def test_looks_into_every_kind_of_file(tmp_path):
    packed(tmp_path)
    look = Search(Strings([SECRET, "決して書かれていない言葉"]))
    found = {path.name: look.file(path) for path in files(tmp_path)}
    assert len(found) == 11
    assert {name for name, held in found.items() if held != {SECRET}} == set()
    assert look.files == 11
    assert look.stored == sum(path.stat().st_size for path in tmp_path.iterdir())
    assert look.unread == []


def test_short_ids_in_cells(tmp_path):
    pq.write_table(pa.table({"post_id": ["jsonl:1", "jsonl:12", "jsonl:3"]}), tmp_path / "a.parquet")
    assert Search(Strings(names=["jsonl:12", "jsonl:2", "jsonl:1234567890123"])).file(tmp_path / "a.parquet") == {
        "jsonl:12"
    }


@pytest.mark.parametrize("head", [b"PAR1", b"PK\x03\x04", b"\x1f\x8b", b"BZh9", b"\xfd7zXZ\0"])
def test_what_cannot_be_unpacked_is_named(tmp_path, head):
    path = tmp_path / "broken"
    path.write_bytes(head + SECRET.encode() * 3)
    look = Search(Strings([SECRET]))
    assert look.file(path) == {SECRET}  # as it stands there plainly
    assert look.unread == [path]


def test_files_can_be_left_out(tmp_path):
    (tmp_path / "a").touch()
    (tmp_path / "b").touch()
    assert list(files(tmp_path, {tmp_path / "a"})) == [tmp_path / "b"]
