"""What authorities have said of a parcel in work: kept in the journal, handed over from visit to visit."""

from edge.core.ledger import Ledger
from edge.core.parcel import Parcel
from edge.core.verdict import Exits
from edge.core.visits import Visits, words_of
from hub_config.names import VisitId


class WordsInWork:
    def __init__(self, exits: Exits, ledger: Ledger, visits: Visits) -> None:
        self._exits = exits
        self._ledger = ledger
        self._visits = visits

    def keep(self, parcel: Parcel) -> None:
        names = parcel.names(self._exits.identifiers)
        self._ledger.keep(words_of(parcel.visit, names, parcel.standing))

    def inherit(self, parcel: Parcel) -> None:
        """What was said against this parcel under a visit that is over stands against this one."""
        names = parcel.names(self._exits.identifiers)
        left = self._visits.stops.take(code.value for code in names.known)
        for words in left:
            self._ledger.forget(words.visit)
            parcel.standing = words.standing.joined(parcel.standing)
        if left:
            self.keep(parcel)

    def take_over(self, parcel: Parcel, minted: VisitId) -> None:
        """It goes on under an older visit, which is not in a bay here: with what was heard of that one, and what was
        said of it under the id of before, which counts as older."""
        known = self._visits.stops.taken(parcel.visit).standing
        if parcel.standing.words:
            self._ledger.forget(minted)
        if parcel.standing.words or known.words:
            parcel.standing = parcel.standing.joined(known)
            self.keep(parcel)

    def leave(self, parcel: Parcel) -> None:
        """Its visit is over, and it has not been let go: what stops it stands when it comes back under another."""
        words = words_of(parcel.visit, parcel.names(self._exits.identifiers), parcel.standing)
        if parcel.standing.stops:
            self._ledger.keep(words)
        elif parcel.standing.words:
            self._ledger.forget(parcel.visit)
        forgotten = self._visits.stops.leave(words)
        if forgotten is not None:
            self._ledger.forget(forgotten)
