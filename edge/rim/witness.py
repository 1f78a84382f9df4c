"""A witness beside a core: what became of each reading, who stood in view of its device, which order is whose.

It sees what goes in and what comes out, and asks for snapshots as a screen does; nothing in the core knows of it, so a
run with a witness is the same run. A code is known to be a parcel's when an event of that parcel tells it; a reading
that went into no event is known by the count of refused readings that it raised.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from drivers.command import SwitchOff, SwitchOn
from drivers.identifiers.choice import identify
from drivers.reading import (
    BarcodeRead,
    BeamChanged,
    DeviceFault,
    DimensionsRead,
    NoRead,
    OrderAnswered,
    WeightRead,
)
from edge.core.effects import Effect, Order, Record
from edge.core.event import Code, Dims, Event, Mass
from edge.core.gateway import Gateway
from edge.core.inputs import Committed, DecisionArrived, Input
from edge.core.snapshot import BeltItem, LineView, Snapshot
from hub_config.codes import WEAK_FORMATS
from hub_config.hub import HubConfig
from hub_config.lines import BeltScale, Line
from hub_config.names import MILLISECOND, SECOND, DeviceId, Instant, LineId, VisitId

SAMPLE_NS: Final = 100 * MILLISECOND
"""Between two samples of a belt's view, besides those at every edge of a beam."""
OPEN_MAX: Final = 1_024
"""Readings that no event has told yet, and diverts that are not ordered yet; the oldest are given up."""
NEAR_UM: Final = 1_000_000
"""A metre: what was refused so near to a parcel may explain what became of it."""
FOREVER: Final = Instant(2**62)
JOINED: Final = "joined"
OBEYED: Final = "obeyed"
OPEN: Final = "open"
"""Neither told nor refused in its own step."""

Told = BarcodeRead | NoRead | WeightRead | DimensionsRead | DeviceFault
WITNESSED: Final = (BarcodeRead, NoRead, WeightRead, DimensionsRead, DeviceFault, DecisionArrived)


@dataclass(slots=True, eq=False)
class Sighting:
    """A reading or a decision, and what the core did with it."""

    given: Told | DecisionArrived
    line: LineId | None
    outcome: str
    """`joined`, `obeyed`, `open`, or the reason under which it was refused."""
    in_view: tuple[BeltItem, ...] = ()
    """Parcels of a belt that the device can have meant."""
    around: tuple[BeltItem, ...] = ()
    """Parcels of the belt within NEAR_UM of the device."""
    visit: VisitId | None = None
    """Whose it became, once an event has told that."""


@dataclass(slots=True, eq=False)
class Ordered:
    """An order to a diverter, for the parcel whose intent it carries out."""

    at: Instant
    line: LineId
    command: SwitchOn | SwitchOff
    visit: VisitId | None
    answer: str | None = None
    """What the board said; None until it did."""


@dataclass(slots=True)
class Testimony:
    """All that was seen, in order."""

    sightings: list[Sighting] = field(default_factory=list)
    orders: list[Ordered] = field(default_factory=list)
    edges: list[BeamChanged] = field(default_factory=list)
    views: dict[LineId, list[LineView]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)


