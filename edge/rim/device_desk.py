"""What a running gateway tells of its devices to the control API, and the orders it takes there for its scales."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from drivers.bytes_trace import header
from drivers.command import ScaleOrder
from drivers.pump import Pump
from drivers.tap import Tap
from edge import __version__
from edge.rim import clock
from hub_config.bench_scale import BenchScaleConfig
from hub_config.hub import HubConfig
from hub_config.names import DeviceId

FIRST_ORDER: Final = 1 << 40
"""Numbers of orders of people: no order of the core, which count from 1, is ever taken for one of them."""


class Devices:
    def __init__(self, config: HubConfig, pump: Pump) -> None:
        self._config = config
        self._pump = pump
        self._numbers = itertools.count(FIRST_ORDER)

    def devices(self) -> Sequence[Mapping[str, Any]]:
        kinds = {device.id: device.kind for device in self._config.devices}
        return [
            {
                "device": port.device, "kind": kinds[port.device], "port": port.port, "open": port.open,
                "openings": port.openings, "bytes_in": port.bytes_in, "bytes_out": port.bytes_out,
                "frames": port.frames, "faults": port.faults, "disbelieved": port.disbelieved,
                "identity": port.identity,
            }
            for port in self._pump.stats()
        ]  # fmt: skip

    def tap(self, device: DeviceId) -> Tap | None:
        return self._pump.tap(device)

    def header(self, device: DeviceId) -> Mapping[str, Any]:
        return header(self._config.device(device), __version__, clock.now(), clock.wall_time().utc_us)

    def order(self, device: DeviceId, order: Literal["zero", "tare", "tare_clear"]) -> int | None:
        if not isinstance(self._config.device(device), BenchScaleConfig):
            return None
        number = next(self._numbers)
        self._pump.command(ScaleOrder(device, number, order))
        return number
