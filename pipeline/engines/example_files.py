"""Files of labelled texts -> examples: TSV with quoting off, CSV by RFC 4180, JSON lines, Parquet, XLSX."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.errors import InputError
from pipeline.ingest import encoding, workbook
from pipeline.ingest.source import Budget
from pipeline.models.examples import Examples, Gold, label_names
from pipeline.models.labels import shown

_Row = tuple[int, dict[str, str]]
_Table = tuple[list[str], Iterable[_Row]]
"""Names of the columns, and the rows by their line."""


def read(
    path: Path, text: str, label: str | None = None, identity: str | None = None, votes: str | None = None,
    also: str | None = None,
) -> Examples:  # fmt: skip
    """Read a file; its ending names the format. Text may be in any encoding that Japanese programs save.

    ``text`` names a column or several ("title,body": joined by a newline, empty ones left out); ``label`` one column
    of labels, or several of 0 and 1 ("cough,fever"); ``identity`` a column of ids, ``votes`` one of judges' votes as
    JSON ({"0": 2, "1": 1}), ``also`` one or several whose text has the same label. Rows whose label is empty are left
    out and counted. Raises InputError naming the file, the line and the column.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"{path}: neither {', '.join(_READERS)}")
    try:
        names, rows = _having(path, reader(path), [name for name in (text, label, also, identity, votes) if name])
        texts, labels, more = (_columns(path, names, wanted) if wanted else [] for wanted in (text, label, also))
        return _examples(path, rows, texts, labels, identity, votes, more)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error


def _having(path: Path, tables: Iterable[_Table], wanted: list[str]) -> _Table:
    """Take the first table that has the columns; a workbook has one a sheet."""
    lacking = None
    for names, rows in tables:
        try:
            for columns in wanted:
                _columns(path, names, columns)
            return names, rows
        except InputError as error:
            lacking = lacking or error
    raise lacking or InputError(f"{path}: empty")


def _examples(
    path: Path, rows: Iterable[_Row], text: list[str], label: list[str], identity: str | None,
    votes: str | None, also: list[str],
) -> Examples:  # fmt: skip
    texts, gold, ids, cast, further, unlabelled = [], [], [], [], [], 0
    for line, row in rows:
        values = [row.get(name, "").strip() for name in label]
        if label and not all(values):
            unlabelled += 1
            continue
        if len(label) > 1 and (wrong := [v for v in values if v not in {"0", "1"}]):
            raise InputError(f"{path}, line {line}: {wrong[0]!r} where 0 or 1 is wanted, as several labels are named")
        texts.append(_joined(row, text))
        further.append(_joined(row, also))
        gold.append(values)
        ids.append(row.get(identity, "") if identity else "")
        cast.append(_votes(path, line, row.get(votes, ""), values) if votes else {})
    many = len(label) > 1
    kept: Gold = np.array(gold, np.int8).reshape(-1, len(label)) if many else [v for values in gold for v in values]
    found = Examples(
        texts, kept, ids if identity else None, label if many else None, None, further if also else None, unlabelled
    )
    return replace(found, votes=_shares(cast, label_names(found))) if votes and not many else found


def _joined(row: dict[str, str], columns: list[str]) -> str:
    parts = [row.get(name, "") for name in columns]
    return parts[0] if len(parts) == 1 else "\n".join(part for part in parts if part)


def _votes(path: Path, line: int, cell: str, label: list[str]) -> dict[str, float]:
    """Read one row's votes; without any, the label is the one vote."""
    import orjson

    if not cell:
        return dict.fromkeys(label, 1.0)
    try:
        found = {str(name): float(count) for name, count in orjson.loads(cell).items()}
    except (orjson.JSONDecodeError, AttributeError, TypeError, ValueError) as error:
        raise InputError(f"{path}, line {line}: votes are wanted as {{label: count}}, not {cell[:40]!r}") from error
    return found


def _shares(cast: list[dict[str, float]], labels: list[str]) -> np.ndarray:
    counts = np.array([[votes.get(label, 0.0) for label in labels] for votes in cast], np.float32)
    return np.asarray(counts / np.maximum(counts.sum(1, keepdims=True), 1e-9), np.float32)


