"""Protocols that scales of many makers speak: from config to wire, and from a name to what explains its frames."""

from collections.abc import Mapping
from typing import Final, assert_never

from drivers.scales import mt_continuous, nci, sma, toledo_8217
from drivers.scales.cardinal_stream import cardinal_stream
from drivers.scales.explained import Explained
from drivers.scales.ricelake_stream import ricelake_stream
from drivers.scales.told import Wire
from drivers.scales.wi_stream import wi_stream
from hub_config.request_scales import NciConfig, RequestScale, SmaConfig, Toledo8217Config
from hub_config.stream_scales import (
    CardinalConfig,
    MtContinuousConfig,
    RiceLakeConfig,
    StreamScale,
    WeightronixConfig,
)


def standards_wire(config: RequestScale | StreamScale) -> Wire:
    match config:
        case Toledo8217Config():
            return toledo_8217.Toledo8217(config)
        case SmaConfig():
            return sma.sma(config)
        case NciConfig():
            return nci.nci(config)
        case MtContinuousConfig():
            return mt_continuous.MtContinuous(config)
        case RiceLakeConfig():
            return ricelake_stream(config)
        case CardinalConfig():
            return cardinal_stream(config)
        case WeightronixConfig():
            return wi_stream(config)
        case _ as never:
            assert_never(never)


def _toledo(**fixed: bool) -> Explained:
    return Explained(Toledo8217Config, "toledo-8217", toledo_8217.parse_command, fixed)


def _continuous(**fixed: bool) -> Explained:
    return Explained(MtContinuousConfig, "mt-continuous", mt_continuous.parse_command, fixed)


STANDARDS: Final[Mapping[str, Explained]] = {
    "toledo-8217": _toledo(),
    "toledo-8217-benchpro": _toledo(benchpro=True),
    "mt-continuous": _continuous(short=False),
    "mt-continuous-short": _continuous(short=True),
    "sma": Explained(SmaConfig, "sma", sma.parse_command),
    "nci": Explained(NciConfig, "nci", nci.parse_command),
    "ricelake-stream": Explained(RiceLakeConfig, "ricelake-stream"),
    "cardinal-stream": Explained(CardinalConfig, "cardinal-stream"),
    "wi-stream": Explained(WeightronixConfig, "wi-stream"),
}
"""By the protocol names of `tests/vectors/`."""
