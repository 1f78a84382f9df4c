"""A simulated scale and the driver of its protocol on one wire, under simulated time.

The bytes arrive in pieces of any size, as a serial line delivers them.
"""

import random
from typing import Literal, cast

from drivers.command import Command, ScaleOrder
from drivers.decode_config import METROLOGY, config_of
from drivers.reading import OrderAnswered, Reading, WeightRead
from drivers.registry import new_session
from drivers.scales.explained import Explained
from drivers.scales.registry import EXPLAINED
from drivers.session import Actuator
from hub_config.names import MILLISECOND, SECOND, DeviceId, Instant
from hub_config.scales import BenchScale, SicsScaleConfig
from simulators.devices.scale import Scale
from simulators.devices.scale_wire import ScaleWire, Sends, Tongue

STEP_NS = 5 * MILLISECOND
CHUNK_MAX = 7
TOLD_TO_REPEAT = ("mt-sics", "sma", "and-standard", "ohaus")
"""Continuous once the host has told them."""


class Talk:
    """`protocol`: a name of `hub decode`, of a scale. The clock starts at one second; the load stands still before."""

    def __init__(
        self,
        protocol: str,
        tongue: Tongue,
        options: dict[str, str] | None = None,
        *,
        mode: str = "polled",
        scale: Scale | None = None,
        warm_up_ns: int = 0,
    ) -> None:
        known = EXPLAINED.get(protocol, Explained(SicsScaleConfig, "mt-sics"))
        more = {"metrology": METROLOGY, "mode": mode, **known.fixed}
        config = config_of(known.config, known.kind, options or {}, (), more)
        self.session = new_session(cast(BenchScale, config))
        self.scale = scale if scale is not None else Scale()
        by_itself = mode == "continuous" and protocol not in TOLD_TO_REPEAT
        sends: Sends = "continuous" if by_itself else "print" if mode == "print" else "answers"
        self.wire = ScaleWire(self.scale, tongue, sends=sends, warm_up_ns=warm_up_ns)
        self.now = Instant(SECOND)
        self._rng = random.Random(7)
        self.wire.power_up(self.now)

    def run(self, ns: int = 2 * SECOND) -> list[Reading]:
        """All that the driver tells in this time."""
        told: list[Reading] = []
        for _ in range(0, ns, STEP_NS):
            self.now = Instant(self.now + STEP_NS)
            told += self._carry(self.wire.take_output(self.now))
            if self.session.wake_at is not None and self.session.wake_at <= self.now:
                told += self.session.wake(self.now)
            if sent := self.session.take_output():
                self.wire.receive(sent, self.now)
        return told

    def weights(self, ns: int = 2 * SECOND) -> list[WeightRead]:
        return [one for one in self.run(ns) if isinstance(one, WeightRead)]

    def put(self, mass_mg: int) -> None:
        self.scale.load(mass_mg, self.now)

    def order(self, command: Command) -> list[Reading]:
        assert isinstance(self.session, Actuator)
        return self.session.command(command, self.now)

    def press(self, order: Literal["zero", "tare", "tare_clear"]) -> None:
        """By a person, at the scale if it takes none from a host."""
        told = self.order(ScaleOrder(DeviceId("decode"), 1, order))
        if any(isinstance(one, OrderAnswered) and not one.accepted for one in told):
            shown = self.scale.shown(self.now)
            self.scale.tare(shown.mass_mg or 0) if order == "tare" else self.scale.zero(self.now)

    def _carry(self, data: bytes) -> list[Reading]:
        told: list[Reading] = []
        while data:
            size = self._rng.randint(1, CHUNK_MAX)
            told += self.session.receive(data[:size], self.now)
            data = data[size:]
        return told
