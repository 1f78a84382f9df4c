"""From a captured weight to what may be claimed of it (contract §4): uncertainty, and whether it is legal.

The uncertainty told (k=2) is the scale's maximum permissible error, as configured from its certificate.
"""

from typing import Final

from edge.core.event import Mass, WallTime
from hub_config.bench_scale import BenchScaleConfig
from hub_config.dimensioners import Dimensioner, RecordDimensionerConfig, SickMdaConfig
from hub_config.external import ExternalConfig
from hub_config.metrology import Metrology
from hub_config.plc import PlcWcsConfig
from hub_config.scales import RecordScaleConfig

UNIX_EPOCH_ORDINAL: Final = 719_163
DAY_US: Final = 86_400_000_000


BeltScale = RecordScaleConfig | RecordDimensionerConfig | SickMdaConfig | PlcWcsConfig
"""What weighs on a line: a scale, a dimensioner with one in it, or one whose weights a controller tells."""
BenchScale = BenchScaleConfig | ExternalConfig
"""What weighs at a bench."""


def mass_of(scale: BenchScale | BeltScale, mg: int, record: int | None = None) -> Mass:
    """A stable weight of a bench scale, or one that a belt's scale took in motion."""
    metrology, static = metrology_of(scale), isinstance(scale, BenchScaleConfig | ExternalConfig)
    return Mass(
        device=scale.id, mg=mg, u_mg=metrology.mpe_mg, e_mg=metrology.e_mg, tare_mg=0,
        stable=True if static else None, mode="static" if static else "dynamic", regime=metrology.regime,
        record=record,
    )  # fmt: skip


def metrology_of(scale: BenchScale | BeltScale) -> Metrology:
    assert scale.metrology is not None, (
        f"{scale.id}: a scale without metrology got past the check of the config"
    )
    return scale.metrology


def is_legal(mass: Mass, metrology: Metrology, now: WallTime) -> bool:
    """In range and verified: it may support a release where the rules ask for a legal weight."""
    if metrology.regime == "none" or not metrology.min_mg <= mass.mg <= metrology.max_mg:
        return False
    return is_verified(metrology, now)


def is_verified(device: Metrology | Dimensioner | ExternalConfig, now: WallTime) -> bool:
    """Up to the end of its last day, UTC."""
    if device.valid_until is None:
        return True
    return now.utc_us < (device.valid_until.toordinal() - UNIX_EPOCH_ORDINAL + 1) * DAY_US
