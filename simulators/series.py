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
from collections.abc import Sequence
from typing import Final

from hub_config.lines import Belt
from hub_config.lines import Line as LineConfig
from hub_config.names import MILLISECOND, Instant
from simulators.belt_run import BeltRun
from simulators.course import Course
from simulators.encoder import Encoder
from simulators.line_faults import LineFault, LinePlan
from simulators.motion import CLOSE_UM, NO_ROOM, Motion, Move, Room
from simulators.parcels import MILLION
from simulators.traffic import BeltStop

ABLE: Final[tuple[LineFault, ...]] = (
    "no_read", "late_answer", "mute_reader", "bouncing_beam", "lost_counts", "late_record", "lost_record",
    "record_jump", "record_repeat", "removed", "added", "board_reset", "link_cut", "half_read", "slipped", "turned",
    "pushed", "transfer_slip", "dead_encoder",
)  # fmt: skip
"""What can go wrong on belts in series; the other faults are simulated on one belt."""


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

    def moving_at(self, at: Instant) -> bool:
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

    def motion(
        self, starts: Instant, plan: LinePlan, number: int, fed: int = 0, moves: Sequence[Move] = (),
        left: Room = NO_ROOM,
    ) -> Motion:  # fmt: skip
        """Of the parcel with this number. `starts`: its front is where the belt begins on which it is set down; `left`:
        what it may come nearer to its neighbours."""
        rng = random.Random(f"transfers/{self._seed}/{number}")
        course = Course(starts, self.belts[fed].config.start_um, plan.length_um, left)
        way = [fed, *range(self._joined.get(fed, 1), len(self._line.belts))]
        slip_um = 0
        for step, place in enumerate(way):
            belt = self.belts[place]
            skids_um, over_um = 0, None
            if step:
                skids_um = self._skids_um(slip_um, plan, rng)
            if step + 1 < len(way):
                behind = self.belts[way[step + 1]].config
                slip_um = (belt.config if place in self._joined else behind).takes_over_um
                over_um = behind.start_um + rng.randint(-slip_um, slip_um)
            speed_um_s = belt.config.speed_mm_s * 1_000 * (MILLION + plan.creep_ppm) // MILLION
            course.take(belt.run, speed_um_s, skids_um)
            course.carry(moves, over_um, 2 * self._line.length_um)
        return course.motion(("transfer_slip",) if "transfer_slip" in plan.faults and len(way) > 1 else ())

    def room_ns(self, ahead: LinePlan, gap_um: int, creep_ppm: int) -> int:
        """How much later this one may come, or how much sooner the one behind it, with belt left between them for every
        beam, wherever the transfers take them over. `gap_um`: as they were set down."""
        line, first_mm_s = self._line, self.belts[0].config.speed_mm_s
        pitch_ns = (ahead.length_um + gap_um) * MILLISECOND // first_mm_s
        needed_um = max(ahead.length_um, ahead.turned_um) + line.min_gap_um + CLOSE_UM
        slowest = min(belt.config.speed_mm_s for belt in self.belts)
        spent_ns = 2 * creep_ppm * line.length_um // MILLION * MILLISECOND // slowest
        for belt in (belt.config for belt in self.belts[1:]):
            # Taken over sooner or later, at the slowest speed at the most; then the next belt runs on under it.
            spent_ns += 2 * belt.takes_over_um * MILLISECOND // slowest
            spent_ns += belt.takes_over_um * MILLISECOND // belt.speed_mm_s
            if "transfer_slip" in ahead.faults:
                spent_ns += ahead.slip_um * MILLISECOND // belt.speed_mm_s
        return max(0, pitch_ns - needed_um * MILLISECOND // slowest - spent_ns)

    @staticmethod
    def _skids_um(slip_um: int, plan: LinePlan, rng: random.Random) -> int:
        """By how much the belt runs on under it."""
        um = rng.randint(0, slip_um)
        return slip_um + plan.slip_um if "transfer_slip" in plan.faults else um
