from __future__ import annotations

from datetime import date, timedelta
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.pictures import charts

SVG = {"s": "http://www.w3.org/2000/svg"}
WEEK = [date(2024, 1, 1) + timedelta(day) for day in range(8)]


def parsed(chart: str) -> ElementTree.Element:
    assert " style=" not in chart
    assert "<style" not in chart
    return ElementTree.fromstring(chart)


def bars(root: ElementTree.Element) -> list[ElementTree.Element]:
    return root.findall("s:rect", SVG)


def texts(root: ElementTree.Element, css_class: str) -> list[str | None]:
    return [text.text for text in root.iterfind(f".//s:text[@class='{css_class}']", SVG)]


def paths(root: ElementTree.Element) -> list[str | None]:
    return [path.get("d") for path in root.iterfind(".//s:path", SVG)]


def test_hours_has_24_bars_as_high_as_their_counts() -> None:
    root = parsed(charts.hours([0] * 22 + [25, 50], title="Hours", unit="posts"))
    heights = [float(bar.get("height", "")) for bar in bars(root)]
    # 200 units less 10 above and 24 below; the axis ends at 50.
    assert heights == [1] * 22 + [83, 166]
    assert texts(root, "tick")[-8:] == [str(hour) for hour in range(0, 24, 3)]  # all 24 touch on a phone
    assert bars(root)[23].findtext("s:title", None, SVG) == "23:00–23:59: 50 posts"
    assert root.findtext("s:title", None, SVG) == "Hours (posts)"


def test_a_day_unknown_is_a_gap_and_a_day_of_zero_is_not() -> None:
    root = parsed(charts.days(WEEK, [3, None, 0, 1, 2, 3, 4, 5], title="Days", unit="件"))
    told = [bar.findtext("s:title", None, SVG) for bar in bars(root)]
    assert told[:2] == ["2024-01-01: 3 件", "2024-01-03: 0 件"]
    assert len(told) == 7
    assert "2024-01-02: –" in (root.findtext("s:desc", None, SVG) or "")


@pytest.mark.parametrize(
    ("number", "labels"),
    [
        (8, ["1/1", "1/2", "1/3", "1/4", "1/5", "1/6", "1/7", "1/8"]),  # as many as fit on a phone
        (13, ["1/1", "1/3", "1/5", "1/7", "1/9", "1/11", "1/13"]),
        (28, ["1/7", "1/14", "1/21", "1/28"]),
        (366, ["1/30", "3/26", "5/21", "7/16", "9/10", "11/5", "12/31"]),  # eight weeks apart
    ],
)
def test_the_last_day_is_marked_and_labels_count_back_from_it(number: int, labels: list[str]) -> None:
    dates = [date(2024, 1, 1) + timedelta(day) for day in range(number)]
    root = parsed(charts.days(dates, [1] * number, title="Days", unit="posts"))
    assert [bar.get("class") for bar in bars(root)] == ["bar"] * (number - 1) + ["bar today"]
    assert texts(root, "tick")[3:] == labels  # after the counts 0, 1 and 2


def test_each_word_has_a_row_a_scale_of_its_own_and_its_last_count() -> None:
    series = [("多い", [1000, 500, 0]), ("少ない", [2, 1, 0])]
    root = parsed(charts.lines(WEEK[:3], series, title="Words"))
    assert texts(root, "word") == ["多い", "少ない"]
    assert texts(root, "value") == ["0", "0"]
    high, low = (path or "" for path in paths(root))
    # The same fall: x 118, 270, 422; y from the row's upper edge to its lower one, 46 units.
    assert high == "M118 9L118 9 L270 32 L422 55"
    assert low == "M118 65L118 65 L270 88 L422 111"
    zeros = [line.get("y1") for line in root.iterfind(".//s:line", SVG)]
    assert zeros == ["55", "111"]
    assert texts(root, "tick") == ["1/1", "1/3"]


def test_a_line_breaks_where_nothing_is_known() -> None:
    root = parsed(charts.sparkline([1, None, 1, 1, None], title="Line"))
    path = paths(root)[0] or ""
    assert path.count("M") == 2
    assert not root.findall(".//s:circle", SVG)  # the last value is not known


def test_the_last_point_is_marked() -> None:
    (dot,) = parsed(charts.sparkline([0, 4], title="Line")).findall("s:circle", SVG)
    assert (dot.get("cx"), dot.get("cy")) == ("96", "4")


@pytest.mark.parametrize("nothing", [[], [None], [0], [None, None]])
def test_nothing_to_draw_is_a_picture_too(nothing: list[int | None]) -> None:
    dates = WEEK[: len(nothing)]
    parsed(charts.days(dates, nothing, title="t", unit="u"))
    parsed(charts.lines(dates, [("語", nothing)], title="t"))
    parsed(charts.lines(dates, [], title="t"))
    parsed(charts.sparkline(nothing, title="t"))


def test_what_does_not_fit_together_is_refused() -> None:
    with pytest.raises(ValueError, match="24 hours"):
        charts.hours([1] * 23, title="t", unit="u")
    with pytest.raises(ValueError, match="8 days but 1 counts"):
        charts.days(WEEK, [1], title="t", unit="u")
    with pytest.raises(ValueError, match="8 days but 2 counts"):
        charts.lines(WEEK, [("語", [1, 2])], title="t")
    with pytest.raises(ValueError, match="negative"):
        charts.sparkline([1, -1], title="t")


@settings(deadline=None, derandomize=True)
@given(st.text(), st.lists(st.none() | st.integers(0, 10**9), min_size=8, max_size=8))
def test_hostile_words_and_any_counts_give_well_formed_xml(word: str, counts: list[int | None]) -> None:
    root = parsed(charts.lines(WEEK, [(word, counts)], title=word))
    assert len(root.findall(".//s:g", SVG)) == 1
    assert {element.tag.rpartition("}")[2] for element in root.iter()} <= {
        "svg",
        "title",
        "desc",
        "g",
        "text",
        "path",
        "circle",
        "line",
    }
    parsed(charts.days(WEEK, counts, title=word, unit=word))
