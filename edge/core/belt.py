"""Where the belt is: travel from encoder counts, and from travel to time and back.

Travel is whole micrometres since the board's boot. Between two reports the belt is believed to go on at the speed of
the last ones; a time far from any report is not guessed.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final

from hub_config.lines import Belt as BeltConfig
from hub_config.names import MILLISECOND, Instant

SAMPLES_MAX: Final = 256
"""Reports remembered, to say where the belt was when a late answer was made, or a parcel at the beam before: 25 s, the
way between two beams on a slow belt."""
SPEED_SPAN_NS: Final = 80 * MILLISECOND
"""A speed is measured over at least this: a host's clock of a board jitters by a millisecond or two."""
DISTURBED_PPM: Final = 150_000
"""A report that is this far from the usual speed: counts were left out, the parcel slips, or the belt starts."""
PPM: Final = 1_000_000
NEVER_UM: Final = 2**62
"""A travel that no belt comes to."""
SPEEDS: Final = 7
"""The speed is the middle one of so many: counts that an encoder leaves out once do not change it."""
STALE_NS: Final = 3_000 * MILLISECOND
"""Without a report for so long nobody knows where the belt is. A standing belt reports every second."""
LATE_NS: Final = 400 * MILLISECOND
"""A moving belt reports every 100 ms. Three reports and the way of one missed: nothing is diverted (conveyor-io §3)."""
CREEPS: Final = 15
"""Parcels that say how far the belt's counts are off; the middle one of them is believed."""
CREEP_LEAST_PPM: Final = 300
"""Less than this is not corrected."""
STRETCH_MAX_PPM: Final = 30_000
"""A count that is farther off than this is a wrong number in the configuration, and stays off."""
WITNESSES: Final = 2
STUCK_EDGES: Final = 6
STUCK_BEAMS: Final = 3
"""Without a count since, so many parcels come to a beam just when they should at the set speed, or so many fronts at so
many beams, whenever: the encoder is dead. A hand on a standing belt is in one beam."""
GONE_NS: Final = 60_000 * MILLISECOND
"""Without a report for so long everything on the belt is given up: nobody may have to wait for the board to know."""


