"""A session of the bridge on a simulated line, and what tests of it share."""

from typing import Any

from board_rig import PulsedBelt, Rig, board_config

from firmware_bridge.orders import Order
from firmware_bridge.session import BoardSession
from firmware_bridge.told import FaultTold, OrderTold, StateTold
from hub_config.names import Instant
from simulators.devices.io_board_clock import BoardTraits

HELLO, SYNC, OUT_AT, CONFIG_IN, WATCHDOG, GET_EVENTS, CONFIG_CRC = range(0x80, 0x87)


class SessionRig(Rig):
    def __init__(self, traits: BoardTraits | None = None, hz: int = 0, **more: Any) -> None:
        config = {
            name: more.pop(name) for name in tuple(more) if name in ("inputs", "clock_bound_us", "attach")
        }
        self.session = BoardSession(board_config(**config))
        super().__init__(self.session, PulsedBelt(hz), traits, **more)

    @property
    def states(self) -> list[str]:
        return [one.state for one in self.of(StateTold)]

    def ready(self, within_ms: float = 2_000) -> "SessionRig":
        self.until(lambda: self.session.state == "ready", within_ms)
        return self

    def order(self, number: int, channel: int, at: Instant, for_ns: int) -> None:
        self.give(self.session.order(Order(number, channel, at, for_ns), self.now))

    def answers(self) -> dict[int, str]:
        return {one.order: one.detail for one in self.of(OrderTold)}

    def faults(self) -> list[str]:
        return [one.code for one in self.of(FaultTold)]


def ready_rig(**more: Any) -> SessionRig:
    """Ready, and nothing told yet."""
    rig = SessionRig(**more).ready()
    rig.told.clear()
    return rig
