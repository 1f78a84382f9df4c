"""Counts that an encoder leaves out, as the clock shows them.

The board stamps each edge with its time and with the encoder's count. Where the counts between two instants are fewer
than that time is worth at the belt's usual speed, either the belt was slower or counts were left out. A belt has mass:
it brakes and starts no harder than `BRAKE_UM_S2`. So from full speed to full speed within a time T it can't fall behind
by more than a quarter of that times T²; and to become as slow as the counts say, and fast again, it must fall behind by
the square of what it lost in speed over that (half of either, if it may be slow still). What does not fit was left out.
A belt that stands falls behind as well; one that did so for `STANDS_NS` is taken to have stood.

What is told here is never proof enough to release anything: whoever asks holds what it is about.
"""

from collections.abc import Iterable
from typing import Final

from edge.core.belt import PPM, SPEED_SPAN_NS, Belt
from hub_config.lines import Line as LineConfig
from hub_config.names import MILLISECOND, Instant
from hub_config.value import value

SECOND_NS: Final = 1_000 * MILLISECOND
JITTER_NS: Final = 2 * MILLISECOND
"""Two stamps of a board are off by so much against each other (`BeamChanged.unc_ns`, twice)."""
STEADY_PPM: Final = 40_000
"""The belt runs at its usual speed if it is off by no more than this."""
SLOW_PPM: Final = 150_000
"""Between two reports so much less than usual: it was slower, or counts were left out."""
BRAKE_UM_S2: Final = 4_000_000
"""Planning value: on a belt that brakes harder the parcels slip (friction of about 0.4)."""
STANDS_NS: Final = 150 * MILLISECOND
"""A belt that falls behind by as much as it runs in this time has stood."""
AWAY_NS: Final = 2_000 * MILLISECOND
"""The same where a beam bears out that it ran on: the most that an encoder is believed to leave out at once."""
WAITS_NS: Final = 400 * MILLISECOND
"""By then reports must have shown that the belt runs at its usual speed again."""
WAY_PPM: Final = 20_000
"""A way by the clock is good to this."""


@value
class Mark:
    """Where the belt was at an instant, by its counts."""

    at: Instant
    travel_um: int


@value
class Loss:
    """Counts that were left out."""

    since: Instant
    """It ran steadily until then."""
    until: Instant
    """And from then on."""
    um: int
    """So much farther than the counts say it has come in between."""


