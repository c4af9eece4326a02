"""Batches: every row once, bounded, never padding alone."""

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.models import batches
from pipeline.models.batches import EDGES, Plan
from pipeline.models.vocabulary import Ragged

lengths = st.lists(st.integers(1, 90), min_size=1, max_size=200).map(lambda found: np.array(found, np.int32))
plans = st.builds(Plan, st.integers(1, 400), st.integers(1, 40), st.booleans())


@settings(deadline=None, derandomize=True)
@given(lengths, plans, st.integers(0, 3))
def test_every_row_once_and_no_batch_too_large(sizes, plan, seed):
    for dealt in (
        batches.shuffled(sizes, plan, np.random.default_rng(seed)),
        batches.in_length_order(sizes, plan),
    ):
        assert sorted(np.concatenate(dealt).tolist()) == list(range(len(sizes)))
        for rows in dealt:
            width = plan.width(int(sizes[rows].max()))
            assert len(rows) == 1 or (len(rows) * width <= plan.tokens and len(rows) <= plan.rows)


@settings(deadline=None, derandomize=True)
@given(lengths, plans)
def test_rows_are_padded_on_the_right_and_never_padding_alone(sizes, plan):
    ragged = Ragged(np.full(int(sizes.sum()), 7, np.int32), sizes)
    for rows in batches.in_length_order(sizes, plan):
        batch = batches.lay_out({"encoder": ragged}, rows, plan)
        units, counted = batch.inputs["encoder"], batch.inputs["encoder_lengths"]
        assert ((units != 0).sum(1) == counted).all()
        assert (counted >= 1).all()
        assert ((units != 0) == (np.arange(units.shape[1]) < counted[:, None])).all()
        assert batch.weights.sum() == len(rows)
        if plan.fixed:
            assert units.shape[1] in EDGES
            assert len(units) == plan.height(units.shape[1])


def test_the_same_seed_deals_the_same_and_like_lengths_together():
    sizes = np.random.default_rng(0).integers(1, 60, 1000).astype(np.int32)
    plan = Plan(600, 32)
    first, again, other = (
        np.concatenate(batches.shuffled(sizes, plan, np.random.default_rng(seed))) for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    dealt = batches.shuffled(sizes, plan, np.random.default_rng(1))
    padded = sum(len(rows) * int(sizes[rows].max()) for rows in dealt)
    assert padded < 1.15 * sizes.sum()  # unsorted, rows of 32 are padded to nearly 60: twice as much


def test_a_plan_is_halved_down_to_one():
    assert Plan(5, 1).halved().halved().halved() == Plan(1, 1)


def test_items_come_in_order_and_an_error_comes_through():
    def items():
        yield from range(20)
        raise KeyError("broken")

    drawn = []
    with pytest.raises(KeyError, match="broken"):
        drawn.extend(batches.ahead(items()))
    assert drawn == list(range(20))


def test_leaving_early_ends_the_thread():
    for item in batches.ahead(iter(range(1000))):
        if item == 3:
            break
    for thread in threading.enumerate():
        if thread.name == "batches":
            thread.join(5)
            assert not thread.is_alive()
