"""Scales and labels of the charts: round ticks, short dates, words cut to a width."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from pipeline.pictures import svg

_PLACES = 8
"""Labels that fit below a chart on a phone."""


@dataclass(frozen=True)
class Plot:
    """The rectangle of a chart inside its axes, in units of its picture, and the count at its upper edge."""

    left: float
    top: float
    width: float
    height: float
    most: float

    @property
    def bottom(self) -> float:
        """Where zero lies."""
        return self.top + self.height

    def y(self, value: float) -> float:
        """Return the height of a value."""
        return self.bottom - self.height * value / self.most


def ticks(most: int) -> list[int]:
    """Return zero and two to five round counts above it, evenly spaced by 1, 2 or 5 times a power of ten.

    The last is not under ``most``.
    """
    step, factors = 1, (2, 2.5, 2)  # 1, 2, 5, 10, 20, …
    climbed = 0
    while most > 5 * step:
        step = int(step * factors[climbed % 3])
        climbed += 1
    return [step * number for number in range(max(2, -(-most // step)) + 1)]


def grid(plot: Plot, marks: Mapping[float, str]) -> str:
    """Return a line across the plot at each mark, what it is called on the left, and the axis."""
    lines = [across(plot, plot.y(mark), "grid") for mark in marks if mark]
    names = [
        svg.label(name, {"class": "tick", "x": plot.left - 5, "y": plot.y(mark) + 4, "text-anchor": "end"})
        for mark, name in marks.items()
    ]
    return "".join([*lines, *names, across(plot, plot.bottom, "axis")])


def step(places: int) -> int:
    """Tell which every-th of some days or hours can be written below a chart on a phone."""
    return next((every for every in (1, 2, 3, 7, 14, 28) if every * _PLACES >= places), 56)


def short_date(day: date) -> str:
    """Return month and day as both of our languages write them: 1/31."""
    return f"{day.month}/{day.day}"


def below(plot: Plot, x: float, value: str) -> str:
    """Return a label under the axis, centred at x."""
    return svg.label(value, {"class": "tick", "x": x, "y": plot.bottom + 15, "text-anchor": "middle"})


def cut(word: str, columns: int) -> str:
    """Return a word that takes no more than some columns of Latin width, kana and kanji taking two."""
    widths = [_columns(character) for character in word]
    if sum(widths) <= columns:
        return word
    room, kept = columns - _columns("…"), ""
    for character, width in zip(word, widths, strict=True):
        room -= width
        if room < 0:
            break
        kept += character
    return kept + "…"


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WFA" else 1


def across(plot: Plot, y: float, css_class: str) -> str:
    """Return a line over the width of the plot: the ``axis``, or a weaker one."""
    ends: svg.Attributes = {"x1": plot.left, "x2": plot.left + plot.width, "y1": y, "y2": y}
    strength = 0.6 if css_class == "axis" else 0.15
    return svg.element("line", {"class": css_class, "stroke": "currentColor", "stroke-opacity": strength, **ends})
