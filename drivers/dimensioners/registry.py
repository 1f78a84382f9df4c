"""From a dimensioner's config to a new session."""

from typing import assert_never

from drivers.session import Session
from hub_config.dimensioners import (
    CubiscanConfig,
    DimensionerConfig,
    Dm3610Config,
    RecordDimensionerConfig,
    SickMdaConfig,
)


def new_dimensioner(device: DimensionerConfig) -> Session:
    match device:
        case RecordDimensionerConfig():
            from drivers.dimensioners.record_dimensioner import RecordDimensioner

            return RecordDimensioner(device)
        case Dm3610Config():
            from drivers.dimensioners.dm3610 import Dm3610

            return Dm3610(device)
        case SickMdaConfig():
            from drivers.dimensioners.sick_mda import SickMda

            return SickMda(device)
        case CubiscanConfig():
            from drivers.dimensioners.cubiscan import Cubiscan

            return Cubiscan(device)
        case _ as never:
            assert_never(never)
