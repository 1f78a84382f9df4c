"""What is read and weighed of the items on a belt, and when that is complete.

Readers, scale and dimensioner give answers; `belt_readers` and `belt_records` say whose they are, `belt_codes` what a
code is to its parcel, `belt_dims` what a box is. A measurement closes when every reader has had its look, scale and
dimensioner their time. What is in doubt by then, or missing, is held; the rest is asked about.
"""

from collections.abc import Mapping, Sequence

from drivers.reading import BarcodeRead, DimensionsRead, NoRead, WeightRead
from edge.core.belt import NEVER_UM
from edge.core.belt_codes import BeltCodes
from edge.core.belt_dims import BeltDims
from edge.core.belt_readers import Reader, View
from edge.core.belt_records import BeltRecords, is_something
from edge.core.clearing import Clearing
from edge.core.corrections import Corrections
from edge.core.decision import Reason
from edge.core.event import Event
from edge.core.item import Item
from edge.core.joining import Joining
from edge.core.ledger import Ledger
from edge.core.metrology import BeltScale, is_legal, mass_of, metrology_of
from edge.core.parcel import Parcel
from edge.core.snapshot import Wrong
from edge.core.transfer import Section
from edge.core.visits import Visits
from hub_config.hub import HubConfig
from hub_config.lines import Line as LineConfig
from hub_config.names import MILLISECOND, DeviceId, Instant
from hub_config.readers import is_triggered