class LostCounts:
    """Of one belt."""

    def __init__(self, line: LineConfig, belt: Belt) -> None:
        self._belt = belt
        self._min_gap_um, self._tolerance_um = line.min_gap_um, line.tolerance_um
        self._freed: dict[int, Mark] = {}
        """Of each beam: when it came free last."""
        self._fronts: dict[int, Mark] = {}
        """And when a front came to it last."""

    def freed(self, beam: int, at: Instant, travel_um: int) -> None:
        self._freed[beam] = Mark(at, travel_um)

    def free_since(self, beam: int, travel_um: int) -> Instant | None:
        """When this beam, which is covered again, came free; None: too shortly before to be more than a bounce."""
        freed = self._freed.get(beam)
        return freed.at if freed is not None and travel_um - freed.travel_um > self._min_gap_um // 2 else None

    def front(self, beam: int, at: Instant, travel_um: int) -> None:
        self._fronts[beam] = Mark(at, travel_um)

    def forget(self) -> None:
        """The counts began anew."""
        self._freed.clear()
        self._fronts.clear()

    # At one beam ------------------------------------------------------------------------------------

    def gap(self, beam: int, at: Instant, travel_um: int) -> Mark | None:
        """A beam is covered that was free for as long as a gap between two takes, though the counts say that it was
        hardly free at all: where it came free. None: counts and clock agree."""
        freed = self._freed.get(beam)
        if freed is None or not 0 <= (counted_um := travel_um - freed.travel_um) <= self._min_gap_um:
            return None
        worth_um = self._worth_um(at - freed.at - JITTER_NS)
        lack_um = worth_um - counted_um
        if worth_um <= self._min_gap_um or not self._runs():
            return None
        told = self._min_gap_um // 2 < lack_um <= self._worth_um(STANDS_NS)
        return freed if told else None

    def was_free(self, beam: int, at: Instant) -> bool:
        """A beam is covered that was free for as long as a gap between two takes, by the clock alone."""
        freed = self._freed.get(beam)
        return (
            freed is not None
            and self._runs()
            and self._worth_um(at - freed.at - JITTER_NS) > self._min_gap_um
        )

    def is_under(self, beam: int, at: Instant, travel_um: int, length_um: int) -> bool:
        """What has covered a beam ends there too soon by its counts, and just as it should by the clock."""
        front = self._fronts.get(beam)
        if front is None or not self._runs():
            return False
        worth_um = self._worth_um(at - front.at)
        lack_um = worth_um - (travel_um - front.travel_um)
        if not self._tolerance_um + self._worth_um(JITTER_NS) < lack_um <= self._worth_um(STANDS_NS):
            return False
        if abs(worth_um - length_um) > self._tolerance_um + worth_um * WAY_PPM // PPM:
            return False
        before, here = self._steady_until([one for one in self._marks() if one.at <= at]), Mark(at, travel_um)
        return before is not None and self._is_no_brake(before, here, _speed_um_s(front, here), sides=1)

    # Between reports --------------------------------------------------------------------------------

    def told_around(self, freed: Mark, covered: Mark) -> Loss | bool:
        """What the reports before and behind such a gap say: the counts that were left out; False: the belt has slowed
        down or stood, or may have; True: that is not known yet."""
        marks = self._marks()
        before = self._steady_until([one for one in marks if one.at <= freed.at])
        behind = self._steady_from([one for one in marks if one.at >= covered.at])
        if before is None:
            return False
        if behind is None:
            return self._belt.told_at - covered.at <= WAITS_NS
        lack_um = self._worth_um(behind.at - before.at) - (behind.travel_um - before.travel_um)
        if lack_um > self._worth_um(STANDS_NS):
            return False
        is_no_brake = self._is_no_brake(before, behind, _speed_um_s(freed, covered), sides=2)
        return Loss(before.at, behind.at, lack_um) if is_no_brake else False

    def left_out(self, since: Instant, here: Mark) -> Loss | None:
        """How far the belt has fallen behind the clock since then, by this edge, as far as its reports are remembered;
        None: it ran as usual, or stood."""
        if not self._runs():
            return None
        marks = [one for one in self._marks() if one.at < here.at]
        if marks and marks[0].at <= since:
            marks = [Mark(since, self._belt.travel_at(since)), *(one for one in marks if one.at > since)]
        if not marks:
            return None
        before = last = marks[0]
        for one in (*marks[1:], here):
            if self._is_slow(last, one):
                lack_um = self._worth_um(here.at - before.at) - (here.travel_um - before.travel_um)
                return Loss(before.at, here.at, lack_um) if 0 < lack_um <= self._worth_um(AWAY_NS) else None
            before, last = last, one
        return None

    def off_um(self, loss: Loss) -> int:
        """How exactly it is known how much was left out."""
        return self._tolerance_um + self._worth_um(loss.until - loss.since) * WAY_PPM // PPM

    def lack_um(self, begin: Mark, until: Instant) -> int:
        """Left out between an edge and a moment that was told of; 0 if that is no more than a stamp's error."""
        told_um = self._belt.travel_at(until) - begin.travel_um
        lack_um = self._worth_um(until - begin.at) - told_um
        return lack_um if lack_um > self._worth_um(JITTER_NS) else 0

    def _marks(self) -> list[Mark]:
        return [Mark(at, um) for at, um in self._belt.reports]

    def _steady_until(self, marks: list[Mark]) -> Mark | None:
        """The last of these, not long before, up to which the belt has run at its usual speed."""
        return self._first_steady(tuple(reversed(marks)), -1)

    def _steady_from(self, marks: list[Mark]) -> Mark | None:
        return self._first_steady(marks, 1)

    def _first_steady(self, marks: Iterable[Mark], way: int) -> Mark | None:
        marks = tuple(marks)
        for place, one in enumerate(marks):
            if abs(one.at - marks[0].at) > WAITS_NS:
                return None
            other = next((far for far in marks[place:] if abs(far.at - one.at) >= SPEED_SPAN_NS), None)
            if other is not None and self._is_steady(one, other, way):
                return one
        return None

    def _is_steady(self, one: Mark, other: Mark, way: int) -> bool:
        worth_um = self._worth_um((other.at - one.at) * way)
        off_um = abs((other.travel_um - one.travel_um) * way - worth_um)
        return off_um <= worth_um * STEADY_PPM // PPM + self._worth_um(JITTER_NS)

    def _is_no_brake(self, before: Mark, behind: Mark, slow_um_s: int, *, sides: int) -> bool:
        """It has fallen behind by more in this time than braking takes away, or by less than it takes to become so
        slow. `sides`: 2, it runs as usual again; 1: it may be slow still."""
        ns = behind.at - before.at
        lack_um = self._worth_um(ns) - (behind.travel_um - before.travel_um)
        if sides == 2:
            ns += (
                2 * SPEED_SPAN_NS
            )  # which may hide the begin and the end of it; else a known length bears it out
        most_um = BRAKE_UM_S2 * ns**2 // (2 * sides * SECOND_NS**2)
        least_um = sides * max(0, self._belt.usual_um_s - slow_um_s) ** 2 // (2 * BRAKE_UM_S2)
        return lack_um > most_um or lack_um + self._worth_um(JITTER_NS) < least_um

    def _is_slow(self, begin: Mark, end: Mark) -> bool:
        worth_um = self._worth_um(end.at - begin.at)
        lack_um = worth_um - (end.travel_um - begin.travel_um)
        return lack_um > worth_um * SLOW_PPM // PPM + self._worth_um(JITTER_NS)

    def _runs(self) -> bool:
        return self._belt.usual_um_s > 0 and not self._belt.dead

    def _worth_um(self, ns: int) -> int:
        """At the belt's usual speed."""
        return ns * self._belt.usual_um_s // SECOND_NS


def _speed_um_s(begin: Mark, end: Mark) -> int:
    """By the counts, at the most."""
    return (end.travel_um - begin.travel_um) * SECOND_NS // max(1, end.at - begin.at - JITTER_NS)
