"""Labelled files of each format, and what is said of wrong ones."""

import numpy as np
import pyarrow as pa
import pytest
import xlsxwriter
from pyarrow import parquet

from pipeline.engines import example_files
from pipeline.errors import InputError
from pipeline.models import examples
from pipeline.models.examples import Examples


def write(tmp_path, name, text):
    path = tmp_path / name
    path.write_bytes(text.encode())
    return path


def workbook(tmp_path, sheets):
    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    book.close()
    return tmp_path / "a.xlsx"


def test_tsv_has_no_quoting(tmp_path):
    path = write(tmp_path, "a.tsv", '\ufeffid\ttext\tlabel\r\n1\t"朝\t良\r\n\r\n2\t夜\r"\t悪\r\n')
    found = example_files.read(path, "text", "label", "id")
    assert found.texts == ['"朝', '夜\r"']
    assert (found.gold, found.ids) == (["良", "悪"], ["1", "2"])


def test_csv_is_rfc_4180(tmp_path):
    found = example_files.read(write(tmp_path, "a.csv", 'text,label\r\n"a ""b"",\nc",1\r\nd,0\r\n'), "text", "label")
    assert found.texts == ['a "b",\nc', "d"]


def test_json_lines_and_parquet(tmp_path):
    path = write(tmp_path, "a.jsonl", '{"t": "雨", "y": 1}\n\n{"t": "晴", "y": true}\n')
    assert example_files.read(path, "t", "y").gold == ["1", "1"]
    parquet.write_table(pa.table({"t": ["雨", None], "y": [2, 3]}), tmp_path / "a.parquet")
    found = example_files.read(tmp_path / "a.parquet", "t", "y")
    assert (found.texts, found.gold) == (["雨", ""], ["2", "3"])


def test_several_columns_of_text_and_of_labels(tmp_path):
    path = write(tmp_path, "a.tsv", "title\tbody\tx\ty\nA\tB\t1\t0\n\tC\t0\t0\nD\tE\t\t1\n")
    found = example_files.read(path, "title,body", "x,y")
    assert found.texts == ["A\nB", "C"]
    assert found.gold.tolist() == [[1, 0], [0, 0]]
    assert (found.labels, found.unlabelled) == (["x", "y"], 1)
    assert examples.label_numbers(found, ["y", "x"]).tolist() == [[0, 1], [0, 0]]


def test_votes_become_shares_in_the_order_of_the_labels(tmp_path):
    rows = 'text\tlabel\tjudges\na\t1\t{"1": 2, "0": 1, "9": 5}\nb\t0\t{"0": 4}\nc\t-1\t\n'
    found = example_files.read(write(tmp_path, "a.tsv", rows), "text", "label", votes="judges")
    assert examples.label_names(found) == ["-1", "0", "1"]
    assert np.allclose(found.votes, [[0, 1 / 3, 2 / 3], [0, 1, 0], [1, 0, 0]])  # the stranger's five do not count


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", "\0\1\2\3", "no text"),
        ("a.csv", "", "no column 'text'; it has none"),
        ("a.txt", "x", "neither"),
        ("a.tsv", "text\tlabel\na\n", "line 2: 1 columns where the header has 2"),
        ("a.tsv", "words\tlabel\na\tb\n", "no column 'text'; it has words, label"),
        ("a.csv", 'text,label\n"a"b,1\n', "line 2"),
        ("a.jsonl", "{}\n[]\n", "line 2: not an object"),
        ("a.jsonl", "{\n", "line 1"),
        ("a.parquet", "PAR1", "a.parquet"),
    ],
)
def test_a_wrong_file_is_named(tmp_path, name, text, said):
    with pytest.raises(InputError, match=r"a\.\w+") as error:
        example_files.read(write(tmp_path, name, text), "text", "label")
    assert said in str(error.value)


