"""One parcel's way over belts in series, leg by leg, as it is worked out when the parcel is set down.

A slip or a push goes on with the time that the belt runs: where that stops, hands wait. It ends before the next belt
may take the parcel over, or it does not happen.
"""

from collections.abc import Sequence

from hub_config.names import SECOND, Instant
from simulators.belt_run import BeltRun
from simulators.motion import Leg, Motion, Move, Room, takes_ns


class Course:
    def __init__(self, starts: Instant, from_um: int, length_um: int, left: Room) -> None:
        """`left`: in ns."""
        self._starts = starts
        self._um = from_um
        self._length_um = self._now_um = length_um
        """As it was set down, and as it lies now."""
        self._left = left
        self._at = starts
        self._legs: list[Leg] = []
        self._turned_at_um: int | None = None
        self._used_ns = 0
        self._done: list[str] = []
        self._run = BeltRun(starts, None)
        self._ran_ns = 0
        self._speed_um_s = 0

    def take(self, run: BeltRun, speed_um_s: int, skids_um: int) -> None:
        """This belt takes it over, and runs on under it by so much first."""
        self._run, self._speed_um_s = run, speed_um_s
        self._ran_ns = run.ran_ns(self._at) + skids_um * SECOND // speed_um_s

    def carry(self, moves: Sequence[Move], over_um: int | None, end_um: int) -> None:
        """On with this belt, and what is done to it there, until its middle is at `over_um`; None: its front at
        `end_um`."""
        for move in moves:
            lies_on_it = self._um <= move.at_um and (over_um is None or move.at_um + self._now_um < over_um)
            if lies_on_it:
                self._suffer(move, end_um if over_um is None else over_um - self._now_um)
        self._go(end_um if over_um is None else over_um + self._now_um // 2, self._speed_um_s)
        self._at = self._run.when(self._ran_ns)

    def motion(self, more: tuple[str, ...]) -> Motion:
        """`more`: what else has moved it."""
        return Motion(
            tuple(self._legs),
            self._length_um,
            self._turned_at_um,
            self._now_um,
            self._used_ns,
            (*self._done, *more),
        )

    def _suffer(self, move: Move, by_um: int) -> None:
        """`by_um`: by then it has ended, for its front."""
        if move.why == "turned":
            self._turn(move)
            return
        um = self._allowed_um(move.um)
        lasts_ns = takes_ns(um, self._speed_um_s)
        speed_um_s = self._speed_um_s + um * SECOND // lasts_ns
        ends_um = move.at_um + speed_um_s * lasts_ns // SECOND
        if um == 0 or ends_um > by_um:
            return
        self._spend(um * SECOND // self._speed_um_s)
        self._go(move.at_um, self._speed_um_s)
        self._go(ends_um, speed_um_s)
        self._done.append(move.why)

    def _allowed_um(self, um: int) -> int:
        left_um = (self._left.ahead if um > 0 else self._left.behind) * self._speed_um_s // SECOND
        return min(um, left_um) if um > 0 else -min(-um, left_um)

    def _turn(self, move: Move) -> None:
        """About its middle; not at all where it might touch a neighbour then."""
        more_um = (move.um - self._now_um) // 2
        more_ns = max(0, more_um) * SECOND // self._speed_um_s
        if more_ns > min(self._left.ahead, self._left.behind):
            return
        self._spend(more_ns)
        self._spend(-more_ns)
        self._go(move.at_um, self._speed_um_s)
        self._um, self._turned_at_um, self._now_um = (
            self._um + more_um,
            move.at_um,
            self._now_um + 2 * more_um,
        )
        self._done.append(move.why)

    def _spend(self, on_ns: int) -> None:
        self._left = self._left.spent(on_ns)
        self._used_ns += max(0, -on_ns)

    def _go(self, end_um: int, speed_um_s: int) -> None:
        """Until its front is there, standing where the belt does."""
        while self._um < end_um:
            self._legs.append(Leg(self._um, self._run.when(self._ran_ns) - self._starts, speed_um_s))
            way_ns = (end_um - self._um) * SECOND // speed_um_s
            runs_ns = self._run.runs_on_ns(self._ran_ns)
            if runs_ns is None or runs_ns > way_ns:
                self._ran_ns += way_ns
                break
            self._ran_ns += runs_ns
            self._um += runs_ns * speed_um_s // SECOND
        self._um = max(self._um, end_um)
