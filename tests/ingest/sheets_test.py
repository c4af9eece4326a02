from __future__ import annotations

import datetime as dt
import gzip
import io
import zipfile
from pathlib import Path

import openpyxl
import pytest
from ingest_reading import DEFAULT, TOKYO, kinds, micros, posts, records, write

from pipeline.errors import InputError, NotPosts
from pipeline.ingest.columns import assign
from pipeline.ingest.delimited import delimiter, lines, rows
from pipeline.ingest.files import members
from pipeline.ingest.records import Post, Rejected
from pipeline.settings import Ingest, Source


def parsed(text: str, separator: str = ",") -> list[object]:
    found = rows(lines(iter([text.encode()])), separator)
    return [f if isinstance(f, Rejected) else (f[0], f[1]) for f in found]


def test_rows_are_numbered_by_their_first_line() -> None:
    assert parsed('a,b\n"x\r\ny",2\r\n\n"q""q",3') == [
        (1, ["a", "b"]),
        (2, ["x\r\ny", "2"]),
        (4, []),
        (5, ['q"q', "3"]),
    ]


def test_old_line_ends_are_lines() -> None:
    assert parsed("a,b\r1,2\r3,4") == [(1, ["a", "b"]), (2, ["1", "2"]), (3, ["3", "4"])]


def test_a_file_with_old_line_ends_is_a_sheet(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "id,日時,本文\r1,2024/4/1,x\r2,2024/4/1,y\r")
    assert [(p.post_id, p.text, p.line) for p in posts(path)] == [("sheet:1", "x", 2), ("sheet:2", "y", 3)]


def test_a_stray_quote_costs_its_own_line_at_most() -> None:
    found = parsed('a,b\n1,"open\n2,x\n"3,y\n4,z\n')
    assert found[:3] == [(1, ["a", "b"]), (2, ["1", '"open']), (3, ["2", "x"])]
    # The quote at the beginning of a line hides no separator: two fields, as the header has.
    assert found[3:] == [(4, ['"3', "y"]), (5, ["4", "z"])]
    rejected = parsed('a,b\n1,2,"open\n3,4\n')[1]
    assert isinstance(rejected, Rejected) and rejected.line == 2 and "quotes" in rejected.reason


@pytest.mark.parametrize(
    ("line", "want"), [("a,b", ","), ("a\tb,c\td", "\t"), ('"a;b;c",d', ","), ("a;b", ";"), ("alone", None)]
)
def test_separators(line: str, want: str | None) -> None:
    assert delimiter(line) == want


def test_headers_are_guessed_in_japanese_and_english() -> None:
    assert assign(["投稿ID", "投稿者", "日時", "本文", "リンク"], {}) == {
        "id": 0,
        "author": 1,
        "created_at": 2,
        "text": 3,
        "url": 4,
    }
    assert assign(["Tweet ID", "Screen_Name", "Created At", "Full-Text"], {}) == {
        "id": 0,
        "author": 1,
        "created_at": 2,
        "text": 3,
    }
    # 本文 says more than コメント, wherever it stands.
    found = assign(["コメント", "本文", "日付"], {})
    assert found is not None and found["text"] == 1
    assert assign(["名前", "年齢"], {}) is None


def test_settings_win_over_guesses() -> None:
    assert assign(["id", "本文", "日時", "要約"], {"text": "要約"}) == {"text": 3, "id": 0, "created_at": 2}
    with pytest.raises(InputError, match="'まとめ'"):
        assign(["id", "本文", "日時"], {"text": "まとめ"})


def test_columns_network_zone_and_format_of_the_settings(tmp_path: Path) -> None:
    source = Source(
        match="*.csv",
        network="yahoo",
        columns={"text": "中身", "created_at": "いつ"},
        time_format="%d.%m.%Y %H:%M",
        timezone="Europe/Berlin",
    )
    path = write(tmp_path / "a.csv", "ID,中身,いつ\n7,こんにちは,01.04.2024 12:00\n8,x,2024-04-01\n")
    found = records(path, Ingest(sources=(source,)))
    post = next(f for f in found if isinstance(f, Post))
    assert (post.post_id, post.text) == ("yahoo:7", "こんにちは")
    assert post.created_at == micros("2024-04-01T10:00:00+00:00")  # summer time: two hours ahead
    assert kinds(found) == {"header": 1, "Post": 1, "Rejected": 1}


def test_a_sheet_without_ids_makes_them_from_author_time_and_text(tmp_path: Path) -> None:
    text = "投稿者,日時,本文\na,2024/4/1,x\na,2024/4/1,x\nb,2024/4/1,x\n"
    first, again, other = (p.post_id for p in posts(write(tmp_path / "a.csv", text)))
    assert first == again != other and first.startswith("sheet:")
    assert [p.post_id for p in posts(write(tmp_path / "b.csv", text))] == [first, again, other]


def test_rows_of_another_width_are_rejected_unless_empty(tmp_path: Path) -> None:
    text = "id,日時,本文\n1,2024/4/1,a,b\n2,2024/4/1,ok,,\n3,2024/4/1\n,,\n4,,x\n"
    found = records(write(tmp_path / "a.csv", text))
    assert kinds(found) == {"header": 1, "Post": 1, "Rejected": 3, "blank": 1}
    assert [f.reason for f in found if isinstance(f, Rejected)] == [
        "4 fields under a header of 3: a separator in a text stands without quotes",
        "text: missing",
        "created_at: missing",
    ]


