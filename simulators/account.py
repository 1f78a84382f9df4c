"""What became of each parcel, kept only until it is settled: the report of a run of any length in little memory.

Events are taken as the coordinator has them. Parcels that left a belt long enough ago are judged a batch at a time,
counted and forgotten, with their visits; a batch is judged by all that is on the belt with it, so it makes no
difference where it ends. Parcels of a bench are judged when the run is over.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Final

from hub_config.names import MICROSECOND, SECOND, Instant, LineId
from hub_config.rules import RulePack
from simulators.belt_sums import BeltSums
from simulators.bench_plant import BenchPlant
from simulators.bodies import Body
from simulators.conveyor import NEAR_MAX
from simulators.coordinator.declared import Declared
from simulators.dims_sums import DimsSums
from simulators.hub import SimulatedHub
from simulators.line_plant import LinePlant
from simulators.line_truth import Sightings, happened_on, hidden
from simulators.look_sums import LookSums, truths
from simulators.parcels import Parcel
from simulators.plc_account import PlcAccount
from simulators.report import Judged, VisitFacts, claims, judge_parcels, judge_strangers, take, together
from simulators.rows import ROW_MAX, Rows
from simulators.samples import Samples
from simulators.swaps import Swaps
from simulators.yardstick import NOTHING, Data, Yardstick

SETTLED_NS: Final = 30 * SECOND
"""Nothing more is told of a parcel this long after it has left."""
BATCH_MIN: Final = 256
"""Fewer parcels are not worth looking at all that is on the belt with them."""
BEHIND_MIN: Final = NEAR_MAX
"""So many of the latest parcels stay: those on the belt, and the neighbours of those that left it last."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What can be forgotten."""

    visits: Set[str] = frozenset()
    parcels: tuple[Parcel, ...] = ()


class BenchAccount:
    def __init__(
        self,
        plant: BenchPlant,
        yardstick: Yardstick,
        visits: dict[str, VisitFacts],
        others: Sequence[BenchPlant],
    ) -> None:
        """`visits`, `others`: of all benches between which parcels are carried; of those to whose visits no parcel
        belongs the first tells."""
        self._plant = plant
        self._yardstick = yardstick
        self._visits = visits
        self._others = others
        self.judged = NOTHING
        self.oracle = 0

    def add(self, data: Data) -> None:
        take(self._visits, data)

    def close(self, now: Instant) -> None:
        bench, happened = self._plant.config, self._plant.bench.happened()
        oracle = self._yardstick.released(happened, bench, bench.scale, now)
        judged = judge_parcels(self._plant.bench.parcels, happened, self._visits, bench, oracle)
        everyone = claims(one for plant in self._others for one in plant.bench.happened())
        first = self._plant is self._others[0]
        strangers = {name: facts for name, facts in self._visits.items() if first and name not in everyone}
        self.judged = together([judged, judge_strangers(strangers)])
        self.oracle = len(oracle)


