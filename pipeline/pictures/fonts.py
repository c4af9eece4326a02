"""The fonts, which come by pip: Noto Sans JP, and Noto Emoji for pages (both SIL Open Font License 1.1)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from io import BytesIO
from pathlib import Path

from fontTools.ttLib import TTFont, TTLibError
from fontTools.ttLib.sfnt import SFNTReader, calcChecksum

from pipeline.errors import FontError
from pipeline.pictures import woff2

_VARIATIONS = ("avar", "fvar", "gvar", "HVAR", "MVAR", "STAT", "DSIG")
"""Tables of other weights than the default one."""

FAMILY = "Noto Sans JP"
"""The name under which a page should declare `web_font`."""

_NOT_ON_PAGES = ("BASE", "DSIG", "GDEF", "GPOS", "GSUB", "VORG", "vhea", "vmtx")
"""Tables for vertical setting, alternates and kerning: nothing on our pages uses them."""


@cache
def path() -> Path:
    """Return the font's file, after its checksums have been verified once a process.

    Raises FontError if it is missing or damaged.
    """
    try:
        from pylopdf_fonts_jp import sans_path
    except ImportError as error:
        raise FontError("the font package pylopdf-fonts-jp is missing; install it anew") from error
    return _checked(Path(sans_path()), "pylopdf-fonts-jp")


def _checked(font: Path, package: str) -> Path:
    try:
        _verify(font)
    except OSError as error:
        raise FontError(f"{font}: cannot be read ({error.strerror}); install the package {package} anew") from error
    except (TTLibError, ValueError, AssertionError) as error:
        raise FontError(f"{font}: damaged ({error}); install the package {package} anew") from error
    return font


def _verify(font: Path) -> None:
    with font.open("rb") as file:
        reader = SFNTReader(file, checkChecksums=0)
        for tag, entry in reader.tables.items():
            data = reader[tag]
            if tag == "head":  # its own field for the whole file's sum counts as zero
                data = data[:8] + bytes(4) + data[12:]
            if len(data) != entry.length or calcChecksum(data) != entry.checkSum:
                raise ValueError(f"the checksum of its table {tag.strip()} is wrong")


@cache
def _glyphs() -> Mapping[int, str]:
    with TTFont(path(), lazy=True) as font:
        glyphs: Mapping[int, str] | None = font.getBestCmap()
    if glyphs is None:
        raise FontError(f"{path()}: has no Unicode characters; install the package pylopdf-fonts-jp anew")
    return glyphs


def missing(text: str) -> str:
    """Return the characters of a text that the font has no glyph for: each once, in order.

    Variation selectors, joiners and controls have none, so emoji sequences are found missing as a whole or in part.
    """
    glyphs = _glyphs()
    return "".join(dict.fromkeys(character for character in text if ord(character) not in glyphs))


def drawable(word: str) -> bool:
    """Say whether a word has something to draw, and a glyph for all of it."""
    return bool(word.strip()) and not missing(word)


def web_font() -> bytes:
    """Return the font as WOFF2 for pages shown on a machine without Japanese fonts.

    Every character is kept, so that a page shows whatever a cloud can draw; only tables that our pages have no
    use for are left out. Choosing glyphs (JIS X 0213) takes five times as long and saves a seventh of the size.
    """
    with TTFont(path(), lazy=True, recalcTimestamp=False, recalcBBoxes=False) as font:
        for tag in _NOT_ON_PAGES:
            if tag in font:
                del font[tag]
        font["head"].flags |= woff2.LOSSLESS
        plain = BytesIO()
        font.save(plain)
    return woff2.pack(plain.getvalue())


@cache
def emoji_path() -> Path:
    """Return the file of the font for emoji, after its checksums have been verified once a process.

    Raises FontError if it is missing or damaged.
    """
    try:
        import manimgx_fonts
    except ImportError as error:
        raise FontError("the font package manimgx-fonts is missing; install it anew") from error
    return _checked(Path(str(manimgx_fonts.__file__)).with_name("NotoEmoji[wght].ttf"), "manimgx-fonts")


def emoji_web_font() -> bytes:
    """Return Noto Emoji (black and white) as WOFF2 for pages shown on a machine without emoji; about 5 s of work."""
    with TTFont(emoji_path(), recalcTimestamp=False) as font:
        for tag in _VARIATIONS:
            if tag in font:
                del font[tag]
        font.flavor = "woff2"
        packed = BytesIO()
        font.save(packed)
    return packed.getvalue()
