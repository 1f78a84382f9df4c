"""From a device's config to a new session. A kind without a case fails the type check, not the hub.

Imports stand inside the cases, so that a gateway loads only the drivers it uses; each family has a registry of its own.
"""

from typing import assert_never

from drivers.session import Session
from hub_config.bench_scale import BenchScaleConfig
from hub_config.boards import IoBoardConfig
from hub_config.cameras import FolderCameraConfig
from hub_config.devices import Device
from hub_config.dimensioners import CubiscanConfig, Dm3610Config, RecordDimensionerConfig, SickMdaConfig
from hub_config.external import ExternalConfig
from hub_config.modbus import ModbusIoConfig
from hub_config.plc import PlcWcsConfig
from hub_config.printers import ZplPrinterConfig
from hub_config.readers import ReaderConfig
from hub_config.scales import RecordScaleConfig
from hub_config.scanners import EvdevWedgeConfig, LineScannerConfig


def new_session(device: Device) -> Session:
    """For one opening of the device's port; a `Resumable` session for all of them."""
    match device:
        case LineScannerConfig() | EvdevWedgeConfig() | ReaderConfig():
            from drivers.scanners.registry import new_scanner

            return new_scanner(device)
        case BenchScaleConfig() | RecordScaleConfig():
            from drivers.scales.registry import new_scale

            return new_scale(device)
        case RecordDimensionerConfig() | Dm3610Config() | SickMdaConfig() | CubiscanConfig():
            from drivers.dimensioners.registry import new_dimensioner

            return new_dimensioner(device)
        case ExternalConfig():
            from drivers.external import new_external

            return new_external(device)
        case FolderCameraConfig():
            from drivers.cameras.folder_camera import FolderCamera

            return FolderCamera(device)
        case IoBoardConfig():
            from drivers.conveyors.io_board import IoBoard

            return IoBoard(device)
        case ModbusIoConfig():
            from drivers.conveyors.modbus_io import ModbusIo

            return ModbusIo(device)
        case PlcWcsConfig():
            from drivers.conveyors.plc_telegrams import PlcTelegrams

            return PlcTelegrams(device)
        case ZplPrinterConfig():
            from drivers.printers.zpl_printer import ZplPrinter

            return ZplPrinter(device)
        case _ as never:
            assert_never(never)
