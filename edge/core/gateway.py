"""The gateway's core: one pure step from an input to its effects.

All that comes from outside enters here as a value with an `at`; all that leaves is a returned value. So a whole hub
runs in one thread under simulated time, and a recorded trace of inputs replays to the same effects. The core's now
never runs backwards: stamps of two threads may arrive microseconds out of order.
"""

from collections.abc import Mapping, Sequence
from typing import Final, assert_never

from drivers.reading import BarcodeRead, Reading, WeightRead
from edge.core.alibi import AlibiWatch
from edge.core.bench_dims import BenchDims
from edge.core.config_notes import notes_of
from edge.core.decision import Decision
from edge.core.dwell import DwellLedger
from edge.core.effects import Alert, Effect
from edge.core.event import Event
from edge.core.inputs import (
    Committed,
    ConfigChanged,
    ConfigOffered,
    DecisionArrived,
    EpochBegun,
    Input,
    JournalTrouble,
    JournalWell,
    LinkChanged,
    ManifestArrived,
    MessageRejected,
    ShardArrived,
    Tick,
    UsesKnown,
    WallClock,
)
from edge.core.labels import Labels
from edge.core.lamps import LineShows, lamps_of
from edge.core.ledger import Ledger
from edge.core.line import Line
from edge.core.line_view import state_of_line, view_of_line
from edge.core.offline import Offline
from edge.core.plc_line import PlcDrivenLine
from edge.core.plc_view import view_of_plc_line
from edge.core.priority import Moment, Waiting
from edge.core.signs import Signs
from edge.core.snapshot import LastPlaced, Snapshot
from edge.core.standing import NOTHING_SAID, VisitWords
from edge.core.station import Station
from edge.core.verdict import untimely
from edge.core.visits import NOTHING_REMEMBERED, Recovered, Remembered, Seen, Visits
from edge.core.wakes import EVERY, Wakes
from hub_config.bench_scale import BenchScaleConfig
from hub_config.dimensioners import CubiscanConfig
from hub_config.external import ExternalConfig
from hub_config.hub import HubConfig
from hub_config.names import MICROSECOND, DeviceId, Instant, LineId

Place = Station | Line | PlcDrivenLine
GATEWAY_LINE: Final = LineId("gw")
"""The line of events without a parcel."""
RECALL_TOLD_US: Final = 24 * 3_600_000_000
"""A recall younger than this is told again at a start: whether its alert had got out, nobody knows."""


