"""Colours by part of speech that colour-blind readers can tell apart, on white and on dark pages.

The hues are those of Okabe and Ito, "Color Universal Design" (2008), darkened or lightened until text in them reaches
the contrast of WCAG 2.2, success criterion 1.4.3 (4.5:1), and nouns and the rest further, so that kinds differ in
lightness too: that is what is left to tell vermilion, green and purple from blue and grey where hues are not seen.
"""

from __future__ import annotations

from typing import Literal

Kind = Literal["noun", "verb", "adjective", "adjectival-noun", "other"]
Shades = tuple[str, str, str]

KINDS: tuple[Kind, ...] = ("noun", "verb", "adjective", "adjectival-noun", "other")

PAPER = "#ffffff"
DARK_PAPER = "#121212"

LIGHT: dict[Kind, Shades] = {
    "noun": ("#004268", "#00507e", "#005d92"),
    "verb": ("#944200", "#ab4b00", "#be5400"),
    "adjective": ("#00674b", "#007656", "#008360"),
    "adjectival-noun": ("#8a406e", "#9e4a7f", "#b1528e"),
    "other": ("#2e2e2e", "#3c3c3c", "#494949"),
}
"""Kind of word -> its colours on `PAPER`, the strongest first."""

DARK: dict[Kind, Shades] = {
    "noun": ("#abd0e6", "#94c4df", "#7cb6d7"),
    "verb": ("#e4995d", "#de8137", "#d86911"),
    "adjective": ("#4ebc9e", "#23ac86", "#009c71"),
    "adjectival-noun": ("#dc93c1", "#d57bb3", "#cd64a6"),
    "other": ("#dfdfdf", "#d3d3d3", "#c7c7c7"),
}
"""The same on `DARK_PAPER`, for a style sheet: presentation attributes in a picture give way to it."""

_KINDS: dict[str, Kind] = {
    "名詞": "noun",
    "代名詞": "noun",
    "動詞": "verb",
    "形容詞": "adjective",
    "形状詞": "adjectival-noun",
}


def kind(pos: str) -> Kind:
    """Return the kind of a UniDic part of speech; all but content words, and adverbs, are ``other``."""
    return _KINDS.get(pos, "other")


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours ``#rrggbb``, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def rgb(colour: str) -> tuple[int, int, int]:
    """Return red, green and blue, 0 to 255, of ``#rrggbb``."""
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue


def _luminance(colour: str) -> float:
    scaled = (part / 255 for part in rgb(colour))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in scaled)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
