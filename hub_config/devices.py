"""The closed union of devices. Each kind's model stands in the file of its family."""

from typing import Annotated, Final, get_args

from pydantic import Field

from hub_config.boards import IoBoardConfig
from hub_config.cameras import FolderCameraConfig
from hub_config.dimensioners import CubiscanConfig, Dm3610Config, RecordDimensionerConfig, SickMdaConfig
from hub_config.external import ExternalConfig, place_kind
from hub_config.modbus import ModbusIoConfig
from hub_config.plc import PlcWcsConfig
from hub_config.printers import ZplPrinterConfig
from hub_config.readers import Reader
from hub_config.scales import BeltScale, BenchScale
from hub_config.scanners import Scanner

Device = Annotated[
    Scanner
    | BenchScale
    | BeltScale
    | RecordDimensionerConfig
    | Dm3610Config
    | SickMdaConfig
    | CubiscanConfig
    | FolderCameraConfig
    | IoBoardConfig
    | ModbusIoConfig
    | PlcWcsConfig
    | ZplPrinterConfig
    | ExternalConfig,
    Field(discriminator="kind"),
]


def _kinds(union: object) -> tuple[str, ...]:
    members = get_args(union) or (union,)
    return tuple(str(get_args(member.model_fields["kind"].annotation)[0]) for member in members)


SCANNER_KINDS: Final = (
    "line-scanner", "evdev-wedge", "ssi", "honeywell", "datalogic", "cognex-dmcc", "sick-read", place_kind("codes"),
)  # fmt: skip
"""At a bench: those that read by themselves, or can."""
SCALE_KINDS: Final = (*_kinds(BenchScale), place_kind("weights"))
READER_KINDS: Final = (*_kinds(Reader), "line-scanner", "folder-camera", place_kind("codes"))
"""Beside a belt."""
BELT_SCALE_KINDS: Final = _kinds(BeltScale)
BOARD_KINDS: Final = ("io-board", "modbus-io", place_kind("beams"))
PLC_KINDS: Final = ("plc-wcs",)
PLC_READER_KINDS: Final = ("line-scanner", "folder-camera")
"""Beside a line that a controller drives: nothing there tells a reader when to read."""
