"""On which belt of a line each parcel is set down: the first one, or a side belt that merges into it.

A parcel of a side belt comes to the merge when it would have come there on the first belt: somebody keeps a place free
for it (an interlock, or who feeds).
"""

import random
from collections.abc import Mapping

from hub_config.lines import Beam
from hub_config.lines import Line as LineConfig
from hub_config.names import Instant
from simulators.bodies import Body
from simulators.line_faults import LinePlan
from simulators.parcels import MILLION, Parcel


def on_the_way(line: LineConfig, place: int) -> tuple[Beam, ...]:
    """The beams that a parcel passes which is set down on this belt, and is not diverted."""
    if place < len(line.belts):
        return line.belt_beams
    merge_um = line.belts[line.joined_place(line.sides[place - len(line.belts)])].start_um
    return (*line.beams_on(place), *(beam for beam in line.belt_beams if beam.position_um >= merge_um))


class Feeding:
    """Belts are told by their place among all belts of the line."""

    def __init__(self, line: LineConfig, seed: int, sides_ppm: Mapping[str, int]) -> None:
        """`sides_ppm`: how many parcels come by each side belt."""
        self._line = line
        self._seed = seed
        self._shares = [
            (len(line.belts) + number, sides_ppm.get(side.id, 0)) for number, side in enumerate(line.sides)
        ]
        self._merges_um = {
            len(line.belts) + number: line.belts[line.joined_place(side)].start_um
            for number, side in enumerate(line.sides)
        }
        self._beams = {place: on_the_way(line, place) for place in (0, *self._merges_um)}
        self.belt_of = {beam.channel: len(line.belts) - 1 for beam in line.beams}
        """By channel; beams inside lanes are the last belt's."""
        self.position_of = {beam.channel: beam.position_um for beam in line.beams}
        for place in range(len(line.all_belts)):
            for beam in line.beams_on(place):
                self.belt_of[beam.channel] = place
                self.position_of[beam.channel] = beam.position_um

    def belt_for(self, parcel: Parcel) -> int:
        if not any(share for _, share in self._shares):
            return 0
        drawn = random.Random(f"sides/{self._line.id}/{self._seed}/{parcel.number}").randrange(MILLION)
        for place, share in self._shares:
            if drawn < share:
                return place
            drawn -= share
        return 0

    def body(self, parcel: Parcel, plan: LinePlan, turn: Instant, touches: bool) -> Body:
        """`turn`: when it is set down on the first belt; `touches`: the one before it."""
        place = self.belt_for(parcel)
        enters_um = self._beams[place][0].position_um
        return Body(
            parcel,
            plan,
            turn,
            touches=touches,
            fed=place,
            enters_um=enters_um,
            merges_um=self._merges_um.get(place, 0),
        )

    def beams(self, place: int) -> tuple[Beam, ...]:
        """As `on_the_way` has them."""
        return self._beams[place]

    def carries(self, place: int, um: int) -> int:
        """Which belt has the front of such a parcel when it is there."""
        return place if um < self._merges_um.get(place, 0) else self._line.belt_place(um)
