import datetime as dt
from itertools import permutations

import pyarrow as pa
import pytest

from pipeline.ingest.merge import merge
from pipeline.tables import COLLECTED, EXCLUSIONS

T = dt.datetime(2024, 1, 1, 3, tzinfo=dt.UTC)
NOTHING = EXCLUSIONS.empty_table()


def row(post_id, text, *, collected=0, edited=None, created=0, line=1, file="f"):
    return {
        "post_id": post_id,
        "source": "jsonl",
        "created_at": T + dt.timedelta(seconds=created),
        "text": text,
        "is_repost": False,
        "flags": [],
        "edited_at": edited and T + dt.timedelta(hours=edited),
        "collected_at": T + dt.timedelta(hours=collected),
        "file": file,
        "line": line,
    }


def piece(*rows):
    return pa.Table.from_pylist(list(rows), COLLECTED)


VERSIONS = [
    piece(row("x:1", "first", collected=1), row("x:2", "other", created=9)),
    piece(row("x:1", "latest", collected=3, line=7), row("x:3", "early", created=-9)),
    piece(row("x:1", "second", collected=2)),
]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_latest_collected_wins_whatever_the_order(order):
    found = merge([VERSIONS[i] for i in order], NOTHING)
    assert [(r["post_id"], r["text"]) for r in found.posts.to_pylist()] == [
        ("x:3", "early"),
        ("x:1", "latest"),
        ("x:2", "other"),
    ]
    kept, repeated = dict(zip(order, found.kept, strict=True)), dict(zip(order, found.repeated, strict=True))
    assert (kept, repeated) == ({0: 1, 1: 2, 2: 0}, {0: 1, 1: 0, 2: 1})


def test_an_edit_wins_over_a_later_copy_of_the_unedited():
    parts = [piece(row("x:1", "edited", collected=1, edited=1)), piece(row("x:1", "stale", collected=5))]
    for some in (parts, parts[::-1]):
        assert merge(some, NOTHING).posts["text"].to_pylist() == ["edited"]


def test_the_later_line_of_a_file_wins():
    found = merge([piece(row("x:1", "a", line=1), row("x:1", "b", line=2))], NOTHING)
    assert found.posts["text"].to_pylist() == ["b"]
    assert (found.kept, found.repeated) == ([1], [1])


def test_exclusions_are_counted_by_reason():
    gone = pa.Table.from_pylist(
        [{"post_id": "x:1", "reason": "deleted"}, {"post_id": "x:2", "reason": "moved"}], EXCLUSIONS
    )
    found = merge(VERSIONS, gone)
    assert found.posts["post_id"].to_pylist() == ["x:3"]
    assert found.excluded == [{"deleted": 1, "moved": 1}, {"deleted": 1}, {"deleted": 1}]
    rows = [p.num_rows for p in VERSIONS]
    assert rows == [k + r + sum(e.values()) for k, r, e in zip(found.kept, found.repeated, found.excluded, strict=True)]


def test_no_pieces():
    assert merge([], NOTHING).posts.num_rows == 0
