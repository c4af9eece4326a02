"""The moving average of weights."""

from __future__ import annotations

import numpy as np

EVERY = 5
"""Steps between contributions to the average."""


class Average:
    """The moving average of weights over about an epoch (Polyak and Juditsky 1992), free of the start's pull."""

    def __init__(self, steps: int) -> None:
        self.keep = 1 - 1 / max(2, steps // EVERY)
        self.sums: dict[str, np.ndarray] = {}
        self.total = 0.0

    def add(self, weights: dict[str, np.ndarray]) -> None:
        """Take in the weights after a step."""
        self.total = self.total * self.keep + 1 - self.keep
        for name, weight in weights.items():
            if name in self.sums:
                self.sums[name] *= self.keep
                self.sums[name] += (1 - self.keep) * weight
            else:
                self.sums[name] = (1 - self.keep) * weight

    def value(self) -> dict[str, np.ndarray]:
        """Return the average."""
        return {name: value / self.total for name, value in self.sums.items()}

    def saved(self) -> dict[str, np.ndarray]:
        """Return a copy to go on from, later or in another process."""
        return {name: value.copy() for name, value in self.sums.items()} | {"total": np.array(self.total)}

    def restore(self, saved: dict[str, np.ndarray]) -> None:
        """Go on from what was saved."""
        self.total = float(saved["total"])
        self.sums = {name: value.copy() for name, value in saved.items() if name != "total"}
