"""Belts in series: how a parcel comes from one to the next, each at its own speed, with a belt that stops now and then.

A parcel goes with a belt until its middle has passed the transfer, a little sooner or later as is drawn for it, and the
next belt runs on under it by a little before it has taken hold; more than the layout reckons with is the fault
`transfer_slip`. Where a belt stands, every belt before it stands as well, as an interlock does it, and those behind
run on. All of that is known in advance, so each parcel's way is a row of straight legs, and every crossing has its
exact instant.

A side belt stands when the belt that it joins does. Its parcels are set down so that they come to the merge when they
would have come there by the first belt.
"""

import random
from typing import Final

from hub_config.lines import Belt
from hub_config.lines import Line as LineConfig
from hub_config.names import MILLISECOND, SECOND, Instant
from simulators.encoder import Encoder
from simulators.line_faults import LineFault, LinePlan
from simulators.motion import Leg, Motion
from simulators.parcels import MILLION
from simulators.traffic import BeltStop

ABLE: Final[tuple[LineFault, ...]] = (
    "no_read", "late_answer", "mute_reader", "bouncing_beam", "lost_counts", "late_record", "lost_record",
    "record_jump", "record_repeat", "removed", "added", "board_reset", "link_cut", "half_read", "transfer_slip",
)  # fmt: skip
"""What can go wrong on belts in series; the other faults are simulated on one belt."""


class BeltRun:
    """How long one belt has run. It runs from the begin on; its first stop comes after `every_ns`."""

    def __init__(self, began: Instant, stop: BeltStop | None) -> None:
        self._began = began
        self._stop = stop

    def ran_ns(self, at: Instant) -> int:
        ns = max(0, at - self._began)
        if self._stop is None or ns < self._stop.every_ns:
            return ns
        times, into_ns = divmod(ns, self._stop.every_ns)
        stood_ns = (times - 1) * self._stop.lasts_ns + min(into_ns, self._stop.lasts_ns)
        return ns - stood_ns

    def when(self, ran_ns: int) -> Instant:
        """When it has run for so long; of the moment of a stop, when it runs on."""
        if self._stop is None or ran_ns < self._stop.every_ns:
            return Instant(self._began + ran_ns)
        times = 1 + (ran_ns - self._stop.every_ns) // (self._stop.every_ns - self._stop.lasts_ns)
        return Instant(self._began + ran_ns + times * self._stop.lasts_ns)

    def moves_at(self, at: Instant) -> bool:
        return at >= self._began and self.when(self.ran_ns(at)) <= at

    def runs_on_ns(self, ran_ns: int) -> int | None:
        """From then on to its next stop; None: it never stops."""
        if self._stop is None:
            return None
        if ran_ns < self._stop.every_ns:
            return self._stop.every_ns - ran_ns
        period_ns = self._stop.every_ns - self._stop.lasts_ns
        return period_ns - (ran_ns - self._stop.every_ns) % period_ns


class MovedBelt:
    """One belt with its encoder, whose pulses are of the time that the belt has run."""

    def __init__(self, began: Instant, belt: Belt, stop: BeltStop | None) -> None:
        self.config = belt
        self.run = BeltRun(began, stop)
        self._encoder = Encoder(Instant(0), belt.speed_mm_s * 1_000, belt.count_um)

    def count_at(self, at: Instant) -> int:
        return self._encoder.count_at(Instant(self.run.ran_ns(at)))

    def last_pulse_at(self, at: Instant) -> Instant:
        ran = Instant(self.run.ran_ns(at))
        pulse = self._encoder.last_pulse_at(ran)
        return min(at, self.run.when(pulse))

    def moves_at(self, at: Instant) -> bool:
        return self.run.moves_at(at)

    def lose(self, counts: int, at: Instant) -> None:
        self._encoder.lose(counts, Instant(self.run.ran_ns(at)))


