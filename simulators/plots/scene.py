"""What a space-time diagram of a belt shows, before anything is drawn: seconds along x, metres of the belt along y.

Bands are where the gateway believed each parcel to be; dots are the edges it was told; true paths are the simulator's.
Whose a reading became, and who else was in view, comes from a witness (`edge.rim.witness`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from drivers.command import SwitchOn
from drivers.reading import BarcodeRead, DeviceFault, DimensionsRead, NoRead
from edge.core.inputs import DecisionArrived
from edge.core.snapshot import BeltItem, LineView
from edge.rim.witness import JOINED, OPEN, Sighting, Testimony, place_of
from hub_config.lines import Beam, Line
from hub_config.names import MICROSECOND, SECOND, Instant
from simulators.bodies import Body

Data = Mapping[str, Any]
Kind = Literal["code", "no read", "weight", "box", "fault"]

UM: Final = 1_000_000
EDGE_S: Final = 0.3
"""Bands go on so far beyond the window, so that they reach its edges."""
LOST: Final = "lost"
IN_WORK: Final = "on the belt"
CODE_TAIL: Final = 6
"""Characters of a code that are written beside its parcel."""


@dataclass(slots=True)
class Fate:
    """What became of a visit, by its events."""

    lane: str = IN_WORK
    reason: str | None = None
    own_hold: bool = False
    """The gateway's own doubt, not a decision."""
    ended_us: int | None = None
    code: str | None = None

    @property
    def word(self) -> str:
        return self.lane if self.reason is None else f"{self.lane}: {self.reason}"


@dataclass(slots=True)
class Band:
    """One item of the track."""

    visit: str
    fate: Fate
    times: list[float] = field(default_factory=list)
    fronts: list[float] = field(default_factory=list)
    rears: list[float] = field(default_factory=list)

    @property
    def label(self) -> str:
        return "no code" if self.fate.code is None else f"…{self.fate.code[-CODE_TAIL:]}"


@dataclass(frozen=True, slots=True)
class Mark:
    """A reading at its device."""

    kind: Kind
    at: float
    place: float
    refused: str | None
    """None: it became a parcel's."""
    owner: float | None
    """The middle of the parcel that got it."""
    rivals: tuple[float, ...]
    """Of others in view."""


@dataclass(frozen=True, slots=True)
class Push:
    """A diverter that was ordered to be out."""

    lane: str
    at: float
    lasts: float
    place: float


@dataclass(frozen=True, slots=True)
class TruePath:
    """Where the front of a parcel with something wrong really was."""

    faults: tuple[str, ...]
    times: tuple[float, ...]
    places: tuple[float, ...]


@dataclass(slots=True)
class Scene:
    line: Line
    since: float
    until: float
    bands: list[Band] = field(default_factory=list)
    edges: list[tuple[float, float, bool]] = field(default_factory=list)
    """Time, place, covered."""
    marks: list[Mark] = field(default_factory=list)
    pushes: list[Push] = field(default_factory=list)
    exits: list[tuple[float, float, str]] = field(default_factory=list)
    """Time, place and lane in which a sensor saw a parcel."""
    truths: list[TruePath] = field(default_factory=list)
    stood: list[tuple[float, float]] = field(default_factory=list)
    """When the line did not run, by the gateway."""


def fates(events: Iterable[Data]) -> dict[str, Fate]:
    """By visit."""
    found: dict[str, Fate] = {}
    for data in events:
        if data["visit"] is not None:
            _take(found.setdefault(data["visit"], Fate()), data)
    return found


def _take(fate: Fate, data: Data) -> None:
    named = [code["data"] for code in data.get("codes", ()) if "data" in code and code.get("chk")]
    fate.code = fate.code or (named[0] if named else None)
    match data["kind"]:
        case "parcel.decided":
            decision = data.get("decision") or data.get("voucher")
            reasons = data["flags"] or (decision["data"]["reasons"] if decision is not None else ())
            fate.reason = reasons[0] if reasons else None
            fate.own_hold = decision is None
        case "parcel.diverted" if data["act"]["confirmed"]:
            fate.lane, fate.ended_us = data["act"]["lane"], data["mono_us"]
        case "parcel.lost_track":
            fate.lane, fate.ended_us = LOST, data["mono_us"]
            fate.reason = next((flag for flag in data["flags"] if flag != "lost_track"), None)
        case _:
            pass


def scene_of(
    line: Line, told: Testimony, events: Sequence[Data], bodies: Sequence[Body], window: tuple[float, float]
) -> Scene:
    since, until = window
    scene = Scene(line, since, until)
    channels = {beam.channel: beam.position_um / UM for beam in (*line.beams, *side_beams(line))}
    scene.bands = _bands(line, told, events, window)
    scene.stood = _stood(told.views.get(line.id, ()), window)
    scene.edges = [
        (_s(edge.at), channels[edge.channel], edge.blocked)
        for edge in told.edges
        if edge.device in line.boards and edge.channel in channels and since <= _s(edge.at) <= until
    ]
    scene.marks = [
        _mark(one, line)
        for one in told.sightings
        if one.line == line.id and since <= _s(one.given.at) <= until
    ]
    for order in told.orders:
        command = order.command
        if order.line == line.id and isinstance(command, SwitchOn) and since <= _s(command.at) <= until:
            gate = next(one for one in line.diverters if one.channel == command.channel)
            scene.pushes.append(
                Push(gate.lane, _s(command.at), command.for_ns / SECOND, gate.position_um / UM)
            )
    scene.exits = _exits(line, events, window)
    paths = (_true_path(body, line) for body in bodies if body.plan.faults)
    scene.truths = [path for path in paths if any(since <= at <= until for at in path.times)]
    return scene


