"""Whose codes are whose on a belt: all that was read near a parcel is weighed over all parcels in reach.

A code read while one parcel alone was in view is that parcel's at once, so that the screen shows it. One read with
several in view waits until they have all been looked at. When a measurement closes, the codes around it are weighed
together (`association`): the parcel's own name has to be surely its own, or the parcel is held.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from drivers.identifiers.choice import Identified, identify
from drivers.reading import BarcodeRead
from edge.core.association import BELIEVED_PPM, Assignment, assign_near
from edge.core.belt import Belt
from edge.core.belt_codes import BeltCodes, code_of
from edge.core.belt_readers import Reader, View
from edge.core.corrections import Corrections
from edge.core.event import Association
from edge.core.evidence import CONFIRMED, FLOOR_PPM, PRIORS, Candidate, Drift, Evidence, Look
from edge.core.item import Item
from edge.core.ledger import Ledger
from edge.core.parcel import Parcel
from edge.core.track import Track
from hub_config.lines import Line as LineConfig
from hub_config.names import MILLISECOND, DeviceId, Instant

SEEN_MAX: Final = 64
"""Readings remembered for each reader of the line, the latest; those of a few parcels. One that is forgotten while it
waits counts for nobody."""
GONE_MAX: Final = 8
"""Parcels that are followed no more, whose codes were read and may lie near another's."""
DISPLACED_PPM: Final = 500_000
"""It came on behind the first beam, or is gone: where it was under the reader nobody knows."""
MOVED_PPM: Final = 1_000
"""A later beam saw it elsewhere, by more than the tolerance: somebody may have moved it more than once."""
DRIFT: Final = Drift()
DOUBTED_PPM: Final = 1_000_000 - FLOOR_PPM
"""A code that is another's as surely as a name has to be is told of no one else."""
LATENCY_NS: Final = 60 * MILLISECOND
"""A reader goes on seeing for so long after it was told to stop, as a rule; then neighbours are looked at that far."""
AROUND: Final = 3
"""Neighbours on either side that are weighed with a parcel: those farther off are out of reach."""


@dataclass(slots=True)
class Seen:
    read: BarcodeRead
    known: Identified
    evidence: Evidence
    rank: int
    """Of its kind of name in the line's `identifiers`; the best is 0."""
    waits: tuple[Item, ...]
    """Those that it may be of, until one of them gets it; nobody: it is counted."""


