"""Parquet files that notice a flipped bit: page checksums for the data, a seal for names and types in the footer.

The footer has no checksum of its own: with one bit of it flipped, a column had another name, and nobody was told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline import files
from pipeline.errors import StoreDamaged


def write(root: Path, target: Path, schema: pa.Schema, chunks: Iterable[pa.Table]) -> None:
    """Write chunks as row groups, at least one a chunk, in place of ``target``; empty without chunks.

    Same chunks, same bytes: nothing of the clock or of the machine is written.
    """
    groups = []
    with files.staged(root, target) as draft, _writer(draft, schema) as writer:
        for chunk in chunks:
            for start in range(0, chunk.num_rows, ROWS):
                part = chunk.slice(start, ROWS).combine_chunks()  # pages follow the chunks of the data in memory
                writer.write_table(part.cast(schema), row_group_size=ROWS)
                groups.append(part.num_rows)
        writer.add_key_value_metadata({_SEAL: _seal(schema, groups)})


ROWS = 1 << 20
"""Rows of a row group at the most; where no row group may begin inside a post, chunks are to be no longer."""
_SEAL = b"hibi.seal"


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """Pack texts by zstd; what has none hardly shrinks: by LZ4, as every question reads all tokens."""
    texts = any(pa.types.is_string(kind) or pa.types.is_list(kind) for kind in schema.types)
    return pq.ParquetWriter(path, schema, compression="zstd" if texts else "lz4", write_page_checksum=True)


def read(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a whole file. Raises StoreDamaged naming it where it is damaged or missing."""
    try:
        return _open(path).read(columns=list(columns) if columns is not None else None)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise StoreDamaged(path, error) from error


def row_groups(path: Path) -> int:
    """Count row groups. Raises StoreDamaged."""
    try:
        return int(_open(path).num_row_groups)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise StoreDamaged(path, error) from error


def read_chunks(
    path: Path, columns: Sequence[str] | None = None, groups: Iterable[int] | None = None
) -> Iterator[pa.Table]:
    """Read row group by row group, as written; all of them, or those of the given numbers. Raises StoreDamaged."""
    try:
        file = _open(path)
        for group in range(file.num_row_groups) if groups is None else groups:
            yield file.read_row_group(group, columns=list(columns) if columns is not None else None)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise StoreDamaged(path, error) from error


def rows(path: Path) -> int:
    """Count rows; none of a file that is damaged or missing, which whoever reads it will name."""
    try:
        return int(pq.read_metadata(path).num_rows)
    except (OSError, pa.ArrowException):
        return 0


def _open(path: Path) -> pq.ParquetFile:
    file = pq.ParquetFile(path, page_checksum_verification=True)
    seal = (file.metadata.metadata or {}).get(_SEAL)
    groups = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
    if seal != _seal(file.schema_arrow, groups):
        raise ValueError("its names, types or rows do not fit its seal")
    return file


def _seal(schema: pa.Schema, groups: list[int]) -> bytes:
    """Seal names, types and the rows of each row group."""
    told = [(field.name, _kind(field.type)) for field in schema]
    return hashlib.sha256(repr((told, groups)).encode()).hexdigest().encode()


def _kind(kind: pa.DataType) -> str:
    """Name a type as it is both before it is written and when it is read."""
    if pa.types.is_dictionary(kind):
        return _kind(kind.value_type)
    return f"list of {_kind(kind.value_type)}" if pa.types.is_list(kind) else str(kind)
