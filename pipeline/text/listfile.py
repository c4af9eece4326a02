"""Reading the word lists of the settings: UTF-8, with or without a byte order mark; lines with # in front are notes."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import SettingsError

SHIPPED = Path(__file__).parent / "lists"
"""Folder of the lists that come with hibi."""


def read_lines(path: Path) -> list[str]:
    """Return a file's lines. Raises SettingsError naming the file, and the line where it is not text."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror})") from error
    try:
        lines = raw.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise SettingsError(f"{path}, line {line}: not UTF-8; save the list as UTF-8") from error
    for number, text in enumerate(lines, 1):
        if "\0" in text:
            raise SettingsError(f"{path}, line {number}: holds a NUL character; remove it")
    return lines


def read_rows(path: Path, header: frozenset[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield a CSV file's rows with their line, from 1, without empty ones and without a first row that names columns.

    ``header`` holds what the first cell of such a row says. Raises SettingsError naming file and line.
    """
    kept = ("\n" if line.lstrip().startswith("#") else f"{line}\n" for line in read_lines(path))
    rows = csv.reader(kept, strict=True)
    first, line = True, 1
    try:
        for row in rows:
            cells = [cell.strip() for cell in row]
            if any(cells) and not (first and cells[0].lower() in header):
                yield line, cells
            first, line = first and not any(cells), rows.line_num + 1
    except csv.Error as error:
        raise SettingsError(f"{path}, line {line}: not CSV: {error}; close the quotation marks") from error
