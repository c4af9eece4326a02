"""The same post twice becomes one row: the latest version wins, whatever the order of files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow import compute as pc

from pipeline.tables import COLLECTED

LATEST = [("edited_at", "descending"), ("collected_at", "descending"), ("line", "descending"), ("file", "ascending")]
"""Which version of a post is the latest: edited last, else collected last; within a file the last line."""


class Merged(NamedTuple):
    """A day's posts, a row a post, ordered by created_at and post_id; and rows of each piece by what became of them."""

    posts: pa.Table
    kept: list[int]
    repeated: list[int]
    excluded: list[dict[str, int]]


def merge(pieces: Iterable[pa.Table], exclusions: pa.Table) -> Merged:
    """Merge what files gave for a day. ``exclusions`` has post_id and reason: rows that do not count to this day."""
    table, sizes = COLLECTED.empty_table(), []
    for part in pieces:
        table = pa.concat_tables([table, part])
        sizes.append(part.num_rows)
    piece = np.repeat(np.arange(len(sizes)), sizes)
    reason = _reasons(table["post_id"], exclusions)
    present = np.array([r is None for r in reason], bool)
    latest = np.zeros(len(present), bool)
    latest[_latest(table, np.flatnonzero(present))] = True
    order = pc.sort_indices(
        table.select(["created_at", "post_id"]), [("created_at", "ascending"), ("post_id", "ascending")]
    ).to_numpy()
    size = len(sizes)
    excluded: list[dict[str, int]] = [{} for _ in sizes]
    for row in np.flatnonzero(~present):
        counts = excluded[piece[row]]
        counts[str(reason[row])] = counts.get(str(reason[row]), 0) + 1
    return Merged(
        table.take(pa.array(order[latest[order]])),
        np.bincount(piece[latest], minlength=size).tolist(),
        np.bincount(piece[present & ~latest], minlength=size).tolist(),
        excluded,
    )


def _reasons(post_id: pa.ChunkedArray, exclusions: pa.Table) -> list[str | None]:
    if exclusions.num_rows == 0:
        return [None] * len(post_id)
    at = pc.index_in(post_id, exclusions["post_id"].combine_chunks())
    reasons: list[str | None] = exclusions["reason"].take(at).to_pylist()
    return reasons


def _latest(table: pa.Table, rows: np.ndarray) -> np.ndarray:
    """Choose the row of each post's latest version among ``rows``."""
    ids = table["post_id"].take(pa.array(rows)).combine_chunks().dictionary_encode()
    if len(ids.dictionary) == len(rows):
        return rows
    part = table.select([name for name, _ in LATEST]).take(pa.array(rows)).append_column("id", ids.indices)
    order = pc.sort_indices(part, [("id", "ascending"), *LATEST]).to_numpy()  # nulls stand last
    sorted_ids = ids.indices.to_numpy()[order]
    return np.asarray(rows[order[np.append(True, sorted_ids[1:] != sorted_ids[:-1])]])
