"""What a code that was read on a belt says of the parcel it belongs to: whose name it is, and whether that is sure.

A name may bring a held parcel's visit back, once every reader has looked. It must be nobody else's, and the only one of
its rank: otherwise every parcel on the belt that has it is in doubt, since which of them it was read from nobody knows.
A second name is one whenever it is read, also behind the measurement.
"""

from collections.abc import Sequence
from typing import Protocol

from drivers.identifiers.choice import Identified, choose
from drivers.reading import BarcodeRead
from edge.core.clearing import Clearing
from edge.core.decision import Reason
from edge.core.event import Code
from edge.core.ledger import Ledger
from edge.core.parcel import CODES_PER_PARCEL_MAX, Parcel
from edge.core.verdict import Exits
from edge.core.visits import Visits
from hub_config.names import Instant


class Doubted(Protocol):
    """What lies on a line: an item of a belt, or a track number of a controller."""

    @property
    def parcel(self) -> Parcel | None: ...
    def doubt(self, reason: Reason) -> None: ...


class Tracks(Protocol):
    @property
    def items(self) -> Sequence[Doubted]: ...


def code_of(read: BarcodeRead, known: Identified) -> Code:
    data = read.data if known.type == "unknown" else known.value
    return Code(data, read.raw, read.symbology, known.type, known.check_ok, read.device, 1, known.weak)


class BeltCodes:
    def __init__(
        self, line: Exits, tracks: Sequence[Tracks], clearing: Clearing, ledger: Ledger, visits: Visits
    ) -> None:
        self._line = line
        self._tracks = tracks
        """Of all belts of the line."""
        self._clearing = clearing
        self._ledger = ledger
        self._visits = visits

    def take(self, item: Doubted, parcel: Parcel, read: BarcodeRead, known: Identified, at: Instant) -> None:
        """A code of this item alone, and what it says."""
        code = code_of(read, known)
        data = code.data
        if parcel.has_code(data) or len(parcel.codes) >= CODES_PER_PARCEL_MAX:
            self._ledger.count_rejected("duplicate" if parcel.has_code(data) else "too_many_codes")
            return
        parcel.codes.append(code)
        self._ledger.count_journalled()
        if code.check_ok and code.type in self._line.identifiers:
            self._name(item, parcel, code, at)
        if parcel.has_misprint_beside(self._line.identifiers):
            item.doubt("two_labels")

    def own(self, parcel: Parcel) -> str | None:
        return self._clearing.own_code(parcel)

    def come_back(self, item: Doubted, parcel: Parcel, at: Instant) -> None:
        """All its names are known: one that is a held parcel's brings that one's visit back, if it is its own name and
        nothing speaks against it. An old label that another one's box still has does not."""
        rank = self._line.identifiers
        names = parcel.names(rank)
        held = [one.value for one in names.known if self._visits.is_held(one.value)]
        if not held:
            return
        own = self.own(parcel)
        before = self._visits.held_as(own) if own is not None else None
        if own is None or before is None or any(self._visits.held_as(code) is not before for code in held):
            item.doubt("two_labels")
            return
        if choose([*before.names.known, *names.known], rank).conflict:
            item.doubt("two_labels")
            return
        self._visits.reopen(own)
        self._visits.release(parcel.visit)
        self._clearing.join(parcel, before, at)
        for one in names.known:
            self._visits.claim(one.value, parcel.visit)

    def _name(self, item: Doubted, parcel: Parcel, code: Code, at: Instant) -> None:
        if not self._visits.claim(code.data, parcel.visit) or parcel.two_names(self._line.identifiers):
            item.doubt("two_labels")
            for other in (one for track in self._tracks for one in track.items):
                if other.parcel is not None and other.parcel.has_code(code.data):
                    other.doubt("two_labels")
        self._clearing.record("parcel.identified", parcel, at)
