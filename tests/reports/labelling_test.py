import base64
import csv
import hashlib
import io
import zipfile
from dataclasses import replace
from pathlib import Path

import fake_queue
import openpyxl
import pytest
from selectolax.lexbor import LexborHTMLParser

from pipeline.reports import csv_tables, labelling
from pipeline.reports.characters import writable


def parsed(queue: labelling.Queue, language: str = "ja") -> LexborHTMLParser:
    return LexborHTMLParser(labelling.render(queue, language))


def rows(queue: labelling.Queue) -> list[list[str]]:
    return list(csv.reader(io.StringIO(labelling.write_csv(queue).decode("utf-8-sig"), newline="")))


def test_every_post_has_a_choice_of_labels() -> None:
    tree = parsed(fake_queue.queue())
    posts = tree.css(".question")
    assert [post.attributes["data-id"] for post in posts] == ["x:1", "x:2", "x:3", "x:4", "x:5"]
    assert [post.css_first("blockquote").text() for post in posts] == [writable(text) for text in fake_queue.TEXTS]
    assert posts[0].css_first("time").text() == "2024-01-05 01:01"  # 16:01 UTC in Tokyo
    assert [one.attributes["value"] for one in posts[0].css("input")] == ["positive", "negative", "neutral", "?"]
    assert [key.text() for key in posts[0].css("kbd")] == ["1", "2", "3", "0"]
    assert {one.attributes["type"] for one in posts[0].css("input")} == {"radio"}
    assert [link.attributes["href"] for link in tree.css(".question a")] == [
        f"https://example.jp/{n}" for n in (1, 3, 5)
    ]


def test_several_labels_are_boxes_and_none_of_them_is_an_answer() -> None:
    post = parsed(fake_queue.queue(several=True), "en").css(".question")[0]
    assert [one.attributes["value"] for one in post.css("input")] == ["positive", "negative", "neutral", "none", "?"]
    assert {one.attributes["type"] for one in post.css("input")} == {"checkbox"}


def test_the_tenth_label_has_no_key() -> None:
    post = parsed(fake_queue.queue(labels=tuple("abcdefghijk"))).css(".question")[0]
    assert [key.text() for key in post.css("kbd")] == [*"123456789", "0"]


def test_no_guess_is_shown_and_an_empty_queue_says_so() -> None:
    assert (
        "ラベル付けする投稿はありません" in parsed(replace(fake_queue.queue(), questions=())).css_first("main").text()
    )


def test_the_page_may_run_its_own_script_and_load_nothing() -> None:
    html = labelling.render(fake_queue.queue(), "ja")
    tree = LexborHTMLParser(html)
    policy = tree.css_first("meta[http-equiv]").attributes["content"]
    assert policy is not None and policy.startswith("default-src 'none'; ") and "unsafe" not in policy
    assert "connect-src" not in policy
    script = html.partition("<script>")[2].partition("</script>")[0]
    assert base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() in policy
    assert "innerHTML" not in script and "http" not in script and len(tree.css("script")) == 1
    html.encode("utf-8")


def test_the_page_guards_cells_as_our_sheets_do() -> None:
    script = labelling.render(fake_queue.queue(), "ja").partition("<script>")[2]
    assert f"/^(?:{csv_tables._FORMULA.pattern})/u" in script


def test_another_queue_does_not_find_the_answers_of_this_one() -> None:
    def key(queue: labelling.Queue) -> str | None:
        return parsed(queue).css_first("main").attributes["data-key"]

    queue = fake_queue.queue()
    others = [
        fake_queue.queue(several=True),
        replace(queue, task="topic"),
        replace(queue, questions=queue.questions[1:]),
        fake_queue.queue(labels=("a",)),
    ]
    assert key(queue) == key(queue) and len({key(one) for one in [queue, *others]}) == 5


def test_the_sheet_has_what_is_known_and_room_for_the_rest() -> None:
    head, first, _, third, fourth, fifth = rows(fake_queue.queue())
    assert head == list(labelling.COLUMNS)
    assert first == ["x:1", "2024-01-05 01:01:00+09:00", "今日は楽しかった", "mood", "", "", ""]
    assert third[2] == "'" + fake_queue.TEXTS[2] and fifth[2] == "'＠猫"  # no formula
    assert fourth[2] == "<script>alert(1)</script>\ufffd\ufffd"


def test_the_workbook_offers_the_labels_and_holds_no_formula(tmp_path: Path) -> None:
    path = tmp_path / "queue.xlsx"
    labelling.write_workbook(fake_queue.queue(), path)
    sheet = openpyxl.load_workbook(path)["labels"]
    assert [cell.value for cell in sheet[1]] == list(labelling.COLUMNS)
    assert [cell.value for cell in sheet["C"]][1:] == [writable(text) for text in fake_queue.TEXTS]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} == {"s", "n"}  # n: the empty ones
    (allowed,) = sheet.data_validations.dataValidation
    assert (str(allowed.sqref), allowed.formula1) == ("E2:E6", '"positive,negative,neutral,?"')
    with zipfile.ZipFile(path) as parts:
        assert all(b"<f>" not in parts.read(name) for name in parts.namelist())
        assert not [name for name in parts.namelist() if "rels" in name and "sheet" in name]


@pytest.mark.parametrize("labels", [("a,b", "c"), ('"', "c"), ("x" * 300, "y")])
def test_labels_that_a_cell_cannot_offer_are_typed(tmp_path: Path, labels: tuple[str, ...]) -> None:
    path = tmp_path / "queue.xlsx"
    labelling.write_workbook(fake_queue.queue(labels=labels), path)
    assert not openpyxl.load_workbook(path)["labels"].data_validations.dataValidation


def test_the_same_queue_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        labelling.write_workbook(fake_queue.queue(), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert labelling.render(fake_queue.queue(), "en") == labelling.render(fake_queue.queue(), "en")


def test_what_is_written_is_what_is_read() -> None:
    """A queue filled by hand comes back through the import, guarded cells and all."""
    from pipeline.models import labels

    sheet = rows(fake_queue.queue(labels=("-1", "1")))
    for row, label in zip(sheet[1:], ("-1", "'-1", "1", "?", ""), strict=True):
        row[4] = label
    asked = labels.Asked("mood", ["-1", "1"], who="花子")
    found = labels.from_rows(enumerate(sheet, 1), asked, "queue.csv")
    assert [(a.post_id, a.label) for a in found.answers] == [("x:1", "-1"), ("x:2", "-1"), ("x:3", "1"), ("x:4", "?")]
    assert found.unanswered == 1 and not found.unusable


def test_both_sides_name_the_answers_alike() -> None:
    from pipeline.models import labels

    assert (labelling.UNKNOWN, labelling.NONE, labelling.JOINT) == (labels.UNKNOWN, labels.NONE, labels.JOINT)
