"""Belts in series: how a parcel comes from one to the next, each at its own speed, with a belt that stops now and then.

A parcel goes with a belt until its middle has passed the transfer, a little sooner or later as is drawn for it, and the
next belt runs on under it by a little before it has taken hold; more than the layout reckons with is the fault
`transfer_slip`. Where a belt stands, every belt before it stands as well, as an interlock does it, and those behind
run on. All of that is known in advance, so each parcel's way is a row of straight legs, and every crossing has its
exact instant.
"""

import random
from typing import Final

from hub_config.lines import Belt
from hub_config.lines import Line as LineConfig
from hub_config.names import SECOND, Instant
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
        self.belts = tuple(
            MovedBelt(began, belt, stop if place <= stops else None) for place, belt in enumerate(line.belts)
        )

    def feeds_at(self, at: Instant, pitch_ns: int) -> Instant:
        """When the first belt will have run for so long, from `at` on."""
        first = self.belts[0].run
        return first.when(first.ran_ns(at) + pitch_ns)

    def motion(self, starts: Instant, plan: LinePlan, number: int) -> Motion:
        """Of the parcel with this number. `starts`: its front is at the line's begin."""
        rng = random.Random(f"transfers/{self._seed}/{number}")
        legs: list[Leg] = []
        at, from_um = starts, 0
        slipped = False
        for place, belt in enumerate(self.belts):
            speed_um_s = belt.config.speed_mm_s * 1_000 * (MILLION + plan.creep_ppm) // MILLION
            ran_ns = belt.run.ran_ns(at)
            if place:
                slip_um, slips = self._skids_um(belt.config, plan, rng)
                slipped = slipped or slips
                ran_ns += slip_um * SECOND // speed_um_s
            last = place + 1 == len(self.belts)
            to_um = None if last else self._goes_over_um(self.belts[place + 1].config, plan, rng)
            ran_ns = self._run(legs, belt.run, ran_ns, starts, from_um, to_um, speed_um_s)
            if to_um is not None:
                at, from_um = belt.run.when(ran_ns), to_um
        return Motion(tuple(legs), plan.length_um, done=("transfer_slip",) if slipped else ())

    def _goes_over_um(self, belt: Belt, plan: LinePlan, rng: random.Random) -> int:
        """Place of its front."""
        return belt.start_um + plan.length_um // 2 + rng.randint(-belt.takes_over_um, belt.takes_over_um)

    @staticmethod
    def _skids_um(belt: Belt, plan: LinePlan, rng: random.Random) -> tuple[int, bool]:
        """By how much the belt runs on under it; whether that is more than is reckoned with."""
        um = rng.randint(0, belt.takes_over_um)
        if "transfer_slip" not in plan.faults:
            return um, False
        return belt.takes_over_um + plan.slip_um, True

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
