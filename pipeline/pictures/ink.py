"""Words as ink: their measures in the font, and the PNG that they are drawn on.

Set by Pillow's basic layout: its other one depends on a library of the system and would give other bytes on another
machine. Boxes never overlap, so the PNG has a palette of exactly its colours and their blends with the paper.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFont

from pipeline.pictures import fonts, palette

_BLENDS = 16
"""Steps from paper to colour at the edge of a stroke: 15 colours × 16 + paper = 241 of a palette's 256."""
_COLOURS = [colour for kind in palette.KINDS for colour in palette.LIGHT[kind]]
_EM = 100
"""Font size at which measures are taken that hold for all sizes."""


@dataclass(frozen=True)
class Ink:
    """The box of a word's ink at a font size, in pixels."""

    word: str
    size: int
    left: int
    """From the origin to the left of the ink."""
    top: int
    """From the baseline to the top of the ink; negative, as y grows downwards."""
    width: int
    height: int
    advance: float
    """From the origin to where a next letter would start."""


@dataclass(frozen=True)
class Stroke:
    """Ink at its place: ``x``, ``y`` is the top left corner of its box in the picture."""

    ink: Ink
    x: int
    y: int
    colour: str


def measure(word: str, size: int) -> Ink:
    """Return the box of a word that the font can draw."""
    font = _font(size)
    left, top, right, bottom = (int(edge) for edge in font.getbbox(word, anchor="ls"))
    return Ink(word, size, left, top, right - left, bottom - top, font.getlength(word))


def extents(words: Iterable[str]) -> NDArray[np.float64]:
    """Return width and height of each word's ink at font size 1; shape (words, 2)."""
    inks = [measure(word, _EM) for word in words]
    return np.array([(ink.width, ink.height) for ink in inks], dtype=np.float64).reshape(-1, 2) / _EM


def png(width: int, height: int, strokes: Sequence[Stroke]) -> bytes:
    """Return a PNG of ``width`` × ``height`` pixels with 256 colours; the ink lies inside and does not overlap."""
    pixels = np.zeros((height, width), dtype=np.uint8)
    for stroke in strokes:
        ink = stroke.ink
        mask, _ = _font(ink.size).getmask2(ink.word, mode="L", anchor="ls")
        coverage = np.asarray(mask, dtype=np.uint16).reshape(ink.height, ink.width)
        blend = (coverage * _BLENDS + 127) // 255
        first = _COLOURS.index(stroke.colour) * _BLENDS
        box = pixels[stroke.y : stroke.y + ink.height, stroke.x : stroke.x + ink.width]
        box[:] = np.where(blend > 0, first + blend, 0)
    image = Image.fromarray(pixels).convert("P")
    image.putpalette(_palette())
    written = BytesIO()
    image.save(written, format="PNG", optimize=True)
    return written.getvalue()


@lru_cache(maxsize=64)
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(fonts.path()), size, layout_engine=ImageFont.Layout.BASIC)


@cache
def _palette() -> bytes:
    paper = np.array(palette.rgb(palette.PAPER), dtype=np.float64)
    colours = np.array([palette.rgb(colour) for colour in _COLOURS], dtype=np.float64)
    share = np.arange(1, _BLENDS + 1)[:, None] / _BLENDS
    blends = paper + share * (colours[:, None, :] - paper)
    return bytes(np.rint(np.concatenate([paper[None, :], blends.reshape(-1, 3)])).astype(np.uint8))
