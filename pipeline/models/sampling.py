"""Sampled softmax: a batch's units are told from some others that are drawn, not from all known (Jean et al. 2015).

The candidates of a batch are the units that it asks for and those drawn; each is scored as if all were, with
minus the logarithm of its chance to be among them (the importance weight) added.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

_FLATTER = 0.75
"""Units are drawn by this power of their frequency (Mikolov et al. 2013)."""
_STEP = 1024
"""Where shapes must be few, candidates are filled up to a multiple of this."""


class Sample(NamedTuple):
    """What a batch is trained on in place of all units."""

    candidates: np.ndarray
    """int32, (k,)"""
    offsets: np.ndarray
    """float32, (k,)"""
    wanted: np.ndarray
    """int32: for each unit asked, its place among the candidates."""


class Sampler:
    """Draws candidates by the frequency of units in training."""

    def __init__(self, values: np.ndarray, units: int, negatives: int, *, fixed: bool = False) -> None:
        """Count ``values``, int (n,), of which ``units`` are scored; the others are asked for as unknown (1)."""
        counts = np.bincount(np.where(values < units, values, 1), minlength=units).astype(np.float64)
        self.shares = counts / counts.sum()
        flat = counts**_FLATTER
        self.odds = flat / flat.sum()
        self.sums, self.negatives, self.fixed = np.cumsum(self.odds), negatives, fixed

    def draw(self, wanted: np.ndarray, weights: np.ndarray, generator: np.random.Generator) -> Sample:
        """Draw for one batch: ``wanted`` are the units asked for, of any shape, ``weights`` 0 where none is."""
        asked = wanted[weights > 0]
        drawn = np.searchsorted(self.sums, generator.random(self.negatives) * self.sums[-1])
        candidates = np.unique(np.concatenate([asked, drawn]))
        with np.errstate(divide="ignore"):  # a unit that is the only one has the chance 1
            missed = self.negatives * np.log1p(-self.odds[candidates])
            missed += asked.size * np.log1p(-self.shares[candidates])
        offsets = -np.log(np.maximum(-np.expm1(missed), 1e-12))
        places = np.where(weights > 0, np.searchsorted(candidates, wanted), 0)
        short = -len(candidates) % _STEP if self.fixed else 0
        return Sample(
            np.pad(candidates, (0, short)).astype(np.int32),
            np.pad(offsets, (0, short), constant_values=-1e9).astype(np.float32),
            places.astype(np.int32),
        )
