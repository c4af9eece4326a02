import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.models import splitting


def test_copies_are_found_by_pointer_and_by_text():
    found = splitting.copies(
        ["a", "b", "c", "d", "e", "f", "g"],
        [None, "a", None, None, "d", None, "elsewhere"],
        ["x", "y", "Y ", "", "z", "", "w"],
    )
    # b points to a; c has b's text; e points to d; f is as empty as d and no copy; g's original is not here
    assert found.tolist() == [0, 0, 0, 3, 3, 5, 6]


def test_two_copies_of_one_post_that_is_not_here_belong_together():
    assert splitting.copies(["a", "b"], ["far", "far"], ["x", "y"]).tolist() == [0, 0]


def test_a_pointer_to_a_later_row_joins_too():
    assert splitting.copies(["b", "a"], ["a", None], ["x", "y"]).tolist() == [0, 0]


def test_the_latest_are_held_out():
    times = np.array([5, 1, 9, 3, 7, 2, 8, 4, 6, 10])
    found = splitting.by_time(times, np.arange(10), dev=0.1, held_out=0.2)
    assert times[found.held_out].tolist() == [9, 10]
    assert times[found.dev].tolist() == [8]
    assert sorted(times[found.train].tolist()) == [1, 2, 3, 4, 5, 6, 7]


def test_a_late_copy_of_an_early_post_is_left_out():
    groups = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 0])
    found = splitting.by_time(np.arange(10), groups, dev=0.1, held_out=0.2)
    assert 0 in found.train and found.left_out.tolist() == [9]
    assert found.held_out.tolist() == [8]


def test_weak_labels_are_learned_from_and_never_asked():
    gold = np.array([True, False, True, False, True, True, True, True, False, True])
    found = splitting.by_time(np.arange(10), np.arange(10), dev=0.15, held_out=0.3, gold=gold)
    # Of seven gold posts, in order 0 2 4 5 6 7 9, two are held out and one is dev; weak row 8 is later than dev.
    assert found.held_out.tolist() == [7, 9] and found.dev.tolist() == [6]
    assert found.train.tolist() == [0, 1, 2, 3, 4, 5] and found.left_out.tolist() == [8]


def test_a_weak_copy_of_a_held_out_post_is_not_learned_from():
    groups = np.array([0, 1, 2, 3, 0])  # the weak first row is a copy of the last, held out
    gold = np.array([False, True, True, True, True])
    found = splitting.by_time(np.arange(5), groups, dev=0.25, held_out=0.25, gold=gold)
    assert found.held_out.tolist() == [4] and 0 in found.left_out


def test_frozen_posts_and_their_copies_are_in_no_part():
    frozen = np.array([True, False, False, False, False, False])
    found = splitting.by_time(np.arange(6), np.array([0, 0, 2, 3, 4, 5]), frozen=frozen)
    assert {0, 1} <= set(found.left_out.tolist())


parts = st.tuples(st.floats(0, 0.4), st.floats(0, 0.5))


@settings(deadline=None, derandomize=True, max_examples=150)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 8), st.booleans(), st.booleans()), max_size=40), parts)
def test_no_group_is_on_two_sides_and_no_row_is_lost(rows, sizes):
    columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
    times, kinds, gold, frozen = (np.array(column) for column in columns)
    groups = np.array([list(kinds).index(kind) for kind in kinds], np.int64)  # a group is named by its first row
    found = splitting.by_time(
        times.astype(np.int64),
        groups,
        dev=sizes[0],
        held_out=sizes[1],
        gold=gold.astype(bool),
        frozen=frozen.astype(bool),
    )
    each = [found.train, found.dev, found.held_out, found.left_out]
    assert sorted(np.concatenate(each).tolist()) == list(range(len(rows)))
    sides = [set(groups[part].tolist()) for part in each[:3]]
    assert not (sides[0] & sides[1] or sides[0] & sides[2] or sides[1] & sides[2])
    assert gold[found.dev].all() and gold[found.held_out].all()
    if len(found.held_out) and len(found.dev):
        assert times[found.dev].max() <= times[found.held_out].min()
    if len(found.dev) and len(found.train):
        assert times[found.train].max() <= times[found.dev].min()


@pytest.mark.parametrize("posts", [100, 1000])
def test_random_parts_have_every_label_in_its_share(posts):
    gold = np.repeat([0, 1, 2], [posts * 6 // 10, posts * 3 // 10, posts // 10])
    found = splitting.stratified(gold, np.arange(posts))
    for part, share in ((found.train, 0.7), (found.dev, 0.1), (found.held_out, 0.2)):
        for label, of_label in enumerate(np.bincount(gold)):
            assert np.bincount(gold[part], minlength=3)[label] == pytest.approx(share * of_label, abs=2)


def test_random_parts_keep_copies_together_and_are_the_same_again():
    rng = np.random.default_rng(5)
    kinds = rng.integers(0, 60, 200)
    groups = np.array([kinds.tolist().index(kind) for kind in kinds])
    gold = (rng.random((200, 3)) < 0.3).astype(np.int8)
    found, again, other = (splitting.stratified(gold, groups, seed=seed) for seed in (1, 1, 2))
    sides = [set(groups[part].tolist()) for part in (found.train, found.dev, found.held_out)]
    assert not (sides[0] & sides[1] or sides[0] & sides[2] or sides[1] & sides[2])
    assert found.train.tolist() == again.train.tolist() != other.train.tolist()
