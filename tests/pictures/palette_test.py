from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.pictures import palette
from pipeline.reports import document

# Machado, Oliveira and Fernandes 2009, "A physiologically-based model for simulation of color vision deficiency",
# severity 1.0, on linear RGB.
SIGHT = {
    "full": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
THEMES = [(palette.LIGHT, palette.PAPER), (palette.DARK, palette.DARK_PAPER)]


def lab(colour: str, sight: str) -> NDArray[np.float64]:
    """CIE L*a*b* (D65) of an sRGB colour as seen."""
    part = np.array(palette.rgb(colour)) / 255
    seen = SIGHT[sight] @ np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]
    )
    xyz = to_xyz @ np.clip(seen, 0, 1) / np.array([0.95047, 1.0, 1.08883])
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def test_contrast_of_black_on_white_is_21_and_of_a_colour_on_itself_1() -> None:
    assert palette.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert palette.contrast("#ffffff", "#000000") == pytest.approx(21)
    assert palette.contrast("#0072b2", "#0072b2") == 1


def test_contrast_of_a_known_grey() -> None:
    # 0x76 = 118: ((118/255 + 0.055) / 1.055) ** 2.4 = 0.18116; 1.05 / 0.23116 = 4.542
    assert palette.contrast("#767676", "#ffffff") == pytest.approx(4.542, abs=0.001)


@pytest.mark.parametrize(("colours", "paper"), THEMES)
def test_every_colour_is_legible_on_its_paper(colours: dict[palette.Kind, palette.Shades], paper: str) -> None:
    assert set(colours) == set(palette.KINDS)
    for shades in colours.values():
        contrasts = [palette.contrast(shade, paper) for shade in shades]
        assert min(contrasts) >= 4.5
        assert contrasts == sorted(contrasts, reverse=True)


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize(("colours", "paper"), THEMES)
def test_kinds_of_a_shade_differ_for_every_sight(
    colours: dict[palette.Kind, palette.Shades], paper: str, sight: str
) -> None:
    # A difference of 2.3 is just noticeable; four times that is seen at a glance.
    for shade in range(3):
        seen = [lab(colours[kind][shade], sight) for kind in palette.KINDS]
        assert min(np.linalg.norm(one - other) for one, other in combinations(seen, 2)) > 9


def test_parts_of_speech_have_their_kinds() -> None:
    assert [palette.kind(pos) for pos in ("名詞", "動詞", "形容詞", "形状詞", "助詞", "")] == [
        "noun",
        "verb",
        "adjective",
        "adjectival-noun",
        "other",
        "other",
    ]


def test_pages_by_night_have_these_colours() -> None:
    css = Path(document.__file__).with_name("templates").joinpath("style.css").read_text(encoding="utf-8")
    found = re.findall(r"\.([a-z-]+)\.shade-(\d) \{ fill: (#\w+); \}", css)
    wanted = {(kind, str(n)): colour for kind, shades in palette.DARK.items() for n, colour in enumerate(shades)}
    assert {(kind, shade): colour for kind, shade, colour in found} == wanted
    assert f"--drawing: {palette.DARK_PAPER};" in css
