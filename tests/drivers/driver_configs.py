"""Devices as a config file would give them, and instants in milliseconds, for the driver tests."""

from typing import Any

from hub_config.attach import SerialAttach
from hub_config.devices import LineScannerConfig, Metrology, SicsScaleConfig
from hub_config.names import MILLISECOND, DeviceId, Instant

SCANNER = DeviceId("scan-1")
SCALE = DeviceId("scale-1")

_METROLOGY = Metrology(regime="none", max_mg=30_000_000, min_mg=100_000, e_mg=5_000, mpe_mg=5_000)


def ms(milliseconds: float) -> Instant:
    return Instant(int(milliseconds * MILLISECOND))


def scanner_config(port: str = "/dev/ttyACM0", name: DeviceId = SCANNER, **more: Any) -> LineScannerConfig:
    return LineScannerConfig(id=name, attach=SerialAttach(port=port), **more)


def scale_config(port: str = "/dev/ttyS0", name: DeviceId = SCALE, **more: Any) -> SicsScaleConfig:
    return SicsScaleConfig(id=name, attach=SerialAttach(port=port), metrology=_METROLOGY, **more)
