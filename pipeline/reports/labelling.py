"""Posts to be labelled by hand: an offline page that saves a file, and the same queue as CSV and as a workbook.

What the model thinks of a post is not shown: who sees a guess tends to agree with it.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

import xlsxwriter

from pipeline.reports import document
from pipeline.reports.characters import writable
from pipeline.reports.csv_tables import inert
from pipeline.reports.strings import long_date, texts
from pipeline.reports.workbook import CELL_LIMIT, OPTIONS
from pipeline.settings import Language

COLUMNS = ("post_id", "created_at", "text", "task", "label", "who", "labelled_at")
"""Of the sheets; the last three are for the person."""
UNKNOWN, NONE, JOINT = "?", "none", "|"
"""Answers beside the labels, and what joins several, as in the labels table."""

_WIDTHS = (26, 20, 80, 10, 16, 14, 20)
_KEYS = 9
_LIST_LIMIT = 255  # characters of a list of choices that Excel takes


@dataclass(frozen=True)
class Question:
    """A post to be labelled."""

    post_id: str
    time: dt.datetime
    text: str
    url: str | None = None


@dataclass(frozen=True)
class Queue:
    """What one person can do in ten minutes."""

    task: str
    date: dt.date
    timezone: str
    labels: tuple[str, ...]
    questions: tuple[Question, ...]
    several: bool = False
    """A post may have several labels."""


def render(queue: Queue, language: Language) -> str:
    """Return the page; it works from a file, asks nothing of any network, and remembers answers in the browser."""
    return document.render(
        "labelling.html.j2",
        language,
        assets="../assets",
        script="labelling.js",
        heading=texts(language).label_title.format(task=writable(queue.task), date=long_date(queue.date, language)),
        task=writable(queue.task),
        iso=queue.date.isoformat(),
        key=_key(queue),
        several=queue.several,
        choices=_choices(queue, language),
        questions=list(_questions(queue)),
    )


def write_csv(queue: Queue) -> bytes:
    """Return the queue as CSV that Excel opens; cells are never formulas."""
    out = io.StringIO(newline="")
    lines = csv.writer(out, lineterminator="\r\n")
    lines.writerow(COLUMNS)
    lines.writerows([inert(cell) for cell in row] for row in _rows(queue))
    return out.getvalue().encode("utf-8-sig")


def write_workbook(queue: Queue, path: Path | BytesIO) -> None:
    """Write the queue as a workbook with the labels to choose from; the same queue gives the same bytes."""
    with xlsxwriter.Workbook(path, OPTIONS) as book:
        book.set_properties({"created": dt.datetime.combine(queue.date, dt.time()), "author": "hibi"})
        plain = book.add_format({"valign": "top", "num_format": "@"})
        wrapped = book.add_format({"valign": "top", "num_format": "@", "text_wrap": True})
        sheet = book.add_worksheet("labels")
        for column, (name, width) in enumerate(zip(COLUMNS, _WIDTHS, strict=True)):
            sheet.set_column(column, column, width, wrapped if name == "text" else plain)
            sheet.write_string(0, column, name, book.add_format({"bold": True, "bottom": 1}))
        for at, row in enumerate(_rows(queue), start=1):
            for column, cell in enumerate(row):
                if cell:
                    sheet.write_string(at, column, cell[:CELL_LIMIT], wrapped if column == 2 else plain)
        if choices := _choices_of_sheet(queue):
            label = COLUMNS.index("label")
            allowed = {"validate": "list", "source": choices}
            sheet.data_validation(1, label, max(1, len(queue.questions)), label, allowed)
        sheet.freeze_panes(1, 0)


def _rows(queue: Queue) -> Iterator[tuple[str, ...]]:
    zone = ZoneInfo(queue.timezone)
    for question in queue.questions:
        time = question.time.astimezone(zone).isoformat(sep=" ", timespec="seconds")
        known = (question.post_id, time, question.text, queue.task)
        yield (*map(writable, known), "", "", "")


def _choices_of_sheet(queue: Queue) -> list[str]:
    """Return what a cell offers; nothing where a cell may hold several, or where Excel could not tell them apart."""
    choices = [writable(label) for label in (*queue.labels, UNKNOWN)]
    fits = len(",".join(choices)) <= _LIST_LIMIT and not any(sign in label for label in choices for sign in ',"')
    return choices if fits and not queue.several else []


def _choices(queue: Queue, language: Language) -> list[dict[str, str]]:
    t = texts(language)
    named = [(label, str(number) if number <= _KEYS else "") for number, label in enumerate(queue.labels, start=1)]
    rest = [(NONE, "n", t.label_none)] if queue.several else []
    rest.append((UNKNOWN, "0", t.label_unknown))
    shown = [(label, key, label) for label, key in named] + rest
    return [{"value": writable(value), "key": key, "name": writable(name)} for value, key, name in shown]


def _questions(queue: Queue) -> Iterator[dict[str, str | None]]:
    zone = ZoneInfo(queue.timezone)
    for question in queue.questions:
        local = question.time.astimezone(zone)
        yield {
            "id": writable(question.post_id),
            "stamp": local.isoformat(timespec="seconds"),
            "clock": f"{local:%Y-%m-%d %H:%M}",
            "text": writable(question.text),
            "link": document.web_link(question.url),
        }


def _key(queue: Queue) -> str:
    """Name what the browser keeps answers under: another queue must not find them."""
    parts = (queue.task, str(queue.several), *queue.labels, *(question.post_id for question in queue.questions))
    return hashlib.sha256("\0".join(map(writable, parts)).encode()).hexdigest()[:16]
