"""Of scales: from config to session, and from a protocol's name to what explains its frames."""

from collections.abc import Mapping
from typing import Final

from drivers.scales.bench_scale import BenchScale as BenchScaleSession
from drivers.scales.explained import Explained
from drivers.scales.makers import MAKERS, makers_wire
from drivers.scales.mt_sics import SicsScale
from drivers.scales.record_scale import RecordScale
from drivers.scales.scale_text import scale_text
from drivers.scales.standards import STANDARDS, standards_wire
from drivers.scales.told import Wire
from drivers.session import Session
from hub_config.scale_makers import MakersScale
from hub_config.scale_text import ScaleTextConfig
from hub_config.scales import BeltScale, BenchScale, RecordScaleConfig, SicsScaleConfig


def new_scale(config: BenchScale | BeltScale) -> Session:
    match config:
        case SicsScaleConfig():
            return SicsScale(config)
        case RecordScaleConfig():
            return RecordScale(config)
        case _:
            return BenchScaleSession(config, new_wire(config))


def new_wire(config: BenchScale) -> Wire:
    """Of every bench scale but MT-SICS, whose session keeps its own."""
    if isinstance(config, SicsScaleConfig):
        raise AssertionError("MT-SICS has a session of its own")
    if isinstance(config, ScaleTextConfig):
        return scale_text(config)
    return makers_wire(config) if isinstance(config, MakersScale) else standards_wire(config)


EXPLAINED: Final[Mapping[str, Explained]] = {**STANDARDS, **MAKERS}
"""By the protocol names of `tests/vectors/`."""
