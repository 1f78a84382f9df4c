"""Visits that have left a bench: where each parcel is now, and which code re-opens a held one.

A held parcel comes back only by a scan that re-opens its visit (contract §1). The table is bounded; past the
bound the oldest held visit can no longer be re-opened by its code and is scanned in as a new one.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from drivers.identifiers.choice import Identified
from edge.core.decision import Decision
from edge.core.dwell import DwellClock
from edge.core.long_words import LongWords
from edge.core.parcel import Names, names_of
from edge.core.priority import NOT_KNOWN, Moment, Queue, Stay, Waiting, promise_of, queue_of
from edge.core.snapshot import Place, Tally
from edge.core.standing import NOTHING_SAID, Standing, VisitWords
from edge.core.stops import Stops
from hub_config.names import SECOND, Instant, LineId, VisitId

HELD_CODES_MAX: Final = 10_000
DEPARTED_MAX: Final = 10_000
"""Parcels that have left, of which a later stop still raises an alert here; past it the coordinator alone can tell."""
RECALLS_MAX: Final = 1_000
"""Stops of parcels that had left, remembered so that the same one raises no second alert; past it the oldest would."""
QUEUE_EVERY_NS: Final = 1 * SECOND
"""How old the order of a long hold queue may be; ordering thousands of parcels takes the core tens of ms."""
QUEUE_SHORT: Final = 256
"""A queue up to this long is ordered anew with every change."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """A visit that the journal of the last run left open."""

    visit: VisitId
    line: LineId
    held: bool
    codes: tuple[Identified, ...]
    """Recognised identifiers of its label, in order of appearance."""
    arrived_at: Instant


@dataclass(frozen=True, slots=True)
class Seen:
    """Where a parcel was last."""

    line: LineId
    bay: str
    utc_us: int


@dataclass(frozen=True, slots=True)
class Remembered:
    """What earlier runs have left in the journal besides open visits."""

    words: tuple[VisitWords, ...] = ()
    """What authorities have said, the visit that was spoken of longest ago first."""
    departed: tuple[tuple[VisitId, Seen], ...] = ()
    """Parcels that have left, the one that left first first."""


NOTHING_REMEMBERED: Final = Remembered()


@dataclass(frozen=True, slots=True)
class HeldVisit:
    visit: VisitId
    place: Place
    clock: DwellClock
    names: Names
    stay: Stay = NOT_KNOWN

    @property
    def next_try(self) -> int:
        """Number of the pass that begins when it is brought back now."""
        return 0 if self.stay.answered else self.stay.tries + 1

    @property
    def words(self) -> VisitWords:
        return words_of(self.visit, self.names, self.stay.standing)


def words_of(visit: VisitId, names: Names, standing: Standing) -> VisitWords:
    return VisitWords(visit, tuple(dict.fromkeys(code.value for code in names.known)), standing)


class Visits:
    def __init__(self) -> None:
        # A plain dict would look for its oldest entry among all the places of those that were taken out before.
        self._held: OrderedDict[str, HeldVisit] = OrderedDict()
        self._code_of: dict[VisitId, str] = {}
        """A code under which this visit is held: decisions on held parcels are many while a backlog is answered."""
        self._in_work: dict[str, VisitId] = {}
        """Identifiers of the parcels at benches and on belts: of each at most CODES_PER_PARCEL_MAX, gone with it."""
        self._claims: dict[VisitId, list[str]] = {}
        """The same by visit."""
        self.in_work = 0
        """Parcels at a bench or on a belt; never less than nothing."""
        self._departed: OrderedDict[VisitId, Seen] = OrderedDict()
        self._recalled: OrderedDict[str, None] = OrderedDict()
        """Stops of parcels that had left, by `dec`."""
        self.stops = Stops()
        self._long = LongWords()
        self._queue: tuple[Moment, Queue] | None = None
        self._queue_stale = False
        self._entered = 0
        self._first_pass = 0
        self._at: dict[Place, int] = dict.fromkeys(
            ("departed", "held", "inspected", "returned", "lost_track"), 0
        )

    def enter(self) -> None:
        self._entered += 1
        self.in_work += 1

    def part(self, held: HeldVisit) -> None:
        """A join was undone: the parcel in work is another one than `held`, which lies in its bay as before."""
        self._entered += 1
        self._at[held.place] += 1
        self._hold(held)

    def withdraw(self) -> None:
        """A visit was joined to an older one: one parcel less than was thought."""
        self._entered -= 1
        self.in_work -= 1

    def rename(self, visit: VisitId, into: VisitId) -> None:
        """A parcel in work goes on under the older visit that another gateway has given it."""
        self._in_work = {code: into if one == visit else one for code, one in self._in_work.items()}
        if visit in self._claims:
            self._claims[into] = self._claims.pop(visit)

    def claim(self, code: str, visit: VisitId) -> bool:
        """Takes an identifier into work; False while a parcel at another bench has it."""
        holder = self._in_work.setdefault(code, visit)
        mine = self._claims.setdefault(visit, [])
        if holder == visit and code not in mine:
            mine.append(code)
        return holder == visit

    def release(self, visit: VisitId) -> None:
        """Gives back the identifiers that this visit has taken."""
        for code in self._claims.pop(visit, ()):
            del self._in_work[code]

    def settle(
        self, place: Place, visit: VisitId, names: Names, clock: DwellClock, *, again: bool,
        stay: Stay = NOT_KNOWN,
    ) -> None:  # fmt: skip
        """The parcel left the bench for `place`; `again`: it had been in a bay before."""
        self._at[place] += 1
        self.in_work -= 1
        self._first_pass += place == "departed" and not again
        self.release(visit)
        if place in ("held", "inspected"):
            self._hold(HeldVisit(visit, place, clock, names, stay))

    def depart(self, visit: VisitId, seen: Seen) -> None:
        if len(self._departed) >= DEPARTED_MAX:
            self._departed.popitem(last=False)
        self._departed[visit] = seen

    def departed(self, visit: VisitId) -> Seen | None:
        return self._departed.get(visit)

    def recall(self, decision: Decision) -> tuple[VisitId, Seen] | None:
        """A stop for a parcel that has left already: somebody has to go after it (contract §5). Told once, as decisions
        are idempotent (§7)."""
        if decision.action == "release" or decision.dec in self._recalled:
            return None
        for visit in (decision.was, decision.visit):
            seen = None if visit is None else self._departed.get(visit)
            if visit is not None and seen is not None:
                if len(self._recalled) >= RECALLS_MAX:
                    self._recalled.popitem(last=False)
                self._recalled[decision.dec] = None
                return visit, seen
        return None

    def _hold(self, held: HeldVisit) -> None:
        self._queue_stale = True
        for code in held.names.keys:
            self._let_go(code, self._held.pop(code, None))
            if len(self._held) >= HELD_CODES_MAX:
                first, oldest = self._held.popitem(last=False)
                self._let_go(first, oldest)
                if oldest.stay.standing.stops:
                    self.stops.leave(oldest.words)
            self._held[code] = held
            self._code_of[held.visit] = code

    def _let_go(self, code: str, held: HeldVisit | None) -> None:
        """A scan of this code no longer re-opens that visit; perhaps one of another code of it does."""
        if held is None or self._code_of.get(held.visit) != code:
            return
        others = [one for one in held.names.keys if one in self._held and self._held[one].visit == held.visit]
        if others:
            self._code_of[held.visit] = others[0]
        else:
            del self._code_of[held.visit]

    def is_held(self, code: str) -> bool:
        return code in self._held

    def held_as(self, code: str) -> HeldVisit | None:
        """The visit that a scan of this code would take back."""
        return self._held.get(code)

    def reopen(self, code: str) -> HeldVisit | None:
        """Takes a held visit back to the bench; None if no visit is held under this code."""
        held = self._held.pop(code, None)
        if held is not None:
            self._queue_stale = True
            self._at[held.place] -= 1
            self.in_work += 1
            for other in held.names.keys:
                if self._held.get(other) is held:
                    del self._held[other]
            self._let_go(self._code_of.get(held.visit, code), held)
        return held

    def reopen_visit(self, visit: VisitId) -> HeldVisit | None:
        """Takes this visit back to the bench; None if it is not held here."""
        code = self._code_of.get(visit)
        return None if code is None else self.reopen(code)

    def restore(self, recovered: Recovered, rank: tuple[str, ...], standing: Standing = NOTHING_SAID) -> None:
        """Counts a visit of the last run and, if it was held, makes it re-openable."""
        self._entered += 1
        place: Place = "held" if recovered.held else "lost_track"
        self._at[place] += 1
        if recovered.held:
            names = names_of(recovered.codes, rank)
            since = _stay_of(standing, recovered.arrived_at)
            self._hold(HeldVisit(recovered.visit, place, DwellClock(recovered.arrived_at), names, since))
        else:
            self.stops.leave(words_of(recovered.visit, names_of(recovered.codes, rank), standing))

    # The hold queue -------------------------------------------------------------------------------

    def hear(self, decision: Decision, at: Instant) -> tuple[VisitWords, ...]:
        """A decision about a parcel in a bay opens nothing (contract §5); but after a release it is worth bringing,
        and until then its time is on the account that the decision names. Returns what is now said of a parcel that
        is not in work, if that has changed."""
        codes = (self._code_of.get(one) for one in (decision.was, decision.visit) if one is not None)
        held = next((self._held[code] for code in codes if code is not None), None)
        if held is None:
            words = self.stops.hear(decision)
            return () if words is None else (words,)
        if held.stay.standing.outdated(decision):
            return ()
        standing = held.stay.standing.heard(decision)
        frees = decision.action == "release" and not decision.needs and standing.against(decision) is None
        stay = replace(
            held.stay, promise=promise_of(decision, held.stay.promise), answered=frees, standing=standing
        )
        held.clock.hand_over(decision.clock, at)
        changed = replace(held, stay=stay)
        for code in held.names.keys:
            if self._held.get(code) is held:
                self._held[code] = changed
        self._queue_stale = True
        return () if standing is held.stay.standing else (changed.words,)

    def shed(self, decision: Decision) -> list[VisitWords]:
        """After a long decision: what stays of visits that have to give up words (`long_words.py`)."""
        if not self._long.is_due(decision):
            return []
        held = {one.visit: one for one in self._held.values()}
        shortened = self._long.too_long([*(one.words for one in held.values()), *self.stops.all()])
        for words in shortened:
            if not self.stops.shorten(words):
                before = held[words.visit]
                after = replace(before, stay=replace(before.stay, standing=words.standing))
                self._held.update((code, after) for code, one in self._held.items() if one is before)
        return shortened

    def waiting(self, at: Instant) -> Iterator[Waiting]:
        """Every parcel in a bay that a scan takes up again, in no order of hurry."""
        for code, held in self._held.items():
            if code == held.names.keys[0]:
                clock = held.clock
                yield Waiting(
                    held.visit, code, clock.opened_at, clock.owner, clock.us_of("hub", at), held.stay
                )

    def queue(self, now: Moment) -> Queue:
        """The order in which to bring them back; of a long queue at most `QUEUE_EVERY_NS` old."""
        if self._queue is not None:
            then, queue = self._queue
            fresh = now.at - then.at < QUEUE_EVERY_NS and now.away == then.away
            if fresh and not (self._queue_stale and len(self._held) <= QUEUE_SHORT):
                return queue
        self._queue = (now, queue_of(self.waiting(now.at), now))
        self._queue_stale = False
        return self._queue[1]

    def tally(self) -> Tally:
        return Tally(
            entered=self._entered,
            at_bench=self.in_work,
            departed=self._at["departed"],
            first_pass=self._first_pass,
            held=self._at["held"],
            inspected=self._at["inspected"],
            returned=self._at["returned"],
            lost_track=self._at["lost_track"],
        )


def _stay_of(standing: Standing, since: Instant) -> Stay:
    """In a bay since the last run, with what was said of the parcel then."""
    latest = max(standing.words, key=lambda word: word.dec_seq, default=None)
    if latest is None:
        return Stay(since)
    decision = latest.decision
    frees = decision.action == "release" and not decision.needs and standing.against(decision) is None
    return Stay(since, promise=promise_of(decision, NOT_KNOWN.promise), answered=frees, standing=standing)