class Measuring:
    def __init__(
        self, config: LineConfig, hub: HubConfig, sections: Sequence[Section], clearing: Clearing, ledger: Ledger,
        visits: Visits,
    ) -> None:  # fmt: skip
        """`sections`: all belts of the line; on one of them everything here happens."""
        scale = hub.device(config.scale.device)
        assert isinstance(scale, BeltScale), f"{config.id}: {scale.id} is no scale of a belt"
        self._config = config
        self._scale = scale
        track, belt = sections[config.reading_place].track, sections[config.reading_place].belt
        self._track = track
        self._belt = belt
        self._clearing = clearing
        self._ledger = ledger
        self._readers = {
            one.device: Reader(place, one, triggered=is_triggered(hub.device(one.device)), ledger=ledger)
            for place, one in enumerate(config.readers)
        }
        tracks = tuple(one.track for one in sections)
        self._codes = BeltCodes(config, tracks, clearing, ledger, visits)
        self._corrections = Corrections(config, tracks, clearing, ledger, visits)
        self._joining = Joining(
            config, track, belt, tuple(self._readers.values()), self._codes, self._corrections, ledger
        )
        self._weighings = BeltRecords(config.scale)
        self._late: dict[int, WeightRead] = {}
        """By number: late records of which nothing is known yet, one or two."""
        self._dims = BeltDims.on(config, hub, track, belt, ledger)
        """None: the line has no dimensioner."""
        self._told_out_of_step: tuple[DeviceId, ...] = ()
        self.scale_beam = track.beams.index(config.beam(config.scale.beam))
        """Index of the belt beam that triggers the scale."""
        self._behind_scale_um = track.beams[self.scale_beam].position_um + config.tolerance_um

    @property
    def devices(self) -> tuple[DeviceId, ...]:
        sizer = () if self._dims is None else (self._dims.device,)
        return (*self._readers, self._scale.id, *sizer)

    @property
    def out_of_step(self) -> tuple[tuple[Wrong, DeviceId], ...]:
        """Of scale and dimensioner those whose records fit nobody any more."""
        scale = self._scale.id if self._weighings.out_of_step else None
        sizer = self._dims.device if self._dims is not None and self._dims.out_of_step else None
        return tuple(("out_of_step", one) for one in (scale, sizer) if one is not None)

    # Readings ---------------------------------------------------------------------------------------

    def code(self, read: BarcodeRead, at: Instant) -> None:
        reader = self._readers[read.device]
        view = reader.view(read, self._track, self._belt)
        if view is None:
            self._ledger.count_rejected("orphan_read")
            return
        self._joining.saw(reader, read, view, at)
        self._mark_answered(reader, view)

    def no_read(self, read: NoRead) -> None:
        reader = self._readers[read.device]
        view = reader.view(read, self._track, self._belt)
        self._ledger.count_rejected("no_read")
        if view is not None:
            self._mark_answered(reader, view)

    def _mark_answered(self, reader: Reader, view: View) -> None:
        if view.asked is not None and view.inside:
            view.asked.looks[reader.place].answered = True

    def weigh(self, read: WeightRead) -> None:
        item, outcome = self._weighings.take(read.record, read.at)
        self._tell_out_of_step(read.at)
        self._settle()
        self._correct(read.at)
        if outcome == "record_late" and read.record is not None:
            self._late[read.record] = read  # counted when it is known whether it is so
            return
        if outcome == "record_orphan":
            self._part(read.at)
        if item is None or item.parcel is None:
            self._ledger.count_rejected(outcome)
            return
        if item.parted:
            item.weighed = True
            self._ledger.count_rejected("record_unsure")
            return
        if item.parcel.phase != "measuring":
            self._take_late(item, read, "late_weight", read.at, sure=outcome == "joined")
            return
        item.weighed = outcome == "joined"
        self._ledger.count_journalled()
        if read.mass_mg is None:
            item.unweighable = True
        else:
            item.parcel.mass = mass_of(self._scale, read.mass_mg, read.record)

    def _part(self, at: Instant) -> None:
        """A record that nobody's rear explains. What covered the scale's beam then may be two, so close that the beams
        see them as one: the scale has seen an end inside it."""
        travel_um = self._belt.travel_at(Instant(at - self._config.scale.earliest_ms * MILLISECOND))
        for item in self._track.items:
            before = item.origin <= self.scale_beam and not item.crossed
            if before and item.front_um + travel_um > self._track.beams[self.scale_beam].position_um:
                item.doubt("not_isolated")
                item.parted = True

    def _correct(self, at: Instant) -> None:
        """Late records of which it is known now whose they are, or that nobody will know."""
        for item, record, sure in self._weighings.take_overdue():
            self._take_late(item, self._late.pop(record), "record_late", at, sure=sure)

    def _take_late(
        self, item: Item | None, read: WeightRead, reason: str, at: Instant, *, sure: bool
    ) -> None:
        clear = item is not None and sure and not item.doubts and not item.stray
        parcel = item.parcel if item is not None and clear else None
        if parcel is None or read.mass_mg is None or parcel.phase == "measuring" or parcel.mass is not None:
            self._ledger.count_rejected(reason)
        else:
            self._corrections.mass(parcel, mass_of(self._scale, read.mass_mg, read.record), at)

    def size(self, read: DimensionsRead, at: Instant) -> None:
        assert self._dims is not None, f"{self._config.id}: {read.device} is no device of this line"
        self._dims.take(read, at)
        self._tell_out_of_step(at)

    def _tell_out_of_step(self, at: Instant) -> None:
        """When it begins and when it is over."""
        before = self._told_out_of_step
        now = self._told_out_of_step = tuple(device for _, device in self.out_of_step)
        changed = [(device, "in_step") for device in before if device not in now]
        changed += [(device, "out_of_step") for device in now if device not in before]
        for device, state in changed:
            note = (("device", device), ("line", self._config.id), ("state", state))
            self._ledger.record(Event("device.changed", self._config.id, None, at, note=note))

    def _settle(self) -> None:
        """What was supposed is so, or counts for nothing."""
        for item, sure in self._weighings.take_settled():
            item.weighed = True
            if not sure and item.parcel is not None and item.parcel.phase == "measuring":
                item.parcel.mass = None
                item.unweighable = False

    # Items ------------------------------------------------------------------------------------------

    def cross(self, item: Item, beam: int, at: Instant) -> None:
        """Its rear has left a belt beam, which may trigger the scale or the dimensioner."""
        if beam == self.scale_beam:
            self._cross_scale(item, at)
        if self._dims is not None and beam == self._dims.beam:
            self._dims.cross(item, at)

    def hole(self, item: Item, beam: int, at: Instant) -> None:
        """A belt beam came free then, and sees it go on."""
        if beam == self.scale_beam:
            self._weighings.holed(item, at)

    def _cross_scale(self, item: Item, at: Instant) -> None:
        if item.parcel is not None:
            if item.crossed:
                self._weighings.ended(item, at)
                return
            item.crossed = True
            self._weighings.crossed(item, at)
            return
        if is_something(self._track, item, self._config):
            self._weighings.passed(at)

    def _pass_scale(self, item: Item, at: Instant) -> None:
        """Its rear must have left the scale's beam and was not seen to: whether a record comes nobody knows."""
        item.crossed = item.weighed = True
        item.doubt("not_isolated")
        self._weighings.passed(at)

    def drop(self, item: Item, at: Instant) -> None:
        """It is no longer followed."""
        self._weighings.drop(item)
        if self._dims is not None:
            self._dims.drop(item)
        self._joining.drop(item)
        for reader in self._readers.values():
            reader.drop(item, at)

    def leave(self, item: Item, at: Instant) -> None:
        """The next belt has taken it over: what has not come by now does not count any more."""
        self._weighings.drop(item)
        if self._dims is not None:
            self._dims.drop(item)
        self._joining.leave(item)
        for reader in self._readers.values():
            reader.drop(item, at)
        if item.parcel is not None and item.parcel.phase == "measuring":
            self._clearing.hold(item.parcel, "no_time", at)

    def forget(self, at: Instant) -> None:
        """All items are gone."""
        self._weighings.forget()
        self._correct(at)
        if self._dims is not None:
            self._dims.forget()
        self._joining.forget()
        for reader in self._readers.values():
            reader.forget(at)

    # Closing ----------------------------------------------------------------------------------------

    def begin(self, travel_um: int, at: Instant, dues: list[Instant]) -> int:
        """Triggers what is due, and gives up what is overdue; returns at which travel to look again. Adds to `dues`
        when else."""
        next_um = NEVER_UM
        for reader in self._readers.values():
            next_um = min(next_um, reader.advance(self._track, travel_um, at, dues))
        self._joining.advance()
        weighings = self._weighings
        if weighings.settled:
            self._settle()
        if weighings.told:
            self._correct(at)
        if weighings.waiting:
            for overdue in weighings.overdue(at):
                overdue.weighed = True
            due = weighings.wake_at()
            if due is not None:
                dues.append(due)
        if self._dims is not None:
            due = self._dims.advance(at)
            if due is not None:
                dues.append(due)
        return next_um

    def advance(self, item: Item, parcel: Parcel, down: Mapping[DeviceId, str], at: Instant) -> None:
        """Closes its measurement if that is complete. `down`: devices that don't work, and why."""
        if (
            not item.crossed
            and item.origin <= self.scale_beam
            and item.rear_um is not None
            and item.rear_um + self._belt.travel_um > self._behind_scale_um
        ):
            self._pass_scale(item, at)
        sized = self._dims is None or parcel.sized
        if item.weighed and sized and parcel.phase == "measuring" and self._joining.is_ready(item):
            self._close(item, parcel, tuple(down), at)

    def _close(self, item: Item, parcel: Parcel, down: Sequence[DeviceId], at: Instant) -> None:
        if item.rear_um is None or item.front_um - item.rear_um > self._config.max_length_um:
            item.doubt("not_isolated")
        assoc = self._joining.join(item, at)
        if assoc is not None and not item.doubts:
            self._codes.come_back(item, parcel, at)
        reason = item.doubts[0] if item.doubts else self._missing(item, parcel, down)
        if reason is None and assoc is None:
            reason = "assoc_low"
        if reason is not None:
            self._clearing.hold(parcel, reason, at)
            return
        assert parcel.mass is not None, f"{self._config.id}: measured without a weight"
        assert assoc is not None, f"{self._config.id}: measured without a name"
        legal = is_legal(parcel.mass, metrology_of(self._scale), self._ledger.wall(at))
        flags: tuple[Reason, ...] = () if legal else ("mass_not_legal",)
        self._clearing.ask(parcel, assoc, flags, at)

    def _missing(self, item: Item, parcel: Parcel, down: Sequence[DeviceId]) -> Reason | None:
        """Why the measurement is not complete; None if it is."""
        if self._clearing.own_code(parcel) is None:
            if any(reader in down for reader in self._readers):
                return "device_fault"
            if self._joining.is_claimed(item):
                return "assoc_low"
            return "bad_check_digit" if parcel.misread() else "no_read"
        if parcel.mass is None:
            return "mass_not_legal" if item.unweighable else "device_fault"
        return None
