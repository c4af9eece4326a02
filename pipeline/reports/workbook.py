"""The day as a workbook, ``report.xlsx``: an overview and a sheet a table; text is never run or linked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import xlsxwriter

from pipeline.reports import learned
from pipeline.reports.characters import writable
from pipeline.reports.model import COLUMNS, TEXT_COLUMNS, Day, Learned, Table, columns
from pipeline.reports.strings import long_date, part_of_speech, texts, weekday
from pipeline.settings import Language

ROWS = 500
"""Rows of a table by default: xlsxwriter takes 8 µs a cell, and the CSV tables hold everything."""

_WIDTHS = (7, 24, 20, 14, 10, 10, 10, 16, 14, 10)  # characters, in the order of COLUMNS
CELL_LIMIT = 32_767
"""Characters that Excel takes in one cell; xlsxwriter drops a longer text whole."""
OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
"""Of every workbook: text stays text; no drafts in the system's folder for them, which may be full."""


def write(day: Day, path: Path | BytesIO, language: Language, rows: int = ROWS) -> None:
    """Write the workbook; the same day gives the same bytes, as its date of creation is the day itself."""
    with xlsxwriter.Workbook(path, OPTIONS) as book:
        book.set_properties({"created": dt.datetime.combine(day.date, dt.time()), "author": "hibi"})
        formats = {
            "head": book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}),
            "title": book.add_format({"bold": True, "font_size": 16}),
            "wrap": book.add_format({"text_wrap": True, "valign": "top"}),
            "number": book.add_format({"num_format": "#,##0"}),
            "share": book.add_format({"num_format": "0.00", "valign": "top"}),
            "percent": book.add_format({"num_format": "0.0%", "valign": "top"}),
        }
        _overview(book.add_worksheet(texts(language).overview), day, language, rows, formats)
        tables = [(table, getattr(texts(language), table.name)) for table in day.tables]
        for one in day.learned:
            taken = [*(sheet.get_name() for sheet in book.worksheets()), *(name for _, name in tables)]
            _model(book.add_worksheet(_sheet_name(one.title, taken)), one, day, language, formats)
        for table, name in tables:
            _sheet(book.add_worksheet(name), table, language, rows, formats)


def _overview(sheet: Any, day: Day, language: Language, rows: int, formats: dict[str, Any]) -> None:
    t = texts(language)
    sheet.set_column(0, 0, 18)
    sheet.set_column(1, 3, 14)
    sheet.set_column(4, 5, 80)
    sheet.write_string(0, 0, f"{long_date(day.date, language)} {weekday(day.date, language)}", formats["title"])
    at = 2
    for name, value in vars(day.totals).items():
        sheet.write_string(at, 0, getattr(t, name))
        sheet.write_number(at, 1, value, formats["number"])
        at += 1
    sheet.write_string(at + 1, 0, t.top_rows.format(rows=f"{rows:,}"))
    for note in day.notes:
        at += 1
        _text(sheet, at + 1, 0, note)
    _summary(sheet, at + 3, day, t, formats)


def _summary(sheet: Any, at: int, day: Day, t: Any, formats: dict[str, Any]) -> None:
    glossed = any(sentence.gloss for sentence in day.summary)
    heads = (t.summary, t.time, t.share, t.posts, t.sentence, *([t.gloss] if glossed else []))
    _heads(sheet, at, heads, formats["head"])
    for place, sentence in enumerate(day.summary, start=1):
        local = sentence.post.time.astimezone(ZoneInfo(day.timezone))
        sheet.write_number(at + place, 0, place)
        sheet.write_string(at + place, 1, f"{local:%H:%M}")
        sheet.write_number(at + place, 2, sentence.share, formats["percent"])
        sheet.write_number(at + place, 3, sentence.posts, formats["number"])
        _text(sheet, at + place, 4, sentence.text, formats["wrap"])
        if sentence.gloss:
            _text(sheet, at + place, 5, sentence.gloss, formats["wrap"])


def _sheet(sheet: Any, table: Table, language: Language, rows: int, formats: dict[str, Any]) -> None:
    """Write one table: frozen head, a filter over all columns, widths that fit the usual word."""
    t = texts(language)
    for column, width in enumerate(_WIDTHS):
        sheet.set_column(column, column, width, formats["share"] if COLUMNS[column] == "per_10000" else None)
    _heads(sheet, 0, [getattr(t, name) for name in COLUMNS], formats["head"])
    for column, (name, values) in enumerate(zip(COLUMNS, columns(table.data, rows), strict=True)):
        cells = [part_of_speech(value, language) for value in values] if name == "pos" else values
        _column(column, cells, sheet.write_string if name in TEXT_COLUMNS else sheet.write_number)
    sheet.freeze_panes(1, 2)
    sheet.autofilter(0, 0, max(min(rows, table.data.num_rows), 1), len(COLUMNS) - 1)


def _model(sheet: Any, one: Learned, day: Day, language: Language, formats: dict[str, Any]) -> None:
    """Write what a model read: shares, words, posts, under one another."""
    sheet.set_column(0, 0, 18)
    sheet.set_column(1, 6, 12)
    for at, (style, cells) in enumerate(learned.rows(one, ZoneInfo(day.timezone), language)):
        kinds = [formats.get(kind) for kind in _CELLS[style]]
        for column, (value, kind) in enumerate(zip(cells, kinds, strict=False)):
            if isinstance(value, str):
                _text(sheet, at, column, value, kind)
            else:
                sheet.write_number(at, column, value, kind)


_CELLS = {
    "title": ("title",),
    "text": ("",),
    "head": ("head",) * 7,
    "shares": ("", "percent", "percent", "percent", "number", "number", ""),
    "clue": ("", "number", "number", ""),
    "post": ("", "share", "", ""),
}
"""The format of each cell of a row of a model's sheet."""


def _sheet_name(title: str, taken: Collection[str]) -> str:
    """Make a name that Excel takes: no []:*?/\\', at most 31 units of UTF-16, none twice whatever its case."""
    plain = "".join(" " if sign in "[]:*?/\\'" else sign for sign in writable(title))
    name = plain.encode("utf-16-le")[:48].decode("utf-16-le", "ignore").strip() or "model"
    known = {one.lower() for one in taken}
    return next(one for one in (name, *(f"{name} {n}" for n in range(2, len(known) + 3))) if one.lower() not in known)


def _column(column: int, values: Iterable[Any], write: Callable[[int, int, Any], object]) -> None:
    for at, value in enumerate(values, start=1):
        if value is not None and value != "":
            write(at, column, value[:CELL_LIMIT] if isinstance(value, str) else value)


def _heads(sheet: Any, at: int, names: Sequence[str], style: Any) -> None:
    for column, name in enumerate(names):
        sheet.write_string(at, column, name, style)


def _text(sheet: Any, row: int, column: int, text: str, style: Any = None) -> None:
    sheet.write_string(row, column, writable(text)[:CELL_LIMIT], style)
