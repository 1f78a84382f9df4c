"""The way of the one parcel in work at a bench (`clearing.py` has what is common to benches and belts).

The operator is told a verdict only after it is on disk, and that the bay was taken only after that is. The same label
again starts a new measurement, where the verdict allows it.
"""

from dataclasses import replace

from drivers.reading import DimensionsRead, OrderAnswered
from edge.core.bench_dims import BenchDims
from edge.core.clearing import Clearing
from edge.core.decision import Decision, Reason
from edge.core.dwell import DwellClock, DwellLedger
from edge.core.event import Association, Operator
from edge.core.ledger import Ledger
from edge.core.offline import Offline
from edge.core.parcel import Parcel
from edge.core.snapshot import LastPlaced
from edge.core.standing import NOTHING_SAID
from edge.core.visits import HeldVisit, Visits, words_of
from hub_config.layout import Bay, Bench
from hub_config.names import DeviceId, Instant


class Handling(Clearing):
    def __init__(
        self, bench: Bench, ledger: Ledger, visits: Visits, dwell: DwellLedger, offline: Offline,
        last: LastPlaced | None, sizer: BenchDims | None = None,
    ) -> None:  # fmt: skip
        super().__init__(bench, ledger, visits, dwell, offline)
        self.bench = bench
        self._sizer = sizer
        self._sizer_down = False
        self._measured: tuple[Association, tuple[Reason, ...]] | None = None
        """Of the parcel whose box is awaited: all that it will be asked about with."""
        self.last = last
        self.parcel: Parcel | None = None

    def open(self, at: Instant) -> Parcel:
        """A parcel nobody has seen before."""
        self._visits.enter()
        self.parcel = Parcel(self._ledger.mint_visit(at), DwellClock(at), phase_at=at)
        return self.parcel

    def reopen(self, held: HeldVisit, at: Instant) -> Parcel:
        """A held parcel is back; its visit and its dwell clock go on."""
        held.clock.hand_over("hub", at)
        self.parcel = Parcel(
            held.visit, held.clock, phase_at=at, again=True, known=held.names.known,
            promise=held.stay.promise, tries=held.next_try, standing=held.stay.standing, taken_up=held,
        )  # fmt: skip
        return self.parcel

    def split(self, parcel: Parcel, operator: Operator, at: Instant) -> None:
        """It is another parcel than the one whose visit it has (contract §1, `visit.split`): it goes on under its own
        visit and is held, as both bear one name. The other one is where it was, with all that was said of it."""
        older, held = parcel.visit, parcel.taken_up
        own = parcel.minted or self._ledger.mint_visit(at)
        note = (("from", older), ("into", own))
        looked_at = parcel.phase == "inspecting"
        if looked_at:  # what lies before customs is another parcel: the older one waits in its bay
            parcel.clock.hand_over("hub", at)
        clock = "hub" if looked_at else None
        self.record("visit.split", parcel, at, clock=clock, note=note, operator=operator)
        self._visits.rename(older, own)
        if held is not None:
            self._visits.part(replace(held, stay=replace(held.stay, standing=parcel.standing)))
        elif (
            parcel.standing.words
        ):  # another gateway's; what was said of it goes on standing against the name
            self._visits.stops.leave(words_of(older, parcel.names(self.bench.identifiers), parcel.standing))
        parcel.visit, parcel.minted, parcel.taken_up, parcel.parted = own, None, None, True
        parcel.clock, parcel.known, parcel.again = DwellClock(at), (), False
        parcel.standing, parcel.verdict = NOTHING_SAID, None
        parcel.measured = parcel.measured_id = None
        self.record("parcel.arrived", parcel, at, clock="hub")
        self.hold(parcel, "two_labels", at)

    def start_again(self, parcel: Parcel, at: Instant) -> None:
        parcel.start_again(at)
        self.record("parcel.identified", parcel, at)

    def complete(self, parcel: Parcel, assoc: Association, flags: tuple[Reason, ...], at: Instant) -> None:
        """Label and weight are known: its box is measured where the bench can, and then it is asked about."""
        self._measured = (assoc, flags)
        if self._sizer is None or self._sizer_down or parcel.sized:
            self.ask_without_box(parcel, at)
        elif not parcel.sizing:
            self._sizer.ask(parcel, at)

    def ask_without_box(self, parcel: Parcel, at: Instant) -> None:
        """Or with the one that it has."""
        assert self._measured is not None, f"{self.bench.id}: asked about before it was complete"
        assoc, flags = self._measured
        self.ask(parcel, assoc, flags, at)

    def hear_sizer(self, reading: DimensionsRead | OrderAnswered, at: Instant) -> None:
        """The bench's dimensioner has measured, or says that there is no result."""
        sizer, parcel = self._sizer, self.parcel
        if sizer is None or reading.device != sizer.device:
            return
        if isinstance(reading, OrderAnswered):
            over = sizer.answered(parcel, reading)
        else:
            over = sizer.take(parcel, reading, at)
        if over and parcel is not None:
            self.ask_without_box(parcel, at)

    def device_is(self, device: DeviceId, at: Instant, *, up: bool) -> None:
        """A dimensioner that goes away holds nobody up."""
        if self._sizer is None or device != self._sizer.device:
            return
        self._sizer_down = not up
        if not up and self.parcel is not None and self.parcel.sizing:
            self.ask_without_box(self.parcel, at)

    def decide(self, decision: Decision, at: Instant) -> str | None:
        """Obeys a decision; or says in a word why it is not obeyed."""
        parcel = self.parcel
        if parcel is None or parcel.phase == "placed" or not decision.is_about(parcel.visit, parcel.minted):
            return "no_such_parcel"
        return self.decide_on(parcel, decision, at, is_open=not parcel.doubted)

    @property
    def awaits_commit(self) -> bool:
        """Something goes on when what was told is on disk."""
        return bool(self.awaited) or (self.parcel is not None and self.parcel.phase == "placed")

    def committed(self, first: int, ids: tuple[str, ...], at: Instant) -> bool:
        """Whether the parcel in work goes on by it: most commits concern other benches."""
        ready = self.commit(first, ids, at)
        parcel = self.parcel
        if parcel is None:
            return False
        if parcel in ready:
            parcel.enter("placing", at)
            self.check_release(parcel, at)
            return True
        if parcel.phase == "placed" and parcel.moved in range(first, first + len(ids)):
            self._settle(parcel)
            return True
        return False

    def place(self, parcel: Parcel, bay: Bay, at: Instant) -> None:
        """The bay's barcode is the bay's sensor: the move has happened. The operator is told once it is on disk."""
        assert parcel.verdict is not None, f"{self.bench.id}: placed without a verdict"
        parcel.lies_in(bay, self.moved(parcel, bay, at))

    def _settle(self, parcel: Parcel) -> None:
        assert parcel.bay is not None, f"{self.bench.id}: settled without a bay"
        self.settle(parcel, parcel.bay)
        names = parcel.names(self.bench.identifiers)
        self.last = LastPlaced(parcel.visit, names.keys[0] if names.keys else None, parcel.bay.bay)
        self.parcel = None
