"""Made data for the classic exercises: how many ones among ten bits, and adding two binary numbers."""

from __future__ import annotations

import numpy as np

from pipeline.models.examples import Examples


def bit_sum(count: int, bits: int = 10, seed: int = 1) -> Examples:
    """Draw numbers of so many bits; the gold is how many ones they have, float32 (count,)."""
    drawn = np.random.default_rng(seed).integers(0, 2, (count, bits))
    return Examples(["".join(map(str, row)) for row in drawn.tolist()], drawn.sum(1).astype(np.float32))


def binary_addition(count: int, bits: int = 8, seed: int = 1) -> Examples:
    """Draw pairs of numbers whose sum has at most so many bits, the lowest bit first.

    A unit is 2a + b of the two numbers' bits at a place, written as a digit; the gold has the sum's bit at each place.
    """
    generator = np.random.default_rng(seed)
    pairs = generator.integers(0, 1 << (bits - 1), (count, 2))
    places = np.arange(bits)
    first, second, total = (values[:, None] >> places & 1 for values in (pairs[:, 0], pairs[:, 1], pairs.sum(1)))
    texts = ["".join(map(str, row)) for row in (2 * first + second).tolist()]
    return Examples(texts, ["".join(map(str, row)) for row in total.tolist()])
