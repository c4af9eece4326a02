"""A day's words as a picture: PNG for everywhere, SVG whose words a page can make clickable.

Words are set horizontally, as Japanese reads.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.pictures import fonts, palette, placing, svg
from pipeline.pictures.ink import Ink, Stroke, extents, measure, png


@dataclass(frozen=True)
class CloudWord:
    """A word, how much it weighs (positive), and its UniDic part of speech."""

    word: str
    weight: float
    pos: str


@dataclass(frozen=True)
class Placed:
    """A word as drawn: ``x``, ``y`` is the top left corner of its ink's box, in pixels of the full picture."""

    word: str
    pos: str
    x: int
    y: int
    size: int
    """Font size in pixels."""
    colour: str


@dataclass(frozen=True)
class Cloud:
    """A picture and what became of every word."""

    png: bytes
    svg: str
    placed: tuple[Placed, ...]
    """In the order of placing: by size, then by word."""
    no_glyph: tuple[str, ...]
    """Left out, as the font cannot draw them; heaviest first."""
    no_room: tuple[str, ...]
    """Left out, as they did not fit; heaviest first."""


@dataclass(frozen=True)
class _Choice:
    word: CloudWord
    shade: int


def draw(
    words: Sequence[CloudWord], *, width: int, height: int, limit: int, seed: int, title: str, empty: str = ""
) -> Cloud:
    """Draw the ``limit`` heaviest words that the font can draw; without any, the line ``empty``.

    ``width`` and ``height`` are in pixels. The same arguments give the same bytes.

    Raises ValueError for a weight that is not positive and finite, FontError without a sound font.
    """
    canvas = placing.Canvas(width, height)
    chosen, no_glyph = _choose(words, limit)
    found = list(zip(chosen, _place(chosen, canvas, seed), strict=True))
    drawn = [(choice, stroke) for choice, stroke in found if stroke is not None]
    drawn.sort(key=lambda pair: (-pair[1].ink.size, pair[0].word.word, pair[0].word.pos))
    strokes = [stroke for _, stroke in drawn] or _notice(empty, canvas)
    shapes = [_clickable(choice, stroke) for choice, stroke in drawn] or [_plain(stroke) for stroke in strokes]
    return Cloud(
        png=png(width, height, strokes),
        svg=_svg(canvas, shapes, title),
        placed=tuple(_placed(choice.word, stroke) for choice, stroke in drawn),
        no_glyph=tuple(no_glyph),
        no_room=tuple(choice.word.word for choice, stroke in found if stroke is None),
    )


def _choose(words: Sequence[CloudWord], limit: int) -> tuple[list[_Choice], list[str]]:
    for word in words:
        if not (word.weight > 0 and math.isfinite(word.weight)):
            raise ValueError(f"weight of {word.word!r} must be positive and finite, not {word.weight}")
    chosen: list[CloudWord] = []
    no_glyph: list[str] = []
    for word in sorted(words, key=lambda word: (-word.weight, word.word, word.pos)):
        if len(chosen) == limit:
            break
        if fonts.drawable(word.word):
            chosen.append(word)
        else:
            no_glyph.append(word.word)
    # The upper third of the ranks in the strongest shade, and so on.
    return [_Choice(word, 3 * rank // len(chosen)) for rank, word in enumerate(chosen)], no_glyph


def _place(chosen: Sequence[_Choice], canvas: placing.Canvas, seed: int) -> list[Stroke | None]:
    words = [choice.word for choice in chosen]
    measured = extents(word.word for word in words)
    narrow = np.flatnonzero(measured[:, 0] * canvas.smallest <= canvas.width).tolist()
    weights = [words[index].weight for index in narrow]
    sizes = dict(zip(narrow, placing.font_sizes(weights, measured[narrow], canvas), strict=True)) if narrow else {}
    raster = placing.Raster(canvas)
    strokes: list[Stroke | None] = [None] * len(words)
    for index, size in sorted(sizes.items(), key=lambda item: (-item[1], words[item[0]].word, words[item[0]].pos)):
        word = words[index]
        for ink in _smaller(word.word, size, canvas.smallest):
            corner = raster.take(ink.width, ink.height, placing.home(word.word, seed))
            if corner is not None:
                strokes[index] = Stroke(ink, *corner, palette.LIGHT[palette.kind(word.pos)][chosen[index].shade])
                break
    return strokes


def _smaller(word: str, size: int, smallest: int) -> Iterator[Ink]:
    while size > smallest:
        yield measure(word, size)
        size = round(size / placing.STEP)
    yield measure(word, smallest)


def _notice(line: str, canvas: placing.Canvas) -> list[Stroke]:
    if not fonts.drawable(line):
        return []
    wished = round(canvas.side / 30)
    widest = measure(line, wished).width
    ink = measure(line, max(placing.LEGIBLE, min(wished, int(wished * 0.9 * canvas.width / widest))))
    left, top = (canvas.width - ink.width) // 2, (canvas.height - ink.height) // 2
    return [Stroke(ink, left, top, palette.LIGHT["other"][1])] if left >= 0 and top >= 0 else []


def _placed(word: CloudWord, stroke: Stroke) -> Placed:
    return Placed(word.word, word.pos, stroke.x, stroke.y, stroke.ink.size, stroke.colour)


def _svg(canvas: placing.Canvas, shapes: Sequence[str], title: str) -> str:
    paper: svg.Attributes = {
        "class": "paper",
        "width": canvas.width,
        "height": canvas.height,
        "fill": palette.PAPER,
    }
    group = svg.element("g", {"font-family": f'"{fonts.FAMILY}", sans-serif'}, *shapes)
    return svg.picture(canvas.width, canvas.height, svg.element("rect", paper), group, title=title, css_class="cloud")


def _clickable(choice: _Choice, stroke: Stroke) -> str:
    word = choice.word
    attributes = {
        "class": f"word {palette.kind(word.pos)} shade-{choice.shade}",
        "data-word": word.word,
        "data-pos": word.pos,
        "fill": stroke.colour,
    }
    about = svg.element("title", {}, svg.text(f"{word.word} {svg.number(word.weight)}"))
    return svg.element("g", attributes, about, _text(stroke))


def _plain(stroke: Stroke) -> str:
    return svg.element("g", {"class": "empty other shade-1", "fill": stroke.colour}, _text(stroke))


def _text(stroke: Stroke) -> str:
    # The length makes another font than ours keep to the box.
    ink = stroke.ink
    attributes: svg.Attributes = {
        "x": stroke.x - ink.left,
        "y": stroke.y - ink.top,
        "font-size": ink.size,
        "textLength": ink.advance,
        "lengthAdjust": "spacingAndGlyphs",
    }
    return svg.label(ink.word, attributes)
