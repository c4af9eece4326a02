import datetime as dt

import fake_day
from selectolax.lexbor import LexborHTMLParser

from pipeline.reports import index
from pipeline.reports.model import DayCard


def test_newest_month_first_and_each_day_at_its_weekday() -> None:
    days = [dt.date(2023, 12, 31), dt.date(2024, 1, 1), dt.date(2024, 1, 8), dt.date(2024, 2, 29)]
    tree = LexborHTMLParser(index.render([DayCard(day, 1200, 3) for day in days], "ja", "日報"))
    assert [" ".join(month.text().split()) for month in tree.css("h4")] == [
        "2024年2月 1,200 件", "2024年1月 2,400 件", "2023年12月 1,200 件",
    ]  # fmt: skip
    places = {item.css_first("a").attributes["href"]: item.attributes["class"] for item in tree.css(".month li")}
    assert places == {
        "2023-12-31/index.html": "c7 r5",  # December 2023 began on a Friday; the 31st is its fifth Sunday
        "2024-01-01/index.html": "c1 r1",  # a Monday
        "2024-01-08/index.html": "c1 r2",
        "2024-02-29/index.html": "c4 r5",  # a Thursday; the 1st was one too
    }
    assert [year.text().strip() for year in tree.css("h3")] == ["2024", "2023"]


def test_the_day_after_each_day_is_an_anchor_of_its_cell_or_of_its_month() -> None:
    days = [dt.date(2023, 12, 31), dt.date(2024, 1, 1), dt.date(2024, 1, 8), dt.date(2024, 1, 31)]
    tree = LexborHTMLParser(index.render([DayCard(day, 1, 1) for day in days], "ja", "日報"))
    january, december = tree.css(".month")
    assert [item.id for item in january.css("li")] == ["2024-01-01", "2024-01-08", "2024-01-31"]
    assert [item.id for item in january.css("span[id]")] == ["2024-01-02", "2024-01-09", "2024-02-01"]
    assert [item.id for item in december.css("[id]")] == ["2023-12-31"]  # its day after is there
    ids = [item.id for item in tree.css("[id]")]
    assert len(set(ids)) == len(ids)
    assert [link.attributes["href"] for link in tree.css("nav a")] == ["#2024", "#2023"]


def test_a_failed_day_says_so_and_leads_nowhere() -> None:
    cards = [DayCard(dt.date(2024, 1, 1), 5, 2), DayCard(dt.date(2024, 1, 2), None, None, failed=True)]
    tree = LexborHTMLParser(index.render(cards, "ja", "日報"))
    assert tree.css_first(".c2 .failed").text() == "失敗"
    assert tree.css_first(".c2 a") is None
    assert "1月1日" in tree.css_first(".latest").text()


def test_no_days_yet() -> None:
    tree = LexborHTMLParser(index.render([], "en", "Reports"))
    assert "There are no days yet." in tree.css_first("main").text()


def test_five_years_stay_under_two_megabytes() -> None:
    html = index.render(fake_day.cards(1822), "ja", "日報")
    assert len(LexborHTMLParser(html).css(".month li")) == 1822
    assert len(html.encode()) < 2_000_000


def test_hostile_words_and_title_stay_text() -> None:
    words = tuple(fake_day.hostile_texts())
    cards = [DayCard(dt.date(2024, 1, 1 + i), 1, 1, words[3 * i : 3 * i + 3]) for i in range(9)]
    html = index.render(cards, "ja", words[0])
    html.encode("utf-8")
    tree = LexborHTMLParser(html)
    assert not tree.css("script, img, [onerror]")
    assert tree.css_first("h1").text() == words[0]
