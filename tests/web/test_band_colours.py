"""ST-04: text contrast and the difference between bands, recomputed from the style sheet itself."""

import re
from itertools import combinations
from pathlib import Path

import pytest

import edge.web.app

CSS = (Path(edge.web.app.HERE) / "static" / "colours.css").read_text(encoding="utf-8")
COLOURS = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", CSS))
BANDS = ("none", "release", "hold", "inspect", "ask", "fault")

Linear = tuple[float, float, float]

# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
VISION = {
    "normal": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "protan": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deutan": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritan": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
TO_XYZ = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
WHITE_D65 = (0.9505, 1.0, 1.089)


def linear(colour: str) -> Linear:
    def channel(value: float) -> float:
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    red, green, blue = (channel(int(colour[n : n + 2], 16) / 255) for n in (1, 3, 5))
    return red, green, blue


def through(matrix: tuple[Linear, ...], colour: Linear) -> Linear:
    x, y, z = (min(1.0, max(0.0, sum(a * b for a, b in zip(row, colour, strict=True)))) for row in matrix)
    return x, y, z


def luminance(colour: str) -> float:
    return sum(a * b for a, b in zip(TO_XYZ[1], linear(colour), strict=True))


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def lab(colour: Linear) -> Linear:
    def bend(t: float) -> float:
        return t ** (1 / 3) if t > (6 / 29) ** 3 else t / (3 * (6 / 29) ** 2) + 4 / 29

    xyz = [sum(a * b for a, b in zip(row, colour, strict=True)) for row in TO_XYZ]
    x, y, z = (bend(value / white) for value, white in zip(xyz, WHITE_D65, strict=True))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@pytest.mark.parametrize("band", BANDS)
def test_the_text_of_a_band_has_a_contrast_of_at_least_seven(band: str) -> None:
    assert contrast(COLOURS[f"band-{band}"], COLOURS[f"band-{band}-text"]) >= 7


def test_quiet_text_has_a_contrast_of_at_least_seven_on_the_page() -> None:
    assert contrast(COLOURS["quiet"], COLOURS["page"]) >= 7


@pytest.mark.parametrize("vision", VISION)
def test_any_two_bands_differ_for_every_kind_of_colour_vision(vision: str) -> None:
    colours = dict.fromkeys(COLOURS[f"band-{band}"] for band in BANDS)  # HOLD and ASK share theirs

    for one, other in combinations(colours, 2):
        seen = [lab(through(VISION[vision], linear(colour))) for colour in (one, other)]
        difference = sum((a - b) ** 2 for a, b in zip(*seen, strict=True)) ** 0.5
        assert difference >= 30, f"{one} and {other}: {difference:.0f}"
