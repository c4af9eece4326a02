"""The page of all days, ``reports/index.html``: a calendar by month, newest month first, a small line for each day.

Each date is an anchor, ``index.html#2024-01-02``: of its cell, or of its month while the day is not there. A day's page
leads to the day after it this way, as it is not made anew when that day comes.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Container, Sequence
from itertools import groupby

from markupsafe import Markup

from pipeline.reports import document
from pipeline.reports.characters import writable
from pipeline.reports.model import DayCard
from pipeline.reports.strings import long_date, month, short_weekdays, texts, weekday
from pipeline.settings import Language

_WORDS = 3  # of a day that fit its cell
_UNHEARD = re.compile(r"<desc>.*?</desc>| xmlns=\"[^\"]*\"", re.DOTALL)
"""Half of a small line's bytes: no screen reader is given it, and inside HTML it needs no namespace."""


def render(cards: Sequence[DayCard], language: Language, title: str) -> str:
    """Return the page for cards in any order, one a date."""
    days = sorted(cards, key=lambda card: card.date)
    present = {card.date for card in days}
    months = [list(group) for _, group in groupby(days, key=lambda card: (card.date.year, card.date.month))]
    return document.render(
        "index.html.j2",
        language,
        assets="assets",
        script=None,
        page_title=writable(title),
        weekdays=short_weekdays(language),
        latest=_latest(days, language),
        years=_years([_month(cards, _absent(cards, present), language) for cards in reversed(months)]),
        counted=texts(language).days_count.format(days=f"{len(days):,}", posts=f"{_posts(days):,}"),
    )


def _years(months: list[dict[str, object]]) -> list[tuple[object, list[dict[str, object]]]]:
    return [(year, list(group)) for year, group in groupby(months, key=lambda shown: shown["year"])]


def _absent(cards: Sequence[DayCard], present: Container[dt.date]) -> list[str]:
    """Return the dates that a month stands in for: the day after each of its days, where the calendar lacks it."""
    after = (card.date + dt.timedelta(days=1) for card in cards)
    return [day.isoformat() for day in after if day not in present]


def _month(cards: Sequence[DayCard], absent: Sequence[str], language: Language) -> dict[str, object]:
    first = cards[0].date
    return {
        "absent": absent,
        "year": first.year,
        "name": month(first, language),
        "posts": _posts(cards),
        "days": [_card(card, language) for card in cards],
    }


def _card(card: DayCard, language: Language) -> dict[str, object]:
    return {
        "iso": card.date.isoformat(),
        "day": card.date.day,
        "date": long_date(card.date, language),
        "weekday": weekday(card.date, language),
        "place": _place(card.date),
        "posts": card.posts,
        "authors": card.authors,
        "words": [writable(word) for word in card.words[:_WORDS]],
        "sparkline": Markup(_UNHEARD.sub("", card.sparkline)),
        "failed": card.failed,
    }


def _place(day: dt.date) -> str:
    """Return the classes of a day's column (1 Monday) and row in its month, as a style attribute is not allowed."""
    return f"c{day.isoweekday()} r{(day.day - 1 + day.replace(day=1).weekday()) // 7 + 1}"


def _latest(days: Sequence[DayCard], language: Language) -> dict[str, object] | None:
    whole = [card for card in days if not card.failed]
    return _card(whole[-1], language) if whole else None


def _posts(cards: Sequence[DayCard]) -> int:
    return sum(card.posts or 0 for card in cards)
