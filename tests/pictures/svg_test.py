from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.pictures import svg


@pytest.mark.parametrize(
    ("value", "written"),
    [(0, "0"), (3.0, "3"), (1.5, "1.5"), (2 / 3, "0.67"), (1e-9, "0"), (-0.004, "-0"), (100, "100")],
)
def test_numbers_are_short(value: float, written: str) -> None:
    assert svg.number(value) == written


def test_text_cannot_leave_its_element_nor_its_attribute() -> None:
    hostile = "</text><script>alert('1')</script>\" onload=\"x"
    made = svg.element("g", {"data-word": hostile}, svg.label(hostile, {"x": 1}))
    assert "<script" not in made
    root = ElementTree.fromstring(made)
    assert root.attrib == {"data-word": hostile}
    assert [child.tag for child in root] == ["text"]
    assert root[0].text == hostile


def test_what_xml_forbids_becomes_a_replacement_character() -> None:
    assert svg.text("a\x00b\ud800c\ufffe") == "a\ufffdb\ufffdc\ufffd"


@settings(deadline=None, derandomize=True)
@given(st.text())
def test_any_title_gives_well_formed_xml(title: str) -> None:
    made = svg.picture(10, 20, title=title, about=title, css_class="chart")
    root = ElementTree.fromstring(made.encode())
    assert root.get("viewBox") == "0 0 10 20"
    assert root.get("role") == "img"
    assert "style" not in root.attrib
