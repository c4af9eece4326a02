from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.pictures import placing

CANVAS = placing.Canvas(1200, 800)


def squares(count: int) -> placing.Extents:
    return np.tile([2.0, 1.0], (count, 1))


def test_measures_of_the_usual_picture() -> None:
    # The side of a square of 1200 × 800 is 979.8.
    assert CANVAS.cell == 4  # 979.8 / sqrt(60,000) = 4.0
    assert CANVAS.smallest == 14  # 979.8 / 70
    assert CANVAS.margin == 6  # 979.8 / 160


def test_sizes_climb_in_steps_from_the_smallest_and_never_against_weight() -> None:
    sizes = placing.font_sizes([100, 50, 49, 10, 1], squares(5), CANVAS)
    assert sizes == sorted(sizes, reverse=True)
    steps = [round(14 * 1.2**step) for step in range(13)]
    assert set(sizes) <= set(steps)
    assert sizes[1] == sizes[2]  # 2 % of weight are no step


def test_one_word_above_all_does_not_leave_the_others_at_the_bottom() -> None:
    sizes = placing.font_sizes([10_000] + [100] * 60, squares(61), CANVAS)
    # By the square root alone the others would be 0.1 × 147 = 14 pixels.
    assert sizes[1] > 14


def test_many_words_fill_less_than_half() -> None:
    sizes = np.array(placing.font_sizes(list(range(300, 0, -1)), squares(300), CANVAS))
    assert ((2 * sizes + 6) * (sizes + 6)).sum() <= 0.42 * 1200 * 800


@settings(deadline=None, derandomize=True)
@given(st.lists(st.floats(1e-300, 1e300), min_size=1, max_size=30))
def test_any_weights_give_legible_sizes(weights: list[float]) -> None:
    sizes = placing.font_sizes(weights, squares(len(weights)), CANVAS)
    assert all(14 <= size <= 147 for size in sizes)


def test_a_home_depends_on_word_and_seed_alone_and_homes_are_spread() -> None:
    homes = np.array([placing.home(str(number), 1) for number in range(1000)])
    assert placing.home("7", 1) == tuple(homes[7])
    assert placing.home("7", 2) != tuple(homes[7])
    quarters = np.histogram2d(homes[:, 0], homes[:, 1], bins=2, range=[[0, 1], [0, 1]])[0]
    assert (abs(quarters - 250) < 60).all()  # binomial, sd 13.7


def test_the_first_box_stands_at_home_and_the_second_beside_it() -> None:
    raster = placing.Raster(placing.Canvas(200, 200))  # cells of a pixel, margin 2
    # A box of 10 + 2 has 188 places to go: half of it is 94, and its ink begins a pixel further on.
    assert raster.take(10, 10, (0.5, 0.5)) == (95, 95)
    # The next one of the same size must be 12 away along one axis; upwards is asked first.
    assert raster.take(10, 10, (0.5, 0.5)) == (95, 83)


def test_a_full_picture_has_no_room() -> None:
    raster = placing.Raster(placing.Canvas(200, 200))
    assert raster.take(198, 198, (0.3, 0.9)) == (1, 1)
    assert raster.take(1, 1, (0.5, 0.5)) is None
    assert placing.Raster(placing.Canvas(200, 200)).take(199, 10, (0.5, 0.5)) is None


@settings(deadline=None, derandomize=True, max_examples=30)
@given(
    st.lists(
        st.tuples(st.integers(1, 90), st.integers(1, 60), st.tuples(st.floats(0, 1), st.floats(0, 1))),
        min_size=2,
        max_size=25,
    )
)
def test_boxes_lie_inside_do_not_touch_and_are_refused_only_without_room(
    wishes: list[tuple[int, int, tuple[float, float]]],
) -> None:
    raster = placing.Raster(placing.Canvas(200, 200))
    taken = np.zeros((200, 200), dtype=bool)
    for width, height, at in wishes:
        place = raster.take(width, height, at)
        if place is None:
            window = np.lib.stride_tricks.sliding_window_view(taken, (height + 2, width + 2))
            assert window.any(axis=(2, 3)).all()
            continue
        left, top = place[0] - 1, place[1] - 1
        assert left >= 0 and top >= 0
        box = taken[top : top + height + 2, left : left + width + 2]
        assert box.shape == (height + 2, width + 2)
        assert not box.any()
        box[:] = True
