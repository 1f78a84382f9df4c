"""From a device's config to a new session. A kind without a case fails the type check, not the hub.

Imports stand inside the cases, so that a gateway loads only the drivers it uses.
"""

from typing import assert_never

from drivers.session import Session
from hub_config.devices import Device, LineScannerConfig, SicsScaleConfig


def new_session(device: Device) -> Session:
    """One session for one opening of the device's port."""
    match device:
        case LineScannerConfig():
            from drivers.scanners.line import LineScanner

            return LineScanner(device)
        case SicsScaleConfig():
            from drivers.scales.mt_sics import SicsScale

            return SicsScale(device)
        case _ as never:
            assert_never(never)
