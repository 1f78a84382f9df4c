"""The manual station: one operator, scanners, a scale, and bays with barcodes.

One parcel is in work at a time (`handling.py` has its way). Here readings become scans, weights and bays. A scan or a
stable weight opens a parcel, both close its measurement. What doesn't add up is a hold with a reason of the contract.
"""

from collections.abc import Mapping
from typing import Final

from drivers.reading import (
    BarcodeRead,
    DeviceDown,
    DeviceFault,
    DeviceUp,
    DimensionsRead,
    NoRead,
    OrderAnswered,
    Reading,
    WeightRead,
)  # fmt: skip
from edge.core.bags import Bags, is_bag
from edge.core.bench_dims import BenchDims
from edge.core.decision import Decision, Reason
from edge.core.dwell import DwellLedger
from edge.core.event import Association, Code
from edge.core.fired_twice import FiredTwice
from edge.core.handling import Handling
from edge.core.inspection import Inspection
from edge.core.ledger import Ledger
from edge.core.metrology import BenchScale, is_legal, mass_of, metrology_of
from edge.core.offline import Offline
from edge.core.parcel import CODES_PER_PARCEL_MAX, Parcel
from edge.core.scale_watch import ScaleWatch, Sighting
from edge.core.scanned import COMMAND_PREFIX, LOST_FRAMES, code_of, is_identifier, of_the_same_label
from edge.core.snapshot import BenchView, LastPlaced, Refusal
from edge.core.station_view import Scene, told_of, view_of
from edge.core.visits import Visits
from hub_config.layout import Bay, Bench
from hub_config.names import MILLISECOND, DeviceId, Instant

ONE_AT_A_TIME: Final = Association("bench-one-at-a-time", 999_990, 0)
"""One parcel at a time, scanned and weighed by hand: the procedure vouches for the join, at the contract's floor.
It isn't a measured probability; a swap between scan and scale is left to the mass condition of the decision."""


