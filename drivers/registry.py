"""From a device's config to a new session. A kind without a case fails the type check, not the hub.

Imports stand inside the cases, so that a gateway loads only the drivers it uses.
"""

from typing import assert_never

from drivers.session import Session
from hub_config.devices import (
    Device,
    FolderCameraConfig,
    IoBoardConfig,
    KeyenceSrConfig,
    LineScannerConfig,
    RecordScaleConfig,
    SicsScaleConfig,
)
from hub_config.dimensioners import CubiscanConfig, Dm3610Config, RecordDimensionerConfig, SickMdaConfig


def new_session(device: Device) -> Session:
    """For one opening of the device's port; a `Resumable` session for all of them."""
    match device:
        case LineScannerConfig():
            from drivers.scanners.line import LineScanner

            return LineScanner(device)
        case SicsScaleConfig():
            from drivers.scales.mt_sics import SicsScale

            return SicsScale(device)
        case KeyenceSrConfig():
            from drivers.scanners.keyence_sr import KeyenceSr

            return KeyenceSr(device)
        case RecordScaleConfig():
            from drivers.scales.record_scale import RecordScale

            return RecordScale(device)
        case RecordDimensionerConfig() | Dm3610Config() | SickMdaConfig() | CubiscanConfig():
            from drivers.dimensioners.registry import new_dimensioner

            return new_dimensioner(device)
        case FolderCameraConfig():
            from drivers.cameras.folder_camera import FolderCamera

            return FolderCamera(device)
        case IoBoardConfig():
            from drivers.conveyors.io_board import IoBoard

            return IoBoard(device)
        case _ as never:
            assert_never(never)
