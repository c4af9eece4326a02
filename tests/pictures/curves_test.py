import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.pictures.curves import Curve, curves, ticks

LOSS = Curve("学習", [(1, 1.0), (2, 0.5), (3, 0.25)])
DEV = Curve("検証", [(1, 1.1), (2, 0.7), (3, 0.75)])


def paths(drawn: str) -> list[str]:
    return [
        e.attrib["d"] for e in ET.fromstring(drawn).iter() if e.tag.endswith("path") and "line" in e.attrib["class"]
    ]


def test_points_lie_where_they_should() -> None:
    drawn = curves([Curve("a", [(0, 0), (5, 1), (10, 2)])], title="t")
    line, _ = paths(drawn)
    (x0, y0), (x1, y1), (x2, y2) = (map(float, point.split()) for point in line[1:].split("L"))
    assert x1 - x0 == pytest.approx(x2 - x1) and y0 - y1 == pytest.approx(y1 - y2)
    assert (x0, x2, y0 - y2) == (50, 472, 206)  # the whole width 480 - 50 - 8, the whole height 240 - 10 - 24


def test_curves_differ_without_colour_and_are_told_in_words() -> None:
    drawn = curves([LOSS, DEV], title="誤差")
    dashes = re.findall(r'class="line line-\d" .*?stroke-dasharray="([^"]+)"', drawn)
    assert dashes == ["none", "7 4", "none", "7 4"]  # the curves, then their key
    assert "<title>誤差</title>" in drawn and "学習: 1 1, 2 0.5, 3 0.25; 検証: 1 1.1" in drawn


def test_a_guide_is_faint_and_has_no_dots() -> None:
    guide = Curve("理想", [(0, 0), (1, 1)], guide=True)
    assert curves([guide], title="t").count("<circle") == 0
    assert curves([guide, Curve("b", [(0.5, 0.4)])], title="t").count("<circle") == 1


def test_names_are_escaped_and_nothing_is_drawn_of_nothing() -> None:
    assert "<script>" not in curves([Curve("<script>", [(1, 1)])], title="<b>")
    ET.fromstring(curves([], title="t"))
    ET.fromstring(curves([Curve("a", []), Curve("b", [(0, 0)])], title="t"))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0])
def test_what_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        curves([Curve("a", [(1, value)])], title="t")


def test_ticks_by_hand() -> None:
    assert ticks(1.0) == [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    assert ticks(1.1) == [0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2]
    assert ticks(30) == [0, 5, 10, 15, 20, 25, 30]
    assert ticks(0) == [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]


@settings(deadline=None, derandomize=True)
@given(st.floats(1e-6, 1e6))
def test_ticks_reach_the_value_and_are_few(most: float) -> None:
    found = ticks(most)
    assert found[-1] >= most * (1 - 1e-6) and 3 <= len(found) <= 11 and found[-2] < most * (1 + 1e-6)