class Witness:
    def __init__(
        self, gateway: Gateway, config: HubConfig, *, since: Instant = Instant(0), until: Instant = FOREVER,
        views: bool = False,
    ) -> None:  # fmt: skip
        """Watches inputs of `since` to `until`; `views`: samples what lies on the belts as well."""
        self._gateway = gateway
        self._since, self._until = since, until
        self._views = views
        self.told = Testimony()
        self._lines = {line.id: line for line in config.lines}
        self._line_of: dict[DeviceId, LineId] = {}
        for line in config.lines:
            devices = (
                *line.boards,
                *(one.device for one in line.recorders),
                *(one.device for one in line.readers),
            )
            self._line_of |= dict.fromkeys(devices, line.id)
        for bench in config.benches:
            self._line_of |= dict.fromkeys((bench.scale, *bench.scanners), bench.id)
        self._open: deque[Sighting] = deque(maxlen=OPEN_MAX)
        self._intents: dict[int, Event] = {}
        self._on_disk = 0
        self._known: dict[VisitId, tuple[set[str], Mass | None, Dims | None]] = {}
        """Codes and weight that events of each visit have told."""

    def step(self, given: Input) -> list[Effect]:
        """The core's step, watched."""
        if not self._since <= given.at <= self._until:
            return self._gateway.step(given)
        if isinstance(given, WITNESSED):
            before = self._gateway.snapshot()
            effects = self._gateway.step(given)
            self._see(given, before, self._gateway.snapshot())
        else:
            effects = self._gateway.step(given)
        self._take(given, effects)
        return effects

    # Inputs -----------------------------------------------------------------------------------------

    def _see(self, given: Told | DecisionArrived, before: Snapshot, after: Snapshot) -> None:
        if isinstance(given, DecisionArrived):
            refused = _raised(before.rejected_messages, after.rejected_messages)
            visit = given.decision.was or given.decision.visit
            self.told.sightings.append(Sighting(given, None, refused or OBEYED, visit=visit))
            return
        line = self._line_of.get(given.device)
        if line is None:
            return
        refused = _raised(before.balance.rejected, after.balance.rejected)
        joined = after.balance.journalled > before.balance.journalled
        sighting = Sighting(given, line, JOINED if joined else refused or OPEN)
        if isinstance(given, DeviceFault):
            sighting.outcome = given.code
            if line in self._lines and given.device in self._lines[line].boards:
                return
        view = next((one for one in after.lines if one.line == line), None)
        if view is not None:
            sighting.in_view = in_view(given, view, self._lines[line])
            sighting.around = around(place_of(given, self._lines[line]), view)
        self.told.sightings.append(sighting)
        # Weights of a scale that is asked again and again have no number to tell them by.
        telling = (
            given.record is not None
            if isinstance(given, WeightRead | DimensionsRead)
            else isinstance(given, BarcodeRead)
        )
        if telling and (joined or refused is None):
            self._open.append(sighting)

    def _take(self, given: Input, effects: Sequence[Effect]) -> None:
        if isinstance(given, Committed):
            self._on_disk = given.first + len(given.ids) - 1
        elif isinstance(given, OrderAnswered):
            self._answer(given)
        elif isinstance(given, BeamChanged):
            self.told.edges.append(given)
        for effect in effects:
            if isinstance(effect, Record):
                self._record(effect.number, effect.event)
            elif isinstance(effect, Order) and isinstance(effect.command, SwitchOn | SwitchOff):
                self._order(effect.command, given.at)
        if self._views and (isinstance(given, BeamChanged) or self._is_due(given.at)):
            for view in self._gateway.snapshot().lines:
                self.told.views.setdefault(view.line, []).append(view)

    def _is_due(self, at: Instant) -> bool:
        views = next(iter(self.told.views.values()), None)
        return views is None or at - views[-1].at >= SAMPLE_NS

    # Effects ----------------------------------------------------------------------------------------

    def _record(self, number: int, event: Event) -> None:
        self.told.events.append(event)
        if event.visit is None:
            return
        codes, mass, dims = self._known.setdefault(event.visit, (set(), None, None))
        for code in event.codes:
            if code.data not in codes:
                codes.add(code.data)
                self._resolve(event.visit, code)
        if event.mass is not None and event.mass != mass:
            self._resolve(event.visit, event.mass)
        if event.dims is not None and event.dims != dims:
            self._resolve(event.visit, event.dims)
        self._known[event.visit] = (codes, event.mass or mass, event.dims or dims)
        if event.kind == "parcel.diverted" and event.act is not None and not event.act.confirmed:
            self._intents[number] = event
            if len(self._intents) > OPEN_MAX:
                del self._intents[next(iter(self._intents))]
        elif event.kind in ("parcel.departed", "parcel.lost_track"):
            self._known.pop(event.visit, None)

    def _resolve(self, visit: VisitId, told: Code | Mass | Dims) -> None:
        for sighting in self._open:
            if _is_of(sighting.given, told):
                sighting.visit, sighting.outcome = visit, JOINED
                self._open.remove(sighting)
                return

    def _order(self, command: SwitchOn | SwitchOff, at: Instant) -> None:
        line = self._line_of.get(command.device)
        if line is None:
            return
        if isinstance(command, SwitchOff):
            meant = [one for one in self.told.orders if _recalls(command, one.command)]
            visit = meant[-1].visit if meant else None
        else:
            lane = next(
                (one.lane for one in self._lines[line].diverters if one.channel == command.channel), None
            )
            visit = self._intended(line, lane)
        self.told.orders.append(Ordered(at, line, command, visit))

    def _intended(self, line: LineId, lane: str | None) -> VisitId | None:
        """Of the oldest intent into this lane that is on disk."""
        for number, event in self._intents.items():
            meant = event.line == line and event.act is not None and event.act.lane == lane
            if meant and number <= self._on_disk:
                del self._intents[number]
                return event.visit
        return None

    def _answer(self, read: OrderAnswered) -> None:
        for one in reversed(self.told.orders):
            if one.command.device == read.device and one.command.order == read.order:
                one.answer = "taken" if read.accepted else read.detail
                return


