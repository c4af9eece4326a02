import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.models import shares

HABITS = np.array([[0.8, 0.15, 0.05], [0.1, 0.8, 0.1], [0.1, 0.2, 0.7]])
"""[gold][answer]"""


def test_a_known_bias_is_taken_out():
    # Of 1000 posts 600, 300, 100 have the labels: answers .8·600 + .1·300 + .1·100 = 520, 350, 130
    answers = (np.array([600, 300, 100]) @ HABITS).round().astype(np.int64)
    assert answers.tolist() == [520, 350, 130]
    found = shares.shares(answers, (HABITS * 100_000).astype(np.int64))
    assert [s.counted for s in found] == [0.52, 0.35, 0.13]
    assert [s.share for s in found] == pytest.approx([0.6, 0.3, 0.1], abs=0.001)
    assert all(s.low < s.share < s.high for s in found)


def test_a_day_without_a_label_gets_none_of_it():
    # No post has the second label, yet a seventh of the answers says so.
    answers = (np.array([9000, 0, 1000]) @ HABITS).round().astype(np.int64)
    found = shares.shares(answers, (HABITS * 1000).astype(np.int64))
    assert found[1].counted == pytest.approx(0.155) and found[1].share == pytest.approx(0, abs=0.01)


def test_intervals_cover_the_truth_though_dev_has_another_mixture():
    rng = np.random.default_rng(4)
    covered = asked = 0
    for _ in range(60):
        dev = np.stack([rng.multinomial(n, row) for n, row in zip((150, 200, 120), HABITS, strict=True)])
        gold = rng.multinomial(400, [0.6, 0.3, 0.1])
        answers = sum(rng.multinomial(n, row) for n, row in zip(gold, HABITS, strict=True))
        for true, found in zip(gold / 400, shares.shares(answers, dev, draws=200), strict=True):
            covered += found.low <= true <= found.high
            asked += 1
    assert covered / asked >= 0.93


def test_a_small_dev_widens_the_interval():
    answers = np.array([520, 350, 130])
    wide, narrow = (shares.shares(answers, (HABITS * n).astype(np.int64))[0] for n in (40, 4000))
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_a_label_that_dev_lacks_is_known_by_nothing():
    found = shares.shares(np.array([50, 50]), np.array([[30, 0], [0, 0]]))
    assert found[1].high - found[1].low > 0.4


def test_several_labels_are_corrected_one_by_one():
    # A label found in 0.9 of those that have it and 0.1 of the others: 0.26 of answers = 0.2 of posts
    cells = np.array([[9000, 1000, 1000, 9000]])
    (found,) = shares.shares_of_several(np.array([260]), 1000, cells)
    assert found.counted == 0.26
    assert found.share == pytest.approx(0.2, abs=0.001)  # (0.26 - 0.1) / (0.9 - 0.1)


@settings(deadline=None, derandomize=True, max_examples=40)
@given(st.lists(st.integers(0, 50), min_size=3, max_size=3).filter(any), st.integers(0, 10_000))
def test_shares_are_shares(answers, seed):
    confusion = np.random.default_rng(seed).integers(0, 20, (3, 3))
    found = shares.shares(np.array(answers), confusion, draws=20)
    assert sum(s.share for s in found) == pytest.approx(1)
    assert all(0 <= s.low <= s.share <= s.high <= 1 + 1e-9 for s in found)


def test_no_answers_have_no_shares():
    with pytest.raises(ValueError, match="no answers"):
        shares.shares(np.zeros(3, np.int64), np.eye(3, dtype=np.int64))


def test_parts_share_what_an_answer_means_and_their_mean_is_the_whole():
    parts = np.array([[90, 5, 5], [10, 45, 45], [0, 0, 0]])
    whole = parts.sum(axis=0)
    confusion = (HABITS * 1000).astype(np.int64)
    day = shares.shares(whole, confusion)
    found = shares.shares_of_parts(whole, parts, confusion)
    assert found[2] == []
    for label in range(3):
        mean = (100 * found[0][label].share + 100 * found[1][label].share) / 200
        assert mean == pytest.approx(day[label].share, abs=1e-6)
    assert found[0][0].share > found[1][0].share
    assert all(0 <= one.low <= one.share <= one.high <= 1 for part in found for one in part)


def test_a_small_part_is_less_certain_than_a_large_one_of_the_same_answers():
    confusion = (HABITS * 1000).astype(np.int64)
    small, large = shares.shares_of_parts(np.array([660, 220, 220]), np.array([[6, 2, 2], [600, 200, 200]]), confusion)
    assert small[0].share == pytest.approx(large[0].share)
    assert small[0].high - small[0].low > 3 * (large[0].high - large[0].low)
