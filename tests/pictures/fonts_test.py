from __future__ import annotations

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pylopdf_fonts_jp
import pytest
from fontTools.ttLib import TTFont

from pipeline.errors import FontError
from pipeline.pictures import fonts


@pytest.fixture
def fresh() -> Iterator[None]:
    fonts.path.cache_clear()
    fonts._glyphs.cache_clear()
    yield
    fonts.path.cache_clear()
    fonts._glyphs.cache_clear()


def test_the_font_is_the_one_that_comes_by_pip() -> None:
    assert fonts.path().name == "NotoSansJP-Regular.otf"


def test_names_of_people_have_all_their_glyphs() -> None:
    assert fonts.missing("髙橋﨑𠮷鷗辻々ー") == ""


@pytest.mark.parametrize(
    ("text", "missing"),
    [("推し🍣活🍣", "🍣"), ("مر", "مر"), ("葛\U000e0100", "\U000e0100"), ("a\nb\x00", "\n\x00"), ("\ud800", "\ud800")],
)
def test_characters_without_a_glyph_are_named_once(text: str, missing: str) -> None:
    assert fonts.missing(text) == missing


@pytest.mark.parametrize("word", ["", " ", "\u3000", "🍣", "推し🍣"])
def test_nothing_to_draw_or_a_box_is_not_drawable(word: str) -> None:
    assert not fonts.drawable(word)


def test_a_plain_word_is_drawable() -> None:
    assert fonts.drawable("𠮷野家")


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize("damage", ["flipped", "cut", "empty", "gone"])
def test_a_damaged_font_is_refused_with_its_name_and_what_to_do(
    damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = pylopdf_fonts_jp.sans_path().read_bytes()
    middle = len(sound) // 2
    made = {
        "flipped": sound[:middle] + bytes([sound[middle] ^ 1]) + sound[middle + 1 :],
        "cut": sound[:middle],
        "empty": b"",
    }
    copy = tmp_path / "font.otf"
    if damage in made:
        copy.write_bytes(made[damage])
    monkeypatch.setattr(pylopdf_fonts_jp, "sans_path", lambda: copy)
    with pytest.raises(FontError, match=r"font\.otf.*install the package pylopdf-fonts-jp anew"):
        fonts.path()


@pytest.mark.usefixtures("fresh")
def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pylopdf_fonts_jp", None)
    with pytest.raises(FontError, match="font package pylopdf-fonts-jp is missing; install it anew"):
        fonts.path()


def test_the_web_font_has_every_character_and_the_same_outlines() -> None:
    packed = fonts.web_font()
    assert len(packed) < 3.5 * 2**20
    web, whole = TTFont(BytesIO(packed)), TTFont(fonts.path())
    assert web.flavor == "woff2"
    assert web.getBestCmap() == whole.getBestCmap()
    assert web.reader["CFF "] == whole.reader["CFF "]
    assert "SIL Open Font License" in web["name"].getDebugName(13)
