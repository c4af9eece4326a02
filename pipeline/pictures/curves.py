"""Curves over a measured axis as inline SVG: loss by epoch, share of right answers by confidence.

Beside charts.py, whose axes are days and hours and whose values are counts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.pictures import svg
from pipeline.pictures.axes import Plot, below, grid

_WIDTH, _HEIGHT = 480, 240
_LEFT, _TOP, _RIGHT, _BOTTOM = 50, 10, 8, 24
_KEY = 18
_DASHES = ("", "7 4", "2 3", "10 3 2 3")
"""How curves differ where colour cannot be told."""


@dataclass(frozen=True)
class Curve:
    """A named run of points (across, up), both finite and not negative; ``guide``: drawn faintly, to compare with."""

    name: str
    points: Sequence[tuple[float, float]]
    guide: bool = False


def curves(shown: Sequence[Curve], *, title: str) -> str:
    """Draw curves over one another from zero, with a key above them.

    Raises ValueError for a value that is negative or no number.
    """
    values = [value for curve in shown for point in curve.points for value in point]
    if not all(math.isfinite(value) and value >= 0 for value in values):
        raise ValueError("a curve needs finite values from zero up")
    columns, rows = (ticks(max((p[axis] for c in shown for p in c.points), default=1)) for axis in (0, 1))
    top = _TOP + _KEY * len(shown)
    plot = Plot(_LEFT, top, _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM, rows[-1])
    parts = [grid(plot, {mark: _number(mark) for mark in rows})]
    parts += [below(plot, plot.left + plot.width * value / columns[-1], _number(value)) for value in columns[:-1]]
    parts += [_drawn(curve, plot, columns[-1], place) for place, curve in enumerate(shown)]
    parts += [_key(curve, place) for place, curve in enumerate(shown)]
    about = "; ".join(f"{c.name}: {', '.join(f'{_number(x)} {_number(y)}' for x, y in c.points)}" for c in shown)
    return svg.picture(_WIDTH, plot.bottom + _BOTTOM, *parts, title=title, about=about, css_class="chart curves")


def ticks(most: float) -> list[float]:
    """Return zero and four to ten round values above it, evenly spaced; the last is not under ``most``."""
    size = 10.0 ** math.floor(math.log10(most)) if most > 0 else 1.0
    step = next(size * part for part in (0.1, 0.2, 0.5, 1, 2) if size * part * 10 >= (most or 1.0))
    return [round(step * number, 12) for number in range(max(2, math.ceil(round((most or 1.0) / step, 9))) + 1)]


def _drawn(curve: Curve, plot: Plot, most: float, place: int) -> str:
    points = [(plot.left + plot.width * x / most, plot.y(y)) for x, y in curve.points]
    if not points:
        return ""
    path = "M" + "L".join(f"{svg.number(x)} {svg.number(y)}" for x, y in points)
    line = svg.element("path", {"d": path, **_pen(curve, place)})
    dots = [svg.element("circle", {"class": "dot", "cx": x, "cy": y, "r": 2}) for x, y in points]
    return line if curve.guide else line + "".join(dots)


def _key(curve: Curve, place: int) -> str:
    y = _TOP + _KEY * place
    pen = svg.element("path", {"d": f"M{_LEFT} {y}L{_LEFT + 28} {y}", **_pen(curve, place)})
    return pen + svg.label(curve.name, {"class": "word", "x": _LEFT + 34, "y": y + 4})


def _pen(curve: Curve, place: int) -> svg.Attributes:
    return {
        "class": "grid" if curve.guide else f"line line-{place + 1}",
        "fill": "none",
        "stroke": "currentColor",
        "stroke-width": 1 if curve.guide else 2,
        "stroke-opacity": 0.4 if curve.guide else 1,
        "stroke-dasharray": "none" if curve.guide else _DASHES[place % len(_DASHES)] or "none",
    }


def _number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".") if value % 1 else f"{value:.0f}"
