"""What the models read, on the page, in the workbook and in report.json."""

import json
from dataclasses import replace
from pathlib import Path

import fake_day
import fake_learned
import openpyxl
import pytest
from selectolax.lexbor import LexborHTMLParser

from pipeline.reports import page, report_json, workbook
from pipeline.reports.characters import writable
from pipeline.reports.model import Day


@pytest.fixture(scope="module")
def day() -> Day:
    return replace(fake_day.day(size=12, number=20), learned=fake_learned.models())


def parsed(day: Day, language: str = "ja") -> LexborHTMLParser:
    return LexborHTMLParser(page.render(day, language))


def texts(tree: LexborHTMLParser, selector: str) -> list[str]:
    return [" ".join(node.text(separator=" ").split()) for node in tree.css(selector)]


def test_each_model_has_its_part_with_its_version_and_what_it_read(day: Day) -> None:
    tree = parsed(day)
    assert texts(tree, ".learned h3") == ["気分", "話題", "ことばづかい"]
    about = texts(tree, ".learned > p.quiet")
    assert "mood/0003" in about[0] and "300 件" in about[0] and "41 件" in about[0] and "mood/0002" in about[0]
    assert "間違いを測れない" in next(text for text in about if "topic/0001" in text)
    assert "保留" not in about[-1] and "言語モデル words/0001" in about[-1]
    assert texts(tree, ".contents a[href='#learned']") == ["モデルの読み"]


def test_shares_stand_in_a_table_beside_their_chart(day: Day) -> None:
    tree = parsed(day)
    rows = texts(tree, "#model-mood ~ .pair figure:first-child tbody tr")
    assert rows == ["ポジティブ 50% 38%–62% 160", "ネガティブ 38% 25%–50% 90", "中立 12% 0%–25% 50"]
    assert len(tree.css(".learned .plot svg")) == 2


def test_words_open_their_posts_where_the_page_has_them(day: Day) -> None:
    tree = parsed(day)
    assert texts(tree, ".clues dt") == ["ポジティブ", "ネガティブ"]
    assert texts(tree, ".clue") == ["楽しい 31", "嬉しい 25", "寒い 22"]
    buttons = [node.attributes["data-word"] for node in tree.css(".clue button")]
    assert "寒い" in buttons and not {"楽しくない"} & set(buttons)
    quoted = texts(tree, ".clues blockquote")
    assert quoted == [writable(example.post.text) for example in day.learned[0].typical]


def test_posts_are_told_with_probability_or_perplexity(day: Day) -> None:
    shown = " ".join(texts(parsed(day), ".posts"))
    assert "確率 98%" in shown and "確率 34%" in shown and "パープレキシティ 4,124" in shown


def test_in_english(day: Day) -> None:
    tree = parsed(day, "en")
    assert texts(tree, "#learned") == ["What the models read"]
    assert "of 41 it is unsure" in texts(tree, ".learned > p.quiet")[0]
    assert "perplexity 4,124" in " ".join(texts(tree, ".posts"))


def test_without_models_the_page_has_no_such_part() -> None:
    tree = parsed(fake_day.day(size=3, number=2))
    assert not tree.css(".learned") and not tree.css("#learned")


def test_report_json_has_labels_as_the_model_has_them(day: Day) -> None:
    mood, topic, words = json.loads(report_json.as_json(day))["models"]
    assert (mood["task"], mood["model_version"], mood["kind"]) == ("mood", "mood/0003", "labels")
    assert mood["shares"][0] == {
        "label": "positive", "posts": 300, "answers": 160, "share": 0.5, "low": 0.375, "high": 0.625,
    }  # fmt: skip
    assert mood["days"][0]["date"] == "2023-12-30" and mood["hours"][0]["hour"] == 8
    assert mood["words"]["positive"][0] == {"word": "楽しい", "value": 0.31, "posts": 9}
    assert mood["typical"][0]["post"]["id"] == "x:0" and topic["shares"] == []
    assert words["kind"] == "language" and words["surprising"][0]["value"] == 4123.7


def test_the_workbook_has_a_sheet_a_model(day: Day, tmp_path: Path) -> None:
    workbook.write(day, tmp_path / "report.xlsx", "ja")
    book = openpyxl.load_workbook(tmp_path / "report.xlsx")
    assert book.sheetnames[:5] == ["概要", "気分", "話題", "ことばづかい", "形容詞"]
    rows = [[cell.value for cell in row if cell.value is not None] for row in book["気分"]]
    assert ["ポジティブ", 0.5, 0.375, 0.625, 160, 300] in rows
    assert ["ポジティブ", 0.5, 0.375, 0.625, 7, 300, "8"] in rows
    clues = [row for row in rows if len(row) == 4 and isinstance(row[1], float | int) and row[1] > 1]
    assert ["ポジティブ", 31, 9, "楽しい"] in [[row[0], round(row[1]), round(row[2]), row[3]] for row in clues]
    assert any(row[0] == "ネガティブ" and row[1] == 0.96 for row in rows if len(row) == 4)


@pytest.mark.parametrize("title", ["絵文字", "概要", "😀" * 30, "長" * 40, "a:b/c", " "])
def test_a_model_may_be_called_anything_in_the_workbook(day: Day, tmp_path: Path, title: str) -> None:
    named = replace(day, learned=tuple(replace(one, title=title) for one in day.learned))
    workbook.write(named, tmp_path / "report.xlsx", "ja")
    names = openpyxl.load_workbook(tmp_path / "report.xlsx").sheetnames
    assert len(names) == 1 + 3 + 6 and names[-2:] == ["絵文字", "顔文字"]


def test_hostile_labels_words_and_posts_stay_text(tmp_path: Path) -> None:
    one = fake_learned.hostile()
    hostile = replace(fake_day.day(size=3, number=2), learned=(one, replace(one, title="=1+1")))
    tree = parsed(hostile)
    assert len(tree.css("script")) == 2 and not tree.css("img")  # the page's data and its script
    assert not [a for node in tree.css("*") for a in node.attributes if a.startswith("on") or a == "style"]
    known = ("http", "#", "..", "report", "index", "adj", "nou")
    assert all((link.attributes.get("href") or "").startswith(known) for link in tree.css("a"))
    workbook.write(hostile, tmp_path / "report.xlsx", "ja")
    book = openpyxl.load_workbook(tmp_path / "report.xlsx")
    assert len(set(book.sheetnames)) == len(book.sheetnames)
    assert not [cell for sheet in book for row in sheet for cell in row if cell.data_type == "f"]
    json.loads(report_json.as_json(hostile))


def test_the_same_day_gives_the_same_bytes(day: Day, tmp_path: Path) -> None:
    for name in ("a", "b"):
        workbook.write(day, tmp_path / name, "ja")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert page.render(day, "ja") == page.render(day, "ja")
