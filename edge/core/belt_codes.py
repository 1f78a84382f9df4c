"""What a code that was read on a belt says of the parcel it belongs to: whose name it is, and whether that is sure.

A name may bring a held parcel's visit back. It must be nobody else's, and the only one of its rank: otherwise every
parcel on the belt that has it is in doubt, since which of them it was read from nobody knows. A second name is one
whenever it is read, also behind the measurement.
"""

from drivers.identifiers.choice import Identified
from drivers.reading import BarcodeRead
from edge.core.clearing import Clearing
from edge.core.event import Code
from edge.core.ledger import Ledger
from edge.core.parcel import CODES_PER_PARCEL_MAX, Parcel
from edge.core.track import Item, Track
from edge.core.visits import Visits
from hub_config.lines import Line as LineConfig
from hub_config.names import Instant


class BeltCodes:
    def __init__(
        self, line: LineConfig, track: Track, clearing: Clearing, ledger: Ledger, visits: Visits
    ) -> None:
        self._line = line
        self._track = track
        self._clearing = clearing
        self._ledger = ledger
        self._visits = visits

    def take(self, item: Item, parcel: Parcel, read: BarcodeRead, known: Identified, at: Instant) -> None:
        """A code of this item alone, and what it says."""
        data = read.data if known.type == "unknown" else known.value
        code = Code(data, read.raw, read.symbology, known.type, known.check_ok, read.device, 1)
        if parcel.phase != "measuring":
            self._take_late(item, parcel, code)
            return
        if parcel.has_code(data) or len(parcel.codes) >= CODES_PER_PARCEL_MAX:
            self._ledger.count_rejected("duplicate" if parcel.has_code(data) else "too_many_codes")
            return
        parcel.codes.append(code)
        self._ledger.count_journalled()
        if code.check_ok and code.type in self._line.identifiers:
            self._name(item, parcel, code, at)

    def own(self, parcel: Parcel) -> str | None:
        return self._clearing.own_code(parcel)

    def _take_late(self, item: Item, parcel: Parcel, code: Code) -> None:
        self._ledger.count_rejected("late_read")
        own = self._clearing.own_code(parcel)
        further = Parcel(parcel.visit, parcel.clock, codes=[*parcel.codes, code], known=parcel.known)
        if own is not None and self._clearing.own_code(further) != own:
            item.doubt("two_labels")

    def _name(self, item: Item, parcel: Parcel, code: Code, at: Instant) -> None:
        """It may be a held parcel's come back, but only of one that has no other name."""
        of_another = self._visits.is_held(code.data)
        if of_another and not parcel.again and len(parcel.names(self._line.identifiers).known) == 1:
            held = self._visits.reopen(code.data)
            assert held is not None, f"{self._line.id}: {code.data} is held and then is not"
            self._clearing.join(parcel, held, at)
            of_another = False
        mine = self._visits.claim(code.data, parcel.visit) and not of_another
        if not mine or parcel.two_names(self._line.identifiers):
            item.doubt("two_labels")
            for other in self._track.items:
                if other.parcel is not None and other.parcel.has_code(code.data):
                    other.doubt("two_labels")
        self._clearing.record("parcel.identified", parcel, at)
