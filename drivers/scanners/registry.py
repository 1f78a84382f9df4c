"""Of scanners: from config to session, and from a protocol's name to what explains its messages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, assert_never

from drivers.scanners import cognex_dmcc, datalogic, honeywell, keyence_sr, sick, ssi
from drivers.scanners.answers import Noted
from drivers.scanners.evdev_wedge import EvdevWedge
from drivers.scanners.line import LineScanner
from drivers.scanners.reader import LineReader, ReaderWire
from drivers.session import Session
from hub_config.readers import (
    CognexConfig,
    DatalogicConfig,
    HoneywellConfig,
    KeyenceSrConfig,
    LinedReader,
    ReaderConfig,
    SickColaConfig,
    SickReadConfig,
    SsiConfig,
)
from hub_config.scanners import EvdevWedgeConfig, LineScannerConfig, Scanner


def new_scanner(config: Scanner) -> Session:
    match config:
        case LineScannerConfig():
            return LineScanner(config)
        case EvdevWedgeConfig():
            return EvdevWedge(config)
        case SsiConfig():
            return ssi.SsiScanner(config)
        case _:
            return LineReader(config, new_wire(config))


def new_wire(config: LinedReader) -> ReaderWire:
    match config:
        case KeyenceSrConfig():
            return keyence_sr.keyence_sr(config)
        case HoneywellConfig():
            return honeywell.honeywell(config)
        case DatalogicConfig():
            return datalogic.datalogic(config)
        case CognexConfig():
            return cognex_dmcc.cognex_dmcc(config)
        case SickReadConfig() | SickColaConfig():
            return sick.sick(config)
        case _ as never:
            assert_never(never)


@dataclass(frozen=True, slots=True)
class Explained:
    """How `hub decode` reads the messages of one protocol name, which is also its kind in a config."""

    config: type[ReaderConfig]
    parse_command: Callable[[bytes], Noted | None]
    """Of one whole message of a host."""


EXPLAINED: Final[Mapping[str, Explained]] = {
    "keyence-sr": Explained(KeyenceSrConfig, keyence_sr.parse_command),
    "honeywell": Explained(HoneywellConfig, honeywell.parse_command),
    "datalogic": Explained(DatalogicConfig, datalogic.parse_command),
    "cognex-dmcc": Explained(CognexConfig, cognex_dmcc.parse_command),
    "sick-cola-a": Explained(SickColaConfig, sick.parse_command),
    "sick-read": Explained(SickReadConfig, sick.parse_command),
}
"""By the protocol names of `tests/vectors/vectors.jsonl`. Their messages are lines."""
