"""Work on a device whose memory may not suffice: the same again in smaller batches, a bounded number of times."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pipeline.errors import ModelError
from pipeline.models import backend
from pipeline.models.batches import Plan

Result = TypeVar("Result")

HALVINGS = 4
"""Times that batches are halved before it is given up."""


def fitting(plan: Plan, work: Callable[[Plan], Result]) -> Result:
    """Do a work in batches of a plan, and where memory does not suffice again, with half of it.

    Raises ModelError where not even the smallest batches fit.
    """
    for halvings in range(HALVINGS + 1):
        try:
            return work(plan)
        except Exception as error:
            if not backend.out_of_memory(error):
                raise
            if halvings == HALVINGS:
                raise too_small() from error
        plan = plan.halved()
    raise AssertionError("unreachable")


def too_small() -> ModelError:
    """Return the error for a device on which nothing fits."""
    return ModelError(
        "the device's memory does not suffice even for small batches; free it, or hide the GPU from hibi"
        " (CUDA_VISIBLE_DEVICES=-1)"
    )
