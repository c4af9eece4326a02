"""XLSX to rows of cells, after a look at whether reading it is safe."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from typing import IO

from python_calamine import CalamineError, CalamineWorkbook

from pipeline.errors import InputError
from pipeline.ingest.records import Rejected
from pipeline.ingest.sheets import Row
from pipeline.ingest.source import CHUNK, DAMAGE, Budget

_PLACE = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"')
_MOST_CELLS = 20_000_000
_OVERLAP = 32


def is_workbook(archive: zipfile.ZipFile) -> bool:
    """Tell an XLSX workbook from other archives."""
    return "xl/workbook.xml" in archive.namelist()


def sheets(stream: IO[bytes], name: str, budget: Budget) -> Iterator[tuple[str, list[Row]]]:
    """Yield each sheet's name and rows. Raises InputError if the workbook is damaged or would fill the memory."""
    try:
        with zipfile.ZipFile(stream) as archive:
            _refuse_bombs(archive, name, budget)
        stream.seek(0)
        workbook = CalamineWorkbook.from_filelike(stream)
        for sheet in workbook.sheet_names:
            yield sheet, list(workbook.get_sheet_by_name(sheet).iter_rows())
    except InputError:
        raise
    except (CalamineError, *DAMAGE) as error:
        raise InputError(f"{name}: no readable workbook ({error}); save it again, or as CSV") from None


def numbered(rows: list[Row]) -> Iterator[tuple[int, Row] | Rejected]:
    """Number rows from 1."""
    yield from enumerate(rows, 1)


def _refuse_bombs(archive: zipfile.ZipFile, name: str, budget: Budget) -> None:
    """Unpack every part once, and find the furthest cell: the reader makes room for all cells before it."""
    for part in archive.infolist():
        wide = high = 1
        with archive.open(part) as stream:
            tail = b""
            while chunk := stream.read(CHUNK):
                budget.spend(len(chunk))
                for letters, digits in _PLACE.findall(tail + chunk) if part.filename.endswith(".xml") else ():
                    wide, high = max(wide, _number(letters)), max(high, int(digits))
                tail = chunk[-_OVERLAP:]
        if wide * high > _MOST_CELLS:
            raise InputError(
                f"{name}: a sheet of {high:,} rows and {wide:,} columns; delete the far cells, or save as CSV"
            )


def _number(letters: bytes) -> int:
    """Column AA is the 27th."""
    total = 0
    for letter in letters:
        total = total * 26 + letter - 64
    return total
