"""A device that is missing, or too small while a model answers."""

import numpy as np
import pytest

pytest.importorskip("keras")

from pipeline.errors import ModelError
from pipeline.models import backend, batches, memory, serving
from pipeline.models.batches import Plan
from pipeline.models.vocabulary import Ragged


class Full(Exception):
    """Stands for the error of a device whose memory is used up."""


@pytest.fixture
def small(monkeypatch):
    """A device that refuses batches of more than so many rows, and what it was asked."""
    monkeypatch.setattr(backend, "out_of_memory", lambda error: isinstance(error, Full))

    class Device:
        room = 100
        asked: list[int]

        def __init__(self):
            self.asked = []

        def logits(self, given):
            rows = len(given["encoder"])
            self.asked.append(rows)
            if rows > self.room:
                raise Full
            return np.stack([np.asarray(given["encoder"]).sum(1), np.ones(rows)], 1).astype(np.float32)

    return Device()


def data(rows):
    return {"encoder": Ragged(np.arange(1, rows + 1, dtype=np.int32), np.ones(rows, np.int32))}


def test_answers_that_do_not_fit_are_asked_in_smaller_batches_and_are_the_same(small):
    small.room = 10_000
    whole = serving.logits(small, data(500))
    small.room, small.asked = 100, []
    assert np.array_equal(serving.logits(small, data(500)), whole)
    assert whole[:, 0].tolist() == list(range(1, 501))
    assert max(small.asked) > 100 and small.asked[-1] <= 100


def test_it_is_given_up_after_few_tries_with_a_reason(small):
    small.room = 0
    with pytest.raises(ModelError, match=r"memory does not suffice even for small batches.*CUDA_VISIBLE_DEVICES"):
        serving.logits(small, data(500))
    assert len(set(small.asked)) <= memory.HALVINGS + 1
    assert len(small.asked) <= 2 * (memory.HALVINGS + 1)


def test_another_error_is_not_taken_for_want_of_memory(small):
    def work(plan):
        raise ValueError(plan.rows)

    with pytest.raises(ValueError, match="512"):
        memory.fitting(Plan(16_384, 512), work)


def test_the_plan_is_halved_at_most_four_times(small):
    plans = []

    def work(plan):
        plans.append(plan.rows)
        if plan.rows > 32:
            raise Full
        return "done"

    assert memory.fitting(Plan(16_384, 512), work) == "done" and plans == [512, 256, 128, 64, 32]
    assert isinstance(batches.total_lengths([data(3)["encoder"]]), np.ndarray)


def test_without_a_gpu_it_computes_on_the_cpu_and_says_so(monkeypatch):
    if not backend.on_tensorflow():
        pytest.skip("another Keras backend")
    import tensorflow as tf

    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: [])
    assert backend.prepare.__wrapped__() == "cpu"
    monkeypatch.setattr(backend, "prepare", lambda: "cpu")
    assert backend.dtype_policy("mixed") == "float32"  # half precision is for GPUs


def test_the_error_of_tensorflow_is_known_for_want_of_memory():
    if not backend.on_tensorflow():
        pytest.skip("another Keras backend")
    import tensorflow as tf

    assert backend.out_of_memory(tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor"))
    assert not backend.out_of_memory(ValueError("OOM"))