class Belt:
    def __init__(self, config: BeltConfig, tolerance_um: int) -> None:
        self._tolerance_um = tolerance_um
        self._count_um = config.count_um
        self._set_um_s = config.speed_mm_s * 1_000
        self.stretch_ppm = 0
        """How much longer a count is than configured, as parcels between beams have shown."""
        self._base = (0, 0)
        """Count and travel from which counts are converted."""
        self._last_count = 0
        self._creeps: list[int] = []
        self._counted_at = Instant(0)
        self._stuck: list[tuple[int, bool]] = []
        """Fronts at beams since the count last changed, and whether a parcel should have been there."""
        self._dead: tuple[Instant, int] | None = None
        """Since when the encoder counts nothing, and where the belt was then."""
        self._samples: deque[tuple[Instant, int]] = deque(maxlen=SAMPLES_MAX)
        self._reported_at: Instant | None = None
        """Of the latest of them."""
        self.travel_um = 0
        """As last reported."""
        self.gone_at: Instant | None = None
        """When what is on the belt is to be given up, if no report comes; None: none has come yet."""
        self._speeds: deque[int] = deque(maxlen=SPEEDS)
        self._mark = (Instant(0), 0)
        """The report from which the next speed is measured."""
        self.speed_um_s = 0
        self.usual_um_s = self._set_um_s
        """The same when it last was steady: a stop, or counts that are left out, change nothing in it."""
        self.moving = False
        self.disturbed_at = Instant(0)
        """When it last moved otherwise than before, stopped or started."""
        self.stood_at = Instant(0)
        """When a report last told that it stood."""
        self.unsure_at = Instant(0)
        """The same, by more than the tolerance: until a beam has seen an item again, its place is a guess."""
        self.silent = False
        """What was on it has been given up, and no report has come since."""

    def forget(self, *, silent: bool = False) -> None:
        """The board was restarted: its counts begin anew. `silent`: it has told nothing for too long."""
        self.silent = silent
        self._samples.clear()
        self._reported_at, self.gone_at, self.travel_um = None, None, 0
        self._speeds.clear()
        self._creeps.clear()
        self._stuck.clear()
        self._base = (0, 0)
        self._dead = None
        self.speed_um_s, self.usual_um_s = 0, self._set_um_s
        self.moving = False

    def travel_of(self, count: int) -> int:
        base_count, base_um = self._base
        return base_um + (count - base_count) * self._count_um * (PPM + self.stretch_ppm) // PPM

    def calibrate(self, creep_ppm: int) -> int:
        """A parcel came so much farther from beam to beam than the counts say. Returns by how much a count was
        corrected; all that is on the belt creeps by so much less then."""
        self._creeps.append(creep_ppm)
        if len(self._creeps) < CREEPS:
            return 0
        middle = sorted(self._creeps)[CREEPS // 2]
        self._creeps.clear()
        stretch = max(-STRETCH_MAX_PPM, min(STRETCH_MAX_PPM, self.stretch_ppm + middle))
        if abs(middle) < CREEP_LEAST_PPM or stretch == self.stretch_ppm:
            return 0
        self._base = (self._last_count, self.travel_of(self._last_count))
        corrected, self.stretch_ppm = stretch - self.stretch_ppm, stretch
        return corrected

    @property
    def dead(self) -> bool:
        """Parcels come, and the encoder counts nothing: the belt is taken to run at its set speed, which is good enough
        to follow what is on it, and for nothing else."""
        return self._dead is not None

    def travel_for(self, at: Instant, count: int) -> int:
        """Of an edge or a report; by its time where the encoder is dead."""
        if self._dead is None:
            base_count, base_um = self._base
            return base_um + (count - base_count) * self._count_um * (PPM + self.stretch_ppm) // PPM
        since, travel = self._dead
        return travel + (at - since) * self._set_um_s // 1_000_000_000

    @property
    def set_um_s(self) -> int:
        """The speed that it is set to."""
        return self._set_um_s

    @property
    def told_at(self) -> Instant:
        """Up to when its travel was reported: what comes behind that is a guess, and it may have stopped."""
        return Instant(0) if self._reported_at is None else self._reported_at

    @property
    def reports(self) -> Sequence[tuple[Instant, int]]:
        """When each was made and the travel that it told, as far as they are remembered, the latest last."""
        return self._samples

    def set_travel(self, at: Instant, since: Instant) -> int:
        """How far it would have run at its set speed since then, and since it last counted."""
        return (at - max(self._counted_at, since)) * self._set_um_s // 1_000_000_000

    def front_came(self, at: Instant, beam: int, *, expected: bool) -> bool:
        """A belt beam was covered, and the encoder has not counted since; `expected`: a parcel should be there, had the
        belt run on at its set speed. True if that shows that the encoder has died."""
        self._stuck = [*self._stuck[1 - STUCK_EDGES :], (beam, expected)]
        many = len(self._stuck) == STUCK_EDGES and len({beam for beam, _ in self._stuck}) >= STUCK_BEAMS
        if self.dead or not (many or sum(told for _, told in self._stuck) >= WITNESSES):
            return False
        self._dead = (at, self.travel_of(self._last_count))
        return True

    def counts(self, at: Instant, count: int) -> bool:
        """Whether it has counted since; where it had not for a while, from where the belt is thought to be."""
        if count == self._last_count:
            return False
        if self._dead is not None:
            self._base = (count, self.travel_for(at, count))
            self._dead = None
            self.disturbed_at = self.unsure_at = at
        self._stuck.clear()
        self._last_count, self._counted_at = count, at
        return True

    def moved(self, at: Instant, count: int, *, moving: bool) -> int:
        """A report of the encoder. Reports of the past change nothing. Returns the travel that it tells."""
        self.silent = False
        self.counts(at, count)
        travel, moving = self.travel_for(at, count), moving or self.dead
        if self._reported_at is not None and at <= self._reported_at:
            if at < self._reported_at:
                return travel
            self._samples.pop()  # the same instant told again, by a later report
        if moving != self.moving:
            self.disturbed_at = self.unsure_at = at
        if moving and not self.moving:
            self._speeds.clear()
            self._mark = (at, travel)
        elif moving and at - self._mark[0] >= SPEED_SPAN_NS:
            before_at, before = self._mark
            self._mark = (at, travel)
            speed = (travel - before) * 1_000_000_000 // (at - before_at)
            if abs(speed - self.speed_um_s) * PPM > self.speed_um_s * DISTURBED_PPM:
                self.disturbed_at = at
                if abs(speed - self.speed_um_s) * (at - before_at) > self._tolerance_um * 1_000_000_000:
                    self.unsure_at = at
            self._speeds.append(speed)
        self.moving = moving
        self._samples.append((at, travel))
        self._reported_at, self.gone_at, self.travel_um = at, Instant(at + GONE_NS), travel
        if not moving:
            self.speed_um_s, self.stood_at = 0, at
        elif self._speeds:
            speeds = sorted(self._speeds)
            self.speed_um_s = speeds[len(speeds) // 2]
            steady = (speeds[-1] - speeds[0]) * PPM <= self.speed_um_s * DISTURBED_PPM
            # 0: a belt that runs, and counts left out.
            if len(speeds) == SPEEDS and steady and self.speed_um_s > 0:
                self.usual_um_s = self.speed_um_s
        else:
            self.speed_um_s = self._set_um_s
        return travel

    def travel_at(self, at: Instant) -> int:
        """Where the belt was, is, or will be if it goes on like this."""
        last_at, last = self._reported_at, self.travel_um
        if last_at is None:
            return 0
        if at >= last_at:
            return last + (at - last_at) * self.speed_um_s // 1_000_000_000
        after_at, after = last_at, last
        for before_at, before in reversed(self._samples):
            if before_at <= at:
                return before + (after - before) * (at - before_at) // max(1, after_at - before_at)
            after_at, after = before_at, before
        return after - (after_at - at) * self.speed_um_s // 1_000_000_000

    def passed_at(self, travel_um: int, by: Instant) -> tuple[Instant, Instant]:
        """The earliest and the latest moment at which it can have come so far, looking back from `by`: that moment
        itself if it has not yet come so far, the oldest one remembered if it had before that. Between two reports it
        may have run at its full speed and stood for the rest."""
        after_at, after = by, self.travel_at(by)
        if after <= travel_um:
            return by, by
        full_um_s = max(self._set_um_s, self.speed_um_s)
        for before_at, before in reversed(self._samples):
            if before_at >= by:
                continue
            if before <= travel_um < after:
                early = before_at + (travel_um - before) * 1_000_000_000 // full_um_s
                late = after_at - (after - travel_um) * 1_000_000_000 // full_um_s
                return Instant(min(early, late)), Instant(max(early, late))
            after_at, after = before_at, before
        return after_at, after_at

    def between(self, low: Instant, high: Instant) -> tuple[int, int]:
        """The least and the greatest travel in this time."""
        told = [self.travel_at(low), self.travel_at(high)]
        for at, travel in reversed(self._samples):
            if at <= low:
                break
            if at < high:
                told.append(travel)
        return min(told), max(told)

    def when(self, travel_um: int) -> Instant | None:
        """When the belt will have come so far; None while it stands or runs back, and for `NEVER_UM`."""
        if self._reported_at is None or not self.moving or self.speed_um_s <= 0 or travel_um >= NEVER_UM:
            return None
        return Instant(self._reported_at + (travel_um - self.travel_um) * 1_000_000_000 // self.speed_um_s)

    def reached_at(self, travel_um: int) -> Instant | None:
        """`when`, rounded up: the first instant of which `travel_at` says that it has come so far."""
        if self._reported_at is None or not self.moving or self.speed_um_s <= 0 or travel_um >= NEVER_UM:
            return None
        return Instant(self._reported_at - ((self.travel_um - travel_um) * 1_000_000_000 // self.speed_um_s))

    def time_for(self, um: int) -> int:
        """Nanoseconds for this much travel at the present speed, at the set one while it stands."""
        return um * 1_000_000_000 // (self.speed_um_s if self.speed_um_s > 0 else self._set_um_s)

    def is_late(self, at: Instant) -> bool:
        """A report is overdue: where a moving belt is now is no longer known well enough to divert."""
        return self._reported_at is None or at - self._reported_at > LATE_NS

    def is_stale(self, at: Instant) -> bool:
        return self._reported_at is None or at - self._reported_at > STALE_NS
