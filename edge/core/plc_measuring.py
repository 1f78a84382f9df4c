"""Codes and weights of the parcels on a line that a controller drives, and when their measurement is complete.

What the controller tells belongs to the track number that it names. What a device of our own tells belongs to the one
parcel that can be under it so long after its induction; where that may be two, it is nobody's. If both name a parcel
and the names differ, the parcel is in doubt: one of the two has mixed it up with another.
"""

from typing import Final

from drivers.identifiers.choice import identify
from drivers.reading import BarcodeRead, WeightRead
from edge.core.belt_codes import BeltCodes, code_of
from edge.core.clearing import Clearing
from edge.core.decision import Reason
from edge.core.event import Association
from edge.core.ledger import Ledger
from edge.core.metrology import BeltScale, is_legal, mass_of, metrology_of
from edge.core.parcel import Parcel
from edge.core.tracked import Tracked, TrackTable
from edge.core.visits import Visits
from hub_config.hub import HubConfig
from hub_config.names import DeviceId, Instant
from hub_config.plc import PlcLine

BY_TRACK_NUMBER: Final = Association("plc-track-number", 999_990, 0)
"""The controller vouches for the join, at the contract's floor. It is no measured probability; a swap before it is left
to the conditions of the decision, and to readers of our own."""


class PlcMeasuring:
    def __init__(
        self, config: PlcLine, hub: HubConfig, table: TrackTable, clearing: Clearing, ledger: Ledger,
        visits: Visits,
    ) -> None:  # fmt: skip
        scale = hub.device(config.plc if config.scale is None else config.scale.device)
        assert isinstance(scale, BeltScale), f"{config.id}: {scale.id} is no scale of a line"
        self._config = config
        self._scale = scale
        self._table = table
        self._clearing = clearing
        self._ledger = ledger
        self._codes = BeltCodes(config, (table,), clearing, ledger, visits)
        self._readers = {one.device: one for one in config.readers}

    # Readings ---------------------------------------------------------------------------------------

    def code(self, read: BarcodeRead, at: Instant) -> Tracked | None:
        """Returns the parcel, if what was read after its measurement speaks against its name."""
        tracked = self._of(read.device, read.trigger, read.at)
        if tracked is None:
            self._ledger.count_rejected("orphan_read")
            return None
        parcel, known = tracked.parcel, identify(read.data, read.aim, self._config.weak_formats)
        if known.check_ok and known.type in self._config.identifiers:
            tracked.name(known.value, by_controller=read.device == self._config.plc)
        if parcel.phase == "measuring":
            self._codes.take(tracked, parcel, read, known, at)
            return None
        self._ledger.count_rejected("late_read")
        rank = self._config.identifiers
        code = code_of(read, known)
        further = Parcel(parcel.visit, parcel.clock, codes=[*parcel.codes, code], known=parcel.known)
        if parcel.has_code(code.data) or further.own_code(rank) == parcel.own_code(rank):
            return None
        tracked.doubt("swap_suspected" if tracked.contradicted else "two_labels")
        return tracked

    def weigh(self, read: WeightRead) -> None:
        place = self._config.scale
        if place is None:
            tracked = self._table.get(read.record)
        elif read.device != place.device:
            tracked = None  # the controller tells weights too, and is not the scale of this line
        elif place.numbered:
            tracked = self._table.get(read.record)
        else:
            near = self._table.seen_by(place, read.at)
            tracked = near[0] if len(near) == 1 else None
        if tracked is None:
            self._ledger.count_rejected("orphan_weight")
        elif tracked.parcel.phase != "measuring":
            self._ledger.count_rejected("late_weight")
        elif tracked.unweighable or tracked.parcel.mass is not None:
            self._ledger.count_rejected("duplicate")
            if tracked.parcel.mass is None or read.mass_mg != tracked.parcel.mass.mg:
                tracked.doubt("swap_suspected")  # two weights under one number
        else:
            self._ledger.count_journalled()
            if read.mass_mg is None or not read.counts:
                tracked.unweighable = True
            else:
                tracked.parcel.mass = mass_of(self._scale, read.mass_mg, read.record)

    def _of(self, device: DeviceId, track: int | None, at: Instant) -> Tracked | None:
        reader = self._readers.get(device)
        if reader is None:
            return self._table.get(track)
        near = self._table.seen_by(reader, at)
        if len(near) == 1:
            return near[0]
        for one in near:
            one.claimed = True
        return None

    # Closing ----------------------------------------------------------------------------------------

    def due(self, tracked: Tracked) -> Instant:
        """When to close its measurement, whatever is there."""
        return self._table.after(tracked, self._config.measured_within_ms)

    def is_complete(self, tracked: Tracked, at: Instant) -> bool:
        if at >= self.due(tracked):
            return True
        weighed = tracked.unweighable or tracked.parcel.mass is not None
        named = bool(tracked.doubts) or self._codes.own(tracked.parcel) is not None
        return weighed and named and at >= self._table.closes_at(tracked)

    def close(self, tracked: Tracked, down: bool, at: Instant) -> None:
        """`down`: a device of the line does not work."""
        parcel = tracked.parcel
        if tracked.contradicted:
            tracked.doubt("swap_suspected")
        if not tracked.doubts:
            self._codes.come_back(tracked, parcel, at)
        reason = tracked.doubts[0] if tracked.doubts else self._missing(tracked, down)
        if reason is not None:
            self._clearing.hold(parcel, reason, at)
            return
        assert parcel.mass is not None, f"{self._config.id}: measured without a weight"
        legal = is_legal(parcel.mass, metrology_of(self._scale), self._ledger.wall(at))
        flags: tuple[Reason, ...] = () if legal else ("mass_not_legal",)
        self._clearing.ask(parcel, BY_TRACK_NUMBER, flags, at)

    def _missing(self, tracked: Tracked, down: bool) -> Reason | None:
        parcel = tracked.parcel
        if self._codes.own(parcel) is None:
            if tracked.claimed:
                return "assoc_low"
            if down:
                return "device_fault"
            return "bad_check_digit" if parcel.misread() else "no_read"
        if parcel.mass is None:
            return "mass_not_legal" if tracked.unweighable else "device_fault"
        return None
