"""Small charts as inline SVG, from numbers to markup.

Our own and not a plotting library's: a page under a strict Content-Security-Policy can theme them, light and dark, by
its style sheet alone; a chart is 3 kB where a drawn one is 40; and nothing has to be imported. Each scales to the
room it is given (a page should bound it at some 640 pixels) and tells title and numbers to a screen reader.

Classes to style: ``bar``, ``today``, ``line``, ``line-1`` …, ``dot``, ``axis``, ``grid``, ``tick``, ``word``,
``value``. Without a style sheet all has the colour of the text around it, bars other than today's half as strong.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pipeline.pictures import svg
from pipeline.pictures.axes import Plot, across, below, cut, grid, short_date, step, ticks

Counts = Sequence[int | None]
"""A count a day; None where nothing is known of the day."""

_WIDTH, _HEIGHT = 480, 200
_LEFT, _TOP, _RIGHT, _BOTTOM = 50, 10, 6, 24
_ROW, _WORD, _VALUE = 56, 118, 58
_WORD_COLUMNS = 16


def hours(counts: Sequence[int], *, title: str, unit: str) -> str:
    """Draw 24 bars, one an hour of the day from 0 to 23.

    Raises ValueError unless there are 24 counts, none negative.
    """
    if len(counts) != 24:
        raise ValueError(f"24 hours, not {len(counts)}")
    labels = ["" if hour % 3 else str(hour) for hour in range(24)]
    names = [f"{hour}:00–{hour}:59" for hour in range(24)]
    return _bars(counts, labels, names, title=title, unit=unit, marked=None)


def days(dates: Sequence[date], counts: Counts, *, title: str, unit: str) -> str:
    """Draw a bar a day, the last one marked as the day that the page is about; an unknown day is a gap, not zero.

    Raises ValueError unless there is a count or None for each date, none negative.
    """
    _check(dates, counts)
    every = step(len(dates))
    labels = ["" if (len(dates) - 1 - place) % every else short_date(day) for place, day in enumerate(dates)]
    return _bars(counts, labels, [str(day) for day in dates], title=title, unit=unit, marked=len(dates) - 1)


def lines(dates: Sequence[date], series: Sequence[tuple[str, Counts]], *, title: str) -> str:
    """Draw a row a word: the word, its line over the days on a scale of its own from zero, and its last count.

    Rows rather than lines across one another, since words of very different counts stay legible.

    Raises ValueError unless each series has a count or None for each date, none negative.
    """
    width, top = _WIDTH - _WORD - _VALUE, 4
    rows = []
    for place, (word, counts) in enumerate(series):
        _check(dates, counts)
        plot = Plot(_WORD, top + place * _ROW + 5, width, _ROW - 10, max(_known(counts), default=0) or 1)
        rows.append(_row(word, counts, plot, place + 1))
    foot = Plot(_WORD, top, width, len(series) * _ROW, 1)
    ends = [(foot.left, dates[0]), (foot.left + width, dates[-1])] if dates and series else []
    labels = [below(foot, x, short_date(day)) for x, day in ends]
    span = " – ".join(str(day) for _, day in ends)
    return svg.picture(_WIDTH, foot.bottom + _BOTTOM, *rows, *labels, title=title, about=span, css_class="chart lines")


def sparkline(values: Counts, *, title: str) -> str:
    """Draw one small line without axes, from zero, its last point marked; unknown values are gaps.

    Raises ValueError for a negative value.
    """
    _check(values, values)
    plot = Plot(4, 4, 92, 16, max(_known(values), default=0) or 1)
    about = ", ".join(_number(value) for value in values)
    return svg.picture(100, 24, _line(values, plot, 1), title=title, about=about, css_class="chart sparkline")


def _bars(
    counts: Counts, labels: Sequence[str], names: Sequence[str], *, title: str, unit: str, marked: int | None
) -> str:
    _check(counts, counts)
    marks = ticks(max(_known(counts), default=0))
    plot = Plot(_LEFT, _TOP, _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM, marks[-1])
    slot = plot.width / max(1, len(counts))
    parts = [grid(plot, {mark: f"{mark:,}" for mark in marks})]
    for place, count in enumerate(counts):
        if labels[place]:
            parts.append(below(plot, plot.left + (place + 0.5) * slot, labels[place]))
        if count is not None:
            told = f"{names[place]}: {count:,} {unit}"
            parts.append(_bar(count, told, plot, place, slot, today=place == marked))
    about = "; ".join(f"{name}: {_number(count)}" for name, count in zip(names, counts, strict=True))
    return svg.picture(_WIDTH, _HEIGHT, *parts, title=f"{title} ({unit})", about=about, css_class="chart bars")


def _bar(count: int, told: str, plot: Plot, place: int, slot: float, *, today: bool) -> str:
    # A day of zero shows as a hair on the axis; only an unknown one shows nothing.
    top = min(plot.y(count), plot.bottom - 1)
    attributes: svg.Attributes = {
        "class": "bar today" if today else "bar",
        "fill-opacity": 1 if today else 0.55,
        "x": plot.left + (place + 0.1) * slot,
        "y": top,
        "width": 0.8 * slot,
        "height": plot.bottom - top,
    }
    return svg.element("rect", attributes, svg.element("title", {}, svg.text(told)))


def _row(word: str, counts: Counts, plot: Plot, number: int) -> str:
    middle = plot.top + plot.height / 2 + 5
    last = _number(counts[-1]) if counts else ""
    return svg.element(
        "g",
        {"class": "row", "data-word": word},
        svg.element("title", {}, svg.text(f"{word}: {', '.join(_number(count) for count in counts)}")),
        svg.label(cut(word, _WORD_COLUMNS), {"class": "word", "x": 0, "y": middle}),
        across(plot, plot.bottom, "zero"),
        _line(counts, plot, number),
        svg.label(last, {"class": "value", "x": _WIDTH, "y": middle, "text-anchor": "end"}),
    )


def _line(counts: Counts, plot: Plot, number: int) -> str:
    slot = plot.width / max(1, len(counts) - 1)
    points = [
        None if count is None else f"{svg.number(plot.left + place * slot)} {svg.number(plot.y(count))}"
        for place, count in enumerate(counts)
    ]
    before = [None, *points]
    # A day alone between gaps is a line to itself, which round ends make a dot.
    path = " ".join(
        f"L{point}" if before[place] else f"M{point}L{point}" for place, point in enumerate(points) if point
    )
    pen: svg.Attributes = {"fill": "none", "stroke": "currentColor", "stroke-width": 2, "stroke-linecap": "round"}
    drawn = svg.element("path", {"class": f"line line-{number}", "d": path, **pen}) if path else ""
    if not points or points[-1] is None:
        return drawn
    x, y = points[-1].split()
    return drawn + svg.element("circle", {"class": "dot", "cx": x, "cy": y, "r": 2.5})


def _known(counts: Counts) -> list[int]:
    return [count for count in counts if count is not None]


def _number(count: int | None) -> str:
    return "–" if count is None else f"{count:,}"


def _check(places: Sequence[object], counts: Counts) -> None:
    if len(places) != len(counts):
        raise ValueError(f"{len(places)} days but {len(counts)} counts")
    if min(_known(counts), default=0) < 0:
        raise ValueError(f"a negative count: {min(_known(counts))}")
