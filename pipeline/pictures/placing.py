"""Where the words of a cloud stand: near a home that depends on the word alone, so that days can be compared by eye.

Nothing is remembered from yesterday. A word that stays keeps its home; it also keeps its size while its weight changes
little, since sizes climb in steps; and the largest words choose first, so that what comes and goes at the
bottom moves nobody above.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray
from wordcloud.wordcloud import IntegralOccupancyMap

STEP = 1.2
"""Ratio of neighbouring font sizes."""

_SCALING, _LEAST_SCALING = 0.5, 0.4
"""Exponents from weight to font size. At a half, the area of a word goes with its weight."""
_FILL = 0.42
"""Most of the picture's area that boxes may take; fuller pictures move more words from day to day."""
_LARGEST = 0.15
"""Largest font size as a part of the side of a square of the picture's area."""
_SMALLEST = 1 / 70
"""Smallest font size, likewise, but never under `LEGIBLE`."""
LEGIBLE = 12
"""Pixels below which kanji cannot be read."""
_CELLS = 60_000
"""Most cells of the raster on which free positions are looked for: 4 × 4 pixels each at 1200 × 800."""


@dataclass(frozen=True)
class Canvas:
    """A picture's measures, all in pixels."""

    width: int
    height: int

    @property
    def side(self) -> float:
        """Side of the square of the same area."""
        return math.sqrt(self.width * self.height)

    @property
    def smallest(self) -> int:
        """Smallest font size."""
        return max(LEGIBLE, round(self.side * _SMALLEST))

    @property
    def margin(self) -> int:
        """Least distance between two words."""
        return max(2, round(self.side / 160))

    @property
    def cell(self) -> int:
        """Side of a cell of the raster."""
        return max(1, math.ceil(self.side / math.sqrt(_CELLS)))


Extents = NDArray[np.float64]
"""Shape (words, 2): width and height of each word's ink at font size 1."""


def font_sizes(weights: Sequence[float], extents: Extents, canvas: Canvas) -> list[int]:
    """Return a font size in pixels for each word, such that all boxes together fill a fair part of the picture.

    ``weights`` are positive, one at least. Sizes grow first; where the largest word is as large as it may be and room
    is left, as on days with one word above all, sizes then come nearer to each other. No word is wider than nine
    tenths of the picture unless it is so at the smallest size.
    """
    share = np.asarray(weights, dtype=np.float64)
    share = share / share.max()
    most = np.minimum(0.9 * canvas.width / extents[:, 0], 0.5 * canvas.height / extents[:, 1])
    room = max(0.0, canvas.side * _LARGEST - canvas.smallest)

    def sizes(effort: float) -> NDArray[np.int64]:
        largest = canvas.smallest + room * min(effort, 1)
        wished = largest * share ** (_SCALING - (_SCALING - _LEAST_SCALING) * max(effort - 1, 0))
        steps = np.log(np.clip(wished, canvas.smallest, np.maximum(most, canvas.smallest)) / canvas.smallest)
        climbed: NDArray[np.float64] = canvas.smallest * STEP ** np.floor(steps / math.log(STEP) + 1e-9)
        return np.rint(climbed).astype(np.int64)

    low, high = 0.0, 2.0
    for _ in range(20):
        middle = (low + high) / 2
        boxes = extents * sizes(middle)[:, None] + canvas.margin
        fits = boxes.prod(axis=1).sum() <= _FILL * canvas.width * canvas.height
        low, high = (middle, high) if fits else (low, middle)
    return [int(size) for size in sizes(low)]


def home(word: str, seed: int) -> tuple[float, float]:
    """Return a word's home as parts of the room that its box has: evenly spread, the same for ever."""
    digest = blake2b(word.encode(), digest_size=16, salt=(seed % 2**64).to_bytes(8, "big")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64, int.from_bytes(digest[8:], "big") / 2**64


class Raster:
    """Which cells of the picture are taken, as an integral image (Crow 1984): any box is looked up in four reads."""

    def __init__(self, canvas: Canvas) -> None:
        self._cell, self._margin = canvas.cell, canvas.margin
        self._rows, self._columns = canvas.height // canvas.cell, canvas.width // canvas.cell
        # One row and one column of zeros above and to the left, as an integral image needs.
        self._taken = np.zeros((self._rows + 1, self._columns + 1), dtype=np.uint8)
        self._sums = IntegralOccupancyMap(self._rows + 1, self._columns + 1, None)

    def take(self, width: int, height: int, at: tuple[float, float]) -> tuple[int, int] | None:
        """Take the free place nearest to a home for a box in pixels; return its left and top, None without room.

        Half the margin lies around the box. Of places equally near, the upper and then the left one is taken.
        """
        columns, rows = (-(-(side + self._margin) // self._cell) for side in (width, height))
        if columns > self._columns or rows > self._rows:
            return None
        place = self._nearest(columns, rows, at)
        if place is None:
            return None
        row, column = place
        self._taken[row + 1 : row + 1 + rows, column + 1 : column + 1 + columns] = 1
        self._sums.update(self._taken, row + 1, column + 1)
        left = column * self._cell + (columns * self._cell - width) // 2
        top = row * self._cell + (rows * self._cell - height) // 2
        return left, top

    def _nearest(self, columns: int, rows: int, at: tuple[float, float]) -> tuple[int, int] | None:
        sums = self._sums.integral
        inside = sums[rows:, columns:] - sums[:-rows, columns:] - sums[rows:, :-columns] + sums[:-rows, :-columns]
        across = np.arange(inside.shape[1]) - at[0] * (inside.shape[1] - 1)
        down = np.arange(inside.shape[0]) - at[1] * (inside.shape[0] - 1)
        distance = np.where(inside == 0, down[:, None] ** 2 + across**2, np.inf)
        row, column = divmod(int(distance.argmin()), inside.shape[1])
        return (row, column) if np.isfinite(distance[row, column]) else None