class Station:
    def __init__(
        self, bench: Bench, scale: BenchScale, ledger: Ledger, visits: Visits, dwell: DwellLedger,
        offline: Offline, last: LastPlaced | None = None, sizer: BenchDims | None = None,
        badges: Mapping[str, str] = {},
    ) -> None:  # fmt: skip
        self.bench = bench
        self.work = Handling(bench, ledger, visits, dwell, offline, last, sizer)
        self._inspection = Inspection(self.work, badges)
        self._scale = scale
        self._ledger = ledger
        self._visits = visits
        self._watch = ScaleWatch(bench, metrology_of(scale).e_mg)
        self._bags = Bags(bench.id, ledger)
        self._bays: dict[str, Bay] = {bay.barcode: bay for bay in bench.bays}
        self._twice = FiredTwice(bench.same_code_ms)
        self._down: dict[DeviceId, str] = {}
        self._refused: Refusal | None = None
        self._trouble = False
        self._told = told_of(self._scene())
        self.view: BenchView = view_of(bench.id, self._told, revision=0, at=Instant(0))

    # What comes in --------------------------------------------------------------------------------

    def read(self, reading: Reading, at: Instant) -> None:
        """A reading of one of this bench's devices."""
        match reading:
            case BarcodeRead():
                self._scan(reading, at)
            case WeightRead() if not self._weigh(reading, at):
                return
            case DimensionsRead() | OrderAnswered():
                self.work.hear_sizer(reading, at)
            case NoRead():
                self._ledger.count_rejected("no_read")
            case DeviceUp():
                self._down.pop(reading.device, None)
                self.work.device_is(reading.device, at, up=True)
            case DeviceDown():
                self._device_gone(reading.device, reading.reason, at)
            case DeviceFault() if reading.code in LOST_FRAMES:
                self._ledger.count_rejected(reading.code)
            case DeviceFault() if reading.code == "silent":
                self._device_gone(reading.device, reading.detail, at)
        self._show(at)

    @property
    def awaits_commit(self) -> bool:
        return self.work.awaits_commit

    def committed(self, first: int, ids: tuple[str, ...], at: Instant) -> None:
        if self.work.committed(first, ids, at):
            self._show(at)

    def decide(self, decision: Decision, at: Instant) -> str | None:
        """Obeys a decision; or says in a word why it is not obeyed."""
        refused = self.work.decide(decision, at)
        self._show(at)
        return refused

    def set_link(self, *, trouble: bool, at: Instant) -> None:
        """The level has changed. `trouble`: no evidence, no movement."""
        self._trouble = trouble
        parcel = self.work.parcel
        if self.work.away and parcel is not None and parcel.phase == "asking":
            self.work.answer_alone(parcel, at)
        elif parcel is not None and parcel.phase == "placing":
            self.work.check_release(parcel, at)
        self._show(at)

    def set_clock(self, *, jumped: bool, at: Instant) -> None:
        """The wall clock was set; a release that is shown is looked at again."""
        parcel = self.work.parcel
        if jumped and parcel is not None:
            self.work.doubt_clock(parcel, at)
        if parcel is not None and parcel.phase == "placing":
            self.work.check_release(parcel, at)
        self._show(at)

    def wake(self, at: Instant) -> None:
        """A deadline of the parcel in work may have come."""
        self._inspection.wake(at)
        parcel = self.work.parcel
        due = None if parcel is None else self._due_of(parcel)
        if parcel is None or due is None or at < due:
            self._show(at)
            return
        match parcel.phase:
            case "measuring" if parcel.sizing:
                self.work.ask_without_box(parcel, at)
            case "measuring":
                self.work.hold(parcel, self._unmeasured_reason(parcel), at, retry=bool(parcel.codes))
            case "asking" if at < self._answer_due(parcel):
                self.work.take_early(parcel, at)
            case "asking":
                self.work.hold(parcel, "decision_late", at)
            case "placing":
                self.work.look_again(parcel, at)
        self._show(at)

    @property
    def wake_at(self) -> Instant | None:
        looked_at = self._inspection.wake_at
        due = None if self.work.parcel is None else self._due_of(self.work.parcel)
        return looked_at if due is None else due if looked_at is None else min(due, looked_at)

    def _due_of(self, parcel: Parcel) -> Instant | None:
        match parcel.phase:
            case "measuring" if parcel.sizing:
                return parcel.due_at
            case "measuring":
                weighed = parcel.mass is not None or parcel.overloaded
                ms = self.bench.scan_timeout_ms if weighed else self.bench.weigh_timeout_ms
                return Instant(parcel.phase_at + ms * MILLISECOND)
            case "asking":
                answer_due = self._answer_due(parcel)
                return answer_due if parcel.due_at is None else min(answer_due, parcel.due_at)
            case "placing":
                return parcel.due_at
            case "recording" | "placed" | "inspecting":
                return None

    def _answer_due(self, parcel: Parcel) -> Instant:
        return Instant(parcel.phase_at + self.bench.answer_timeout_ms * MILLISECOND)

    @property
    def devices_down(self) -> tuple[str, ...]:
        return tuple(sorted(self._down)) if self._down else ()

    # Scans ----------------------------------------------------------------------------------------

    def _scan(self, read: BarcodeRead, at: Instant) -> None:
        self._refused = None
        twice = self._twice.tells(read.data, at)
        bay = self._bays.get(read.data)
        gone = self.work.parcel is None or self.work.parcel.phase == "placed"
        if bay is not None and not (twice and gone):
            self._scan_bay(bay, at)
        elif twice:
            self._ledger.count_rejected("duplicate")
        elif self._trouble:
            self._refuse("not_now", "journal_trouble")
        elif read.data.startswith(COMMAND_PREFIX):
            refused = self._inspection.scanned(read.data, at)
            if refused is not None:
                self._refuse(*refused)
            else:
                self._ledger.count_journalled()
        else:
            self._scan_label(code_of(read, self.bench), at)

    def _scan_label(self, code: Code, at: Instant) -> None:
        parcel = self.work.parcel
        if parcel is None and is_bag(code):
            self._bags.open(code, at)
        elif parcel is None:
            self._open_by_scan(code, at)
        elif parcel.phase == "measuring":
            self._attach(parcel, code, at)
        elif parcel.phase == "placed":
            self._refuse("not_now", "not_now")
        elif parcel.has_code(code.data):
            self._scan_same_again(parcel, at)
        elif not self._visits.is_held(code.data) and of_the_same_label(parcel, code, self.bench, at):
            self._attach_late(parcel, code, at)
        elif is_identifier(code, self.bench) and (parcel.verdict is None or parcel.verdict.releases):
            self._doubt(parcel, code, at)
        else:
            parcel.doubted = parcel.doubted or is_identifier(code, self.bench)
            self._refuse("bay_first", "bay_first")

    def _open_by_scan(self, code: Code, at: Instant) -> None:
        held = self._visits.reopen(code.data) if is_identifier(code, self.bench) else None
        parcel = self.work.open(at) if held is None else self.work.reopen(held, at)
        alone = self._take_code(parcel, code, at)
        if held is None:
            self.work.record("parcel.arrived", parcel, at, clock="hub")
        if held is not None or is_identifier(code, self.bench):
            self.work.record("parcel.identified", parcel, at, clock=None if held is None else "hub")
        if not alone:
            self.work.hold(parcel, "two_labels", at)
        elif held is not None and self._inspection.wanted_for(held):
            self._inspection.begin(parcel, at)

    def _take_code(self, parcel: Parcel, code: Code, at: Instant) -> bool:
        """Puts a code to the parcel's; False if its name is another parcel's too, or it has two names now."""
        parcel.codes.append(code)
        parcel.label_at = at
        self._ledger.count_journalled()
        mine = not is_identifier(code, self.bench) or self._visits.claim(code.data, parcel.visit)
        return mine and not parcel.two_names(self.bench.identifiers)

    def _attach(self, parcel: Parcel, code: Code, at: Instant) -> None:
        """A further code of the label, while it is being measured."""
        known, full = parcel.has_code(code.data), len(parcel.codes) >= CODES_PER_PARCEL_MAX
        if known or full:
            self._ledger.count_rejected("duplicate" if known else "too_many_codes")
            return
        of_another = is_identifier(code, self.bench) and self._visits.is_held(code.data)
        if of_another and not parcel.known and self.work.own_code(parcel) is None:
            held = self._visits.reopen(code.data)
            assert held is not None, f"{self.bench.id}: {code.data} is held and then is not"
            self.work.join(parcel, held, at)
            of_another = False
        alone = self._take_code(parcel, code, at)
        self.work.record("parcel.identified", parcel, at)
        if of_another or not alone:
            self.work.hold(parcel, "two_labels", at)
        else:
            self._ask_if_complete(parcel, at)

    def _attach_late(self, parcel: Parcel, code: Code, at: Instant) -> None:
        """A further code of the label, read after the measurement was complete; the parcel's own stays its own."""
        alone = self._take_code(parcel, code, at)
        self.work.record("parcel.identified", parcel, at)
        if not alone:
            self.work.hold(parcel, "two_labels", at)

    def _scan_same_again(self, parcel: Parcel, at: Instant) -> None:
        if parcel.phase == "placing" and parcel.verdict is not None and parcel.verdict.retry:
            self._ledger.count_journalled()
            self.work.start_again(parcel, at)
        elif self._inspection.may_begin(parcel):
            self._ledger.count_journalled()
            self._inspection.begin(parcel, at)
        else:
            self._ledger.count_rejected("duplicate")

    def _doubt(self, parcel: Parcel, code: Code, at: Instant) -> None:
        """Another parcel's identifier, or a second one on this parcel: no release stands against that."""
        if len(parcel.codes) < CODES_PER_PARCEL_MAX:
            parcel.codes.append(code)
        self._ledger.count_journalled()
        self.work.hold(parcel, "two_labels", at)

    def _scan_bay(self, bay: Bay, at: Instant) -> None:
        parcel = self.work.parcel
        if parcel is None:
            self._refuse("no_parcel", "no_parcel")
        elif parcel.phase != "placing" or parcel.verdict is None or self._trouble:
            self._refuse("not_now", "not_now")
        elif bay.bay != parcel.verdict.bay.bay:
            self._refuse("wrong_bay", "wrong_bay")
        elif not self.work.check_release(parcel, at):
            self._refuse("not_now", "release_expired")
        else:
            self._ledger.count_journalled()
            self._inspection.forget()
            self.work.place(parcel, bay, at)

    def _refuse(self, refusal: Refusal, reason: str) -> None:
        self._refused = refusal
        self._ledger.count_rejected(reason)

    # Weights --------------------------------------------------------------------------------------

    def _weigh(self, read: WeightRead, at: Instant) -> bool:
        """False: nothing that the screen says has changed, as with nearly every weight."""
        back, parcel, watch = self._down.pop(read.device, None) is not None, self.work.parcel, self._watch
        if parcel is not None and parcel.phase == "placed":
            return back  # the next parcel's weight is taken when this one's move is on disk
        before = watch.loaded, watch.zero_seen
        sighting = watch.see(read)
        measuring = parcel is not None and parcel.phase == "measuring"
        if parcel is not None and measuring and watch.loaded and watch.zero_seen:
            parcel.seen_on_scale = True
        if sighting is None or (parcel is not None and not measuring):
            return back or before != (watch.loaded, watch.zero_seen)
        match sighting.kind:
            case "captured":
                self._take_load(parcel, sighting.mass_mg, at)
            case "overloaded":
                self._take_load(parcel, None, at)
            case "dropped" if parcel is not None:
                self._dropped(parcel, sighting, at)
            case "changed" if parcel is not None and (parcel.mass is not None or parcel.overloaded):
                self.work.hold(parcel, "swap_suspected", at, retry=bool(parcel.codes))
            case "dropped" | "changed" | "zero":
                pass
        return True

    def _take_load(self, parcel: Parcel | None, mg: int | None, at: Instant) -> None:
        """None: more than the scale can carry has no value, so it can never support a release."""
        if self._trouble:
            self._ledger.count_rejected("journal_trouble")
            return
        self._ledger.count_journalled()
        opened = parcel is None
        parcel = parcel or self.work.open(at)
        parcel.mass, parcel.overloaded = (
            (parcel.mass, True) if mg is None else (mass_of(self._scale, mg), False)
        )
        if opened:
            self.work.record("parcel.arrived", parcel, at, clock="hub")
        elif mg is None or self.work.own_code(parcel) is None:
            parcel.phase_at = at
            self.work.record("parcel.identified", parcel, at)
        self._ask_if_complete(parcel, at)

    def _dropped(self, parcel: Parcel, sighting: Sighting, at: Instant) -> None:
        """The parcel left the pan before its measurement was complete."""
        if sighting.had_capture and (parcel.mass is not None or parcel.overloaded):
            self.work.hold(parcel, self._unmeasured_reason(parcel), at)
        elif parcel.seen_on_scale:
            self.work.hold(parcel, "parcel_removed", at, retry=bool(parcel.codes))

    def _ask_if_complete(self, parcel: Parcel, at: Instant) -> None:
        if self.work.own_code(parcel) is None:
            return
        if parcel.overloaded:
            self.work.hold(parcel, "mass_not_legal", at)
        elif parcel.mass is not None:
            legal = is_legal(parcel.mass, metrology_of(self._scale), self._ledger.wall(at))
            flags: tuple[Reason, ...] = () if legal else ("mass_not_legal",)
            self.work.complete(parcel, ONE_AT_A_TIME, flags, at)

    def _unmeasured_reason(self, parcel: Parcel) -> Reason:
        """Why a measurement could not be completed."""
        if parcel.sizing:
            return "parcel_removed"
        if parcel.mass is not None or parcel.overloaded:
            return "bad_check_digit" if parcel.misread() else "no_read"
        if self._scale.id in self._down:
            return "device_fault"
        return "parcel_removed" if self._watch.zero_seen else "scale_not_zero"

    # Devices and screen ---------------------------------------------------------------------------

    def _device_gone(self, device: DeviceId, how: str, at: Instant) -> None:
        self._down[device] = how
        self.work.device_is(device, at, up=False)
        if device != self._scale.id:
            return
        self._watch.forget()
        parcel = self.work.parcel
        if parcel is None or parcel.phase != "measuring":
            return
        if parcel.mass is not None or parcel.overloaded or parcel.seen_on_scale:
            # What lies on the pan may be changed while nobody looks: what it told belongs to no parcel any more.
            self.work.hold(parcel, "device_fault", at, retry=bool(parcel.codes))

    def _scene(self) -> Scene:
        work, looks = self.work, self._inspection
        return Scene(
            self.bench, work.parcel, self._watch, self.devices_down, self._refused, work.away, self._trouble, work.last,
            looks.waits_for_badge, work.parcel is not None and looks.may_begin(work.parcel),
        )  # fmt: skip

    def _show(self, at: Instant) -> None:
        """Tells the screen, if what it must say has changed."""
        told = told_of(self._scene())
        if told != self._told:
            self._told = told
            self.view = view_of(self.bench.id, told, revision=self.view.revision + 1, at=at)
            self._ledger.show(self.view)