class Gateway:
    def __init__(
        self,
        config: HubConfig,
        entropy: bytes,
        recovered: Sequence[Recovered] = (),
        last: Mapping[LineId, LastPlaced] | None = None,
        remembered: Remembered = NOTHING_REMEMBERED,
    ) -> None:
        """`entropy`: 16 bytes or more, new for each run. From the journal: `recovered`, what the last run left open;
        `last`, which parcel was placed last at each bench; and what else is `remembered`."""
        self._ledger = Ledger(entropy)
        self._visits = Visits()
        self._dwell = DwellLedger()
        self._recovered, self._remembered = tuple(recovered), remembered
        self._last = dict(last or {})
        self._now = Instant(0)
        self._offline = Offline(config.offline)
        self._signs = Signs(config)
        self._labels = Labels(config)
        self._lamps = lamps_of(config)
        self._stopped_at: Instant | None = None
        """Since when the journal gives no evidence, until that is told."""
        self._alibi = AlibiWatch()
        self._rejected_messages: dict[str, int] = {}
        self._clock_set = False
        self._stations = [self._station(config, line) for line in range(len(config.benches))]
        self._lines = [
            Line(line, config, self._ledger, self._visits, self._dwell, self._offline)
            for line in config.lines
        ]
        self._plc_lines = [
            PlcDrivenLine(line, config, self._ledger, self._visits, self._dwell, self._offline)
            for line in config.plc_lines
        ]
        self._places: list[Place] = [*self._stations, *self._lines, *self._plc_lines]
        self._wakes = Wakes(self._places)
        self._owner: dict[DeviceId, int] = {}
        for number, station in enumerate(self._stations):
            self._owner |= dict.fromkeys(station.bench.devices, number)
        for number, line in enumerate(self._lines, len(self._stations)):
            self._owner |= dict.fromkeys(line.devices, number)
        for number, driven in enumerate(self._plc_lines, len(self._stations) + len(self._lines)):
            self._owner |= dict.fromkeys(driven.devices, number)

    def _station(self, config: HubConfig, index: int) -> Station:
        bench = config.benches[index]
        scale = config.device(bench.scale)
        assert isinstance(scale, BenchScaleConfig | ExternalConfig), f"{bench.id}: {bench.scale} is no scale"
        sizer = None if bench.dimensioner is None else config.device(bench.dimensioner)
        assert isinstance(sizer, CubiscanConfig | None), f"{bench.id}: {bench.dimensioner} is none of a bench"
        return Station(
            bench, scale, self._ledger, self._visits, self._dwell, self._offline, self._last.get(bench.id),
            None if sizer is None else BenchDims(sizer, self._ledger),
            {badge.digest: badge.role for badge in config.badges},
        )  # fmt: skip

    # The one door ---------------------------------------------------------------------------------

    def step(self, given: Input) -> list[Effect]:
        at = self._now = max(self._now, given.at)
        self._offline.begin(at)
        if isinstance(given, Reading):
            if isinstance(given, WeightRead):
                self._alibi.note(given)
            owner = self._owner.get(given.device)
            if owner is None:
                return list(self._labels.hear(given))
            if isinstance(given, BarcodeRead) and (again := self._labels.again(given)) is not None:
                self._ledger.count_rejected("command")
                return list(again)
            self._wakes.touch(owner)
            self._places[owner].read(given, at)
            return self._accompanied()
        if not isinstance(given, Committed | DecisionArrived | Tick):
            self._wakes.touch(EVERY)
        match given:
            case Committed():
                self._commit(given, at)
            case DecisionArrived():
                self._decide(given, at)
            case Tick():
                self._wake(at)
            case MessageRejected():
                self._count_message(given.reason)
            case LinkChanged():
                self._change_link(given, at)
            case WallClock():
                self._set_clock(given, at)
            case JournalTrouble() | JournalWell() | EpochBegun():
                self._hear_journal(given, at)
            case UsesKnown() | ManifestArrived() | ShardArrived():
                self._learn(given, at)
            case ConfigOffered() | ConfigChanged():
                self._note_config(given, at)
            case _:
                assert_never(given)
        return self._accompanied()

    def _accompanied(self) -> list[Effect]:
        """The effects of this step, with what scanners, printers and lamps do besides."""
        effects = self._ledger.take_effects()
        if effects:
            effects = self._labels.added(self._signs.added(effects))
        lamps = self._lamps
        return effects if lamps is None else lamps.added(effects, self._now, self._line_shows)

    def _line_shows(self, name: LineId) -> LineShows:
        line = next(one for one in self._lines if one.config.id == name)
        return LineShows(state_of_line(line, self._now), line.clearing.away)

    @property
    def wake_at(self) -> Instant | None:
        """When it wants a Tick."""
        soonest, level = self._wakes.soonest, self._offline.wake_at
        lamps = None if self._lamps is None else self._lamps.wake_at
        if level is None and lamps is None:
            return soonest
        return min(at for at in (soonest, level, lamps) if at is not None)

    def snapshot(self) -> Snapshot:
        """What screens and reports may see: immutable, complete, of this instant."""
        reasons: dict[str, int] = {}
        corrected: dict[str, int] = {}
        work = (
            *(station.work for station in self._stations),
            *(line.clearing for line in self._lines),
            *(line.clearing for line in self._plc_lines),
        )
        for clearing in work:
            for reason, count in clearing.held_reasons.items():
                reasons[reason] = reasons.get(reason, 0) + count
            for what, count in (*clearing.corrected.items(), ("after_leaving", clearing.contradicted_after)):
                corrected[what] = corrected.get(what, 0) + count
        return Snapshot(
            at=self._now,
            benches=tuple(station.view for station in self._stations),
            balance=self._ledger.balance(),
            tally=self._visits.tally(),
            dwell_us=self._dwell.quantiles_us(),
            devices_down=(
                *(name for place in self._places for name in place.devices_down),
                *self._labels.down,
            ),
            rejected_messages=tuple(sorted(self._rejected_messages.items())),
            dwell_by_owner_us=self._dwell.by_owner_us(),
            held_by_reason=tuple(sorted(reasons.items())),
            corrected=tuple(sorted(corrected.items())),
            alibi=self._alibi.view(),
            journal_trouble=self._offline.trouble,
            lines=tuple(view_of_line(line, self._now) for line in self._lines),
            plc_lines=tuple(view_of_plc_line(line, self._now) for line in self._plc_lines),
            queue=self._visits.queue(
                Moment(self._now, self._ledger.wall(self._now).utc_us, self._offline.away)
            ),
            offline=self._offline.view(self._ledger.wall(self._now)),
            printers=self._labels.views(),
        )

    def waiting(self) -> tuple[Waiting, ...]:
        """Every held parcel that a scan takes up again; `snapshot` has the first of them in order."""
        return tuple(self._visits.waiting(self._now))

    @property
    def books_fault(self) -> str | None:
        """What does not add up, after any step; None while everything does."""
        if not self._ledger.balances:
            return f"read is not journalled + rejected: {self._ledger.balance()}"
        return None if self._visits.in_work >= 0 else f"parcels don't add up: {self._visits.tally()}"

    @property
    def in_work(self) -> int:
        """Parcels at benches and on belts."""
        return self._visits.in_work

    # What can happen ------------------------------------------------------------------------------

    def _decide(self, given: DecisionArrived, at: Instant) -> None:
        decision = given.decision
        for words in self._visits.shed(decision):
            self._ledger.keep(words)
            self._count_message("words_too_long")
        refused = untimely(decision, self._ledger.wall(at)) or self._tell_places(decision, at)
        if refused == "no_such_parcel":
            for words in self._visits.hear(decision, at):
                self._ledger.keep(words)
            self._recall(decision)
        if refused is not None:
            self._count_message(refused)

    def _tell_places(self, decision: Decision, at: Instant) -> str | None:
        for named in decision.as_named:
            for number, place in enumerate(self._places):
                self._wakes.touch(number)
                refused = place.decide(named, at)
                if refused != "no_such_parcel":
                    return refused
        return "no_such_parcel"

    def _recall(self, decision: Decision) -> None:
        recalled = self._visits.recall(decision)
        if recalled is not None:
            visit, seen = recalled
            self._ledger.keep(VisitWords(visit, (), NOTHING_SAID.heard(decision)))
            self._ledger.alert(Alert("recall", visit, decision.dec, seen.line, seen.bay, seen.utc_us))

    def _commit(self, given: Committed, at: Instant) -> None:
        if self._offline.trouble is not None:
            self._offline.accept()
            self._review(at)
            self._wakes.touch(EVERY)
        for number in self._wakes.awaiting:
            self._wakes.touch(number)
            self._places[number].committed(given.first, given.ids, at)

    def _hear_journal(self, given: JournalTrouble | JournalWell | EpochBegun, at: Instant) -> None:
        match given:
            case JournalTrouble(_, detail, lasting):
                self._offline.refuse(detail, lasting=lasting)
            case JournalWell():
                self._offline.recover()
            case EpochBegun():
                self._ledger.record(Event("gateway.mode", GATEWAY_LINE, None, at, note=given.note))
        self._review(at)

    def _learn(self, given: UsesKnown | ManifestArrived | ShardArrived, at: Instant) -> None:
        """What vouchers there are, and which are spent."""
        match given:
            case UsesKnown():
                self._offline.know_uses(given.spent, given.begun_us, at)
                self._offline.budget.begin(given.days)
            case ManifestArrived():
                self._offline.change(given.manifest)
            case ShardArrived():
                if not self._offline.add(given.shard):
                    self._count_message("shard_not_taken")
        self._review(at)

    def _change_link(self, given: LinkChanged, at: Instant) -> None:
        since = self._offline.since
        self._offline.link(online=given.broker and given.coordinator, at=at)
        self._review(at, since, anyway=True)

    def _wake(self, at: Instant) -> None:
        self._review(at)
        for number in self._wakes.due(at):
            self._wakes.touch(number)
            self._places[number].wake(at)

    def _review(self, at: Instant, since: Instant | None = None, *, anyway: bool = False) -> None:
        """Finds the level; tells the world and every place if it is another one. `since`: how long nobody answered, if
        somebody does now."""
        changed = self._offline.review(self._ledger.wall(at), at)
        if changed and self._offline.level == 4:
            self._stopped_at = at  # told once it can be: a journal in trouble takes no evidence
        elif changed:
            self._record_level(self._offline.since if since is None else since, at)
        if changed or anyway:
            self._wakes.touch(EVERY)
            for place in self._places:
                place.set_link(trouble=self._offline.level == 4, at=at)

    def _record_level(self, since: Instant | None, at: Instant) -> None:
        offline_us = 0 if since is None else (at - since) // MICROSECOND
        note: tuple[tuple[str, str | int], ...] = (
            ("level", self._offline.level), ("offline_us", offline_us), ("why", self._offline.why),
        )  # fmt: skip
        if self._stopped_at is not None:
            note = (*note, ("stopped_us", (at - self._stopped_at) // MICROSECOND))
            self._stopped_at = None
        self._ledger.record(Event("gateway.mode", GATEWAY_LINE, None, at, note=note))

    def _set_clock(self, given: WallClock, at: Instant) -> None:
        before = self._ledger.set_wall(given.wall, at)
        if not self._clock_set:
            self._clock_set = True
            self._account_for_last_run(at)
            return
        jump_us = given.wall.utc_us - before.utc_us
        self._review(at)
        jumped = abs(jump_us) > before.unc_us + given.wall.unc_us
        if jumped:
            self._ledger.record(
                Event("clock.changed", GATEWAY_LINE, None, at, note=(("jump_us", jump_us),)),
            )
        for place in self._places:
            place.set_clock(jumped=jumped, at=at)

    def _account_for_last_run(self, at: Instant) -> None:
        """What lay open on a bench or a belt when the last run ended is lost track of: it must be scanned in again."""
        ranks: dict[LineId, tuple[str, ...]] = {
            **{station.bench.id: station.bench.identifiers for station in self._stations},
            **{line.config.id: line.config.identifiers for line in self._lines},
            **{line.config.id: line.config.identifiers for line in self._plc_lines},
        }
        words = {one.visit: one for one in self._remembered.words}
        for visit in self._recovered:
            said = words.pop(visit.visit, None)
            standing = NOTHING_SAID if said is None else said.standing
            self._visits.restore(visit, ranks.get(visit.line, ()), standing)
            if not visit.held:
                self._ledger.record(
                    Event(
                        "parcel.lost_track", visit.line, visit.visit, at, flags=("lost_track",), clock="hub"
                    )
                )
        self._remember(tuple(words.values()), at)
        self._recovered, self._remembered = (), NOTHING_REMEMBERED

    def _remember(self, words: Sequence[VisitWords], at: Instant) -> None:
        """What was said of parcels that are in no bay: a recall of one that has left is told again, and any other stop
        stands when the parcel comes back."""
        now_us = self._ledger.wall(at).utc_us
        for visit, left in self._remembered.departed:
            self._visits.depart(visit, left)
        for said in words:
            seen = self._visits.departed(said.visit)
            if seen is None and said.standing.stops:
                self._visits.stops.leave(said)
            elif seen is None or not self._tell_recall(said, seen, now_us):
                self._ledger.forget(said.visit)

    def _tell_recall(self, said: VisitWords, seen: Seen, now_us: int) -> bool:
        stops = [word.decision for word in said.standing.words if word.action != "release"]
        fresh = [one for one in stops if now_us - one.valid_from_us < RECALL_TOLD_US]
        for one in fresh:
            self._ledger.alert(Alert("recall", said.visit, one.dec, seen.line, seen.bay, seen.utc_us))
        return bool(fresh)

    def _note_config(self, given: ConfigOffered | ConfigChanged, at: Instant) -> None:
        """The world hears of it."""
        for note in notes_of(given):
            self._ledger.record(Event("device.changed", GATEWAY_LINE, None, at, note=note))

    def _count_message(self, reason: str) -> None:
        self._rejected_messages[reason] = self._rejected_messages.get(reason, 0) + 1
