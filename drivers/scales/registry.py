"""Of scales: from config to session, and from a protocol's name to what explains its frames."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, assert_never

from drivers.scales import mt_continuous, toledo_8217
from drivers.scales.bench_scale import BenchScale as BenchScaleSession
from drivers.scales.mt_sics import SicsScale
from drivers.scales.record_scale import RecordScale
from drivers.scales.told import Told, Wire
from drivers.session import Session
from hub_config.bench_scale import BenchScaleConfig
from hub_config.request_scales import Toledo8217Config
from hub_config.scales import BeltScale, BenchScale, RecordScaleConfig, SicsScaleConfig
from hub_config.stream_scales import MtContinuousConfig


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
        case MtContinuousConfig():
            return mt_continuous.MtContinuous(config)
        case SicsScaleConfig():
            raise AssertionError("MT-SICS has a session of its own")
        case _ as never:
            assert_never(never)


@dataclass(frozen=True, slots=True)
class Explained:
    """How `hub decode` reads the frames of one protocol name."""

    config: type[BenchScaleConfig]
    kind: str
    parse_command: Callable[[bytes], Told | None] = lambda _sent: None
    """Of one whole frame of a host."""
    fixed: Mapping[str, Any] = field(default_factory=dict)
    """Settings that the name of the protocol says."""


EXPLAINED: Final[Mapping[str, Explained]] = {
    "toledo-8217": Explained(Toledo8217Config, "toledo-8217", toledo_8217.parse_command),
    "toledo-8217-benchpro": Explained(
        Toledo8217Config, "toledo-8217", toledo_8217.parse_command, {"benchpro": True}
    ),
    "mt-continuous": Explained(
        MtContinuousConfig, "mt-continuous", mt_continuous.parse_command, {"short": False}
    ),
    "mt-continuous-short": Explained(
        MtContinuousConfig, "mt-continuous", mt_continuous.parse_command, {"short": True}
    ),
}
"""By the protocol names of `tests/vectors/vectors.jsonl`."""
