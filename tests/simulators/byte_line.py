"""One belt line of a simulated hub whose board speaks its bytes, with whatever shall go wrong on it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from drivers.reading import BoardChanged, DeviceFault, EventsLost, Reading
from hub_config.hub import HubConfig
from hub_config.names import SECOND, Instant
from simulators.board_wire import BoardWire
from simulators.bodies import Body
from simulators.devices.io_board import LineController
from simulators.devices.io_board_clock import BoardTraits
from simulators.hub import SimulatedHub
from simulators.line_faults import LineFault
from simulators.line_plant import LineOptions, LinePlant
from simulators.parcels import stream
from simulators.practice import NO_PORTS, practice_signer, write_hub
from simulators.report import whole
from simulators.simulate import Simulation, prepare

PARCELS = 30
FAULTLESS: Mapping[LineFault, int] = {}
EVERY = 1_000_000
"""Parcels per million: all of them."""


@lru_cache(maxsize=1)
def one_line() -> HubConfig:
    """The demo's config without its bench."""
    with TemporaryDirectory() as folder:
        hub = write_hub(Path(folder), (), practice_signer("coordinator"), ports=NO_PORTS, scenario="demo")
    return hub.config.model_copy(update={"benches": ()})


@dataclass(frozen=True, slots=True)
class Outcome:
    report: dict[str, Any]
    details: tuple[str, ...]
    told: list[Reading]
    """By the board, in order."""

    @property
    def accounted(self) -> bool:
        """Every parcel is, nothing is wrong anywhere, and nothing left by a lane that was not free for it."""
        return whole(self.report) and self.details == ()

    @property
    def share(self) -> float:
        """Released, of those that could be."""
        release = self.report["release"]
        return float(release["share"] / release["oracle_share"]) if release["oracle_share"] else 0.0

    @property
    def lanes(self) -> dict[str, int]:
        return {name: n for name, n in self.report["parcels"].items() if n and name != "entered"}

    @property
    def states(self) -> list[str]:
        return [one.state for one in self.told if isinstance(one, BoardChanged)]

    @property
    def faults(self) -> set[str]:
        return {one.code for one in self.told if isinstance(one, DeviceFault)}

    @property
    def lost_events(self) -> int:
        return sum(one.count for one in self.told if isinstance(one, EventsLost))


@dataclass
class ByteLine:
    seed: int = 1
    rates_ppm: Mapping[LineFault, int] = field(default_factory=lambda: FAULTLESS)
    traits: BoardTraits | None = None
    parcels: int = PARCELS
    simulation: Simulation = field(init=False)
    told: list[Reading] = field(default_factory=list)

    def __post_init__(self) -> None:
        options = LineOptions(self.rates_ppm, over_bytes=True, traits=self.traits)
        parcels = stream(self.seed, self.parcels)
        self.simulation = prepare(one_line(), parcels, self.seed, "one line", lines=options)
        give = self.wire._give

        def tell(reading: Reading) -> None:
            self.told.append(reading)
            give(reading)

        self.wire._give = tell

    @property
    def hub(self) -> SimulatedHub:
        return self.simulation.hub

    @property
    def plant(self) -> LinePlant:
        return self.hub.lines[0]

    @property
    def wire(self) -> BoardWire:
        board = self.plant.board
        assert isinstance(board, BoardWire)
        return board

    @property
    def board(self) -> LineController:
        return self.wire.board

    @property
    def bodies(self) -> list[Body]:
        return self.plant.conveyor.bodies

    def at(self, seconds: float, action: Callable[[Instant], object]) -> None:
        """Something happens to the line then."""

        def act() -> None:
            action(self.hub.world.now)
            self.plant.conveyor.stir()

        self.hub.world.call_at(Instant(round(seconds * SECOND)), act)

    def run(self) -> Outcome:
        """Until every parcel has left and is accounted for; then all outputs are at their safe level."""
        report, details = self.simulation.run()
        self.board.wake(self.hub.world.now)
        assert not any(self.board.outputs), "a diverter is out at the end"
        return Outcome(report, details, self.told)
