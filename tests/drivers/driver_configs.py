"""Devices as a config file would give them, and instants in milliseconds, for the driver tests."""

from typing import Any

from drivers.scanners.keyence_sr import keyence_sr
from drivers.scanners.reader import LineReader
from hub_config.attach import SerialAttach, TcpAttach, TcpListenAttach
from hub_config.dimensioners import (
    CubiscanConfig,
    DimensionerConfig,
    Dm3610Config,
    RecordDimensionerConfig,
    SickMdaConfig,
)
from hub_config.metrology import Metrology
from hub_config.names import MILLISECOND, DeviceId, Instant
from hub_config.readers import KeyenceSrConfig
from hub_config.scales import RecordScaleConfig, SicsScaleConfig
from hub_config.scanners import LineScannerConfig

SCANNER = DeviceId("scan-1")
SCALE = DeviceId("scale-1")
READER = DeviceId("tunnel-1")
BELT_SCALE = DeviceId("wim-1")
DIMENSIONER = DeviceId("dim-1")

_METROLOGY = Metrology(regime="none", max_mg=30_000_000, min_mg=100_000, e_mg=5_000, mpe_mg=5_000)


def ms(milliseconds: float) -> Instant:
    return Instant(int(milliseconds * MILLISECOND))


def scanner_config(port: str = "/dev/ttyACM0", name: DeviceId = SCANNER, **more: Any) -> LineScannerConfig:
    return LineScannerConfig(id=name, attach=SerialAttach(port=port), **more)


def scale_config(port: str = "/dev/ttyS0", name: DeviceId = SCALE, **more: Any) -> SicsScaleConfig:
    return SicsScaleConfig(id=name, attach=SerialAttach(port=port), metrology=_METROLOGY, **more)


def reader_config(port: int = 9_004, name: DeviceId = READER, **more: Any) -> KeyenceSrConfig:
    """Dialled on loopback."""
    attach = TcpAttach(kind="tcp", host="127.0.0.1", port=port)
    return KeyenceSrConfig(kind="keyence-sr", id=name, attach=attach, **more)


def keyence(config: KeyenceSrConfig) -> LineReader:
    return LineReader(config, keyence_sr(config))


def belt_scale_config(
    port: int = 9_010, name: DeviceId = BELT_SCALE, peer: str = "127.0.0.1", **more: Any
) -> RecordScaleConfig:
    """Dials the gateway on loopback."""
    attach = TcpListenAttach(kind="tcp-listen", host="127.0.0.1", port=port, peer=peer)
    return RecordScaleConfig(kind="record-scale", id=name, attach=attach, metrology=_METROLOGY, **more)


def dimensioner_config(**more: Any) -> RecordDimensionerConfig:
    return RecordDimensionerConfig(kind="record-dimensioner", **_sizing(), **more)


def dws_config(**more: Any) -> RecordDimensionerConfig:
    """With a scale in it."""
    fields = ("record", "length", "width", "height", "mass", "status")
    return dimensioner_config(fields=fields, unit="mm", mass_unit="g", metrology=_METROLOGY, **more)


def dm3610_config(**more: Any) -> Dm3610Config:
    return Dm3610Config(kind="datalogic-dm3610", **_sizing(), **more)


def mda_config(**more: Any) -> SickMdaConfig:
    return SickMdaConfig(kind="sick-mda", metrology=_METROLOGY, **_sizing(), **more)


def cubiscan_config(**more: Any) -> CubiscanConfig:
    return CubiscanConfig(kind="cubiscan", metrology=_METROLOGY, **_sizing(), **more)


def dimensioner_configs() -> list[DimensionerConfig]:
    """One of every kind."""
    return [dimensioner_config(), dws_config(), dm3610_config(), mda_config(), cubiscan_config()]


def _sizing() -> dict[str, Any]:
    return {"id": DIMENSIONER, "attach": SerialAttach(port="/dev/ttyS1"), "u_um": 5_000}
