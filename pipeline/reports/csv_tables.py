"""A ranked table as CSV by RFC 4180 (comma, CRLF, quotes where needed), in UTF-8 with the BOM that Excel looks for."""

from __future__ import annotations

import csv
import io
import re

import pyarrow as pa

from pipeline.reports.model import COLUMNS, TEXT_COLUMNS, columns

_UNSEEN = r"[\s\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffd]"
_FORMULA = re.compile(rf"{_UNSEEN}*[=+\-@＝＋－＠﹦﹢﹣﹫−]|[\t\r\n]")
"""What a spreadsheet runs, or runs after it has trimmed, folded to half width or dropped what nobody sees."""


def write(data: pa.Table) -> bytes:
    """Return all rows under the English names of COLUMNS, in their order; missing values are empty cells."""
    out = io.StringIO(newline="")
    lines = csv.writer(out, lineterminator="\r\n")
    lines.writerow(COLUMNS)
    cells = (
        [value and inert(value) for value in column] if name in TEXT_COLUMNS else column
        for name, column in zip(COLUMNS, columns(data), strict=True)
    )
    lines.writerows(zip(*cells, strict=True))
    return out.getvalue().encode("utf-8-sig")


def inert(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would take for a formula (OWASP, CSV Injection)."""
    return f"'{text}" if _FORMULA.match(text) else text
