"""Pushing a parcel into its lane: at the point of no return, once, and only what is sure.

    cleared ─► intent written down ─► on disk ─► ordered ─► seen in the lane
                     │                   └─ no longer true, too late, refused: straight on

The point of no return lies `order_lead` before the diverter must begin to move. There everything is looked at again:
that the parcel was seen by the last beam as long as before and the belt has run steadily since, that its neighbours are
far enough, that the release holds until its lane has seen it, that the board takes orders. The intent is on disk before
the order goes out, so that after a crash an order without a confirmation is known (contract §7). Until the diverter
moves, a stop, a doubt or a belt that comes early or late takes the order back. Everything else runs to the end of the
belt, the fail-safe lane.
"""

from typing import Final

from drivers.command import SwitchOff, SwitchOn
from drivers.reading import OrderAnswered
from edge.core.belt import NEVER_UM, Belt
from edge.core.clearing import Clearing, act_of
from edge.core.decision import Reason
from edge.core.item import Item, Push, gap_between
from edge.core.lanes import LANE_TOLERANCES, Lanes
from edge.core.ledger import Ledger
from edge.core.parcel import Parcel
from edge.core.track import Track
from edge.core.unaccounted import Unaccounted
from hub_config.hub import HubConfig
from hub_config.lines import Diverter
from hub_config.lines import Line as LineConfig
from hub_config.lingering import lingers_ms
from hub_config.names import MILLISECOND, Instant, LaneId

FIRE_MIN_NS: Final = 20 * MILLISECOND
"""The board must have an order this long before it acts on it. Later, the parcel is not diverted."""
TRAIN_MAX: Final = 8
"""Parcels close behind each other that one diverter takes without moving between them."""
INTENTS_MAX: Final = 64
"""Diverts on their way to the disk. With so many the disk is too far behind, and no further one is begun."""


