"""Of scales: from config to session, and from a protocol's name to what explains its frames."""

from collections.abc import Mapping
from typing import Final

from drivers.scales import toledo_8217
from drivers.scales.bench_scale import BenchScale as BenchScaleSession
from drivers.scales.explained import Explained
from drivers.scales.makers import MAKERS, makers_wire
from drivers.scales.mt_sics import SicsScale
from drivers.scales.record_scale import RecordScale
from drivers.scales.told import Wire
from drivers.session import Session
from hub_config.request_scales import Toledo8217Config
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
    match config:
        case Toledo8217Config():
            return toledo_8217.toledo_8217(config)
        case SicsScaleConfig():
            raise AssertionError("MT-SICS has a session of its own")
        case _:
            return makers_wire(config)


EXPLAINED: Final[Mapping[str, Explained]] = {
    "toledo-8217": Explained(Toledo8217Config, "toledo-8217", toledo_8217.parse_command),
    "toledo-8217-benchpro": Explained(
        Toledo8217Config, "toledo-8217", toledo_8217.parse_command, {"benchpro": True}
    ),
    **MAKERS,
}
"""By the protocol names of `tests/vectors/vectors.jsonl`."""