def _columns(path: Path, names: list[str], wanted: str) -> list[str]:
    """Resolve "title,body"; a name that itself holds a comma wins."""
    found = [wanted] if wanted in names else [name.strip() for name in wanted.split(",")]
    absent = [name for name in found if name not in names]
    if absent:
        raise InputError(f"{path}: no column {absent[0]!r}; it has {', '.join(names) or 'none'}")
    return found


def _table(path: Path, lines: Iterator[tuple[int, list[str]]]) -> Iterator[_Table]:
    _, names = next(lines, (0, []))

    def rows() -> Iterator[_Row]:
        for line, cells in lines:
            if len(cells) != len(names):
                raise InputError(f"{path}, line {line}: {len(cells)} columns where the header has {len(names)}")
            yield line, dict(zip(names, cells, strict=True))

    yield names, rows()


def _text(path: Path) -> str:
    """Read a file as text; Japanese Excel saves CSV as CP932. Raises InputError for what cannot be read."""
    data = path.read_bytes()
    recoded = encoding.whole(data)
    if recoded is None:
        raise InputError(f"{path}: no text")
    text = recoded.decode("utf-8", "replace")
    if text.count("\ufffd") > data.count("\ufffd".encode()):
        line = text.count("\n", 0, text.index("\ufffd")) + 1
        raise InputError(f"{path}, line {line}: a character that cannot be read; save the file as UTF-8")
    return text


def _tsv(path: Path) -> Iterator[_Table]:
    lines = _text(path).split("\n")  # by hand: text may hold a lone CR
    return _table(path, ((n, line.removesuffix("\r").split("\t")) for n, line in enumerate(lines, 1) if line.strip()))


def _csv(path: Path) -> Iterator[_Table]:
    def lines() -> Iterator[tuple[int, list[str]]]:
        reader = csv.reader(io.StringIO(_text(path), newline=""), strict=True)
        try:
            yield from ((reader.line_num, cells) for cells in reader if cells)
        except csv.Error as error:
            raise InputError(f"{path}, line {reader.line_num}: {error}") from error

    return _table(path, lines())


def _jsonl(path: Path) -> Iterator[_Table]:
    import orjson

    rows: list[_Row] = []
    for number, line in enumerate(_text(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise InputError(f"{path}, line {number}: {error}") from error
        if not isinstance(value, dict):
            raise InputError(f"{path}, line {number}: not an object")
        rows.append((number, {name: _as_text(cell) for name, cell in value.items()}))
    yield list(dict.fromkeys(name for _, row in rows for name in row)), rows


def _parquet(path: Path) -> Iterator[_Table]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.read_table(path, page_checksum_verification=True)
    except pa.ArrowException as error:
        raise InputError(f"{path}: {error}") from error
    columns: dict[str, list[Any]] = {name: table[name].to_pylist() for name in table.column_names}
    rows = zip(*columns.values(), strict=True)
    yield (
        table.column_names,
        ((n, {name: _as_text(cell) for name, cell in zip(columns, row, strict=True)}) for n, row in enumerate(rows, 1)),
    )


def _xlsx(path: Path) -> Iterator[_Table]:
    """Read each sheet; its first row that is not empty names the columns."""
    with path.open("rb") as stream:
        for _, rows in workbook.sheets(stream, str(path), Budget(str(path), path.stat().st_size)):
            cells = ((line, [shown(cell) for cell in row]) for line, row in enumerate(rows, 1))
            yield from _table(path, ((line, row) for line, row in cells if any(row)))


def _as_text(cell: Any) -> str:
    if cell is None:
        return ""
    return str(int(cell)) if isinstance(cell, bool) else str(cell)


_READERS = {".tsv": _tsv, ".csv": _csv, ".jsonl": _jsonl, ".ndjson": _jsonl, ".parquet": _parquet, ".xlsx": _xlsx}
FORMATS = frozenset(_READERS)
"""Endings of files whose columns can be read."""
