"""What became of each parcel on a line that a controller drives, beside what the gateway told of it.

A parcel and a visit are matched by the instants at which the controller told that it came and that it left. One that
the controller let into the free lane of its own accord must be told as lost track of; no gateway can stop it.
"""

from typing import Any

from hub_config.names import Instant
from simulators.line_truth import Sightings, pair
from simulators.plc_plant import STAMPS_WITHIN_US, PlcPlant
from simulators.report import VisitFacts, claims, judge_parcels, judge_strangers, take, together
from simulators.yardstick import NOTHING, Data, Yardstick


class PlcAccount:
    def __init__(self, plant: PlcPlant, yardstick: Yardstick) -> None:
        self._plant = plant
        self._yardstick = yardstick
        self._visits: dict[str, VisitFacts] = {}
        self._sightings = Sightings()
        self.judged = NOTHING
        self.oracle = 0

    def add(self, data: Data) -> None:
        take(self._visits, data)
        self._sightings.add(data)

    def close(self, now: Instant) -> None:
        plant, line = self._plant, self._plant.line
        rides = plant.plc.rides
        seen = [one for one in self._sightings.arrived if one[1] not in self._sightings.strays]
        came = pair(seen, [(place, one.inducted_at) for place, one in enumerate(rides)], STAMPS_WITHIN_US)
        left: dict[int, str] = {}
        for exit_ in line.exits:
            gone = [
                (place, one.left_at)
                for place, one in enumerate(rides)
                if one.lane == exit_.code and one.left_at is not None
            ]
            left |= pair(self._sightings.left.get(exit_.lane, ()), gone, STAMPS_WITHIN_US)
        happened = plant.happened(came, left)
        scale = line.plc if line.scale is None else line.scale.device
        oracle = self._yardstick.released(happened, line, scale, now)
        unwatched = {parcel.number for parcel, ride in zip(plant.parcels, rides, strict=True) if ride.untold}
        judged = judge_parcels(plant.parcels, happened, self._visits, line, oracle, unwatched=unwatched)
        names = claims(happened)
        strangers = {visit: facts for visit, facts in self._visits.items() if visit not in names}
        self.judged = together([judged, judge_strangers(strangers)])
        self.oracle = len(oracle)

    def told(self) -> dict[str, Any]:
        """For the report."""
        rides = self._plant.plc.rides
        faults = [fault for ride in rides for fault in ride.faults]
        return {
            "rides": len(rides),
            "faults": {fault: faults.count(fault) for fault in sorted(set(faults))},
            "misdirected_by_controller": sum(self._plant.misdirected(ride) for ride in rides),
        }