def test_a_title_may_stand_above_the_header(tmp_path: Path) -> None:
    found = records(write(tmp_path / "a.csv", "調査結果\n\nid,日時,本文\n1,2024/4/1,x\n"))
    assert kinds(found) == {"header": 2, "blank": 1, "Post": 1}


def test_reposts_and_links_of_sheets(tmp_path: Path) -> None:
    text = "id,日時,本文,URL,リポスト元\n1,2024/4/1,RT @a: x,https://a.example https://b.example,\n2,2024/4/1,y,,9\n"
    first, second = posts(write(tmp_path / "a.csv", text))
    assert (first.is_repost, first.urls, first.repost_of) == (True, ["https://a.example", "https://b.example"], None)
    assert (second.is_repost, second.urls, second.repost_of) == (True, [], "9")


def book(*rows_: list[object], title: str = "投稿") -> bytes:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.title = title
    for row in rows_:
        sheet.append(row)
    workbook.create_sheet("メモ").append(["no", "posts"])
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


HEADER: list[object] = ["投稿ID", "投稿者", "日時", "本文"]


def test_workbooks(tmp_path: Path) -> None:
    content = book(
        HEADER,
        [12, "さくら", dt.datetime(2024, 4, 1, 23, 59, 59), "夜桜"],
        ["1774451579810742273", "", dt.date(2024, 4, 1), 42],
        [1.77445157981074e18, "x", dt.datetime(2024, 4, 1), "桁落ち"],
        [None, None, None, None],
        ["", "x", "2024/4/1 9:05", "y"],
    )
    path = write(tmp_path / "data", content)
    (member,) = members(path, DEFAULT, TOKYO)
    assert (member.name, member.format) == ("data/投稿", "sheet")
    found = list(member.records)
    assert kinds(found) == {"header": 1, "Post": 2, "Rejected": 2, "blank": 1}
    first, second = (f for f in found if isinstance(f, Post))
    assert (first.post_id, first.author, first.text, first.line) == ("sheet:12", "さくら", "夜桜", 2)
    assert first.created_at == micros("2024-04-01T14:59:59+00:00")
    assert (second.post_id, second.author, second.text) == ("sheet:1774451579810742273", None, "42")
    lost, missing = (f for f in found if isinstance(f, Rejected))
    assert lost.line == 4 and "last digits are lost" in lost.reason
    assert (missing.line, missing.reason) == (6, "id: missing")


def test_a_workbook_inside_an_archive(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x/posts.xlsx", book(HEADER, ["1", "a", "2024/4/1", "x"]))
    (member,) = members(path, DEFAULT, TOKYO)
    assert member.name == "a.zip/x/posts.xlsx/投稿" and kinds(list(member.records)) == {"header": 1, "Post": 1}


def test_every_sheet_of_a_packed_workbook(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.worksheets[0])
    for name in ("一月", "二月"):
        sheet = workbook.create_sheet(name)
        sheet.append(HEADER)
        sheet.append([name, "a", "2024/4/1", "x"])
    stream = io.BytesIO()
    workbook.save(stream)
    path = write(tmp_path / "a.xlsx.gz", gzip.compress(stream.getvalue()))
    assert [p.post_id for p in posts(path)] == ["sheet:一月", "sheet:二月"]


@pytest.mark.parametrize(
    ("rows", "name"),
    [
        ("<row r='1'><c r='A1'><v>1</v></c></row><row r='2000000'><c r='XFD2000000'><v>1</v></c></row>", "sheet1.xml"),
        ('<row r="1"><c r="XFD1"><v>1</v></c></row><row r="1048576"><c><v>1</v></c></row>', "sheet1.xml"),
        ('<row r="1"><c r="A1"><v>1</v></c></row><row><c r = "xfd0001048576"><v>1</v></c></row>', "sheet1.xml"),
        ('<row r="1"><c r="A1"><v>1</v></c></row><row><c r="XFD1048576"><v>1</v></c></row>', "sheet1.bin"),
    ],
)
def test_a_far_cell_is_seen_however_it_is_written(rows: str, name: str, tmp_path: Path) -> None:
    plain, path = zipfile.ZipFile(io.BytesIO(book(HEADER))), tmp_path / "far.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        for part in plain.namelist():
            raw = plain.read(part).replace(b"worksheets/sheet1.xml", f"worksheets/{name}".encode())
            if part.endswith("sheet1.xml"):
                head, tail = raw.split(b"<sheetData>", 1)[0], raw.split(b"</sheetData>", 1)[1]
                raw = head + b"<sheetData>" + rows.encode() + b"</sheetData>" + tail
            archive.writestr(part.replace("sheet1.xml", name), raw)
    with pytest.raises(InputError, match=r"far\.xlsx: a sheet of [12],"):
        list(members(path, DEFAULT, TOKYO))


def test_a_far_cell_does_not_fill_the_memory(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.append(HEADER)
    sheet["XFD1048576"] = "far"
    path = tmp_path / "far.xlsx"
    workbook.save(path)
    with pytest.raises(InputError, match=r"far\.xlsx: a sheet of 1,048,576 rows and 16,384 columns"):
        list(members(path, DEFAULT, TOKYO))


def test_sheets_without_text_or_time_are_no_posts(tmp_path: Path) -> None:
    for content in ("post\nやっほー\n", "id,本文\n1,x\n", "a,b,c\n1,2,3\n"):
        with pytest.raises(NotPosts, match="columns of a sheet"):
            list(members(write(tmp_path / "a.csv", content), DEFAULT, TOKYO))
