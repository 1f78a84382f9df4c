"""Jams: a beam stays covered for longer than any parcel takes while the belt runs on under it.

What covers it stands there, and whatever comes behind runs up against it: where those lie nobody knows, so they are
given up, and held when they come. The longest that a beam may be covered is the length that the first beam saw, and the
length of the longest parcel besides: two that touch are no jam. Counted in travel of the belt, so a belt that stands
jams nothing. A beam that comes free ends it.
"""

from edge.core.belt import NEVER_UM
from hub_config.lines import Line as LineConfig


class Jams:
    def __init__(self, line: LineConfig) -> None:
        self._longest_um = line.max_length_um
        self._until_um: dict[int, int] = {}
        """Of each covered beam: when the belt has come so far, it is jammed."""
        self.due_um = NEVER_UM
        """The first of these that is not jammed yet."""
        self.beams: tuple[int, ...] = ()
        """Jammed ones, by their place."""

    def covered(self, beam: int, travel_um: int, length_um: int | None) -> None:
        """`length_um`: of what came, as far as it is known."""
        self._until_um.setdefault(beam, travel_um + self._longest_um + (length_um or self._longest_um))
        self._look()

    def freed(self, beam: int) -> bool:
        """True if that ends a jam."""
        jammed = beam in self.beams
        self._until_um.pop(beam, None)
        self.beams = tuple(one for one in self.beams if one != beam)
        self._look()
        return jammed

    def begun(self, travel_um: int) -> tuple[int, ...]:
        """Beams that are jammed since the belt has come so far."""
        new = tuple(
            beam
            for beam in sorted(self._until_um)
            if self._until_um[beam] < travel_um and beam not in self.beams
        )
        self.beams = tuple(sorted((*self.beams, *new)))
        self._look()
        return new

    def forget(self) -> None:
        """Edges are missing, or the counts began anew."""
        self._until_um.clear()
        self.beams = ()
        self.due_um = NEVER_UM

    def _look(self) -> None:
        waits = [um for beam, um in self._until_um.items() if beam not in self.beams]
        self.due_um = min(waits, default=NEVER_UM)
