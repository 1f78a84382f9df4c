"""Parcels that no gateway could divert: a diverter has no room to move between them and one that goes elsewhere.

A diverter needs free belt on either side of what it pushes (`Line.gap_needed_um`, DECISIONS 27). Parcels closer than
that are a row: they go one way together or straight on. So where one of a row is not entitled to the free lane, none
of it can go there, however well each is known.
"""

from collections.abc import Sequence, Set
from typing import Final

from hub_config.lines import Line
from hub_config.names import MILLISECOND
from simulators.bodies import Body

ROW_MAX: Final = 64
"""Parcels of one row that are judged together; of a longer one those behind are judged as another row."""


class Rows:
    def __init__(self, line: Line) -> None:
        self._line = line
        self.needed_um = min(line.gap_needed_um(one) for one in line.diverters)
        self._at_um = next(
            (one.position_um for one in line.diverters if one.lane == line.free_lane),
            line.belt_beams[-1].position_um,
        )

    def are_close(self, ahead: Body, behind: Body) -> bool:
        """As they pass the free lane's diverter, straight on or not."""
        free_ns = behind.front_at(self._at_um) - ahead.rear_at(self._at_um)
        return free_ns * self._line.belt.speed_mm_s < self.needed_um * MILLISECOND

    def split(self, bodies: Sequence[Body]) -> list[list[Body]]:
        """Those that are on the belt when they come there, in the order of feeding."""
        rows: list[list[Body]] = []
        for body in bodies:
            if body.taken:
                continue
            if rows and len(rows[-1]) < ROW_MAX and self.are_close(rows[-1][-1], body):
                rows[-1].append(body)
            else:
                rows.append([body])
        return rows

    def too_close(self, bodies: Sequence[Body], entitled: Set[int]) -> set[int]:
        """Numbers of the entitled that could not be diverted. One that was all the same could be."""
        return {
            body.parcel.number
            for row in self.split(bodies)
            if not all(body.parcel.number in entitled for body in row)
            for body in row
            if body.parcel.number in entitled and body.lane != self._line.free_lane
        }
