"""What must hold after every step of a run, whatever goes wrong in it.

A broken rule ends the run with its name: that is a fault of ours, not of the simulated world.
"""

from collections.abc import Iterable, Sequence

from edge.core.effects import Effect, Record, Show
from edge.core.event import Event
from edge.core.gateway import Gateway
from edge.core.snapshot import BenchView
from edge.wire.chain import Link
from hub_config.layout import Bench
from hub_config.names import VisitId


class RuleBrokenError(AssertionError):
    """The gateway did what it must never do."""


class Checkers:
    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._recorded = 0
        self._on_disk = 0
        self._released: dict[VisitId, int] = {}
        """Visits under a standing release, with the number of its record."""
        self._gone: dict[VisitId, str] = {}
        self._last_seq = 0

    def after_step(self, effects: Sequence[Effect], gateway: Gateway) -> None:
        for effect in effects:
            match effect:
                case Record(number, event):
                    self._see_record(number, event)
                case Show(view):
                    self._see_screen(view)
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
                self._see_move(event)
            case "parcel.departed" if self._gone.get(event.visit) != self._bench.free_lane:
                raise RuleBrokenError(
                    f"visit {event.visit} departed without a confirmed move into the free lane"
                )
            case _:
                pass

    def _see_verdict(self, number: int, event: Event) -> None:
        assert event.visit is not None, "a verdict is about a visit"
        decision = event.decision
        free = event.act is not None and event.act.lane == self._bench.free_lane
        reasons = event.flags or (decision.reasons if decision is not None else ())
        if free and (decision is None or decision.action != "release" or decision.needs):
            raise RuleBrokenError(f"visit {event.visit} sent to the free lane without a release")
        if not free and not reasons and (decision is None or decision.action != "release"):
            raise RuleBrokenError(f"visit {event.visit} is held without a reason")
        self._released.pop(event.visit, None)
        if free:
            self._released[event.visit] = number

    def _see_move(self, event: Event) -> None:
        assert event.visit is not None, "a move is a visit's"
        if event.act is None or not event.act.confirmed:
            raise RuleBrokenError(f"visit {event.visit} was diverted without a confirmation")
        if event.act.lane == self._bench.free_lane:
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

    def _see_screen(self, view: BenchView) -> None:
        if view.state != "release":
            return
        release = self._released.get(view.visit) if view.visit is not None else None
        if release is None or release > self._on_disk:
            raise RuleBrokenError(
                f"the screen says RELEASE for visit {view.visit} before the release is on disk"
            )

    def _see_books(self, gateway: Gateway) -> None:
        snapshot = gateway.snapshot()
        balance, tally = snapshot.balance, snapshot.tally
        if balance.read != balance.journalled + sum(count for _, count in balance.rejected):
            raise RuleBrokenError(f"read is not journalled + rejected: {balance}")
        places = (
            tally.departed,
            tally.held,
            tally.inspected,
            tally.returned,
            tally.lost_track,
            tally.at_bench,
        )
        if sum(places) != tally.entered or min(places) < 0 or tally.at_bench > len(snapshot.benches):
            raise RuleBrokenError(f"parcels don't add up: {tally}")
