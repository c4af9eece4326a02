import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.pictures.portions import Portion, bands, bars


def elements(drawn: str, name: str, css_class: str) -> list[dict[str, str]]:
    found = (e.attrib for e in ET.fromstring(drawn).iter() if e.tag.endswith(name))
    return [attributes for attributes in found if attributes.get("class") == css_class]


def test_a_bar_is_as_long_as_its_share_and_the_whisker_spans_its_interval() -> None:
    drawn = bars([("良", Portion(0.5, 0.4, 0.8)), ("悪", Portion(0.25, 0.2, 0.3))], title="気分")
    widths = [float(bar["width"]) for bar in elements(drawn, "rect", "bar")]
    assert widths == [141.25, 70.62]  # 226 units are the 0.8 of the largest bound: 226 × 0.5 / 0.8, and half of it
    whisker = elements(drawn, "path", "whisker")[0]["d"]
    assert whisker.startswith("M231 ") and re.search(r"L344 [\d.]+$", whisker)  # 118 + 226 × 0.4 / 0.8, and 118 + 226
    assert "50% (40%–80%)" in drawn and "<desc>良: 50% (40%–80%); 悪: 25% (20%–30%)</desc>" in drawn


def test_a_band_breaks_at_a_gap_and_what_stands_alone_is_a_dot() -> None:
    known = Portion(0.5, 0.4, 0.6)
    drawn = bands(["0", "1", "2", "3"], [("良", [known, known, None, known])], title="t")
    assert len(elements(drawn, "path", "band")) == 2
    assert len(elements(drawn, "path", "line")) == 1
    assert len(elements(drawn, "circle", "point")) == 1 and not elements(drawn, "circle", "dot")


def test_rows_share_one_scale_and_today_is_marked() -> None:
    series = [("良", [Portion(0.6, 0.5, 0.62)] * 2), ("悪", [Portion(0.1, 0, 0.2)] * 2)]
    drawn = bands(["1/1", "1/2"], series, title="t", today=True)
    assert drawn.count(">70%<") == 2  # the next tenth above 0.62
    assert len(elements(drawn, "circle", "dot")) == 2


def test_places_are_written_from_the_first_or_back_from_today() -> None:
    known = [("良", [Portion(0.5, 0.4, 0.6)] * 5)]
    ticks = [re.findall(r'middle">(\d)<', bands("01234", known, title="t", every=2, today=t)) for t in (False, True)]
    assert ticks == [["0", "2", "4"], ["0", "2", "4"]]
    known = [("良", [Portion(0.5, 0.4, 0.6)] * 4)]
    assert re.findall(r'middle">(\d)<', bands("0123", known, title="t", every=2, today=True)) == ["1", "3"]


@pytest.mark.parametrize("wrong", [Portion(0.5, 0.6, 0.7), Portion(0.5, 0.4, 1.1), Portion(float("nan"), 0, 1)])
def test_what_is_no_share_is_refused(wrong: Portion) -> None:
    with pytest.raises(ValueError):
        bars([("a", wrong)], title="t")
    with pytest.raises(ValueError):
        bands(["1"], [("a", [wrong])], title="t")


def test_a_series_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError):
        bands(["1", "2"], [("a", [None])], title="t")


def test_nothing_at_all_is_a_picture_too() -> None:
    assert ET.fromstring(bars([], title="t")) is not None
    assert ET.fromstring(bands([], [], title="t")) is not None
    assert ET.fromstring(bands(["1"], [("a", [None])], title="t")) is not None


@given(st.text(max_size=20), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_any_name_and_share_give_well_formed_markup(name: str, a: float, b: float, c: float) -> None:
    low, share, high = sorted((a, b, c))
    portion = Portion(share, low, high)
    ET.fromstring(bars([(name, portion)], title=name))
    ET.fromstring(bands([name, "x"], [(name, [portion, None])], title=name))
