"""What must hold after every step of a run, whatever goes wrong in it.

A broken rule ends the run with its name: that is a fault of ours, not of the simulated world.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from drivers.command import SwitchOn
from edge.core.effects import Effect, Order, Record, Show
from edge.core.event import Event
from edge.core.gateway import Gateway
from edge.core.snapshot import BenchView
from edge.core.verdict import Exits
from edge.wire.chain import Link
from hub_config.names import LaneId, LineId, VisitId

ASTRAY: Final = "astray"


class RuleBrokenError(AssertionError):
    """The gateway did what it must never do."""


class Checkers:
    def __init__(self, places: Sequence[Exits]) -> None:
        """`places`: benches and lines."""
        self._free: dict[LineId, LaneId] = {place.id: place.free_lane for place in places}
        self._recorded = 0
        self._on_disk = 0
        self._released: dict[VisitId, int] = {}
        """Visits under a standing release, with the number of its record."""
        self._gone: dict[VisitId, str] = {}
        self._intents: dict[VisitId, int] = {}
        """Visits with a divert written down in this pass, with the number of its record."""
        self._decided_by: dict[VisitId, str] = {}
        """The decision under which each was last ordered to be diverted."""
        self._last_seq = 0

    def after_step(self, effects: Sequence[Effect], gateway: Gateway) -> None:
        for effect in effects:
            match effect:
                case Record(number, event):
                    self._see_record(number, event)
                case Show(view):
                    self._see_screen(view)
                case Order(command):
                    if isinstance(command, SwitchOn):
                        self._see_order(command)
        self._see_books(gateway)

    def committed(self, links: Iterable[Link]) -> None:
        for link in links:
            if link.seq != self._last_seq + 1:
                raise RuleBrokenError(f"seq {link.seq} follows {self._last_seq}")
            self._last_seq = link.seq
            self._on_disk += 1

    def _see_record(self, number: int, event: Event) -> None:
        if number != self._recorded + 1:
            raise RuleBrokenError(f"record {number} follows {self._recorded}")
        self._recorded = number
        if event.visit is None:
            return
        match event.kind:
            case "parcel.decided":
                self._see_verdict(number, event)
            case "parcel.diverted":
                self._see_move(number, event)
            case "parcel.arrived" | "parcel.measured" | "parcel.lost_track":
                self._intents.pop(event.visit, None)
            case "parcel.departed" if self._gone.get(event.visit) != self._free[event.line]:
                raise RuleBrokenError(
                    f"visit {event.visit} departed without a confirmed move into the free lane"
                )
            case _:
                pass

    def _see_verdict(self, number: int, event: Event) -> None:
        assert event.visit is not None, "a verdict is about a visit"
        decision = event.decision
        free = event.act is not None and event.act.lane == self._free[event.line]
        reasons = event.flags or (decision.reasons if decision is not None else ())
        if free and (decision is None or decision.action != "release" or decision.needs):
            raise RuleBrokenError(f"visit {event.visit} sent to the free lane without a release")
        if not free and not reasons and (decision is None or decision.action != "release"):
            raise RuleBrokenError(f"visit {event.visit} is held without a reason")
        self._released.pop(event.visit, None)
        if free:
            self._released[event.visit] = number

    def _see_move(self, number: int, event: Event) -> None:
        assert event.visit is not None, "a move is a visit's"
        if event.act is None:
            raise RuleBrokenError(f"visit {event.visit} was diverted to nowhere")
        if not event.act.confirmed:
            self._see_intent(number, event)
            return
        self._intents.pop(event.visit, None)
        if event.act.lane == self._free[event.line] and event.decision is None:
            self._gone[event.visit] = ASTRAY  # seen there, and nobody sent it: it must not depart
            return
        if event.act.lane == self._free[event.line]:
            release = self._released.get(event.visit)
            if release is None or release > self._on_disk:
                raise RuleBrokenError(
                    f"visit {event.visit} entered the free lane without a committed release"
                )
            decision = event.decision
            if decision is None or event.wall.utc_us + event.wall.unc_us > decision.valid_until_us:
                raise RuleBrokenError(
                    f"visit {event.visit} entered the free lane after its release had ended"
                )
        self._gone[event.visit] = event.act.lane

    def _see_intent(self, number: int, event: Event) -> None:
        """A divert is written down: once a pass, and into the free lane only under a release that is on disk."""
        assert event.visit is not None, "a divert is a visit's"
        assert event.act is not None, "a divert has a lane"
        dec = event.decision.dec if event.decision is not None else None
        if event.visit in self._intents:
            raise RuleBrokenError(f"visit {event.visit} is diverted twice in one pass")
        if dec is not None and self._decided_by.get(event.visit) == dec:
            raise RuleBrokenError(f"visit {event.visit} is diverted twice under decision {dec}")
        if event.act.lane == self._free[event.line]:
            release = self._released.get(event.visit)
            if release is None or release > self._on_disk:
                raise RuleBrokenError(
                    f"visit {event.visit} is diverted to the free lane without a committed release"
                )
        self._intents[event.visit] = number
        if dec is not None:
            self._decided_by[event.visit] = dec

    def _see_order(self, command: SwitchOn) -> None:
        """An output moves only for a divert that is on disk; which one, the order does not say."""
        on_disk = sum(number <= self._on_disk for number in self._intents.values())
        if on_disk == 0:
            raise RuleBrokenError(
                f"output {command.channel} of {command.device} is ordered for no divert on disk"
            )

    def _see_screen(self, view: BenchView) -> None:
        if view.state != "release":
            return
        release = self._released.get(view.visit) if view.visit is not None else None
        if release is None or release > self._on_disk:
            raise RuleBrokenError(
                f"the screen says RELEASE for visit {view.visit} before the release is on disk"
            )

    def _see_books(self, gateway: Gateway) -> None:
        fault = gateway.books_fault
        if fault is not None:
            raise RuleBrokenError(fault)
