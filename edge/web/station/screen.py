"""Sizes of the station page in millimetres, for the eye at the configured distance (station-and-ops.md ST-01).

Cap height, not font size, is what is read: ISO 9241-3 and NUREG-0700 give it as an angle. The page cannot know
the size of its screen, so the config says it and this file turns it into CSS custom properties. They come as a
linked sheet, because the content security policy forbids inline style.
"""

from math import hypot, pi
from typing import Final

from hub_config.layout import Screen

MM_PER_INCH: Final = 25.4
CAP_PER_EM: Final = 0.714
"""Cap height of Noto Sans. The other fonts of the stack (DejaVu 0.729, Liberation and Arial 0.716) are taller."""
TEXT_ARCMIN: Final = 16
INSTRUCTION_ARCMIN: Final = 22
WORD_ARCMIN: Final = 35
BAY_CAP_MM: Final = 15
DESK_M: Final = 0.6
"""The strip of figures is for whoever tries or checks the gateway, at arm's length, not for staff at work."""


def px_per_mm(screen: Screen) -> float:
    width_mm = (
        float(screen.diagonal_in) * MM_PER_INCH * screen.width_px / hypot(screen.width_px, screen.height_px)
    )
    return screen.width_px / width_mm


def cap_mm(arcmin: float, distance_m: float) -> float:
    return distance_m * 1000 * arcmin * pi / (180 * 60)


def screen_css(screen: Screen) -> str:
    """`--mm` is exact in a window as large as the screen; in a smaller one the whole page shrinks together."""
    mm = px_per_mm(screen)
    distance_m = float(screen.distance_m)
    sizes_mm = {
        "text": cap_mm(TEXT_ARCMIN, distance_m),
        "instruction": cap_mm(INSTRUCTION_ARCMIN, distance_m),
        "word": cap_mm(WORD_ARCMIN, distance_m),
        "bay": max(BAY_CAP_MM, cap_mm(WORD_ARCMIN, distance_m)),
        "desk": cap_mm(TEXT_ARCMIN, min(DESK_M, distance_m)),
    }
    whole = f"min({mm:.4f}px, {100 * mm / screen.height_px:.5f}vh, {100 * mm / screen.width_px:.5f}vw)"
    sizes = "".join(
        f"  --{name}: calc({size / CAP_PER_EM:.2f} * var(--mm)); /* cap height {size:.1f} mm */\n"
        for name, size in sizes_mm.items()
    )
    return f":root {{\n  --mm: {whole};\n{sizes}}}\n"
