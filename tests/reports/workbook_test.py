import zipfile
from dataclasses import replace
from pathlib import Path

import fake_day
import openpyxl
import pytest

from pipeline.reports import workbook
from pipeline.reports.characters import writable


def test_sheets_hold_the_top_rows_as_numbers_and_text(tmp_path: Path) -> None:
    path = tmp_path / "report.xlsx"
    workbook.write(fake_day.day(size=30, number=5), path, "ja", rows=20)
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == [
        "概要", "形容詞", "名詞・形容詞", "動詞・形容詞・名詞", "ハッシュタグ", "絵文字", "顔文字",
    ]  # fmt: skip
    sheet = book["形容詞"]
    assert sheet.max_row == 1 + 20
    assert [cell.value for cell in sheet[2]][:5] == [1, "寒い", "サムイ", "形容詞", 4200]
    assert sheet.freeze_panes == "C2"
    assert sheet.auto_filter.ref == "A1:J21"


def test_english_names_sheets_and_parts_of_speech(tmp_path: Path) -> None:
    path = tmp_path / "report.xlsx"
    workbook.write(fake_day.day(size=12, number=5), path, "en")
    book = openpyxl.load_workbook(path)
    assert book.sheetnames[:2] == ["Overview", "Adjectives"]
    assert [row[3].value for row in book["Adjectives"].iter_rows(min_row=2, max_row=5)] == [
        "adjective", "adjective", "adjective", "adjectival noun",
    ]  # fmt: skip


def test_the_same_day_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        workbook.write(fake_day.day(size=12, number=5), tmp_path / name, "ja")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_hostile_text_is_neither_run_nor_linked(tmp_path: Path) -> None:
    path = tmp_path / "report.xlsx"
    day = fake_day.hostile_day()
    workbook.write(day, path, "ja")
    sheet = openpyxl.load_workbook(path)["形容詞"]
    words = [row[1] for row in sheet.iter_rows(min_row=2)]
    assert {cell.data_type for cell in words} == {"s"}
    assert [cell.value for cell in words] == [writable(text) for text in fake_day.hostile_texts()]
    with zipfile.ZipFile(path) as parts:
        assert not [name for name in parts.namelist() if "rels" in name and "sheet" in name]  # no link of any kind
        assert all(b"<f>" not in parts.read(name) for name in parts.namelist())


@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_day_without_anything_is_a_workbook_too(tmp_path: Path, language: str) -> None:
    day = fake_day.day(size=12, number=0)
    empty = replace(day, tables=tuple(replace(t, data=t.data.slice(0, 0)) for t in day.tables), summary=(), notes=())
    workbook.write(empty, tmp_path / "report.xlsx", language)
    book = openpyxl.load_workbook(tmp_path / "report.xlsx")
    assert [sheet.max_row for sheet in book.worksheets[1:]] == [1] * 6


def test_a_text_longer_than_a_cell_is_cut_and_not_lost(tmp_path: Path) -> None:
    day = fake_day.day(size=12, number=5)
    table = replace(day.tables[0], data=fake_day.frame([("あ" * 40_000, None, None)], 1, 1))
    workbook.write(replace(day, tables=(table,)), tmp_path / "report.xlsx", "ja")
    value = openpyxl.load_workbook(tmp_path / "report.xlsx")["形容詞"]["B2"].value
    assert value == "あ" * 32_767
