"""The pictures of one simulated run (`hub simulate … --plot DIR`): which windows are looked at, and what is written.

The core is watched from beside it for the first WATCHED_S of a run, or for the window that was asked for. By default
two windows of one belt are drawn: around the first parcel that the gateway itself held or lost track of, and the first
in which all went well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from edge.rim.witness import Witness
from hub_config.lines import Line
from hub_config.names import SECOND, Instant
from simulators.line_truth import line_happened
from simulators.plots.belt_picture import draw_scene
from simulators.plots.charts import draw_calibration, draw_causes
from simulators.plots.figures import Pair, calibration, causes, pairs_of
from simulators.plots.scene import LOST, Fate, fates, scene_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from simulators.hub import SimulatedHub
    from simulators.simulate import Simulation

Data = Mapping[str, Any]

WINDOW_S: Final = 20.0
WATCHED_S: Final = 300.0
"""Of a run where no window is asked for: watching costs time and memory, however long the run is."""
AROUND_S: Final = 30.0
"""Watched before and after a window that is asked for: parcels that are on the belt when it begins."""
BEFORE_S: Final = 5.0
"""How much of a window lies before the parcel that it is about."""
CLEAN_PARTS: Final = (1, 2, 4)
"""Where nothing is clean for a whole window, half of one or a quarter is."""
SETTLED_S: Final = 2.0
"""A clean window begins when the belt runs."""
US: Final = 1_000_000
FORMATS: Final = ("png", "svg")


class PictureFault(Exception):  # noqa: N818  (the fault is the wish's)
    """What was asked for can't be drawn; one sentence."""


def can_draw() -> bool:
    return find_spec("matplotlib") is not None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for."""

    folder: Path
    since_s: float | None = None
    """None: windows are chosen."""
    length_s: float = WINDOW_S
    line: str | None = None


@dataclass(frozen=True, slots=True)
class Window:
    name: str
    line: Line
    since: float
    until: float
    what: str
    focus: float | None = None


class Album:
    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self.simulation: Simulation | None = None
        self.witness: Witness | None = None

    def attend(self, simulation: "Simulation") -> None:
        """Before it runs. Raises PictureFault for a line that the hub has not."""
        hub, wanted = simulation.hub, self._wanted
        lines = [line.id for line in hub.config.lines]
        if wanted.line is not None and wanted.line not in lines:
            raise PictureFault(
                f"--plot-line is {wanted.line}; the lines of {simulation.scenario} are {lines}"
            )
        since, until = 0.0, WATCHED_S
        if wanted.since_s is not None:
            since, until = wanted.since_s - AROUND_S, wanted.since_s + wanted.length_s + AROUND_S
        self.simulation = simulation
        self.witness = Witness(
            hub.gateway,
            hub.config,
            since=Instant(int(since * SECOND)),
            until=Instant(int(until * SECOND)),
            views=True,
        )
        hub.step = self.witness.step

    def draw(self) -> list[Path]:
        """After it has run; returns the files, PNG and SVG of each picture."""
        assert self.simulation is not None, "draw before attend"
        assert self.witness is not None, "draw before attend"
        simulation, hub = self.simulation, self.simulation.hub
        run = f"{simulation.scenario}, seed {simulation.seed}"
        drawn: list[Path] = []
        for window in self._windows(hub):
            bodies = next(one.conveyor.bodies for one in hub.lines if one.line.id == window.line.id)
            scene = scene_of(window.line, self.witness.told, hub.events, bodies, (window.since, window.until))
            title = f"{run}, line {window.line.id}, {window.since:.1f} to {window.until:.1f} s: {window.what}"
            drawn += self._keep(
                draw_scene(scene, title, window.focus), f"belt-{window.line.id}-{window.name}"
            )
        known = fates(hub.events)
        free = frozenset(str(bench.free_lane) for bench in hub.config.benches)
        free |= frozenset(str(line.free_lane) for line in hub.config.lines)
        drawn += self._keep(draw_causes(causes(known.values(), free), len(known), run), "exceptions")
        pairs, unknown = assignments(simulation)
        drawn += self._keep(draw_calibration(calibration(pairs), unknown, run), "calibration")
        return drawn

    def _keep(self, figure: "Figure", name: str) -> list[Path]:
        from matplotlib import rc_context

        files = [self._wanted.folder / f"{name}.{kind}" for kind in FORMATS]
        with rc_context({"svg.hashsalt": name}):  # the same run, the same file
            for file in files:
                figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None)
        return files

    def _windows(self, hub: "SimulatedHub") -> list[Window]:
        lines = [line for line in hub.config.lines if self._wanted.line in (None, line.id)]
        if not lines:
            return []
        length = self._wanted.length_s
        if self._wanted.since_s is not None:
            since = self._wanted.since_s
            return [Window(f"{since:g}s", lines[0], since, since + length, "as asked for")]
        found = first_exception(hub.events, lines)
        line = lines[0] if found is None else found[0]
        windows = []
        if found is not None:
            _, at, fate = found
            since = max(0.0, at - BEFORE_S)
            word = "lost track of" if fate.lane == LOST else fate.word
            windows.append(
                Window("exception", line, since, since + length, f"the first exception ({word})", at + 1.2)
            )
        for part in CLEAN_PARTS:
            clean = first_clean(hub.events, line, length / part)
            if clean is not None:
                windows.append(Window("clean", line, clean, clean + length / part, "all went well"))
                break
        return windows


def first_exception(events: Sequence[Data], lines: Sequence[Line]) -> tuple[Line, float, Fate] | None:
    """The belt, when the parcel arrived, and what became of it: the first that the gateway itself held or lost."""
    known = fates(events)
    places = {line.id: line for line in lines}
    for data in events:
        if data["kind"] == "parcel.arrived" and data["line"] in places and data["mono_us"] < WATCHED_S * US:
            fate = known[data["visit"]]
            if fate.own_hold or fate.lane == LOST:
                return places[data["line"]], data["mono_us"] / US, fate
    return None


def first_clean(events: Sequence[Data], line: Line, length: float) -> float | None:
    """When a window begins whose parcels, all of them, went to the free lane."""
    known = fates(events)
    arrivals: list[tuple[float, bool]] = [
        (data["mono_us"] / US, known[data["visit"]].lane == line.free_lane)
        for data in events
        if data["kind"] == "parcel.arrived" and data["line"] == line.id and data["mono_us"] < WATCHED_S * US
    ]
    arrivals.sort()
    transit = sum(belt.length_um / 1_000 / belt.speed_mm_s for belt in line.belts)
    for at, _ in arrivals:
        inside = [good for other, good in arrivals if at - transit <= other <= at + length]
        if at >= SETTLED_S and all(inside) and arrivals[-1][0] >= at + length / 2:
            return at - 0.5
    return None


def assignments(simulation: "Simulation") -> tuple[list[Pair], int]:
    """What was stated and whether it was right, of every measurement; and how many are of no known parcel."""
    hub = simulation.hub
    pairs: list[Pair] = []
    unknown = 0
    for bench in hub.benches:
        parcels = {parcel.number: parcel for parcel in bench.bench.parcels}
        told, apart = pairs_of(hub.events, bench.bench.happened(), parcels, bench.config.id)
        pairs, unknown = pairs + told, unknown + apart
    for plant in hub.lines:
        bodies = plant.conveyor.bodies
        parcels = {body.parcel.number: body.parcel for body in bodies}
        happened = line_happened(bodies, hub.events, plant.line, simulation.stamps_within_us)
        told, apart = pairs_of(hub.events, happened, parcels, plant.line.id)
        pairs, unknown = pairs + told, unknown + apart
    return pairs, unknown
