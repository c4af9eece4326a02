"""Shares with their intervals as inline SVG: a bar a label, and bands over the hours or the days.

Beside charts.py, whose values are counts. Classes to style: those of charts.py, ``band`` and ``whisker``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.pictures import svg
from pipeline.pictures.axes import Plot, across, below, cut

_WIDTH = 480
_BAR, _NAME, _TOLD = 30, 118, 136
_ROW, _LOW_ROW, _MANY = 84, 56, 4
_VALUE, _TOP, _BOTTOM = 46, 6, 24
_COLUMNS = 16


@dataclass(frozen=True)
class Portion:
    """A share from 0 to 1 and the bounds between which it lies."""

    share: float
    low: float
    high: float


def bars(rows: Sequence[tuple[str, Portion]], *, title: str) -> str:
    """Draw a bar a label from zero to the largest bound, a whisker over its interval, both told in per cent.

    Raises ValueError unless 0 ≤ low ≤ share ≤ high ≤ 1.
    """
    _check([portion for _, portion in rows])
    plot = Plot(_NAME, 4, _WIDTH - _NAME - _TOLD, len(rows) * _BAR, 1)
    most = max((portion.high for _, portion in rows), default=0) or 1
    drawn = [_bar(name, portion, plot, place, plot.width / most) for place, (name, portion) in enumerate(rows)]
    about = "; ".join(f"{name}: {_told(portion)}" for name, portion in rows)
    return svg.picture(_WIDTH, plot.bottom + 4, *drawn, title=title, about=about, css_class="chart portions")


def bands(
    places: Sequence[str],
    series: Sequence[tuple[str, Sequence[Portion | None]]],
    *,
    title: str,
    every: int = 1,
    today: bool = False,
) -> str:
    """Draw a row a label: its share over hours or days as a line, its interval as a band around it, on one scale.

    ``places`` name hours or days, of which each ``every``-th is written, counted from the first, or from the last
    where that is ``today``, which is marked; None is a gap.
    Raises ValueError unless each series has a value or None for each place, or where a share is out of bounds.
    """
    known = [portion for _, portions in series for portion in portions if portion]
    _check(known)
    if any(len(portions) != len(places) for _, portions in series):
        raise ValueError("a share or None for each place is wanted")
    most = min(1.0, math.ceil(10 * max((portion.high for portion in known), default=1)) / 10) or 1.0
    width, row = _WIDTH - _NAME - _VALUE, _ROW if len(series) <= _MANY else _LOW_ROW
    drawn = []
    for place, (name, portions) in enumerate(series):
        plot = Plot(_NAME, _TOP + place * row, width, row - 16, most)
        drawn.append(_row(name, places, portions, plot, today=today))
    foot = Plot(_NAME, _TOP, width, len(series) * row - 16, 1)
    first = len(places) - 1 if today else 0
    labels = [
        below(foot, _across(foot, place, len(places)), name)
        for place, name in enumerate(places)
        if (place - first) % every == 0
    ]
    return svg.picture(_WIDTH, foot.bottom + _BOTTOM, *drawn, *labels, title=title, css_class="chart bands")


def _bar(name: str, portion: Portion, plot: Plot, place: int, scale: float) -> str:
    middle = plot.top + (place + 0.5) * _BAR
    low, share, high = (plot.left + scale * value for value in (portion.low, portion.share, portion.high))
    pen: svg.Attributes = {"class": "whisker", "fill": "none", "stroke": "currentColor", "stroke-width": 1.5}
    bar: svg.Attributes = {"class": "bar", "fill-opacity": 0.55, "x": plot.left, "y": middle - 8, "height": 16}
    return svg.element(
        "g",
        {"class": "row"},
        svg.element("title", {}, svg.text(f"{name}: {_told(portion)}")),
        svg.label(cut(name, _COLUMNS), {"class": "word", "x": 0, "y": middle + 4}),
        svg.element("rect", {**bar, "width": max(share - plot.left, 1)}),
        svg.element("path", {"d": _whisker(low, high, middle), **pen}),
        svg.label(_told(portion), {"class": "value", "x": _WIDTH, "y": middle + 4, "text-anchor": "end"}),
    )


def _whisker(low: float, high: float, y: float) -> str:
    left, right, up, down, y_text = (svg.number(value) for value in (low, high, y - 4, y + 4, y))
    return f"M{left} {up}L{left} {down}M{left} {y_text}L{right} {y_text}M{right} {up}L{right} {down}"


def _row(name: str, places: Sequence[str], portions: Sequence[Portion | None], plot: Plot, *, today: bool) -> str:
    most = plot.most
    told = "; ".join(f"{place}: {_told(p)}" for place, p in zip(places, portions, strict=True) if p)
    parts = [
        across(plot, plot.y(most), "grid"),
        across(plot, plot.bottom, "axis"),
        svg.label(f"{most:.0%}", {"class": "tick", "x": _WIDTH - _VALUE + 6, "y": plot.y(most) + 4}),
        svg.label("0%", {"class": "tick", "x": _WIDTH - _VALUE + 6, "y": plot.bottom + 4}),
    ]
    for run in _runs(portions):
        points = [(_across(plot, place, len(portions)), portion) for place, portion in run]
        marked = today and run[-1][0] == len(portions) - 1
        parts += [_band(points, plot), _line(points, plot), _dot(points, plot, "dot" if marked else "point")]
    return svg.element(
        "g",
        {"class": "row"},
        svg.element("title", {}, svg.text(f"{name}: {told}")),
        svg.label(cut(name, _COLUMNS), {"class": "word", "x": 0, "y": plot.top + plot.height / 2 + 4}),
        *parts,
    )


def _runs(portions: Sequence[Portion | None]) -> list[list[tuple[int, Portion]]]:
    """Split at the gaps: (place, share) of what stands between them."""
    found: list[list[tuple[int, Portion]]] = [[]]
    for place, portion in enumerate(portions):
        if portion:
            found[-1].append((place, portion))
        elif found[-1]:
            found.append([])
    return [run for run in found if run]


def _band(points: Sequence[tuple[float, Portion]], plot: Plot) -> str:
    half = 2.5 if len(points) == 1 else 0.0  # one alone has some width, to be seen
    upper = [(x + side * half, p.high) for x, p in points for side in ((-1, 1) if half else (0,))]
    lower = [(x + side * half, p.low) for x, p in points[::-1] for side in ((1, -1) if half else (0,))]
    path = "L".join(f"{svg.number(x)} {svg.number(plot.y(value))}" for x, value in upper + lower)
    return svg.element("path", {"class": "band", "fill": "currentColor", "fill-opacity": 0.16, "d": f"M{path}Z"})


def _line(points: Sequence[tuple[float, Portion]], plot: Plot) -> str:
    path = "L".join(f"{svg.number(x)} {svg.number(plot.y(p.share))}" for x, p in points)
    pen: svg.Attributes = {"fill": "none", "stroke": "currentColor", "stroke-width": 2, "stroke-linecap": "round"}
    return svg.element("path", {"class": "line", "d": f"M{path}", **pen}) if len(points) > 1 else ""


def _dot(points: Sequence[tuple[float, Portion]], plot: Plot, css_class: str) -> str:
    """Mark today, or what no line shows: a place alone between gaps."""
    if css_class != "dot" and len(points) > 1:
        return ""
    x, last = points[-1]
    return svg.element("circle", {"class": css_class, "cx": x, "cy": plot.y(last.share), "r": 2.5})


def _across(plot: Plot, place: int, places: int) -> float:
    return plot.left + (plot.width * place / (places - 1) if places > 1 else plot.width / 2)


def _told(portion: Portion) -> str:
    return f"{_percent(portion.share)} ({_percent(portion.low)}–{_percent(portion.high)})"


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.0995 or share == 0 else f"{share:.1%}"


def _check(portions: Sequence[Portion]) -> None:
    if not all(0 <= p.low <= p.share <= p.high <= 1 for p in portions):
        raise ValueError("a share stands between its bounds, and those between 0 and 1")
