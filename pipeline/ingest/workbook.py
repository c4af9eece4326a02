"""XLSX to rows of cells, after a look at whether reading it is safe."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from typing import IO

from python_calamine import CalamineError, CalamineWorkbook

from pipeline.errors import InputError
from pipeline.ingest.sheets import Row
from pipeline.ingest.source import CHUNK, DAMAGE, Budget

_PLACE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{0,3})0*(\d{1,10})["']""")
"""Where a cell or a row stands: ``r="AB12"``, ``r='12'``, in every way that a reader of XML takes."""
_MOST_CELLS = 20_000_000
_OVERLAP = 4_096


def is_workbook(archive: zipfile.ZipFile) -> bool:
    """Tell an XLSX workbook from other archives."""
    return "xl/workbook.xml" in archive.namelist()


def sheets(stream: IO[bytes], name: str, budget: Budget) -> Iterator[tuple[str, Iterator[Row]]]:
    """Yield each sheet's name and rows. Raises InputError if the workbook is damaged or would fill the memory."""
    try:
        with zipfile.ZipFile(stream) as archive:
            _refuse_bombs(archive, name, budget)
        stream.seek(0)
        workbook = CalamineWorkbook.from_filelike(stream)
        for sheet in workbook.sheet_names:
            yield sheet, iter(workbook.get_sheet_by_name(sheet).iter_rows())
    except InputError:
        raise
    except (CalamineError, *DAMAGE) as error:
        raise InputError(f"{name}: no readable workbook ({error}); save it again, or as CSV") from None


def _refuse_bombs(archive: zipfile.ZipFile, name: str, budget: Budget) -> None:
    """Unpack every part once, and find the furthest cell: the reader makes room for all cells before it.

    A part may have any name and be a sheet.
    """
    for part in archive.infolist():
        wide = high = 1
        with archive.open(part) as stream:
            tail = b""
            while chunk := stream.read(CHUNK):
                budget.spend(len(chunk))
                for letters, digits in _PLACE.findall(tail + chunk):
                    wide, high = max(wide, _number(letters)), max(high, int(digits))
                tail = chunk[-_OVERLAP:]
        if wide * high > _MOST_CELLS:
            raise InputError(
                f"{name}: a sheet of {high:,} rows and {wide:,} columns; delete the far cells, or save as CSV"
            )


def _number(letters: bytes) -> int:
    """Column AA is the 27th."""
    total = 0
    for letter in letters.upper():
        total = total * 26 + letter - 64
    return total
