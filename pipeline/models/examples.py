"""Files of labelled texts -> examples: TSV with quoting off, CSV by RFC 4180, JSON lines, Parquet."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.errors import InputError

Gold = list[str] | np.ndarray
"""One text an example (a label, or a sentence to produce); or int8 (n, labels) of 0 and 1; or float32 (n,)."""

_Row = tuple[int, dict[str, str]]


@dataclass(frozen=True)
class Examples:
    """Texts, and what is known of each."""

    texts: list[str]
    gold: Gold = field(default_factory=list)
    ids: list[str] | None = None
    labels: list[str] | None = None
    """Names of the columns of ``gold`` where it has several."""
    votes: np.ndarray | None = None
    """float32 (n, labels): the share of judges for each label, where votes are known."""
    also: list[str] | None = None
    """Of each example a further text with the same label, for the linear model alone to learn from; may be empty."""
    unlabelled: int = 0
    """Rows of the file that were left out, as their label is empty."""

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: Sequence[int] | np.ndarray) -> Examples:
        """Return the examples of these rows, in the order of the rows."""
        numbers = [int(row) for row in rows]
        gold = self.gold[numbers] if isinstance(self.gold, np.ndarray) else [self.gold[i] for i in numbers if self.gold]
        ids = None if self.ids is None else [self.ids[i] for i in numbers]
        votes = None if self.votes is None else self.votes[numbers]
        also = None if self.also is None else [self.also[i] for i in numbers]
        return Examples([self.texts[i] for i in numbers], gold, ids, self.labels, votes, also)

    def enlarged(self) -> Examples:
        """Return the examples with the further texts as examples behind them."""
        if self.also is None:
            return self
        rows = [row for row, text in enumerate(self.also) if text.strip()]
        both = self.take([*range(len(self)), *rows])
        return replace(both, texts=self.texts + [self.also[row] for row in rows], also=None)


def label_names(examples: Examples) -> list[str]:
    """Name the labels: those of the columns, or the distinct labels, sorted (numbers by value)."""
    if examples.labels is not None:
        return examples.labels
    return sorted({str(label) for label in examples.gold}, key=_by_value)


def label_numbers(examples: Examples, labels: Sequence[str]) -> np.ndarray:
    """Number the labels of examples; int64 (n,), or int8 (n, labels) where an example may have several.

    Raises InputError naming a label that ``labels`` does not have.
    """
    if examples.labels is not None:
        absent = [label for label in labels if label not in examples.labels]
        if absent or len(labels) != len(examples.labels):
            raise InputError(f"the labels are {', '.join(examples.labels)}; the model knows {', '.join(labels)}")
        return np.asarray(np.asarray(examples.gold)[:, [examples.labels.index(label) for label in labels]], np.int8)
    place = {label: number for number, label in enumerate(labels)}
    strange = sorted({str(label) for label in examples.gold} - place.keys())
    if strange:
        raise InputError(f"label {strange[0]!r} is none of {', '.join(labels)}")
    return np.fromiter((place[str(label)] for label in examples.gold), np.int64, len(examples))


def read(
    path: Path, text: str, label: str | None = None, identity: str | None = None, votes: str | None = None,
    also: str | None = None,
) -> Examples:  # fmt: skip
    """Read a file; its ending names the format.

    ``text`` names a column or several ("title,body": joined by a newline, empty ones left out); ``label`` one column
    of labels, or several of 0 and 1 ("cough,fever"); ``identity`` a column of ids, ``votes`` one of judges' votes as
    JSON ({"0": 2, "1": 1}), ``also`` one or several whose text has the same label. Rows whose label is empty are left
    out and counted. Raises InputError naming the file, the line and the column.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"{path}: neither {', '.join(_READERS)}")
    try:
        names, rows = reader(path)
        texts = _columns(path, names, text)
        labels = _columns(path, names, label) if label else []
        more = _columns(path, names, also) if also else []
        for name in filter(None, (identity, votes)):
            _columns(path, names, name)
        return _examples(path, rows, texts, labels, identity, votes, more)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8") from error


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


def _table(path: Path, lines: Iterator[tuple[int, list[str]]]) -> tuple[list[str], Iterator[_Row]]:
    _, names = next(lines, (0, []))

    def rows() -> Iterator[_Row]:
        for line, cells in lines:
            if len(cells) != len(names):
                raise InputError(f"{path}, line {line}: {len(cells)} columns where the header has {len(names)}")
            yield line, dict(zip(names, cells, strict=True))

    return names, rows()


def _tsv(path: Path) -> tuple[list[str], Iterator[_Row]]:
    lines = path.read_bytes().decode("utf-8-sig").split("\n")  # by hand: text may hold a lone CR
    return _table(path, ((n, line.removesuffix("\r").split("\t")) for n, line in enumerate(lines, 1) if line.strip()))


def _csv(path: Path) -> tuple[list[str], Iterator[_Row]]:
    def lines() -> Iterator[tuple[int, list[str]]]:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            try:
                yield from ((reader.line_num, cells) for cells in reader if cells)
            except csv.Error as error:
                raise InputError(f"{path}, line {reader.line_num}: {error}") from error

    return _table(path, lines())


def _jsonl(path: Path) -> tuple[list[str], Iterator[_Row]]:
    import orjson

    rows: list[_Row] = []
    for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise InputError(f"{path}, line {number}: {error}") from error
        if not isinstance(value, dict):
            raise InputError(f"{path}, line {number}: not an object")
        rows.append((number, {name: _as_text(cell) for name, cell in value.items()}))
    return list(dict.fromkeys(name for _, row in rows for name in row)), iter(rows)


def _parquet(path: Path) -> tuple[list[str], Iterator[_Row]]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.read_table(path, page_checksum_verification=True)
    except pa.ArrowException as error:
        raise InputError(f"{path}: {error}") from error
    columns: dict[str, list[Any]] = {name: table[name].to_pylist() for name in table.column_names}
    rows = zip(*columns.values(), strict=True)
    return table.column_names, (
        (n, {name: _as_text(cell) for name, cell in zip(columns, row, strict=True)}) for n, row in enumerate(rows, 1)
    )


def _as_text(cell: Any) -> str:
    if cell is None:
        return ""
    return str(int(cell)) if isinstance(cell, bool) else str(cell)


def _by_value(label: str) -> tuple[float, str]:
    try:
        return float(label), label
    except ValueError:
        return float("inf"), label


_READERS = {".tsv": _tsv, ".csv": _csv, ".jsonl": _jsonl, ".ndjson": _jsonl, ".parquet": _parquet}
FORMATS = frozenset(_READERS)
"""Endings of files whose columns can be read."""
