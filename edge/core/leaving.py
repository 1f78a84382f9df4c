"""How an item leaves the belt: seen in a lane, seen at the end, or lost.

The beam inside a lane is the only proof that a parcel is there. What arrives at the end without having been sent there
gets its reason first; what arrives in a lane without having been sent there has not departed, and must be found. Sent
is what a diverter was ordered to push, under a release that still stands, with no doubt since.
"""

from drivers.reading import BeamChanged
from edge.core.clearing import Clearing
from edge.core.decision import Reason
from edge.core.dwell import DwellClock
from edge.core.item import Item
from edge.core.lanes import Lanes
from edge.core.ledger import Ledger
from edge.core.parcel import Parcel
from edge.core.track import Track
from edge.core.unaccounted import Unaccounted
from edge.core.visits import Visits
from hub_config.layout import Exit
from hub_config.lines import Line as LineConfig
from hub_config.names import Instant


class Leaving:
    def __init__(
        self, line: LineConfig, track: Track, lanes: Lanes, unaccounted: Unaccounted, clearing: Clearing,
        ledger: Ledger, visits: Visits,
    ) -> None:  # fmt: skip
        self._line = line
        self._track = track
        self._lanes = lanes
        self._unaccounted = unaccounted
        self._clearing = clearing
        self._ledger = ledger
        self._visits = visits
        self._end = line.bays[-1]

    def lane_beam(self, read: BeamChanged, travel_um: int) -> None:
        """A leading edge at a beam that is not over the belt."""
        exit_ = self._lanes.exit_of(read.channel)
        if exit_ is None:
            self._ledger.count_rejected("unknown_channel")
            return
        offset = self._lanes.position_of(read.channel) - travel_um
        self._unaccounted.look(travel_um)
        timely = self._lanes.timely(read.channel, read.at, self._track.items)
        if self._lanes.continues(read.channel, offset, read.at, timely):
            self._ledger.count_rejected("beam_bounce")
            return
        item = self._lanes.expected(read.channel, offset, timely, self._track.items)
        if item is None or item.parcel is None:
            self._unaccounted.stray_in_lane(offset)
            self._stray_in_lane(exit_, read.at)
            return
        self._lanes.arrived(read.channel, item, offset, read.at)
        self._track.remove(item)
        self._track.left.append(item)
        free, verdict = exit_.lane == self._line.free_lane, item.parcel.verdict
        let_go = free and self._was_let_go(item, item.parcel, exit_, read.at)
        mixed = self._unaccounted.doubt_ahead_of(item, exit_.lane)
        if free and (mixed or not let_go):
            self._astray(item.parcel, exit_, read.at, let_go=let_go)
            return
        if not free and verdict is not None and verdict.releases:
            self._clearing.hold(item.parcel, "device_fault", read.at)  # let go, and not where it was sent
        self._arrive(item.parcel, exit_, read.at)

    def at_end(self, item: Item, at: Instant) -> None:
        parcel = item.parcel
        if parcel is None:
            return  # told once it is long enough to be a parcel
        wanted = parcel.verdict.bay.lane if parcel.verdict is not None else None
        if wanted != self._end.lane:
            self._clearing.hold(parcel, _why_at_end(parcel), at)
        self._track.remove(item, len(self._track.beams) - 1)
        self._track.left.append(item)
        self._arrive(parcel, self._end, at)

    def lose(self, item: Item, at: Instant) -> None:
        """It did not come where it should: it must be scanned in again."""
        if item.parcel is not None:
            self._clearing.lose(item.parcel, "lost_track", at)

    def _arrive(self, parcel: Parcel, exit_: Exit, at: Instant) -> None:
        self._ledger.count_journalled()
        self._clearing.moved(parcel, exit_, at)
        self._clearing.settle(parcel, exit_)
        self._lanes.count(exit_, self._clearing.own_code(parcel), parcel)

    def _was_let_go(self, item: Item, parcel: Parcel, exit_: Exit, at: Instant) -> bool:
        """Only for a parcel in work: a release that has ended meanwhile falls back to hold."""
        sent = item.ordered and item.push is not None and item.push.diverter.lane == exit_.lane
        if not sent or item.doubts or parcel.verdict is None or not parcel.verdict.releases:
            return False
        return self._clearing.check_release(parcel, at)

    def _astray(self, parcel: Parcel, exit_: Exit, at: Instant, *, let_go: bool) -> None:
        """It lies in the free lane and nobody let it go. `let_go`: or it was, and another one may have come for it."""
        self._ledger.count_journalled()
        if parcel.verdict is not None and parcel.verdict.releases and not let_go:
            self._clearing.hold(parcel, "swap_suspected", at)  # another one's push has taken it along
        self._clearing.moved(parcel, exit_, at, departs=False)
        self._clearing.lose(parcel, "swap_suspected", at)
        self._lanes.count(exit_, self._clearing.own_code(parcel), parcel)

    def _stray_in_lane(self, exit_: Exit, at: Instant) -> None:
        """Something nobody sent there, perhaps of before a restart. It has a visit, so that it is looked for."""
        self._visits.enter()
        self._ledger.count_journalled()
        parcel = Parcel(self._ledger.mint_visit(at), DwellClock(at), phase_at=at)
        self._clearing.record("parcel.arrived", parcel, at, flags=("unknown_item",), clock="hub")
        self._clearing.moved(parcel, exit_, at)
        self._clearing.lose(parcel, "unknown_item", at)
        self._lanes.count(exit_, None, parcel)


def _why_at_end(parcel: Parcel) -> Reason:
    """Of one that was not sent there."""
    match parcel.phase:
        case "measuring" | "inspecting":
            return "no_time"
        case "asking":
            return "decision_late"
        case "recording" | "placing" | "placed":
            return "device_fault"  # it should have been diverted