def in_view(given: Told, view: LineView, line: Line) -> tuple[BeltItem, ...]:
    """Parcels that this device of the belt may have meant, by where they are believed to be: any that was in a reader's
    view within its delay; any whose rear left the beam of scale or dimensioner within the time for a record."""
    recorder = _recorder(given, line)
    if recorder is not None:
        beam = line.beam(recorder.beam).position_um
        low = beam + _way(view, recorder.earliest_ms)
        high = beam + _way(view, recorder.latest_ms)
        return tuple(item for item in view.items if low <= item.rear_um <= high)
    reader = next(one for one in line.readers if one.device == given.device)
    behind = _way(view, reader.delay_ms)
    low, high = reader.position_um - reader.window_um, reader.position_um + reader.window_um
    return tuple(item for item in view.items if item.front_um >= low and item.rear_um - behind <= high)


def place_of(given: Told, line: Line) -> int:
    """Where its reader stands, or the beam of its scale or dimensioner, in µm along the line."""
    recorder = _recorder(given, line)
    if recorder is not None:
        return line.beam(recorder.beam).position_um
    return next(one.position_um for one in line.readers if one.device == given.device)


def _recorder(given: Told, line: Line) -> BeltScale | None:
    """The scale or dimensioner that it is a record of; one device may be both."""
    mine = [one for one in line.recorders if one.device == given.device]
    return mine[-1 if isinstance(given, DimensionsRead) else 0] if mine else None


def around(place_um: int, view: LineView) -> tuple[BeltItem, ...]:
    low, high = place_um - NEAR_UM, place_um + NEAR_UM
    return tuple(item for item in view.items if item.front_um >= low and item.rear_um <= high)


def _way(view: LineView, ms: int) -> int:
    return view.speed_um_s * ms * MILLISECOND // SECOND


def _raised(before: Sequence[tuple[str, int]], after: Sequence[tuple[str, int]]) -> str | None:
    """The reason whose count has risen."""
    counts: Mapping[str, int] = dict(before)
    return next((reason for reason, count in after if count > counts.get(reason, 0)), None)


def _is_of(given: Told | DecisionArrived, told: Code | Mass | Dims) -> bool:
    match given, told:
        case BarcodeRead(), Code():
            known = (identify(given.data, given.aim, weak) for weak in ((), WEAK_FORMATS))
            return given.device == told.device and told.data in (given.data, *(one.value for one in known))
        case WeightRead(), Mass():
            return (given.device, given.mass_mg, given.record) == (told.device, told.mg, told.record)
        case DimensionsRead(), Dims():
            return (given.device, given.l_um, given.record) == (told.device, told.l_um, told.record)
        case _:
            return False


def _recalls(off: SwitchOff, on: SwitchOn | SwitchOff) -> bool:
    return isinstance(on, SwitchOn) and (on.device, on.channel, on.at) == (off.device, off.channel, off.at)
