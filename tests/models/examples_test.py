"""Labelled files of each format, and what is said of wrong ones."""

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from pipeline.errors import InputError
from pipeline.models import examples
from pipeline.models.examples import Examples


def write(tmp_path, name, text):
    path = tmp_path / name
    path.write_bytes(text.encode())
    return path


def test_tsv_has_no_quoting(tmp_path):
    path = write(tmp_path, "a.tsv", '\ufeffid\ttext\tlabel\r\n1\t"朝\t良\r\n\r\n2\t夜\r"\t悪\r\n')
    found = examples.read(path, "text", "label", "id")
    assert found.texts == ['"朝', '夜\r"']
    assert (found.gold, found.ids) == (["良", "悪"], ["1", "2"])


def test_csv_is_rfc_4180(tmp_path):
    found = examples.read(write(tmp_path, "a.csv", 'text,label\r\n"a ""b"",\nc",1\r\nd,0\r\n'), "text", "label")
    assert found.texts == ['a "b",\nc', "d"]


def test_json_lines_and_parquet(tmp_path):
    path = write(tmp_path, "a.jsonl", '{"t": "雨", "y": 1}\n\n{"t": "晴", "y": true}\n')
    assert examples.read(path, "t", "y").gold == ["1", "1"]
    parquet.write_table(pa.table({"t": ["雨", None], "y": [2, 3]}), tmp_path / "a.parquet")
    found = examples.read(tmp_path / "a.parquet", "t", "y")
    assert (found.texts, found.gold) == (["雨", ""], ["2", "3"])


def test_several_columns_of_text_and_of_labels(tmp_path):
    path = write(tmp_path, "a.tsv", "title\tbody\tx\ty\nA\tB\t1\t0\n\tC\t0\t0\nD\tE\t\t1\n")
    found = examples.read(path, "title,body", "x,y")
    assert found.texts == ["A\nB", "C"]
    assert found.gold.tolist() == [[1, 0], [0, 0]]
    assert (found.labels, found.unlabelled) == (["x", "y"], 1)
    assert examples.label_numbers(found, ["y", "x"]).tolist() == [[0, 1], [0, 0]]


def test_votes_become_shares_in_the_order_of_the_labels(tmp_path):
    rows = 'text\tlabel\tjudges\na\t1\t{"1": 2, "0": 1, "9": 5}\nb\t0\t{"0": 4}\nc\t-1\t\n'
    found = examples.read(write(tmp_path, "a.tsv", rows), "text", "label", votes="judges")
    assert examples.label_names(found) == ["-1", "0", "1"]
    assert np.allclose(found.votes, [[0, 1 / 3, 2 / 3], [0, 1, 0], [1, 0, 0]])  # the stranger's five do not count


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
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
        examples.read(write(tmp_path, name, text), "text", "label")
    assert said in str(error.value)


def test_other_encodings_absence_and_strange_labels_are_told(tmp_path):
    (tmp_path / "a.tsv").write_bytes("text\tlabel\n雨\t1\n".encode("cp932"))
    with pytest.raises(InputError, match="not UTF-8 at byte 11; save it as UTF-8"):
        examples.read(tmp_path / "a.tsv", "text", "label")
    with pytest.raises(InputError, match="cannot be read"):
        examples.read(tmp_path / "b.tsv", "text")
    with pytest.raises(InputError, match="'2' is none of 0, 1"):
        examples.label_numbers(Examples(["a"], ["2"]), ["0", "1"])
    with pytest.raises(InputError, match="'2' where 0 or 1 is wanted"):
        examples.read(write(tmp_path, "c.tsv", "text\ta\tb\nx\t1\t2\n"), "text", "a,b")


def test_numbers_sort_by_value_and_rows_are_taken():
    some = Examples(["a", "b", "c"], ["10", "9", "x"], ["i", "j", "k"])
    assert examples.label_names(some) == ["9", "10", "x"]
    taken = some.take(np.array([2, 0]))
    assert (taken.texts, taken.gold, taken.ids) == (["c", "a"], ["x", "10"], ["k", "i"])


def test_further_texts_have_the_same_label_and_stand_behind(tmp_path):
    path = write(tmp_path, "a.tsv", 'title\tbody\ty\tv\nA\tB\t1\t{"1": 1}\nC\t\t0\t{"0": 3, "1": 1}\nD\tE\t0\t\n')
    found = examples.read(path, "title", "y", votes="v", also="body")
    assert (found.texts, found.also) == (["A", "C", "D"], ["B", "", "E"])
    large = found.take([1, 2]).enlarged()
    assert (large.texts, large.gold, large.also) == (["C", "D", "E"], ["0", "0", "0"], None)
    assert large.votes.tolist() == [[0.75, 0.25], [1, 0], [1, 0]]
    assert large.enlarged() is large
    several = examples.read(path, "title", "y,y", also="body").enlarged()
    assert several.gold.tolist() == [[1, 1], [0, 0], [0, 0], [1, 1], [0, 0]]