class Series:
    def __init__(self, line: LineConfig, began: Instant, seed: int, stop: BeltStop | None) -> None:
        self._line = line
        self._seed = seed
        stops = -1 if stop is None else [belt.id for belt in line.belts].index(stop.belt)
        joined = [line.joined_place(side) for side in line.sides]
        self.belts = tuple(
            MovedBelt(began, belt, stop if place <= stops else None)
            for belt, place in zip(line.all_belts, (*range(len(line.belts)), *joined), strict=True)
        )
        self._joined = {len(line.belts) + number: place for number, place in enumerate(joined)}
        """Which belt each side belt hands over to."""
        leads_ns = [self._lead_ns(fed, um) for fed in self._joined for um in (0, line.max_length_um)]
        self._late_ns = max(0, *leads_ns) if leads_ns else 0
        """So much later than its turn comes a parcel is set down on the first belt, where side belts take longer."""

    def feeds_at(self, at: Instant, pitch_ns: int) -> Instant:
        """When the first belt will have run for so long, from `at` on."""
        first = self.belts[0].run
        return first.when(first.ran_ns(at) + pitch_ns)

    def sets_down_at(self, turn: Instant, fed: int, length_um: int) -> Instant:
        """When a parcel is set down on this belt whose turn comes then: its front is where the belt begins."""
        if not self._joined:
            return turn
        run = self.belts[fed].run
        ahead_ns = self._lead_ns(fed, length_um) if fed else 0
        return run.when(run.ran_ns(turn) + self._late_ns - ahead_ns)

    def _lead_ns(self, fed: int, length_um: int) -> int:
        """By how much longer a parcel is on its way to the merge than by the first belt, all running."""
        joined = self._joined[fed]
        merge_um, from_um, first_ns = self.belts[joined].config.start_um, 0, 0
        for place in range(joined):
            to_um = self.belts[place + 1].config.start_um + length_um // 2
            first_ns += (to_um - from_um) * MILLISECOND // self.belts[place].config.speed_mm_s
            from_um = to_um
        side = self.belts[fed].config
        return (merge_um + length_um // 2 - side.start_um) * MILLISECOND // side.speed_mm_s - first_ns

    def motion(self, starts: Instant, plan: LinePlan, number: int, fed: int = 0) -> Motion:
        """Of the parcel with this number. `starts`: its front is where the belt begins on which it is set down."""
        rng = random.Random(f"transfers/{self._seed}/{number}")
        legs: list[Leg] = []
        at, from_um = starts, self.belts[fed].config.start_um
        way = [fed, *range(self._joined.get(fed, 1), len(self._line.belts))]
        slipped, slip_um = False, 0
        for step, place in enumerate(way):
            belt = self.belts[place]
            speed_um_s = belt.config.speed_mm_s * 1_000 * (MILLION + plan.creep_ppm) // MILLION
            ran_ns = belt.run.ran_ns(at)
            if step:
                skids_um, slips = self._skids_um(slip_um, plan, rng)
                slipped = slipped or slips
                ran_ns += skids_um * SECOND // speed_um_s
            to_um = None
            if step + 1 < len(way):
                behind = self.belts[way[step + 1]].config
                slip_um = (belt.config if place in self._joined else behind).takes_over_um
                to_um = behind.start_um + plan.length_um // 2 + rng.randint(-slip_um, slip_um)
            ran_ns = self._run(legs, belt.run, ran_ns, starts, from_um, to_um, speed_um_s)
            if to_um is not None:
                at, from_um = belt.run.when(ran_ns), to_um
        return Motion(tuple(legs), plan.length_um, done=("transfer_slip",) if slipped else ())

    @staticmethod
    def _skids_um(slip_um: int, plan: LinePlan, rng: random.Random) -> tuple[int, bool]:
        """By how much the belt runs on under it; whether that is more than is reckoned with."""
        um = rng.randint(0, slip_um)
        if "transfer_slip" not in plan.faults:
            return um, False
        return slip_um + plan.slip_um, True

    def _run(
        self, legs: list[Leg], run: BeltRun, ran_ns: int, starts: Instant, from_um: int, to_um: int | None,
        speed_um_s: int,
    ) -> int:  # fmt: skip
        """Its legs on one belt; returns how long that has run then. The last belt is long enough for every way."""
        end_um = to_um if to_um is not None else 2 * self._line.length_um
        um = from_um
        while um < end_um:
            legs.append(Leg(um, run.when(ran_ns) - starts, speed_um_s))
            way_ns = (end_um - um) * SECOND // speed_um_s
            runs_ns = run.runs_on_ns(ran_ns)
            if runs_ns is None or runs_ns > way_ns:
                return ran_ns + way_ns
            ran_ns += runs_ns
            um += runs_ns * speed_um_s // SECOND
        return ran_ns