def _s(at: Instant) -> float:
    return at / SECOND


def side_beams(line: Line) -> tuple[Beam, ...]:
    """Of belts that merge into it, at their places along the line."""
    return tuple(
        beam for place in range(len(line.belts), len(line.all_belts)) for beam in line.beams_on(place)
    )


def _bands(line: Line, told: Testimony, events: Sequence[Data], window: tuple[float, float]) -> list[Band]:
    views = told.views.get(line.id, ())
    aside = _came_aside(line, told)
    known = fates(data for data in events if data["line"] == line.id)
    arrived = {data["visit"]: data["mono_us"] / UM for data in events if data["kind"] == "parcel.arrived"}
    entry = line.belt_beams[0].position_um / UM
    bands: dict[int, Band] = {}
    for view in views:
        at = _s(view.at)
        for item in view.items if window[0] - EDGE_S <= at <= window[1] + EDGE_S else ():
            band = bands.get(item.number)
            if band is None:
                band = bands[item.number] = Band(item.visit, known.get(item.visit, Fate()))
                begun = arrived.get(item.visit)
                if begun is not None and window[0] - EDGE_S <= begun < at and item.state != "stray":
                    _begin(band, begun, aside.get(round(begun * UM)), item, entry)
            _add(band, at, item.front_um / UM, item.rear_um / UM)
    exits = _exit_beams(line)
    for band in bands.values():
        ended = None if band.fate.ended_us is None else band.fate.ended_us / UM
        if ended is not None and band.fate.lane in exits and band.times[-1] < ended <= window[1] + EDGE_S:
            place = exits[band.fate.lane]
            _add(band, ended, place, place - band.fronts[-1] + band.rears[-1])
    return list(bands.values())


def _came_aside(line: Line, told: Testimony) -> dict[int, tuple[float, float]]:
    """When a front came to a beam of a side belt, in µs, to where that is and how fast the belt goes, in m/s."""
    known = {
        beam.channel: (beam.position_um / UM, line.all_belts[place].speed_mm_s / 1_000)
        for place in range(len(line.belts), len(line.all_belts))
        for beam in line.beams_on(place)
    }
    return {
        edge.at // MICROSECOND: known[edge.channel]
        for edge in told.edges
        if edge.blocked and edge.device in line.boards and edge.channel in known
    }


def _begin(band: Band, begun: float, aside: tuple[float, float] | None, item: BeltItem, entry: float) -> None:
    """From where it came: a line's view has nothing of a side belt, so there it is drawn as it will be seen first."""
    if aside is None:
        _add(band, begun, entry, entry)
        return
    place, m_s = aside
    long = (item.front_um - item.rear_um) / UM
    _add(band, begun, place, place)
    _add(band, begun + long / m_s, place + long, place)


def _exit_beams(line: Line) -> dict[str, float]:
    """Lane to the place of the beam that sees parcels leave by it."""
    beams = {str(one.lane): one.beam for one in line.diverters} | {str(line.end.lane): line.end.beam}
    return {lane: line.beam(beam).position_um / UM for lane, beam in beams.items()}


def _add(band: Band, at: float, front: float, rear: float) -> None:
    band.times.append(at)
    band.fronts.append(front)
    band.rears.append(rear)


def _stood(views: Sequence[LineView], window: tuple[float, float]) -> list[tuple[float, float]]:
    spans: list[tuple[float, float]] = []
    since: float | None = None
    for view in views:
        at = min(max(_s(view.at), window[0]), window[1])
        if view.state != "runs" and since is None:
            since = at
        elif view.state == "runs" and since is not None:
            spans.append((since, at))
            since = None
    spans += [] if since is None else [(since, window[1])]
    return [(low, high) for low, high in spans if high > low]


def _mark(sighting: Sighting, line: Line) -> Mark:
    given = sighting.given
    assert not isinstance(given, DecisionArrived), "decisions are of no line"
    kind: Kind = "weight"
    if isinstance(given, NoRead):
        kind = "no read"
    elif isinstance(given, BarcodeRead):
        kind = "code"
    elif isinstance(given, DimensionsRead):
        kind = "box"
    elif isinstance(given, DeviceFault):
        kind = "fault"
    items = (*sighting.in_view, *sighting.around)
    owner = next((item for item in items if item.visit == sighting.visit), None)
    refused = None if sighting.outcome == JOINED or sighting.visit is not None else sighting.outcome
    return Mark(
        kind, _s(given.at), place_of(given, line) / UM,
        "told in no event" if refused == OPEN else refused,
        None if owner is None else _middle(owner),
        tuple(_middle(item) for item in sighting.in_view if item is not owner),
    )  # fmt: skip


def _middle(item: BeltItem) -> float:
    return (item.front_um + item.rear_um) / 2 / UM


def _exits(line: Line, events: Sequence[Data], window: tuple[float, float]) -> list[tuple[float, float, str]]:
    beams = _exit_beams(line)
    found = []
    for data in events:
        at = data["mono_us"] / UM
        seen = data["kind"] == "parcel.diverted" and data["act"]["confirmed"] and data["line"] == line.id
        if seen and window[0] <= at <= window[1] and data["act"]["lane"] in beams:
            found.append((at, beams[data["act"]["lane"]], data["act"]["lane"]))
    return found


def _true_path(body: Body, line: Line) -> TruePath:
    points = sorted((_s(at), place / UM) for place, at in body.crossed.items())
    gate = body.path
    if gate is not None and body.left_at is not None:
        points.append((_s(body.left_at), line.beam(gate.beam).position_um / UM))
    times = tuple(at for at, _ in points)
    return TruePath(tuple(body.plan.faults), times, tuple(place for _, place in points))