class LineAccount:
    def __init__(self, plant: LinePlant, yardstick: Yardstick, within_us: int) -> None:
        """`within_us`: how far the gateway's stamps may be off the truth."""
        self._plant = plant
        self._line = plant.line
        self._yardstick = yardstick
        self._within_us = within_us
        self._visits: dict[str, VisitFacts] = {}
        self._sightings = Sightings()
        self.judged = NOTHING
        self.oracle = 0
        self.sums = BeltSums(plant.line)
        self._rows = Rows(plant.line)
        self.swaps = Swaps()
        self.dims = DimsSums()

    def add(self, data: Data) -> None:
        take(self._visits, data)
        self._sightings.add(data)
        if self._line.dimensioner is not None:
            self.dims.hear(data)

    def close(self, now: Instant) -> None:
        """Judges all that is left."""
        self._judge(len(self._plant.conveyor.bodies), now)

    def settle(self, heard: Instant, now: Instant) -> Settled:
        """Judges and forgets what is settled. `heard`: up to when the events are known."""
        quiet = Instant(heard - SETTLED_NS)
        count = self._ripe(quiet)
        if count < BATCH_MIN:
            return Settled()
        conveyor = self._plant.conveyor
        parcels = tuple(body.parcel for body in conveyor.bodies[:count])
        since = min(body.starts for body in conveyor.bodies[count : count + NEAR_MAX])
        visits = self._judge(count, now, strangers_before=min(since, quiet))
        for visit in visits:
            self._visits.pop(visit, None)
        self._sightings.forget(visits)
        conveyor.forget(count)
        self._plant.forget_before(since)
        return Settled(visits, parcels)

    def _ripe(self, quiet: Instant) -> int:
        """How many of the first parcels had left by then, all of them; parcels that touch, or go as one row, stay
        together."""
        bodies = self._plant.conveyor.bodies
        ripe = 0
        last: Body | None = None
        for place in range(len(bodies) - BEHIND_MIN):
            body, behind = bodies[place], bodies[place + 1]
            if not body.finished or self._gone_by(body) > quiet:
                break
            last = last if body.taken else body
            close = last is not None and self._rows.are_close(last, behind) and place - ripe < ROW_MAX
            if not (behind.touches or close):
                ripe = place + 1
        return ripe

    def _gone_by(self, body: Body) -> Instant:
        end_at = body.rear_at(self._line.belt_beams[-1].position_um)
        return end_at if body.left_at is None else max(end_at, body.left_at)

    def _judge(self, count: int, now: Instant, strangers_before: Instant | None = None) -> Set[str]:
        """The first parcels, and visits that nobody's are: all of them, or those that were told of last before then.
        Returns the visits that are done with."""
        bodies, line = self._plant.conveyor.bodies, self._line
        everyone = happened_on(bodies, self._sightings, line, self._within_us)
        happened = everyone[:count]
        unwatched = self._plant.unwatched
        entitled = self._yardstick.released(happened, line, line.scale.device, now)
        too_close = self._rows.too_close(bodies[:count], entitled)
        oracle = entitled - too_close
        parcels = [body.parcel for body in bodies[:count]]
        judged = judge_parcels(
            parcels, happened, self._visits, line, oracle, unwatched=unwatched | hidden(bodies)
        )
        names = claims(everyone)
        strangers = {
            visit: facts
            for visit, facts in self._visits.items()
            if visit not in names
            and (strangers_before is None or facts.last_us * MICROSECOND < strangers_before)
        }
        self.oracle += len(oracle)
        self.sums.margins.add(self._plant.board.margins_ns)
        self._plant.board.margins_ns.clear()
        self.sums.add(bodies, count, judged.causes, unwatched)
        self.sums.too_close += len(too_close)
        self.swaps.add(line, bodies[:count], happened, self._visits)
        self.dims.add(bodies[:count])
        parts = (self.judged, replace(judged, causes={}), judge_strangers(strangers))
        self.judged = together(parts)
        return (claims(happened) - claims(everyone[count:])) | strangers.keys()


class Account:
    """Of a whole hub."""

    def __init__(
        self, hub: SimulatedHub, rules: RulePack, manifest: Mapping[str, Declared], within_us: int
    ) -> None:
        yardstick = Yardstick(hub.config, rules, manifest, hub.book)
        self._hub = hub
        shared: dict[str, VisitFacts] = {}
        self.benches = {
            plant.config.id: BenchAccount(plant, yardstick, shared, hub.benches)
            if hub.hall is not None
            else BenchAccount(plant, yardstick, {}, [plant])
            for plant in hub.benches
        }
        self.lines = {plant.line.id: LineAccount(plant, yardstick, within_us) for plant in hub.lines}
        self.plcs = {plant.line.id: PlcAccount(plant, yardstick) for plant in hub.plcs}
        self._places: dict[LineId, BenchAccount | LineAccount | PlcAccount] = {
            **self.benches, **self.lines, **self.plcs,
        }  # fmt: skip
        self.looks = None if hub.hall is None else LookSums(hub, hub.hall)
        self._seq = 0
        self._heard_us = 0
        self.arrived = 0
        """Events that the coordinator has."""
        self.duplicates = 0
        """Those of them that it had before."""
        self.latencies = {name: Samples() for name in hub.tallies.latencies}

    def settle(self) -> Settled:
        """Takes and forgets what is new and what is settled."""
        self._take()
        self._hub.events.clear()
        heard, now = Instant(self._heard_us * MICROSECOND), self._hub.world.now
        done = [line.settle(heard, now) for line in self.lines.values()]
        settled = Settled(
            frozenset(visit for one in done for visit in one.visits),
            tuple(parcel for one in done for parcel in one.parcels),
        )
        self._hub.forget(settled.visits)
        return settled

    def close(self) -> tuple[Judged, int]:
        """Judges the rest; returns all of it, and how many parcels a gateway that mixes nothing up would release."""
        self._take()
        places = self._places.values()
        for place in places:
            place.close(self._hub.world.now)
        judged, oracle = together([place.judged for place in places]), sum(place.oracle for place in places)
        if self.looks is not None:
            wrong = self.looks.close()
            judged = replace(judged, truth=judged.truth | truths(wrong), details=(*judged.details, *wrong))
        return judged, oracle

    def _take(self) -> None:
        for data in self._hub.events:
            self.arrived += 1
            self.duplicates += data["seq"] <= self._seq
            self._seq = max(self._seq, data["seq"])
            self._heard_us = max(self._heard_us, data["mono_us"])
            place = self._places.get(data["line"])
            if place is not None:
                place.add(data)
            if self.looks is not None:
                self.looks.hear(data)
        for name, durations in self._hub.tallies.latencies.items():
            self.latencies[name].add(durations)
            durations.clear()
