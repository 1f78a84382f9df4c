"""A dimensioner over a belt, as its physics: what it makes of a body that passes under it.

It rounds every side to its step (5 mm as SICK VMS, dimensioners §6), sees no box that is smaller than its range, and
none of a body whose surface it can't follow (a bag). Truth and error of a side are the caller's.
"""

from typing import Final

Sides = tuple[int, int, int]
"""Length along the belt, width, height, in µm."""

STEP_UM: Final = 5_000
LEAST_UM: Final = 10_000
MOST_UM: Final = 2_000_000


class Dimensioner:
    def __init__(self, *, step_um: int = STEP_UM, u_um: int | None = None) -> None:
        """`u_um`: a side further from the truth than this is refused as a mistake of the caller."""
        self._step_um = step_um
        self._u_um = u_um

    def measure(self, sides: Sides, errors_um: Sides = (0, 0, 0), *, soft: bool = False) -> Sides | None:
        """What it shows; None: no result."""
        length, width, height = (
            self._rounded(side + error) for side, error in zip(sides, errors_um, strict=True)
        )
        shown = (length, width, height)
        if soft or min(shown) < LEAST_UM or max(shown) > MOST_UM:
            return None
        off_um = max(abs(one - side) for one, side in zip(shown, sides, strict=True))
        if self._u_um is not None and off_um > self._u_um:
            raise ValueError(f"dimensioner: wrong by {off_um} um, limit u_um {self._u_um}; lower the errors")
        return shown

    def _rounded(self, um: int) -> int:
        return (2 * um + self._step_um) // (2 * self._step_um) * self._step_um
