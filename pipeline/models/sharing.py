"""Large arrays that are the same are stored once: each network of a recipe holds the fixed pretrained vectors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np

_LARGE = 1 << 20
"""Bytes from which an array is worth looking for its like."""


def once(arrays: Mapping[str, np.ndarray]) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Part arrays into those to store, by name, and those that are as one of these: name -> its name."""
    kept: dict[str, np.ndarray] = {}
    same: dict[str, str] = {}
    large: defaultdict[tuple[object, ...], list[str]] = defaultdict(list)
    for name, array in sorted(arrays.items()):
        alike = large[array.shape, array.dtype.str] if array.nbytes >= _LARGE else []
        first = next((other for other in alike if np.array_equal(kept[other], array)), None)
        if first is None:
            kept[name] = array
            alike.append(name)
        else:
            same[name] = first
    return kept, same


def all_of(kept: Mapping[str, np.ndarray], same: Mapping[str, str]) -> dict[str, np.ndarray]:
    """Put together again what :func:`once` parted; arrays that are the same share their memory."""
    return {**kept, **{name: kept[first] for name, first in same.items()}}
