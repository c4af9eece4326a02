"""Runs of posts: how they are cut, and what becomes of one that is lost with its worker."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pipeline import spreading
from pipeline.errors import LostWorker


def here(job, items):
    """A mapper in this process."""
    return [job(*item) for item in items]


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, []),
        (1, [(0, 1)]),
        (10_000, [(0, 10_000)]),
        (10_001, [(0, 10_000), (10_000, 10_001)]),
        (25_000, [(0, 10_000), (10_000, 20_000), (20_000, 25_000)]),
    ],
)
def test_chunks_are_runs_of_ten_thousand(size, expected):
    assert spreading.chunks(size) == expected


@hypothesis_settings(deadline=None, derandomize=True)
@given(st.integers(0, 100_000))
def test_chunks_hold_every_row_once(size):
    found = spreading.chunks(size)
    assert [start for start, _ in found] == [0, *(end for _, end in found[:-1])][: len(found)]
    assert (found[-1][1] if found else 0) == size
    assert all(0 < end - start <= spreading.CHUNK for start, end in found)


def done(texts, spread):
    column = pa.chunked_array([pa.array(texts, pa.string())])
    return list(spreading.each_run(column, lengths, lambda run, first: (run, first), spread))


def lengths(texts, first):
    return first, [len(text) for text in texts.to_pylist()]


def deadly(*fatal):
    """A mapper whose workers die at some texts, and a record of the sizes asked for."""
    sizes = []

    def spread(job, items):
        sizes.extend(len(item[0]) for item in items)
        return [LostWorker("died") if set(fatal) & set(item[0].to_pylist()) else job(*item) for item in items]

    return spread, sizes


@hypothesis_settings(deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(["a", "bb", "X", "Y"]), max_size=40))
def test_all_texts_but_the_deadly_are_analysed_in_order(texts):
    spread, _ = deadly("X", "Y")
    found = done(texts, spread)
    assert [n for runs, _ in found for _, some in runs for n in some] == [0 if t in "XY" else len(t) for t in texts]
    assert [n for _, lost in found for n in lost] == [i for i, t in enumerate(texts) if t in "XY"]


def test_a_deadly_text_is_found_by_halving():
    spread, sizes = deadly("X")
    texts = ["a"] * 1000 + ["X"] + ["a"] * 23
    [(result, lost)] = done(texts, spread)
    assert lost == [1000]
    assert [(first, len(some)) for first, some in result] == [
        (0, 512), (512, 256), (768, 128), (896, 64), (960, 32), (992, 8), (1000, 1), (1001, 1), (1002, 2), (1004, 4),
        (1008, 16),
    ]  # fmt: skip
    # 1024 once, an empty one, two halves at each of ten levels, and an empty one in its place
    assert len(sizes) == 1 + 1 + 2 * 10 + 1


def test_chunks_far_apart_are_asked_for_in_windows(monkeypatch):
    monkeypatch.setattr(spreading, "CHUNK", 2)
    asked = []

    def spread(job, items):
        asked.append(len(items))
        return here(job, items)

    found = done(["a"] * 70, spread)
    assert [first for [(first, _)], _ in found] == list(range(0, 70, 2))
    assert sum(asked) == 35 and max(asked) <= 16  # as many as may wait in memory at once
