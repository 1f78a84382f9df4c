"""The common rule on a whole line: what a gateway that goes by time would have made of the same readings.

It knows a parcel by the first beam alone. By time and the belt's set speed the parcel's rear leaves the reader so much
later, and the reader's answer follows `after_ns` behind that; the parcel whose rear fits an answer best, within
`reach_ns`, gets its name. A name that is told twice stays with the first, and a parcel with two names, or longer than a
parcel can be, is held. The diverter moves by the same clock, for what is released under the one name.

Two things are to the rule's advantage: the reader is triggered as the gateway triggers it, and the simulated belt runs
at its set speed exactly. What it lacks is any idea of its own error. `bench/fifo_line.py` tunes the two times on other
seeds than it judges.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field

from drivers.identifiers.choice import Identified, identify
from drivers.reading import BarcodeRead, BeamChanged
from edge.core.effects import Effect
from edge.core.inputs import Input
from hub_config.lines import Line
from hub_config.names import MILLISECOND, Instant
from simulators.bodies import Body
from simulators.hub import SimulatedHub


@dataclass(frozen=True, slots=True)
class Times:
    """What the rule is tuned by."""

    after_ns: int
    reach_ns: int


@dataclass(slots=True)
class Passed:
    """A parcel as the first beam saw it."""

    at: Instant
    until: Instant
    answers: list[tuple[BarcodeRead, ...]] = field(default_factory=list)

    def names(self, line: Line) -> set[str]:
        """Of each label that it is said to have: the best."""
        return {name.value for name in (best_of(answer, line) for answer in self.answers) if name is not None}


class Listener:
    """Hears what such a gateway would: put before the core of a hub with one line of one belt."""

    def __init__(self, hub: SimulatedHub) -> None:
        line = hub.lines[0].line
        assert len(line.belts) == 1, f"{line.id}: by time nobody knows where a parcel is on belts in series"
        self._step = hub.step
        self._board, self._channel = line.board, line.belt_beams[0].channel
        self.edges: list[tuple[Instant, bool]] = []
        self.reads: list[BarcodeRead] = []
        hub.step = self.step

    def step(self, given: Input) -> list[Effect]:
        if isinstance(given, BarcodeRead):
            self.reads.append(given)
        elif isinstance(given, BeamChanged) and (given.device, given.channel) == (self._board, self._channel):
            self.edges.append((given.at, given.blocked))
        return self._step(given)


def passed_by(edges: Iterable[tuple[Instant, bool]], line: Line) -> list[Passed]:
    """Parcels at the first beam: too short a gap is none, and too short a parcel."""
    speed = line.belts[0].speed_mm_s
    least_gap_ns = line.min_gap_um * MILLISECOND // speed
    found: list[Passed] = []
    for at, blocked in edges:
        if not blocked and found:
            found[-1].until = at
        elif blocked and not (found and at - found[-1].until < least_gap_ns):
            found.append(Passed(at, at))
    least_ns = line.min_length_um * MILLISECOND // speed
    return [one for one in found if one.until - one.at >= least_ns]


def assign(passed: Sequence[Passed], reads: Sequence[BarcodeRead], line: Line, times: Times) -> int:
    """Gives each answer of the reader to a parcel, in order; returns by how much they did not fit, summed, in ns."""
    way_um = line.readers[0].position_um - line.belt_beams[0].position_um
    behind_ns = way_um * MILLISECOND // line.belts[0].speed_mm_s + times.after_ns
    given: set[str] = set()
    first = off_ns = 0
    for answer in _answers(reads):
        name = best_of(answer, line)
        if name is None or name.value in given:
            continue
        rear_at = answer[0].at - behind_ns
        while first + 1 < len(passed) and passed[first + 1].until <= rear_at:
            first += 1
        nearest = min(passed[first : first + 2], key=lambda one: abs(one.until - rear_at), default=None)
        if nearest is not None and abs(nearest.until - rear_at) <= times.reach_ns:
            nearest.answers.append(answer)
            given.add(name.value)
            off_ns += abs(nearest.until - rear_at)
    return off_ns


def _answers(reads: Sequence[BarcodeRead]) -> list[tuple[BarcodeRead, ...]]:
    """Codes told together: of one label, as a rule."""
    answers: list[list[BarcodeRead]] = []
    for one in reads:
        if answers and answers[-1][0].at == one.at:
            answers[-1].append(one)
        else:
            answers.append([one])
    return [tuple(one) for one in answers]


def best_of(answer: Iterable[BarcodeRead], line: Line) -> Identified | None:
    """The name of the best kind in it."""
    known = [identify(one.data, one.aim) for one in answer]
    names = [one for one in known if one.check_ok and one.type in line.identifiers]
    return min(names, key=lambda one: line.identifiers.index(one.type), default=None)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one parcel that the first beam saw."""

    body: Body
    passed: Passed
    goes_on: bool
    wrong: bool
    """It goes on under a name that is not on it."""


def outcomes(passed: Sequence[Passed], bodies: Iterable[Body], line: Line) -> list[Outcome]:
    """What the rule makes of each that nobody took off. One that the first beam saw with another, as one, is that
    one's."""
    first_um = line.belt_beams[0].position_um
    by_front = {body.crossed[first_um]: body for body in bodies if first_um in body.crossed}
    longest_ns = line.max_length_um * MILLISECOND // line.belts[0].speed_mm_s
    told = []
    for one in passed:
        body = by_front.get(one.at)
        if body is None or body.taken:
            continue
        names = one.names(line)
        goes_on = len(names) == 1 and one.until - one.at <= longest_ns
        own = {identify(label.data, label.aim).value for label in body.parcel.labels}
        told.append(Outcome(body, one, goes_on, goes_on and not names <= own))
    return told


def in_free_lane(
    passed: Sequence[Passed], released: Set[Instant], bodies: Iterable[Body], line: Line
) -> list[Body]:
    """What is really pushed when the diverter moves by time for those released, told by when their front came to the
    first beam. Close ones are pushed together or not at all, as the gateway does it."""
    diverter = next(one for one in line.diverters if one.lane == line.free_lane)
    needed_ns = line.gap_needed_um(diverter) * MILLISECOND // line.belt.speed_mm_s
    rows: list[list[Passed]] = []
    for one in passed:
        if rows and one.at - rows[-1][-1].until < needed_ns:
            rows[-1].append(one)
        else:
            rows.append([one])
    pushed = [one for row in rows if all(other.at in released for other in row) for one in row]
    way_ns = (diverter.position_um - line.belt_beams[0].position_um) * MILLISECOND // line.belt.speed_mm_s
    out_ns = line.clearance_um * MILLISECOND // line.belt.speed_mm_s + diverter.return_ms * MILLISECOND
    starts = [one.at + way_ns - diverter.actuation_ms * MILLISECOND for one in pushed]
    ends = [one.until + way_ns + out_ns for one in pushed]
    found = []
    for body in bodies:
        front_at = body.front_at(diverter.position_um)
        place = bisect_right(starts, front_at) - 1
        if not body.taken and place >= 0 and front_at < ends[place]:
            found.append(body)
    return found
