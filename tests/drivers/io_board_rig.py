"""A driver of the I/O board on a simulated line, and what tests of it share."""

from typing import Any

from board_rig import BOARD, PulsedBelt, Rig, board_config

from drivers.command import SwitchOff, SwitchOn
from drivers.conveyors.io_board import IoBoard
from drivers.reading import (
    BeamChanged,
    BeltMoved,
    BoardChanged,
    Reading,
)
from firmware_bridge.frames import frame
from firmware_bridge.messages import Boot, Edge, Enc, encode
from hub_config.names import Instant
from simulators.devices.io_board_clock import BoardTraits


class DriverRig(Rig):
    def __init__(self, hz: int = 0, traits: BoardTraits | None = None, **more: Any) -> None:
        config = {name: more.pop(name) for name in tuple(more) if name == "inputs"}
        self.driver = IoBoard(board_config(**config))
        super().__init__(self.driver, PulsedBelt(hz), traits, **more)

    def ready(self) -> "DriverRig":
        self.until(lambda: any(one.state == "ready" for one in self.of(BoardChanged)))
        return self

    @property
    def beams(self) -> list[BeamChanged]:
        return self.of(BeamChanged)

    @property
    def moves(self) -> list[BeltMoved]:
        return self.of(BeltMoved)


def ready_rig(**more: Any) -> DriverRig:
    """Ready, and nothing told yet."""
    rig = DriverRig(**more).ready()
    rig.told.clear()
    return rig


def told_before(readings: list[Reading]) -> None:
    """Edges and moves are in the order of the board's time, and no edge lies before a move that has passed it."""
    last, passed = Instant(0), -1
    for reading in readings:
        if isinstance(reading, BeamChanged | BeltMoved):
            assert reading.at >= last, reading
            assert reading.count >= passed, reading
            last = reading.at
        if isinstance(reading, BeltMoved):
            passed = reading.count


def injected(rig: DriverRig, *events: Edge | Enc | Boot) -> None:
    """As if the board had sent them now."""
    rig.give(rig.driver.receive(b"".join(frame(encode(event)) for event in events), rig.now))


def next_evseq(rig: DriverRig) -> int:
    order = rig.driver._session._events._order
    assert order._next is not None
    return order._next


def switch(rig: DriverRig, number: int, channel: int, at: Instant, for_ns: int) -> None:
    command = (
        SwitchOn(BOARD, number, channel, at, for_ns) if for_ns else SwitchOff(BOARD, number, channel, at)
    )
    rig.give(rig.driver.command(command, rig.now))
