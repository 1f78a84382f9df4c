"""A line that a controller drives: it tracks parcels by its own numbers and diverts them; the gateway decides.

    inducted ─► codes and weight of that number ─► asked ─► destination ─► discharged

`tracked` knows the numbers under way, `plc_measuring` what is read and weighed, `clearing` what becomes of a parcel,
`plc_destinations` what the controller is told. A discharge that the controller has seen ends the visit: into the free
lane only under a release that still holds and was sent there. Whatever shakes the numbers (a telegram lost, a number
that comes again, a controller that was away) puts the parcels under way in doubt, and they go to the fail-safe lane.
"""

from typing import Final

from drivers.reading import (
    BarcodeRead,
    DeviceDown,
    DeviceFault,
    DeviceUp,
    Discharged,
    EventsLost,
    Inducted,
    NoRead,
    Reading,
    WeightRead,
)
from edge.core.clearing import Clearing, act_of
from edge.core.decision import Decision, Reason
from edge.core.dwell import DwellClock, DwellLedger
from edge.core.ledger import Ledger
from edge.core.offline import Offline
from edge.core.parcel import Parcel
from edge.core.plc_destinations import PlcDestinations
from edge.core.plc_measuring import PlcMeasuring
from edge.core.shadow import Shadow
from edge.core.snapshot import LaneView
from edge.core.tracked import Tracked, TrackTable
from edge.core.visits import Visits
from hub_config.hub import HubConfig
from hub_config.names import DeviceId, Instant
from hub_config.plc import PlcExit, PlcLine, PlcWcsConfig

LOST_FRAMES: Final = ("garbled", "too_long", "bad_text", "not_proven", "out_of_turn")
"""Faults that stand for a reading that was lost; the others are states of a device."""


