"""What the device is given to do: how many cores an operation has, how many batches are asked at a time."""

import os
import subprocess
import sys
import threading

import pytest

from pipeline import machine
from pipeline.models import backend

pytestmark = pytest.mark.skipif(not backend.on_tensorflow() or backend.prepare() != "cpu", reason="TensorFlow's CPU")

TOLD = """
from pipeline.models import backend
backend.prepare()
import tensorflow
print("threads", tensorflow.config.threading.get_intra_op_parallelism_threads())
"""


@pytest.mark.parametrize("wish", [None, "7"])
def test_an_operation_has_half_the_cores_unless_someone_said_otherwise(wish):
    plain = {name: value for name, value in os.environ.items() if name != "TF_NUM_INTRAOP_THREADS"}
    surroundings = plain | ({"TF_NUM_INTRAOP_THREADS": wish} if wish else {})
    run = subprocess.run([sys.executable, "-c", TOLD], env=surroundings, capture_output=True, text=True, check=True)
    half = max(1, machine.cores() // 2)
    assert f"threads {0 if wish else half}" in run.stdout  # 0: whatever the environment says


def test_two_batches_are_asked_at_a_time_and_answered_in_order():
    both = threading.Barrier(2, timeout=30)

    def work(number):
        both.wait()
        return 10 * number

    assert list(backend.side_by_side(work, range(6))) == [0, 10, 20, 30, 40, 50]


def test_what_goes_wrong_in_one_batch_reaches_the_caller():
    def work(number):
        if number == 3:
            raise MemoryError(number)
        return number

    answers = backend.side_by_side(work, range(9))
    assert [next(answers) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(MemoryError, match="3"):
        next(answers)
