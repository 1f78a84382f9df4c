"""How one parcel moves on a belt: its front as a function of time, in straight legs, so that every crossing is exact.

Without faults it goes with the belt. It may creep (a little slower or faster all the way), slip back at one place, be
pushed on or held back by a hand, or be turned, which changes its length about its middle. It never comes nearer to its
neighbours than the room that it is given: hands that push one parcel against another are the fault `touching`.
"""

from dataclasses import dataclass
from typing import Final, Literal

from hub_config.lines import Line as LineConfig
from hub_config.names import MILLISECOND
from hub_config.value import value
from simulators.line_faults import LinePlan
from simulators.parcels import MILLION

SECOND_NS: Final = 1_000_000_000
MOVE_NS: Final = 400 * MILLISECOND
"""A slip or a push takes so long; longer where the parcel would run back else."""
CLOSE_UM: Final = 10_000
"""Parcels that are two to every beam stay so: this much above the least gap that a beam tells."""
FREE_UM: Final = 60_000
"""Hands keep this far from beams and readers."""


@value
class Leg:
    """From this place of its front, reached so long after its start, it goes on at this speed."""

    from_um: int
    at_ns: int
    speed_um_s: int


@dataclass(frozen=True, slots=True)
class Room:
    """What it may come nearer to the one before and the one behind it, by its own movement on the belt: in µm; on belts
    in series, each of which has another speed, in ns."""

    ahead: int = 0
    behind: int = 0

    def spent(self, on: int) -> "Room":
        """It has come on by so much; negative: back."""
        return Room(self.ahead - on, self.behind) if on > 0 else Room(self.ahead, self.behind + on)


NO_ROOM: Final = Room()


@dataclass(frozen=True, slots=True)
class Move:
    """What is done to a parcel whose front is there."""

    at_um: int
    why: Literal["slipped", "pushed", "turned"]
    um: int
    """On by so much, negative: back; its new length, if it is turned."""


@value
class Motion:
    legs: tuple[Leg, ...]
    length_um: int
    turned_at_um: int | None = None
    """Place of its front when it was turned."""
    turned_um: int = 0
    """Its length from then on."""
    used_behind: int = 0
    """How much nearer it comes to the one behind it, as `Room` has it."""
    done: tuple[str, ...] = ()
    """The faults that really moved it; without room there is none."""

    def front_ns(self, um: int) -> int:
        """After its start, when its front is there."""
        leg = self.legs[0]
        for later in self.legs[1:]:
            if later.from_um > um:
                break
            leg = later
        return leg.at_ns + (um - leg.from_um) * SECOND_NS // leg.speed_um_s

    def rear_ns(self, um: int) -> int:
        """The same for its rear."""
        return self.front_ns(um + self.length_with_rear_at(um))

    def length_with_rear_at(self, um: int) -> int:
        if self.turned_at_um is None or um + self.length_um <= self.turned_at_um:
            return self.length_um
        return self.turned_um


def unmoved(speed_um_s: int, length_um: int) -> Motion:
    """With the belt."""
    return Motion((Leg(0, 0, speed_um_s),), length_um)


def room(line: LineConfig, gap_um: int | None, creep_ppm: int) -> int:
    """Of a gap; where there is no neighbour, more than anything takes."""
    if gap_um is None:
        return line.belt.length_um
    drift_um = 2 * creep_ppm * line.belt.length_um // MILLION
    return max(0, gap_um - line.min_gap_um - CLOSE_UM - drift_um)


def motion(speed_um_s: int, plan: LinePlan, creep_ppm: int, somewhere_um: int, hands_um: int | None,
           left: Room) -> Motion:  # fmt: skip
    """`somewhere_um`: of its front, when it slips; `hands_um`: when hands turn or push it, None if they can't."""
    if "slipped" not in plan.faults and (hands_um is None or plan.hands not in ("pushed", "turned")):
        return unmoved(speed_um_s * (MILLION + creep_ppm) // MILLION, plan.length_um)
    course = _Course(speed_um_s * (MILLION + creep_ppm) // MILLION, plan.length_um, left)
    for move in moves_of(plan, somewhere_um, hands_um):
        if move.why == "turned":
            course.turn(move.at_um, move.um)
        else:
            course.shift(move.at_um, move.um, move.why)
    return course.motion()


def moves_of(plan: LinePlan, somewhere_um: int, hands_um: int | None) -> tuple[Move, ...]:
    """In the order of their places: as `motion` has them."""
    moves = []
    if "slipped" in plan.faults:
        moves.append(Move(somewhere_um, "slipped", -plan.slip_um))
    if hands_um is not None and plan.hands == "pushed":
        moves.append(Move(hands_um, "pushed", plan.push_um))
    if hands_um is not None and plan.hands == "turned":
        moves.append(Move(hands_um, "turned", plan.turned_um))
    return tuple(sorted(moves, key=lambda move: (move.at_um, move.why)))


def takes_ns(um: int, speed_um_s: int) -> int:
    """How long it takes to be moved by so much."""
    return max(MOVE_NS, abs(um) * SECOND_NS * 5 // (4 * speed_um_s))


class _Course:
    def __init__(self, speed_um_s: int, length_um: int, left: Room) -> None:
        self._speed_um_s = speed_um_s
        self._legs = [Leg(0, 0, speed_um_s)]
        self._length_um = length_um
        self._ahead_um, self._behind_um = left.ahead, left.behind
        self._used_um = 0
        self._turn: tuple[int, int] | None = None
        self._done: list[str] = []

    def shift(self, at_um: int, um: int, why: str) -> None:
        """On or back by as much as there is room for."""
        um = min(um, self._ahead_um) if um > 0 else -min(-um, self._behind_um)
        if um == 0:
            return
        self._spend(um)
        last = self._legs[-1]
        at_um = max(at_um, last.from_um)
        lasts_ns = takes_ns(um, self._speed_um_s)
        begins_ns = last.at_ns + (at_um - last.from_um) * SECOND_NS // last.speed_um_s
        speed_um_s = self._speed_um_s + um * SECOND_NS // lasts_ns
        self._legs.append(Leg(at_um, begins_ns, speed_um_s))
        ends_um = at_um + speed_um_s * lasts_ns // SECOND_NS
        self._legs.append(Leg(ends_um, begins_ns + lasts_ns, self._speed_um_s))
        self._done.append(why)

    def turn(self, at_um: int, turned_um: int) -> None:
        """About its middle; not at all where it would touch a neighbour then."""
        more_um = (turned_um - self._length_um) // 2
        last = self._legs[-1]
        if more_um > min(self._ahead_um, self._behind_um) or at_um < last.from_um:
            return
        if more_um > 0:
            self._spend(more_um)
            self._spend(-more_um)
        at_ns = last.at_ns + (at_um - last.from_um) * SECOND_NS // last.speed_um_s
        self._legs.append(Leg(at_um + more_um, at_ns, self._speed_um_s))
        self._turn = (at_um, self._length_um + 2 * more_um)
        self._done.append("turned")

    def _spend(self, um: int) -> None:
        if um > 0:
            self._ahead_um -= um
        else:
            self._behind_um += um
            self._used_um -= um

    def motion(self) -> Motion:
        at_um, turned_um = self._turn if self._turn is not None else (None, 0)
        return Motion(tuple(self._legs), self._length_um, at_um, turned_um, self._used_um, tuple(self._done))