class Diverting:
    def __init__(
        self, line: LineConfig, hub: HubConfig, track: Track, belt: Belt, lanes: Lanes, clearing: Clearing,
        ledger: Ledger,
    ) -> None:  # fmt: skip
        self._line = line
        self._track = track
        self._belt = belt
        self._lanes = lanes
        self._clearing = clearing
        self._ledger = ledger
        self._orders = 0
        self.intents: dict[int, Item] = {}
        """Diverts on their way to the disk, by the number of their record."""
        self.ready = False
        """The board takes orders."""
        self.trouble = False
        """The disk refuses: no evidence, no movement."""
        self._points = {one.id: line.no_return_um(one) for one in line.diverters}
        self._lingers_um = line.travel_um(lingers_ms(hub, line) * MILLISECOND)
        """How much farther the belt may run before a silent board has let a diverter back."""
        self._gaps = {one.id: line.gap_needed_um(one) for one in line.diverters}
        """Free belt that each needs before and behind a parcel."""
        self._first_point = min(self._points.values())
        self._last_looks = {one.id: self._last_look(one) for one in line.diverters}
        self.unaccounted = Unaccounted(line, track, min(self._last_looks.values()))

    def _last_look(self, diverter: Diverter) -> int:
        """Index of the last belt beam before this diverter's point of no return: the one that must have seen it."""
        point = self._points[diverter.id]
        return max(place for place, beam in enumerate(self._track.beams) if beam.position_um <= point)

    def diverter_of(self, lane: str) -> Diverter | None:
        for one in self._line.diverters:
            if one.lane == lane:
                return one
        return None

    def is_open(self, item: Item, lane: LaneId, travel_um: int) -> bool:
        """Nothing has been begun for it, and it is before the point of no return of this lane's diverter."""
        diverter = self.diverter_of(lane)
        before = diverter is None or travel_um < self._points[diverter.id] - item.front_um
        return item.push is None and before

    # At the point of no return ----------------------------------------------------------------------

    def advance(self, travel_um: int, at: Instant) -> int:
        """Does what is due for the foremost items; returns the travel at which the next comes to its point."""
        next_um = NEVER_UM
        for item in self._track.items:
            parcel = item.parcel
            if parcel is None:
                continue
            if not item.looked_past:
                way = self._first_point - item.front_um
                if travel_um < way:
                    if item.push is None and parcel.phase == "placing":
                        next_um = min(next_um, self._look(item, parcel, travel_um, at))
                    next_um = min(next_um, way)
                    break  # what is behind it comes later still
                item.looked_past = True
                self._close(parcel, at)
            if item.push is None and parcel.phase in ("recording", "placing"):
                next_um = min(next_um, self._look(item, parcel, travel_um, at))
        return next_um

    def _look(self, item: Item, parcel: Parcel, travel_um: int, at: Instant) -> int:
        """At one that is decided; returns the travel at which to look again."""
        diverter = self.diverter_of(parcel.verdict.bay.lane) if parcel.verdict is not None else None
        if diverter is None or parcel.verdict is None:
            return NEVER_UM
        way = self._points[diverter.id] - item.front_um
        if travel_um < way:
            early = way - self._stays_out_um(item, diverter)
            if travel_um < early:
                return early
            if parcel.phase != "placing" or self._unseen(item, diverter) or self._doubt(item, diverter):
                return way
        if parcel.phase == "placing":
            self._intend(item, diverter, travel_um, at)
        elif parcel.verdict.releases:
            self._clearing.hold(parcel, "no_time", at)  # its decision is not on disk yet
        return NEVER_UM

    def _close(self, parcel: Parcel, at: Instant) -> None:
        """No decision by now: to the lane for late ones (contract §5, deadline)."""
        if parcel.phase in ("measuring", "asking"):
            reason: Reason = "no_time" if parcel.phase == "measuring" else "decision_late"
            self._clearing.hold(parcel, reason, at, lane=self._line.late_lane)

    def _intend(self, item: Item, diverter: Diverter, travel_um: int, at: Instant) -> None:
        parcel = item.parcel
        assert parcel is not None, f"{self._line.id}: only parcels are diverted"
        assert parcel.verdict is not None, f"{self._line.id}: only what is decided is diverted"
        doubt = self._unseen(item, diverter) or self._doubt(item, diverter)
        if self._is_blocked(diverter, at) or len(self.intents) >= INTENTS_MAX:
            doubt = "device_fault"
        elif travel_um > self._points[diverter.id] - item.front_um + self._line.tolerance_um:
            doubt = "no_time"  # the belt was elsewhere than it was thought to be
        if doubt is not None:
            self._fall_back(item, doubt, at)
            return
        if not self._may_move(item, diverter, at):
            return
        act = act_of(parcel.verdict.bay, confirmed=False)
        decision = parcel.verdict.decision
        number = self._clearing.record("parcel.diverted", parcel, at, act=act, decision=decision)
        item.push = Push(diverter, number, decided=parcel.decided)
        self.intents[number] = item

    def _is_blocked(self, diverter: Diverter, at: Instant) -> bool:
        """Nothing is diverted without the board, the disk, or knowing where the belt is; nor into a full lane."""
        if diverter.lane in self._lanes.full(at):
            return True
        return not self.ready or self.trouble or self._belt.dead or self._belt.is_late(at)

    def _doubt(self, item: Item, diverter: Diverter) -> Reason | None:
        """What was noticed of it since it came on the belt; None if nothing."""
        if item.doubts:
            return item.doubts[0]
        if self.unaccounted.is_ahead_of(item):
            return "swap_suspected"  # it may lie where this one should be by then
        ahead, behind = self._track.gaps_um(item)
        needed = self._gaps[diverter.id]
        if (ahead is None or ahead >= needed) and (behind is None or behind >= needed + self._lingers_um):
            return None
        along = self._goes_along(item, diverter, -1) and self._goes_along(item, diverter, 1)
        return None if along and self._may_linger(item, diverter) else "not_isolated"

    def _may_linger(self, item: Item, diverter: Diverter) -> bool:
        """Should the board fall silent with this one's output on, it takes only those behind who are to go there as
        well. That output is not on before its time, so whoever is ahead is none of them."""
        reach_um = self._gaps[diverter.id] + self._lingers_um
        items = self._track.items
        for other in items[items.index(item) + 1 :] if self._lingers_um else ():
            if gap_between(item, other) >= reach_um:
                return True
            if not self._is_sent(other, diverter):
                return False
        return True

    def _close_by(self, item: Item, diverter: Diverter, step: int) -> Item | None:
        """Its neighbour ahead (-1) or behind (1), if the diverter can't move between them."""
        gap = self._track.gaps_um(item)[max(0, step)]
        if gap is None or gap >= self._gaps[diverter.id]:
            return None
        return self._track.items[self._track.items.index(item) + step]

    def _goes_along(self, item: Item, diverter: Diverter, step: int) -> bool:
        """On this side nobody is close by who goes elsewhere: those who go the same way need no gap, only to be two.
        So the diverter stays out between them."""
        for _ in range(TRAIN_MAX):
            gap = self._track.gaps_um(item)[max(0, step)]
            other = self._close_by(item, diverter, step)
            if other is None:
                return True
            if gap is None or gap < self._line.min_gap_um or not self._is_sent(other, diverter):
                return False
            item = other
        return False

    def _is_sent(self, item: Item, diverter: Diverter) -> bool:
        """To this diverter, surely and for good, as far as is known."""
        parcel = item.parcel
        if parcel is None or parcel.phase != "placing" or item.doubts or parcel.verdict is None:
            return False
        ended = item.push is not None and item.push.ended
        return not ended and parcel.verdict.bay.lane == diverter.lane

    def _unseen(self, item: Item, diverter: Diverter) -> Reason | None:
        """Why it is not sure to be where the belt says, in its full length; None if it is."""
        last_look = self._last_looks[diverter.id]
        if item.seen < last_look or item.rear_um is None or item.sure_at < self._belt.unsure_at:
            return "lost_track"
        if item.cleared < min(last_look, self._track.must_have_left(item, self._belt.travel_um)):
            return "not_isolated"  # it has not ended where it should
        return None

    def _passes_at(self, item: Item, diverter: Diverter) -> Instant | None:
        """When its front reaches the diverter."""
        return self._belt.when(diverter.position_um - item.front_um)

    def _may_move(self, item: Item, diverter: Diverter, at: Instant) -> bool:
        """The release holds until the lane's beam has seen it; False while the belt stands, and when it falls back."""
        assert item.parcel is not None, f"{self._line.id}: only parcels are diverted"
        beam_um = self._line.beam(diverter.beam).position_um + LANE_TOLERANCES * self._line.tolerance_um
        moved_at = self._belt.when(beam_um - item.front_um)
        return moved_at is not None and self._clearing.check_release(item.parcel, at, moves_at=moved_at)

    def _fall_back(self, item: Item, reason: Reason, at: Instant) -> None:
        """Straight on. Only a verdict that would have opened a lane has to be taken back."""
        assert item.parcel is not None, f"{self._line.id}: only parcels fall back"
        item.push = None
        self._clearing.hold(item.parcel, reason, at)

    # Ordering ---------------------------------------------------------------------------------------

    def committed(self, first: int, count: int, at: Instant) -> bool:
        """Events are on disk; for each intent among them the order goes out. False if there was none."""
        if not self.intents:
            return False
        found = [self.intents.pop(number, None) for number in range(first, first + count)]
        for item in found:
            if item is not None and item.push is not None and not item.push.ended:
                self._order(item, item.push, at)
        return any(item is not None for item in found)

    def _order(self, item: Item, push: Push, at: Instant) -> None:
        parcel = item.parcel
        assert parcel is not None, f"{self._line.id}: only parcels are diverted"
        passes = self._passes_at(item, push.diverter)
        if item not in self._track.items or parcel.phase != "placing" or parcel.decided != push.decided:
            push.ended = True  # lost, or recalled since: its new verdict is on its way to the disk
            return
        doubt = self._unseen(item, push.diverter) or self._doubt(item, push.diverter)
        if self._is_blocked(push.diverter, at) or passes is None:
            self._end(item, "device_fault", at)
        elif doubt is not None:
            self._end(item, doubt, at)
        elif passes - self._before_ns(item, push.diverter) < at + FIRE_MIN_NS:
            self._end(item, "no_time", at)
        elif not self._may_move(item, push.diverter, at):
            push.ended = True
        else:
            self._fire(item, push, passes)

    def _before_ns(self, item: Item, diverter: Diverter) -> int:
        """So long before its front comes the diverter begins to move for it; behind another that goes the same way it
        has to stay out from then on. That is ordered with the one behind: if it is not let go, nothing waits for it."""
        before_ns = diverter.actuation_ms * MILLISECOND
        return max(before_ns, self._belt.time_for(self._out_for_um(item, diverter)))

    def _out_for_um(self, item: Item, diverter: Diverter) -> int:
        """The way in which it has to stay out behind the one ahead; 0 where it may go back between."""
        gap_um = self._track.gaps_um(item)[0]
        if gap_um is None or self._close_by(item, diverter, -1) is None:
            return 0
        return max(0, gap_um - self._line.clearance_um + self._line.clearance_um // 2)

    def _stays_out_um(self, item: Item, diverter: Diverter) -> int:
        """By so much sooner than at the point of no return it is ordered, if that can be: the time from there on is for
        a diverter that begins to move `actuation` before the front comes."""
        moves_um = self._line.travel_um(diverter.actuation_ms * MILLISECOND)
        return max(0, self._out_for_um(item, diverter) - moves_um)

    def _fire(self, item: Item, push: Push, passes: Instant) -> None:
        assert item.rear_um is not None, f"{self._line.id}: a parcel without a rear is not diverted"
        length_um = item.front_um - item.rear_um + self._line.clearance_um
        self._orders += 1
        push.order = self._orders
        push.passes_at = passes
        lane_um = self._line.beam(push.diverter.beam).position_um
        push.lane_at = Instant(passes + self._belt.time_for(lane_um - push.diverter.position_um))
        push.fire_at = Instant(passes - self._before_ns(item, push.diverter))
        self._track.expect(item)
        for_ns = passes - push.fire_at + self._belt.time_for(length_um)
        self._ledger.order(
            SwitchOn(self._line.board, push.order, push.diverter.channel, push.fire_at, for_ns)
        )

    def _end(self, item: Item, reason: Reason, at: Instant) -> None:
        """The divert does not happen; the intent stays on record, and so does this."""
        assert item.push is not None, f"{self._line.id}: no divert to end"
        assert item.parcel is not None, f"{self._line.id}: only parcels are diverted"
        item.push.ended = True
        self._track.expect(item)
        self._clearing.hold(item.parcel, reason, at)

    def answered(self, read: OrderAnswered, at: Instant) -> bool:
        """What the board said to an order; False if the order is nobody's any more."""
        for item in self._track.items:
            push = item.push
            if push is None:
                continue
            if push.order == read.order and not push.ended:
                if not read.accepted:
                    if read.detail == "unanswered":
                        self._recall(push, at)  # the board may have it all the same
                    self._end(item, "no_time" if read.detail == "late" else "device_fault", at)
                return True
            if push.recall == read.order:
                if read.accepted and at < push.fire_at and not push.ended:
                    self._end(item, push.why, at)
                return True  # if it came too late, or nobody knows: where the parcel goes its beam will tell
        return False

    def cancel(self, item: Item, at: Instant) -> bool:
        """Before the diverter moves, an order can be taken back; False if it is too late for that."""
        push = item.push
        if push is None or push.ended:
            return True
        if push.order is not None and not self._recall(push, at):
            return False
        push.ended = True
        self._track.expect(item)
        return True

    def _recall(self, push: Push, at: Instant) -> bool:
        """False if the board could not heed it in time."""
        if at + FIRE_MIN_NS > push.fire_at:
            return False
        if push.recall is None:
            self._orders += 1
            push.recall = self._orders
            # From the moment it would have moved: the parcel before it may still need the diverter.
            self._ledger.order(SwitchOff(self._line.board, push.recall, push.diverter.channel, push.fire_at))
        return True

    def watch(self, at: Instant) -> None:
        """Until its diverter moves, what speaks against an order takes it back."""
        self.unaccounted.look(self._belt.travel_um)
        if not self.ready:
            return  # what the board does now nobody can change
        for item in self._track.items:
            push = item.push
            if push is None or push.order is None or push.ended or at + FIRE_MIN_NS > push.fire_at:
                continue
            doubt = self._doubt(item, push.diverter)
            if doubt is not None:
                self.cancel(item, at)
                self._end(item, doubt, at)
            elif self._belt.is_late(at) or self._is_off(item, push):
                self._take_back(item, push, "no_time", at)
            elif push.diverter.lane in self._lanes.full(at):
                self._take_back(item, push, "device_fault", at)

    def _is_off(self, item: Item, push: Push) -> bool:
        """The belt has come farther, or less far, than was foreseen when the order went out."""
        passes = self._passes_at(item, push.diverter)
        return passes is None or abs(passes - push.passes_at) > self._belt.time_for(self._line.tolerance_um)

    def take_back(self, reason: Reason, at: Instant) -> None:
        """The belt stands, so that an order by time would push whatever lies there when it comes (architecture §6.3);
        or the disk refuses."""
        for item in tuple(self._track.items):
            if item.push is not None and not item.push.ended:
                self._take_back(item, item.push, reason, at)

    def _take_back(self, item: Item, push: Push, reason: Reason, at: Instant) -> None:
        """What the board has is taken back only when it says so: it may as well have fallen silent, and will push."""
        if push.order is not None:
            push.why = reason
            self._recall(push, at)
        elif item.parcel is not None and item.parcel.phase == "placing":
            self._end(item, reason, at)
