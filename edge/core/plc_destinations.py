"""Telling a controller where a parcel goes: the fail-safe lane, unless a release that is on disk holds long enough.

    decided ─► intent written down ─► on disk ─► destination sent ─► discharged
                      │                   └─ no longer true, or too late: the fail-safe lane

The controller moves the parcel itself, at a moment that the gateway does not see. So a release must hold until the
latest moment at which the parcel may be discharged, and whatever speaks against it before then sends the fail-safe lane
after it: the latest destination counts. Whether that came in time, the discharge tells.
"""

from typing import Final

from drivers.command import Destination
from edge.core.clearing import Clearing, act_of
from edge.core.decision import Reason
from edge.core.ledger import Ledger
from edge.core.tracked import Intent, Tracked, TrackTable
from hub_config.names import Instant, LaneId
from hub_config.plc import PlcLine

INTENTS_MAX: Final = 64
"""Destinations on their way to the disk. With so many the disk is too far behind, and no further one is begun."""


class PlcDestinations:
    def __init__(
        self, config: PlcLine, table: TrackTable, clearing: Clearing, ledger: Ledger, *, drives: bool
    ) -> None:
        self._config = config
        self._table = table
        self._clearing = clearing
        self._ledger = ledger
        self._drives = drives
        """False: the line is only listened to, and nothing is ever sent."""
        self.intents: dict[int, Tracked] = {}
        """By the number of their record."""
        self.ready = False
        """The controller lives."""
        self.trouble = False
        """The disk refuses: no evidence, no movement."""

    def place(self, tracked: Tracked, at: Instant) -> None:
        """Its verdict is on disk: sends it there, or writes down that it will."""
        parcel = tracked.parcel
        if not self._drives or parcel.phase != "placing" or parcel.verdict is None:
            return
        lane = parcel.verdict.bay.lane
        if lane == self._config.fail_safe:
            self._send(tracked, lane)
            return
        if tracked.intent is not None:
            return
        doubt = self._doubt(tracked, at)
        if doubt is None and len(self.intents) >= INTENTS_MAX:
            doubt = "device_fault"
        if doubt is not None:
            self._clearing.hold(parcel, doubt, at)
            return
        if not self._holds(tracked, at):
            return
        act = act_of(parcel.verdict.bay, confirmed=False)
        number = self._clearing.record(
            "parcel.diverted", parcel, at, act=act, decision=parcel.verdict.decision
        )
        tracked.intent = Intent(number, lane, parcel.decided)
        self.intents[number] = tracked

    def _doubt(self, tracked: Tracked, at: Instant) -> Reason | None:
        """Why nothing but the fail-safe lane may be sent."""
        if tracked.doubts:
            return tracked.doubts[0]
        if not self.ready or self.trouble:
            return "device_fault"
        return "no_time" if at >= self.closes_at(tracked) else None

    def closes_at(self, tracked: Tracked) -> Instant:
        """The controller takes a destination up to then."""
        return self._table.after(tracked, self._config.decide_within_ms)

    def _holds(self, tracked: Tracked, at: Instant) -> bool:
        """Its release holds until it must have been discharged; else it is held now."""
        moves_at = self._table.after(tracked, self._config.discharged_within_ms)
        return self._clearing.check_release(tracked.parcel, at, moves_at=moves_at)

    def committed(self, first: int, count: int, at: Instant) -> bool:
        """Events are on disk; for each intent among them the destination goes out. False if there was none."""
        found = (
            [self.intents.pop(number, None) for number in range(first, first + count)] if self.intents else []
        )
        for tracked in found:
            if tracked is not None:
                self._carry_out(tracked, at)
        return any(tracked is not None for tracked in found)

    def _carry_out(self, tracked: Tracked, at: Instant) -> None:
        parcel, intent = tracked.parcel, tracked.intent
        gone = self._table.get(tracked.track) is not tracked
        if gone or intent is None or parcel.phase != "placing" or parcel.decided != intent.decided:
            return  # lost, or recalled since: its new verdict is on its way to the disk
        doubt = self._doubt(tracked, at)
        if doubt is not None:
            self._clearing.hold(parcel, doubt, at)
        elif self._holds(tracked, at):
            self._send(tracked, intent.lane)

    def watch(self, tracked: Tracked, at: Instant) -> None:
        """What was sent stands only as long as nothing speaks against it."""
        if tracked.ordered in (None, self._config.fail_safe):
            return
        parcel = tracked.parcel
        stands = parcel.phase == "placing" and not tracked.doubts
        if stands and parcel.due_at is not None and at >= parcel.due_at:
            stands = self._clearing.check_release(parcel, at)
        if not stands or parcel.verdict is None or parcel.verdict.bay.lane != tracked.ordered:
            self.recall(tracked)

    def take_back(self, tracked: Tracked, reason: Reason, at: Instant) -> None:
        """Nothing but the fail-safe lane from here on, whatever was decided. A release that was sent stands on record
        until the discharge tells whether this came in time."""
        parcel = tracked.parcel
        tracked.doubt(reason)
        if tracked.ordered not in (None, self._config.fail_safe):
            self.recall(tracked)
        elif parcel.phase in ("recording", "placing") and parcel.verdict is not None:
            sent = tracked.ordered is not None and tracked.intent is not None
            if parcel.verdict.bay.lane != self._config.fail_safe and not sent:
                self._clearing.hold(parcel, reason, at)

    def recall(self, tracked: Tracked) -> None:
        """The fail-safe lane at once; that a verdict of hold reaches the disk first is not waited for."""
        if tracked.ordered not in (None, self._config.fail_safe):
            self._send(tracked, self._config.fail_safe)

    def repeat(self) -> None:
        """The controller is back: what it has heard meanwhile nobody knows."""
        for tracked in self._table.items:
            if tracked.ordered is not None:
                tracked.ordered = None
                self._send(tracked, self._config.fail_safe)

    def refuse(self, track: int) -> None:
        """A number that names nobody for sure."""
        self._order(track, self._config.fail_safe)

    def _send(self, tracked: Tracked, lane: LaneId) -> None:
        if self._drives and tracked.ordered != lane:
            tracked.ordered = lane
            self._order(tracked.track, lane)

    def _order(self, track: int, lane: LaneId) -> None:
        exit_ = self._config.exit_to(lane)
        assert exit_ is not None, (
            f"{self._config.id}: no exit of lane {lane} got past the check of the config"
        )
        if self._drives:
            self._ledger.order(Destination(self._config.plc, track, exit_.code))
