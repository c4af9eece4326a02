from __future__ import annotations

import struct
from io import BytesIO

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

from pipeline.pictures import woff2


def builder(*, is_ttf: bool) -> FontBuilder:
    made = FontBuilder(1000, isTTF=is_ttf)
    made.setupGlyphOrder([".notdef", "A"])
    made.setupCharacterMap({0x41: "A"})
    return made


def finished(made: FontBuilder) -> bytes:
    made.setupHorizontalMetrics({".notdef": (500, 0), "A": (600, 0)})
    made.setupHorizontalHeader(ascent=800, descent=-200)
    made.setupNameTable({"familyName": "Tiny", "styleName": "Regular"})
    made.setupOS2()
    made.setupPost()
    file = BytesIO()
    made.font.save(file)
    return file.getvalue()


def cff_font() -> bytes:
    made = builder(is_ttf=False)
    pen = T2CharStringPen(600, None)
    made.setupCFF("Tiny", {}, {".notdef": pen.getCharString(), "A": pen.getCharString()}, {})
    return finished(made)


def test_every_table_comes_back() -> None:
    font = cff_font()
    packed = woff2.pack(font)
    before, after = TTFont(BytesIO(font)), TTFont(BytesIO(packed))
    assert after.flavor == "woff2"
    assert set(after.reader.keys()) == set(before.reader.keys())
    for tag in set(before.reader.keys()) - {"head"}:
        assert after.getTableData(tag) == before.getTableData(tag)
    assert after.getBestCmap() == {0x41: "A"}
    assert packed == woff2.pack(font)


def test_the_header_tells_the_length_a_multiple_of_four_and_the_size_unpacked() -> None:
    font = cff_font()
    packed = woff2.pack(font)
    signature, flavour, length, tables = struct.unpack_from(">4s4sLH", packed)
    assert (signature, flavour) == (b"wOF2", b"OTTO")
    assert length == len(packed)
    assert length % 4 == 0
    assert tables == len(TTFont(BytesIO(font)).reader.keys())
    assert struct.unpack_from(">L", packed, 16) == (len(font),)


def test_truetype_outlines_are_refused() -> None:
    made = builder(is_ttf=True)
    pen = TTGlyphPen(None)
    made.setupGlyf({".notdef": pen.glyph(), "A": pen.glyph()})
    with pytest.raises(ValueError, match="CFF"):
        woff2.pack(finished(made))
