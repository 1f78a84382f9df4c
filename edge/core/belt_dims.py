"""The dimensioner of a line: whose box a record is, and whether it can be.

Whose it is, number and time say, as of a scale (`belt_records`). What the beams have seen of the parcel's length may
speak against that, and then the parcel is in doubt; it never speaks for it. A parcel whose box is not known for sure
has none: what that means is for the coordinator to say.
"""

from math import isqrt
from typing import Final, Self

from drivers.reading import DimensionsRead
from edge.core.belt import Belt
from edge.core.belt_records import BeltRecords, is_something
from edge.core.event import Dims
from edge.core.item import Item
from edge.core.ledger import Ledger
from edge.core.metrology import is_verified
from edge.core.parcel import Parcel
from edge.core.track import Track
from hub_config.dimensioners import Dm3610Config, RecordDimensionerConfig, SickMdaConfig
from hub_config.external import ExternalConfig
from hub_config.hub import HubConfig
from hub_config.lines import BeltDimensioner
from hub_config.lines import Line as LineConfig
from hub_config.names import DeviceId, Instant

EDGES_UM: Final = 10_000
"""Expanded uncertainty of a length between two edges of one beam: sensor, counts, clock."""
SLIP_PPM: Final = 10_000
"""Of that length: what the parcel may slip under the beam."""
MILLION: Final = 1_000_000

Config = RecordDimensionerConfig | Dm3610Config | SickMdaConfig | ExternalConfig


class BeltDims:
    def __init__(
        self, place: BeltDimensioner, config: Config, line: LineConfig, track: Track, belt: Belt, ledger: Ledger
    ) -> None:  # fmt: skip
        self._place = place
        self._config = config
        self._line = line
        self._track = track
        self._belt = belt
        self._ledger = ledger
        self._records = BeltRecords(place)
        self._supposed: dict[int, Dims] = {}
        """By the item's number: boxes that are only supposed to be its own. No event tells them."""
        self.beam = track.beams.index(line.beam(place.beam))
        """Index of the belt beam that triggers it."""
        self._behind_um = track.beams[self.beam].position_um + line.tolerance_um

    @classmethod
    def on(
        cls, line: LineConfig, hub: HubConfig, track: Track, belt: Belt, ledger: Ledger
    ) -> Self | None:  # fmt: skip
        """That of this line, if it has one."""
        if line.dimensioner is None:
            return None
        config = hub.device(line.dimensioner.device)
        assert isinstance(config, Config), f"{line.id}: {config.id} is no dimensioner of a belt"
        return cls(line.dimensioner, config, line, track, belt, ledger)

    @property
    def device(self) -> DeviceId:
        return self._config.id

    @property
    def out_of_step(self) -> bool:
        """Its records fit nobody any more (`BeltRecords`)."""
        return self._records.out_of_step

    # Readings ---------------------------------------------------------------------------------------

    def take(self, read: DimensionsRead, at: Instant) -> None:
        item, outcome = self._records.take(read.record, read.at)
        dims = dims_of(read)
        contradicted = (
            item is not None
            and dims is not None
            and contradicts(dims, item, along_belt=self._place.along_belt)
        )
        if item is not None and contradicted:
            item.doubt("assoc_low")
            self._records.distrust()
        self._settle(trusted=not contradicted)
        if item is None or item.parcel is None or item.parcel.phase != "measuring":
            self._ledger.count_rejected(outcome if item is None else "late_dims")
            return
        item.parcel.sized = contradicted or outcome == "joined"
        if contradicted:
            self._ledger.count_rejected("dims_contradicted")
        elif dims is None:
            self._ledger.count_rejected("no_dims")
        elif not is_verified(self._config, self._ledger.wall(at)):
            self._ledger.count_rejected("dims_outdated")
        else:
            self._ledger.count_journalled()
            if outcome == "joined":
                item.parcel.dims = dims
            else:
                self._supposed[item.number] = dims

    def _settle(self, *, trusted: bool = True) -> None:
        """What was supposed is so, or counts for nothing. `trusted`: what bears it out is not contradicted itself."""
        for item, sure in self._records.take_settled():
            dims = self._supposed.pop(item.number, None)
            if item.parcel is None:
                continue
            item.parcel.sized = True
            if item.parcel.phase == "measuring":
                item.parcel.dims = dims or item.parcel.dims if sure and trusted else None

    # Items ------------------------------------------------------------------------------------------

    def cross(self, item: Item, at: Instant) -> None:
        """Its rear has left the beam that triggers the dimensioner."""
        if item.parcel is not None:
            if not item.parcel.size_crossed:
                item.parcel.size_crossed = True
                self._records.crossed(item, at)
        elif is_something(self._track, item, self._line):
            self._records.passed(at)

    def advance(self, at: Instant) -> Instant | None:
        """Gives up what is overdue; returns when to look again."""
        for item in self._track.items:
            if item.parcel is not None and not item.parcel.size_crossed and item.origin <= self.beam:
                self._look_behind(item, item.parcel, at)
        self._settle()
        for overdue in self._records.overdue(at):
            if overdue.parcel is not None:
                overdue.parcel.sized = True
        return self._records.wake_at()

    def _look_behind(self, item: Item, parcel: Parcel, at: Instant) -> None:
        """Once its rear must have left the beam and was not seen to: whether a record comes nobody knows."""
        if item.rear_um is None or item.rear_um + self._belt.travel_um <= self._behind_um:
            return
        parcel.size_crossed = parcel.sized = True
        item.doubt("not_isolated")
        self._records.passed(at)

    def drop(self, item: Item) -> None:
        """It is no longer followed."""
        self._records.drop(item)

    def forget(self) -> None:
        """All items are gone."""
        self._records.forget()
        self._supposed.clear()


def dims_of(read: DimensionsRead) -> Dims | None:
    """None: the device could not measure it."""
    if read.l_um is None or read.w_um is None or read.h_um is None:
        return None
    return Dims(read.device, read.l_um, read.w_um, read.h_um, read.u_um, read.shape, read.record)


def contradicts(dims: Dims, item: Item, *, along_belt: bool) -> bool:
    """The beams have seen another length than such a box can have along the belt, beyond both uncertainties. Turned
    about its height, a box is as short as its shorter side and as long as its diagonal."""
    if item.rear_um is None:
        return False
    seen_um = item.front_um - item.rear_um
    unsure_um = dims.u_um + EDGES_UM + seen_um * SLIP_PPM // MILLION
    low = high = dims.l_um
    if not along_belt:
        low, high = min(dims.l_um, dims.w_um), isqrt(dims.l_um * dims.l_um + dims.w_um * dims.w_um)
    return not low - unsure_um <= seen_um <= high + unsure_um
