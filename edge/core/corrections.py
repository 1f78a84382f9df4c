"""What is read or weighed of a parcel on a belt after its measurement has closed.

It never changes what was decided. What surely belongs to the parcel is told as `parcel.corrected`, which names the
event that it corrects; a parcel that was held for lack of it stays held on this pass. What contradicts the name that
was told holds it: a release that is not carried out yet is taken back (`diverting`), one that comes later is void.
Of a parcel that has left, only the correction can be told; it is counted for people to look at.
"""

from edge.core.clearing import Clearing
from edge.core.decision import Reason
from edge.core.event import Code, Mass
from edge.core.item import Item
from edge.core.ledger import Ledger
from edge.core.parcel import CODES_PER_PARCEL_MAX, Parcel
from edge.core.track import Track
from edge.core.visits import Visits
from hub_config.lines import Line as LineConfig
from hub_config.names import Instant


class Corrections:
    def __init__(
        self, line: LineConfig, track: Track, clearing: Clearing, ledger: Ledger, visits: Visits
    ) -> None:
        self._line = line
        self._track = track
        self._clearing = clearing
        self._ledger = ledger
        self._visits = visits

    def code(self, item: Item, parcel: Parcel, code: Code, at: Instant, *, sure: bool) -> None:
        """`sure`: as its own name has to be; else it was in view alone when the code was told."""
        named = code.check_ok and code.type in self._line.identifiers
        room = len(parcel.codes) < CODES_PER_PARCEL_MAX
        own = self._clearing.own_code(parcel)
        further = Parcel(parcel.visit, parcel.clock, codes=[*parcel.codes, code], known=parcel.known)
        second = own is not None and self._clearing.own_code(further) != own
        if not named or parcel.has_code(code.data) or not (room or second) or not (sure or second):
            self._ledger.count_rejected("late_read")
            return
        free = not self._visits.is_held(code.data) and self._claims(item, parcel, code.data)
        if sure and free and room:
            parcel.codes.append(code)
            self._ledger.count_journalled()
        else:
            self._ledger.count_rejected("late_read")
        if second or not free:
            self.contradict(item, parcel, "second_name", "two_labels", at)
        else:
            self._clearing.correct(parcel, "code", at)

    def _claims(self, item: Item, parcel: Parcel, code: str) -> bool:
        """One that has left takes no name into work any more."""
        return item not in self._track.items or self._visits.claim(code, parcel.visit)

    def mass(self, parcel: Parcel, mass: Mass, at: Instant) -> None:
        """Surely its own; it had none."""
        parcel.mass = mass
        self._ledger.count_journalled()
        self._clearing.correct(parcel, "mass", at)

    def contradict(self, item: Item, parcel: Parcel, what: str, reason: Reason, at: Instant) -> None:
        item.doubt(reason)
        self._clearing.correct(parcel, what, at, flags=(reason,))
        if item not in self._track.items:
            self._clearing.contradicted_after += 1
        elif parcel.phase == "asking":
            self._clearing.hold(parcel, reason, at)
