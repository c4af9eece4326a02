from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.pictures import axes


@pytest.mark.parametrize(
    ("most", "ticks"),
    [
        (0, [0, 1, 2]),
        (1, [0, 1, 2]),
        (5, [0, 1, 2, 3, 4, 5]),
        (6, [0, 2, 4, 6]),
        (23, [0, 5, 10, 15, 20, 25]),
        (26, [0, 10, 20, 30]),
        (20_900, [0, 5_000, 10_000, 15_000, 20_000, 25_000]),
    ],
)
def test_ticks_are_round(most: int, ticks: list[int]) -> None:
    assert axes.ticks(most) == ticks


@settings(deadline=None, derandomize=True)
@given(st.integers(0, 10**12))
def test_ticks_reach_the_largest_count_by_steps_of_1_2_or_5(most: int) -> None:
    ticks = axes.ticks(most)
    step = ticks[1]
    assert ticks == list(range(0, ticks[-1] + 1, step))
    assert str(step).rstrip("0") in {"1", "2", "5"}
    assert 3 <= len(ticks) <= 6
    assert ticks[-1] >= most


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("推し活", "推し活"),  # 6 columns of 8
        ("一二三四", "一二三四"),  # 8 of 8
        ("一二三四五", "一二三…"),  # 10: the ellipsis takes 2, three kanji 6
        ("abcdefgh", "abcdefgh"),
        ("abcdefghi", "abcdef…"),
        ("e\u0301" * 8, "e\u0301" * 8),  # accents take none
        ("", ""),
    ],
)
def test_a_word_is_cut_by_columns(word: str, shown: str) -> None:
    assert axes.cut(word, 8) == shown


def test_dates_are_month_and_day() -> None:
    assert axes.short_date(date(2024, 1, 31)) == "1/31"


def test_zero_lies_at_the_bottom_and_the_most_at_the_top() -> None:
    plot = axes.Plot(left=10, top=5, width=100, height=50, most=200)
    assert [plot.y(0), plot.y(100), plot.y(200)] == [55, 30, 5]


@settings(deadline=None, derandomize=True)
@given(st.integers(1, 400))
def test_no_more_than_eight_places_are_written(places: int) -> None:
    assert len(range(0, places, axes.step(places))) <= 8