class Joining:
    def __init__(
        self,
        line: LineConfig,
        track: Track,
        belt: Belt,
        readers: Sequence[Reader],
        codes: BeltCodes,
        corrections: Corrections,
        ledger: Ledger,
    ) -> None:
        self._line = line
        self._track = track
        self._belt = belt
        self._readers = readers
        self._codes = codes
        self._corrections = corrections
        self._ledger = ledger
        self._seen: deque[Seen] = deque()
        self._seen_max = SEEN_MAX * len(readers)
        self._waiting: list[Seen] = []
        self._gone: deque[Candidate] = deque(maxlen=GONE_MAX)
        places = [beam.position_um for beam in track.beams]
        first, last = min(one.position_um for one in readers), max(one.position_um for one in readers)
        self._before = max(place for place, um in enumerate(places) if um <= first)
        self._behind = min((place for place, um in enumerate(places) if um > last), default=len(places))
        """Belt beams before and behind the readers: how far they are, the worst reader counts. A belt may end with no
        beam behind them: then nobody is seen again in time."""
        following = line.belts[line.reading_place + 1 :]
        self._end_um = following[0].start_um + line.max_length_um if following else places[-1]
        """What has come so far is not on the belt any more."""
        self._by_um = line.measured_by_um - line.max_length_um
        """Where a rear is when the measurement is complete at the latest, as the layout was checked."""
        self._waits = self._behind < len(places) and places[self._behind] <= self._by_um
        """The beam behind the readers sees a parcel, and those beside it, in time."""
        self._reach_um = (
            2 * max(one.window_um for one in readers)
            + line.tolerance_um
            + line.travel_um(LATENCY_NS, line.belts[line.reading_place])
        )
        """Parcels nearer than that to each other may have been in view together."""
        self._priors = replace(PRIORS, margin_um=line.label_margin_um)
        self._confirmed = replace(CONFIRMED, margin_um=line.label_margin_um)
        self._spread = DRIFT.spread(last - places[self._before])

    # What is read -----------------------------------------------------------------------------------

    def saw(self, reader: Reader, read: BarcodeRead, view: View, at: Instant) -> None:
        known = identify(read.data, read.aim, self._line.weak_formats)
        names = known.check_ok and known.type in self._line.identifiers
        evidence = reader.evidence(known.value if names else read.data, read, view, names=names)
        for item in view.inside:
            item.looks[reader.place].told = True
        owner = view.inside[0] if len(view.inside) == 1 else None
        waits = (
            tuple(one for one in view.inside if self._may_get(one)) if len(view.inside) > 1 and names else ()
        )
        if len(view.inside) > 1 and names:
            self._doubt_decided(view.inside, known.value)
        if len(self._seen) >= self._seen_max:
            self._give_up(self._seen.popleft())
        rank = self._line.identifiers.index(known.type) if names else len(self._line.identifiers)
        seen = Seen(read, known, evidence, rank, waits)
        self._seen.append(seen)
        if waits:
            self._waiting.append(seen)
            return
        if owner is None or owner.parcel is None:
            mine = self._surely_of(seen, view.inside) if names and len(view.inside) > 1 else None
            if mine is None or mine.parcel is None:
                outcome = "ambiguous_read" if view.inside else "orphan_read"
                self._ledger.count_rejected(outcome if owner is None else "late_read")
                return
            owner = mine
        assert owner.parcel is not None, f"{self._line.id}: nobody's code has an owner"
        if self._may_get(owner):
            self._codes.take(owner, owner.parcel, read, known, at)
        else:
            sure = names and not owner.doubts and self._surely_of(seen, (owner,)) is owner
            self._corrections.code(owner, owner.parcel, code_of(read, known), at, sure=sure)
            self._look_again(owner, owner.parcel, at)

    # Too late -----------------------------------------------------------------------------------------

    def _surely_of(self, seen: Seen, inside: Sequence[Item]) -> Item | None:
        """Whose a late code is, weighed with all that was read; None: that is not sure enough."""
        best = self._best_of_answers()
        for one in inside:
            found = {each.code: each for each in self._weigh(one, best)}.get(_label_of(seen, best))
            if found is not None and found.key == one.number:
                return one
        return None

    def _look_again(self, item: Item, parcel: Parcel, at: Instant) -> None:
        """In the light of a late code its own name may be another's, more likely than is believed."""
        own = self._codes.own(parcel)
        if own is None or parcel.measured is None:
            return
        for one in self._weigh(item, self._best_of_answers()):
            claims = {claim.key: claim.p_ppm for claim in one.claims}
            sure = one.p_ppm == 0 or claims.get(item.number, 0) >= BELIEVED_PPM
            if one.code == own and not sure and "assoc_low" not in item.doubts:
                self._corrections.contradict(item, parcel, "name_in_doubt", "assoc_low", at)

    @staticmethod
    def _may_get(item: Item) -> bool:
        return item.parcel is None or item.parcel.phase == "measuring"

    def _doubt_decided(self, inside: Sequence[Item], code: str) -> None:
        """It may be a second label of one that is asked about already: that one's name is not sure any more."""
        for one in inside:
            if one.parcel is not None and not self._may_get(one) and not one.parcel.has_code(code):
                one.doubt("assoc_low")

    # Whose it is ------------------------------------------------------------------------------------

    def is_ready(self, item: Item) -> bool:
        """Those beside it have been looked at too, and are confirmed where that comes in time: what has just been read
        of one that nobody has seen since may be worth less (`evidence`)."""
        if not all(look.done for one in self._beside(item) for look in one.looks):
            return False
        past = item.rear_um is None or item.rear_um + self._belt.travel_um > self._by_um
        return past or not self._waits or self._are_confirmed(item)

    def _is_near(self, one: Item, item: Item) -> bool:
        if item.rear_um is None or one.rear_um is None:
            return True
        return one.front_um > item.rear_um - self._reach_um and one.rear_um < item.front_um + self._reach_um

    def join(self, item: Item, at: Instant) -> Association | None:
        """Gives it the codes that were waiting and are surely its own. Says how sure its name is; None: not enough."""
        parcel = item.parcel
        assert parcel is not None, f"{self._line.id}: an item without a parcel has no codes"
        best = self._best_of_answers()
        found = self._weigh(item, best)
        parcel.in_doubt = tuple(one for one in found if one.key is None and one.may_be(item.number))
        mine = {one.code: one for one in found if one.key == item.number}
        for seen in [one for one in self._seen if item in one.waits]:
            if _label_of(seen, best) in mine:
                seen.waits = ()
                self._codes.take(item, parcel, seen.read, seen.known, at)
        doubted = (one.code for one in parcel.in_doubt if one.share_ppm(item.number) >= DOUBTED_PPM)
        parcel.may_have = tuple(code for code in doubted if not parcel.has_code(code))
        own = self._codes.own(parcel)
        sure = mine.get(own) if own is not None else None
        if sure is None or sure.p_ppm < FLOOR_PPM:
            return None
        return Association("belt-joint", sure.p_ppm, sum(one.p_ppm > 0 for one in sure.claims[1:]))

    def _weigh(self, item: Item, best: Mapping[tuple[DeviceId, int], Seen]) -> tuple[Assignment, ...]:
        """All names that were read near it, over all parcels in reach."""
        names = [
            one.evidence
            for one in self._seen
            if one.evidence.identifier and _label_of(one, best) == one.evidence.code
        ]
        if not names:
            return ()
        priors = self._confirmed if self._are_confirmed(item) else self._priors
        around = self._around(item)
        candidates = [*(self._candidate(one) for one in around), *self._gone]
        return assign_near(item.number, candidates, names, self._sure_looks(around), priors)

    def _best_of_answers(self) -> dict[tuple[DeviceId, int], Seen]:
        """By reader and trigger: a label's names of lower rank go with its best."""
        best: dict[tuple[DeviceId, int], Seen] = {}
        for one in self._seen:
            if one.read.trigger is not None:
                answer = one.read.device, one.read.trigger
                known = best.setdefault(answer, one)
                if one.rank < known.rank:
                    best[answer] = one
        return best

    def is_claimed(self, item: Item) -> bool:
        """A code was read that may be its own."""
        return any(item in one.waits for one in self._seen)

    def _around(self, item: Item) -> list[Item]:
        items = self._track.with_left(item)
        place = items.index(item)
        return items[max(0, place - AROUND) : place + AROUND + 1]

    def _candidate(self, item: Item) -> Candidate:
        sigma_um, gross_ppm = self._spread
        front, rear = item.front_um, item.rear_um
        if item.seen >= self._behind:
            # It was seen before and behind: in between it was somewhere between these places, unless it was put back.
            sigma_um = DRIFT.edge_um + abs(item.off_um) // 3
            gross_ppm = (
                DRIFT.confirmed_gross_ppm if abs(item.off_um) <= self._line.tolerance_um else MOVED_PPM
            )
            front, rear = front - item.off_um // 2, rear if rear is None else rear - item.off_um // 2
        if item.origin > self._before:
            gross_ppm = DISPLACED_PPM
        looked = all(reader.has_looked(item) for reader in self._readers)
        return Candidate(item.number, front, rear, sigma_um, gross_ppm, looked=looked)

    def _are_confirmed(self, item: Item) -> bool:
        return all(one.seen >= self._behind for one in self._beside(item))

    def _beside(self, item: Item) -> list[Item]:
        """Itself, and those that a code of it may be of."""
        items = self._track.with_left(item)
        place = items.index(item)
        return [one for one in items[max(0, place - 1) : place + 2] if self._is_near(one, item)]

    def _sure_looks(self, around: Sequence[Item]) -> list[Look]:
        looks: list[Look] = []
        for one in around:
            for reader in self._readers:
                stretch = reader.sure_stretch(one, self._belt)
                if stretch is not None:
                    looks.append(Look(reader.device, *stretch, self._told(reader, one)))
        return looks

    def _told(self, reader: Reader, item: Item) -> tuple[str, ...]:
        trigger = item.looks[reader.place].trigger
        return tuple(
            one.evidence.code
            for one in self._seen
            if one.read.trigger in (None, trigger) and one.read.device == reader.device
        )

    # What is over -----------------------------------------------------------------------------------

    def drop(self, item: Item) -> None:
        """It is followed no more, but its codes were read."""
        candidate = self._candidate(item)
        self._gone.append(
            Candidate(candidate.key, candidate.front_um, candidate.rear_um, candidate.sigma_um, DISPLACED_PPM)
        )

    def leave(self, item: Item) -> None:
        """The next belt has taken it over; its codes were read where it was."""
        self._gone.append(self._candidate(item))

    def advance(self) -> None:
        """Counts what nobody waits for any more, and forgets what the belt has carried away."""
        if self._waiting:
            for seen in self._waiting:
                if not any(one.parcel is not None and one.parcel.phase == "measuring" for one in seen.waits):
                    self._give_up(seen)
            self._waiting = [seen for seen in self._waiting if seen.waits]
        over_um = self._end_um - self._belt.travel_um
        while self._seen and self._seen[0].evidence.lo_um > over_um:
            self._give_up(self._seen.popleft())

    def _give_up(self, seen: Seen) -> None:
        if seen.waits:
            seen.waits = ()
            self._ledger.count_rejected("ambiguous_read")

    def forget(self) -> None:
        """All items are gone."""
        while self._seen:
            self._give_up(self._seen.popleft())
        self._gone.clear()


def _label_of(seen: Seen, best: Mapping[tuple[DeviceId, int], Seen]) -> str:
    """The best name that was told in the same answer, if one is better."""
    if seen.read.trigger is not None:
        other = best[seen.read.device, seen.read.trigger]
        if other.rank < seen.rank:
            return other.evidence.code
    return seen.evidence.code