@pytest.mark.parametrize("code", ["utf-8", "cp932", "euc_jp", "iso2022_jp", "utf-16"])
@pytest.mark.parametrize(("ending", "between"), [("csv", ","), ("tsv", "\t")])
def test_files_are_read_as_japanese_programs_save_them(tmp_path, code, ending, between):
    lines = ["text,label", "今日は雨が降っていました。,悪い", "とても楽しい一日でした！,良い"]
    text = "".join(f"{line}\r\n" for line in lines).replace(",", between)
    path = tmp_path / f"a.{ending}"
    path.write_bytes(text.encode(code))
    found = example_files.read(path, "text", "label")
    assert found.texts == ["今日は雨が降っていました。", "とても楽しい一日でした！"]
    assert found.gold == ["悪い", "良い"]


@pytest.mark.parametrize("code", ["utf-8", "cp932"])
def test_what_cannot_be_read_is_named_by_its_line(tmp_path, code):
    good = "text,label\n今日は雨が降っていました。,1\n".encode(code)
    (tmp_path / "a.csv").write_bytes(good + "とても".encode(code) + b"\xff,1\n" + "楽しい一日,2\n".encode(code))
    with pytest.raises(InputError, match=r"a\.csv, line 3: a character that cannot be read; save the file as UTF-8"):
        example_files.read(tmp_path / "a.csv", "text", "label")


def test_a_sign_that_stands_for_a_lost_character_is_a_character(tmp_path):
    assert example_files.read(write(tmp_path, "a.tsv", "text\n雨\ufffd\n"), "text").texts == ["雨\ufffd"]


def test_a_workbook_is_read_from_the_sheet_that_has_the_columns(tmp_path):
    path = workbook(
        tmp_path, {"はじめに": [["説明"]], "空": [], "表": [[], ["text", "label"], ["雨", 1], [None, 2], ["晴", None]]}
    )
    found = example_files.read(path, "text", "label")
    assert (found.texts, found.gold, found.unlabelled) == (["雨", ""], ["1", "2"], 1)
    with pytest.raises(InputError, match=r"a\.xlsx: no column 'body'; it has 説明"):
        example_files.read(path, "body", "label")
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(InputError, match=r"a\.xlsx: no readable workbook"):
        example_files.read(path, "text", "label")


def test_absence_and_strange_labels_are_told(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        example_files.read(tmp_path / "b.tsv", "text")
    with pytest.raises(InputError, match="'2' is none of 0, 1"):
        examples.label_numbers(Examples(["a"], ["2"]), ["0", "1"])
    with pytest.raises(InputError, match="'2' where 0 or 1 is wanted"):
        example_files.read(write(tmp_path, "c.tsv", "text\ta\tb\nx\t1\t2\n"), "text", "a,b")


def test_numbers_sort_by_value_and_rows_are_taken():
    some = Examples(["a", "b", "c"], ["10", "9", "x"], ["i", "j", "k"])
    assert examples.label_names(some) == ["9", "10", "x"]
    taken = some.take(np.array([2, 0]))
    assert (taken.texts, taken.gold, taken.ids) == (["c", "a"], ["x", "10"], ["k", "i"])


def test_further_texts_have_the_same_label_and_stand_behind(tmp_path):
    path = write(tmp_path, "a.tsv", 'title\tbody\ty\tv\nA\tB\t1\t{"1": 1}\nC\t\t0\t{"0": 3, "1": 1}\nD\tE\t0\t\n')
    found = example_files.read(path, "title", "y", votes="v", also="body")
    assert (found.texts, found.also) == (["A", "C", "D"], ["B", "", "E"])
    large = found.take([1, 2]).enlarged()
    assert (large.texts, large.gold, large.also) == (["C", "D", "E"], ["0", "0", "0"], None)
    assert large.votes.tolist() == [[0.75, 0.25], [1, 0], [1, 0]]
    assert large.enlarged() is large
    several = example_files.read(path, "title", "y,y", also="body").enlarged()
    assert several.gold.tolist() == [[1, 1], [0, 0], [0, 0], [1, 1], [0, 0]]
