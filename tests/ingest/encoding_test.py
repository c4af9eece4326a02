from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest_reading import kinds, lines, posts, write

from pipeline.ingest.encoding import detect, utf8
from pipeline.ingest.files import members

TEXTS = (
    "駅前の新しいパン屋、塩パンがうますぎる",
    "投稿ID,本文\r\n1,今日は混んでた〜！\r\n",
    "カタカナデモ、ヨメル。",
    "東京駅",
    "AKB48の新曲『恋』を聴いた。",
)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize(
    ("codec", "name"),
    [
        ("cp932", "cp932"),
        ("euc_jp", "euc_jp"),
        ("iso2022_jp", "iso2022_jp"),
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
    ],
)
def test_short_japanese_texts(text: str, codec: str, name: str) -> None:
    # CP932 alone has U+FF5E where the others have U+301C.
    raw = text.replace("〜", "～" if codec == "cp932" else "〜").encode(codec)
    assert detect(raw, True) == name
    assert b"".join(utf8(iter([raw]), name)).decode().replace("～", "〜") == text


@settings(deadline=None, derandomize=True)
@given(st.text(alphabet="あいうえおかきくけこ今日明日学校電車駅、。！？アイウABC123\n", min_size=12), st.integers(1, 7))
def test_any_hiragana_text_however_it_comes(text: str, step: int) -> None:
    text += "ですよね、ほんとに。"
    for codec in ("cp932", "euc_jp", "iso2022_jp", "utf-8"):
        raw = text.encode(codec)
        assert detect(raw, True) == codec
        chunks = (raw[i : i + step] for i in range(0, len(raw), step))
        assert b"".join(utf8(chunks, codec)).decode() == text


def test_row_13_of_nec_is_read_in_euc_jp_and_iso_2022_jp() -> None:
    # ① is row 13, place 1: 2D 21 in JIS, AD A1 in EUC; neither standard has it, Windows writes it.
    assert b"".join(utf8(iter([b"\xad\xa1\xa4\xa2"]), "euc_jp")).decode() == "①あ"
    assert b"".join(utf8(iter([b"\x1b$B\x2d\x21$\x22\x1b(B!"]), "iso2022_jp")).decode() == "①あ!"


def test_what_cannot_be_decoded_is_replaced() -> None:
    assert b"".join(utf8(iter([b"\x82\xa0\xff\x82\xa2"]), "cp932")).decode() == "あ\ufffdい"


def test_one_bad_line_does_not_make_a_utf_8_file_another() -> None:
    assert detect("いい天気\n".encode() * 3 + b"\xff\xfe\n", True) == "utf-8"


def test_a_cut_character_at_the_end_of_the_beginning_is_no_error() -> None:
    for text in ("text 本文" * 50, "a\n" + "本文"):
        assert detect(text.encode()[:-1], False) == "utf-8"


@pytest.mark.parametrize(
    "raw", [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)), bytes(1000), bytes(range(32)) * 9]
)
def test_what_is_no_text(raw: bytes) -> None:
    assert detect(raw, True) is None


@pytest.mark.parametrize("codec", ["cp932", "euc_jp", "iso2022_jp", "utf-16", "utf-16-le", "utf-8-sig"])
def test_json_lines_in_other_encodings(codec: str, tmp_path: Path) -> None:
    from ingest_reading import DEFAULT, TOKYO

    path = lines(
        tmp_path / "a", {"id": "1", "author": "さくら", "created_at": "2024-04-01", "text": "春だね、と思った"}
    )
    write(path, path.read_text("utf-8").encode(codec))
    (post,) = posts(path)
    assert (post.text, post.author, post.flags) == ("春だね、と思った", "さくら", [])
    (member,) = members(path, DEFAULT, TOKYO)
    assert kinds(list(member.records)) == {"Post": 1}
    assert member.encoding == {"utf-16": "utf-16-le", "utf-8-sig": "utf-8"}.get(codec, codec)


def test_the_mark_is_dropped_at_the_beginning_alone() -> None:
    text = "\ufeff\ufeffあ\ufeffい"
    for codec in ("utf-8", "utf-16-le", "utf-16-be"):
        chunks = [b"", *(sign.encode(codec) for sign in text)]
        assert b"".join(utf8(iter(chunks), codec)).decode() == text[1:]


def test_repairs_in_a_recoded_file_are_flagged(tmp_path: Path) -> None:
    raw = "id,日時,本文\n1,2024/4/1,きょうは晴れ\n2,2024/4/1,文字$化け\n".encode("cp932").replace(b"$", b"\xff")
    good, bad = posts(write(tmp_path / "a.csv", raw))
    assert (good.flags, bad.text, bad.flags) == ([], "文字\ufffd化け", ["text=repaired"])
