from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from pipeline.pictures import palette
from pipeline.pictures.ink import Stroke, extents, measure, png

BLUE = palette.LIGHT["noun"][2]


def pixels(picture: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(picture)).convert("RGB"))


def test_the_ink_fills_its_box_and_nothing_else() -> None:
    ink = measure("語", 40)
    drawn = pixels(png(100, 80, [Stroke(ink, 20, 10, BLUE)])) != 255
    rows, columns = np.nonzero(drawn.any(axis=2))
    # Ink of less than a 32nd is paper, hence a pixel of grace inside; outside there is none.
    assert 20 <= columns.min() <= 21 and 10 <= rows.min() <= 11
    right, bottom = 20 + ink.width, 10 + ink.height
    assert right - 1 <= columns.max() + 1 <= right and bottom - 1 <= rows.max() + 1 <= bottom


def test_full_ink_has_the_colour_itself() -> None:
    drawn = pixels(png(100, 80, [Stroke(measure("■", 60), 10, 10, BLUE)]))
    assert tuple(drawn[40, 40]) == palette.rgb(BLUE)
    assert tuple(drawn[0, 0]) == (255, 255, 255)


def test_the_picture_has_a_palette() -> None:
    image = Image.open(BytesIO(png(30, 20, [])))
    assert (image.mode, image.size) == ("P", (30, 20))


def test_extents_hold_for_other_sizes() -> None:
    ((width, height),) = extents(["推し活"])
    ink = measure("推し活", 60)
    assert ink.width == pytest.approx(60 * width, abs=2)
    assert ink.height == pytest.approx(60 * height, abs=2)


def test_no_words_have_no_extents() -> None:
    assert extents([]).shape == (0, 2)