class PlcDrivenLine:
    def __init__(
        self, config: PlcLine, hub: HubConfig, ledger: Ledger, visits: Visits, dwell: DwellLedger,
        offline: Offline,
    ) -> None:  # fmt: skip
        plc = hub.device(config.plc)
        assert isinstance(plc, PlcWcsConfig), f"{config.id}: {config.plc} is no controller"
        self.config = config
        self._plc = plc
        self._ledger = ledger
        self._visits = visits
        self.clearing = Clearing(config, ledger, visits, dwell, offline)
        self.table = TrackTable(config)
        self.destinations = PlcDestinations(config, self.table, self.clearing, ledger, drives=plc.drives)
        self._measuring = PlcMeasuring(config, hub, self.table, self.clearing, ledger, visits)
        self.shadow = None if plc.drives else Shadow()
        """Of a line that is only listened to: what its controller has done otherwise."""
        self.views = {one.lane: LaneView(one.lane, one.bay) for one in config.exits}
        self._down: dict[DeviceId, str] = {}
        self.wake_at: Instant | None = None
        """When it wants to be woken."""

    @property
    def devices(self) -> tuple[DeviceId, ...]:
        return self.config.devices

    @property
    def devices_down(self) -> tuple[str, ...]:
        return tuple(sorted(self._down))

    # What comes in --------------------------------------------------------------------------------

    def read(self, reading: Reading, at: Instant) -> None:
        """A reading of one of this line's devices."""
        match reading:
            case Inducted():
                self._induct(reading)
            case Discharged():
                self._discharge(reading, at)
            case BarcodeRead():
                self._speaks(reading.device)
                doubted = self._measuring.code(reading, at)
                if doubted is not None:
                    self.destinations.take_back(doubted, doubted.doubts[-1], at)
            case NoRead():
                self._ledger.count_rejected("no_read")
            case WeightRead():
                self._speaks(reading.device)
                self._measuring.weigh(reading)
            case EventsLost():
                self._ledger.count_rejected("events_lost")
                self._shake(at)
            case DeviceUp():
                self._device_back(reading.device)
            case DeviceDown():
                self._device_gone(reading.device, reading.reason, at)
            case DeviceFault():
                if reading.code in LOST_FRAMES:
                    self._ledger.count_rejected(reading.code)
                    if reading.device == self.config.plc and reading.code != "out_of_turn":
                        self._shake(at)  # what it was nobody knows; one told late was missed before
                elif reading.code == "silent":
                    self._device_gone(reading.device, reading.detail, at)
        self._advance(at)

    def decide(self, decision: Decision, at: Instant) -> str | None:
        """Obeys a decision; or says in a word why it is not obeyed."""
        for tracked in self.table.items:
            if decision.is_about(tracked.parcel.visit, tracked.parcel.minted):
                break
        else:
            return "no_such_parcel"
        refused = self.clearing.decide_on(tracked.parcel, decision, at, is_open=tracked.is_open)
        self._advance(at)
        return refused

    @property
    def awaits_commit(self) -> bool:
        return bool(self.clearing.awaited or self.destinations.intents)

    def committed(self, first: int, ids: tuple[str, ...], at: Instant) -> None:
        ready = self.clearing.commit(first, ids, at)
        for parcel in ready:
            parcel.enter("placing", at)
        if self.destinations.committed(first, len(ids), at) or ready:
            self._advance(at)

    def set_link(self, *, trouble: bool, at: Instant) -> None:
        self.destinations.trouble = trouble
        for tracked in self.table.items:
            if trouble:
                self.destinations.take_back(tracked, "device_fault", at)
            elif self.clearing.away and tracked.parcel.phase == "asking":
                self.clearing.answer_alone(tracked.parcel, at)
        self._advance(at)

    def set_clock(self, *, jumped: bool, at: Instant) -> None:
        if jumped:
            for tracked in self.table.items:
                self.clearing.doubt_clock(tracked.parcel, at)
            self._advance(at)

    def wake(self, at: Instant) -> None:
        """`wake_at` has come."""
        self._advance(at)

    # Numbers ----------------------------------------------------------------------------------------

    def _induct(self, read: Inducted) -> None:
        before = self.table.get(read.track)
        if before is not None:
            before.doubt("swap_suspected")
            self.destinations.recall(before)
            self._lose(before, "swap_suspected", read.at)
        elif self.table.full:
            self._ledger.count_rejected("too_many_items")
            self.destinations.refuse(read.track)
            return
        parcel = Parcel(self._ledger.mint_visit(read.at), DwellClock(read.at), phase_at=read.at)
        tracked = Tracked(read.track, read.at, parcel)
        if before is not None:
            tracked.reused = True
            tracked.doubt("swap_suspected")  # a number for two names neither
        elif not self.destinations.ready:
            tracked.doubt("device_fault")
        self.table.add(tracked)
        self._visits.enter()
        self._ledger.count_journalled()
        self.clearing.record("parcel.arrived", parcel, read.at, clock="hub")

    def _discharge(self, read: Discharged, at: Instant) -> None:
        exit_, tracked = self.config.exit_called(read.lane), self.table.get(read.track)
        if tracked is None:
            if exit_ is not None and read.result not in self._plc.lost:
                self._stray(exit_, read.at)
            else:
                self._ledger.count_rejected("orphan_discharge")
            return
        self.table.remove(tracked)
        self._ledger.count_journalled()
        if self.shadow is not None:
            wanted = tracked.parcel.verdict.bay.lane if tracked.parcel.verdict is not None else None
            self.shadow.compare(tracked, wanted, read, exit_)
        if tracked.reused or exit_ is None or read.result in self._plc.lost:
            self.destinations.recall(tracked)
            why: Reason = "swap_suspected" if tracked.reused else "lost_track"
            self._tell_lost(tracked, why if exit_ is not None else "device_fault", at)
            return
        seen = read.result in self._plc.confirmed
        parcel = tracked.parcel
        if exit_.lane == self.config.free_lane and not (seen and self._was_let_go(tracked, exit_, at)):
            self._tell_astray(tracked, exit_, read.at)
        else:
            if parcel.verdict is None or parcel.verdict.bay.lane != exit_.lane:
                self.clearing.hold(parcel, self._why_elsewhere(tracked), at)
            self.clearing.moved(parcel, exit_, read.at)
            self.clearing.settle(parcel, exit_)
        self._count(exit_, tracked.parcel)

    def _was_let_go(self, tracked: Tracked, exit_: PlcExit, at: Instant) -> bool:
        """It was sent there under a release that still holds. A line that is only listened to was sent nowhere: there
        the release alone counts."""
        parcel = tracked.parcel
        sent = tracked.ordered == exit_.lane or self.shadow is not None
        on_disk = parcel.phase == "placing"
        if not sent or not on_disk or tracked.doubts or parcel.verdict is None or not parcel.verdict.releases:
            return False
        return self.clearing.check_release(parcel, at)

    def _why_elsewhere(self, tracked: Tracked) -> Reason:
        """Of one that is not where its verdict has it, or has none."""
        if tracked.doubts:
            return tracked.doubts[0]
        match tracked.parcel.phase:
            case "measuring" | "inspecting":
                return "no_time"
            case "asking":
                return "decision_late"
            case "recording" | "placing" | "placed":
                return "device_fault"

    def _stray(self, exit_: PlcExit, at: Instant) -> None:
        """A number that nobody knows, perhaps of before a restart. It has a visit, so that it is looked for."""
        self._visits.enter()
        self._ledger.count_journalled()
        parcel = Parcel(self._ledger.mint_visit(at), DwellClock(at), phase_at=at)
        self.clearing.record("parcel.arrived", parcel, at, flags=("unknown_item",), clock="hub")
        self.clearing.moved(parcel, exit_, at)
        self._tell_lost(Tracked(0, at, parcel), "unknown_item", at)
        self._count(exit_, parcel)

    def _tell_astray(self, tracked: Tracked, exit_: PlcExit, at: Instant) -> None:
        """It lies in the free lane and was not let go there, or was called back too late: it must be found."""
        verdict = tracked.parcel.verdict
        sent = tracked.intent is not None and tracked.ordered is not None
        if verdict is not None and verdict.releases and not sent:
            self.clearing.hold(tracked.parcel, "swap_suspected", at)
            verdict = tracked.parcel.verdict
        act, decision = act_of(exit_, confirmed=True), None if verdict is None else verdict.decision
        self.clearing.record("parcel.diverted", tracked.parcel, at, act=act, decision=decision)
        self._tell_lost(tracked, "swap_suspected", at)

    def _lose(self, tracked: Tracked, why: Reason, at: Instant) -> None:
        """It is no longer followed: it must be scanned in again."""
        self.table.remove(tracked)
        self._tell_lost(tracked, why, at)

    def _tell_lost(self, tracked: Tracked, why: Reason, at: Instant) -> None:
        self.clearing.lose(tracked.parcel, why, at)

    def _count(self, exit_: PlcExit, parcel: Parcel) -> None:
        reasons = parcel.verdict.reasons if parcel.verdict is not None else ()
        view = self.views[exit_.lane]
        code = self.clearing.own_code(parcel)
        self.views[exit_.lane] = LaneView(view.lane, view.bay, view.count + 1, code, reasons)

    # Devices ------------------------------------------------------------------------------------------

    def _speaks(self, device: DeviceId) -> None:
        """A device of our own works again; a controller says so itself."""
        if device != self.config.plc:
            self._down.pop(device, None)

    def _device_back(self, device: DeviceId) -> None:
        self._down.pop(device, None)
        if device == self.config.plc:
            self.destinations.ready = True
            self.destinations.repeat()

    def _device_gone(self, device: DeviceId, how: str, at: Instant) -> None:
        self._down[device] = how
        if device == self.config.plc:
            self.destinations.ready = False
            self._shake(at)

    def _shake(self, at: Instant) -> None:
        """What the controller has told meanwhile nobody knows: which parcel a number names is in doubt."""
        for tracked in self.table.items:
            self.destinations.take_back(tracked, "device_fault", at)

    # What a parcel still lacks ----------------------------------------------------------------------

    def _advance(self, at: Instant) -> None:
        """Does everything that is due, and says when to look again."""
        dues: list[Instant] = []
        for tracked in self.table.items:
            lost_at = self.table.after(tracked, self.config.lost_after_ms)
            if at >= lost_at:
                self.destinations.recall(tracked)
                self._lose(tracked, "lost_track", at)
                continue
            dues.append(lost_at)
            self._move_on(tracked, at)
            dues += self._dues(tracked)
        self.wake_at = min((due for due in dues if due > at), default=None)

    def _move_on(self, tracked: Tracked, at: Instant) -> None:
        parcel = tracked.parcel
        if parcel.phase == "measuring" and self._measuring.is_complete(tracked, at):
            self._measuring.close(tracked, bool(self._down), at)
        if parcel.early is not None and parcel.due_at is not None and at >= parcel.due_at:
            self.clearing.take_early(parcel, at, is_open=tracked.is_open)
        if parcel.phase in ("measuring", "asking") and at >= self.destinations.closes_at(tracked):
            reason: Reason = "no_time" if parcel.phase == "measuring" else "decision_late"
            self.clearing.hold(parcel, reason, at)
        self.destinations.watch(tracked, at)
        self.destinations.place(tracked, at)

    def _dues(self, tracked: Tracked) -> list[Instant]:
        parcel = tracked.parcel
        dues = [] if parcel.due_at is None else [parcel.due_at]
        if parcel.phase == "measuring":
            dues += [self.table.closes_at(tracked), self._measuring.due(tracked)]
        if parcel.phase in ("measuring", "asking"):
            dues.append(self.destinations.closes_at(tracked))
        return dues
