"""Which simulated scale speaks what: by the name of a protocol, and by the configuration of a bench."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, get_args

from hub_config.bench_scale import BenchScaleConfig
from hub_config.hub import HubConfig
from hub_config.layout import Bench
from hub_config.request_scales import NciConfig, SmaConfig, Toledo8217Config
from hub_config.scale_makers import (
    And18Config,
    AndScaleConfig,
    Cas10Config,
    Cas22Config,
    CasAp1Config,
    DiniConfig,
    HidScaleConfig,
    OhausConfig,
    RadwagConfig,
    SartoriusSbiConfig,
)
from hub_config.scales import SicsScaleConfig
from hub_config.stream_scales import CardinalConfig, MtContinuousConfig, RiceLakeConfig, WeightronixConfig
from simulators.devices.and_tongue import And18Tongue, AndTongue
from simulators.devices.cas_tongue import Cas10Tongue, Cas22Tongue, CasAp1Tongue, Pd2Tongue
from simulators.devices.dini_tongue import DiniTongue
from simulators.devices.hid_tongue import HidTongue
from simulators.devices.mt_continuous_tongue import Dialect, MtContinuousTongue
from simulators.devices.nci_tongue import NciTongue
from simulators.devices.ohaus_tongue import OhausTongue
from simulators.devices.radwag_tongue import RadwagTongue
from simulators.devices.sartorius_tongue import SartoriusTongue
from simulators.devices.scale import Scale
from simulators.devices.scale_text import Unit
from simulators.devices.scale_wire import ScaleWire, Sends, Tongue
from simulators.devices.sics_tongue import SicsTongue
from simulators.devices.sma_tongue import SmaTongue
from simulators.devices.stream_tongues import CardinalTongue, RiceLakeTongue, WeightronixTongue
from simulators.devices.toledo_tongue import ToledoTongue

MakeWire = Callable[[Scale], ScaleWire]

_ANSWERING: Final[Mapping[str, Callable[[], Tongue]]] = {
    "mt-sics": SicsTongue,
    "toledo-8217": ToledoTongue,
    "toledo-8217-benchpro": partial(ToledoTongue, benchpro=True),
    "sma": SmaTongue,
    "nci": NciTongue,
    "and": AndTongue,
    "and-standard": AndTongue,
    "and-rs485": partial(AndTongue, address="23"),
    "and-csv": partial(AndTongue, "csv"),
    "and-mt": partial(AndTongue, "mt"),
    "and-dp": partial(AndTongue, "dp"),
    "and-kf": partial(AndTongue, "kf"),
    "and-nu": partial(AndTongue, "nu"),
    "ohaus": OhausTongue,
    "sartorius-sbi": SartoriusTongue,
    "cas-ap1": CasAp1Tongue,
    "cas-pd-ii": Pd2Tongue,
    "dini": DiniTongue,
    "dini-af": partial(DiniTongue, af=True),
    "radwag": RadwagTongue,
}
_SENDING: Final[Mapping[str, Callable[[], Tongue]]] = {
    "mt-continuous": MtContinuousTongue,
    "mt-continuous-short": partial(MtContinuousTongue, short=True),
    "ricelake-stream": RiceLakeTongue,
    "cardinal-stream": CardinalTongue,
    "wi-stream": WeightronixTongue,
    "and-18": And18Tongue,
    "cas-22": Cas22Tongue,
    "cas-10": Cas10Tongue,
    "hid-scale": HidTongue,
}
_TOLD_TO_REPEAT: Final = (SicsScaleConfig, SmaConfig)
"""They send by themselves only after a command."""


def _named(tongue: Callable[[], Tongue], sends: Sends) -> MakeWire:
    return lambda scale: ScaleWire(scale, tongue(), sends=sends)


SCALES: Final[Mapping[str, MakeWire]] = {
    **{name: _named(tongue, "answers") for name, tongue in _ANSWERING.items()},
    **{name: _named(tongue, "continuous") for name, tongue in _SENDING.items()},
}
"""By kind, as in a hub config; another setting of it by its name in `hub decode`."""


def wire_for(config: BenchScaleConfig) -> MakeWire:
    """A scale that is set up as the configuration says. Raises ValueError where no simulated scale speaks so."""
    sends: Sends = "answers"
    if config.mode == "print" or (config.mode == "continuous" and not isinstance(config, _TOLD_TO_REPEAT)):
        sends = config.mode
    unit: Unit = next((name for name in get_args(Unit) if name == config.unit), "kg")
    return lambda scale: ScaleWire(scale, _tongue_for(config, unit), sends=sends)


def wire_at(hub: HubConfig, bench: Bench) -> MakeWire:
    """For the scale of a bench."""
    scale = hub.device(bench.scale)
    assert isinstance(scale, BenchScaleConfig), f"{bench.scale} is a scale"
    return wire_for(scale)


def _tongue_for(config: BenchScaleConfig, unit: Unit) -> Tongue:
    match config:
        case Toledo8217Config():
            return ToledoTongue(unit, benchpro=config.benchpro)
        case MtContinuousConfig():
            dialect: Dialect = "liden" if config.dialect == "liden" else "mettler"
            checksum, lines = config.checksum != "off", bool(config.command_end)
            return MtContinuousTongue(
                unit, checksum=checksum, short=config.short, dialect=dialect, command_lines=lines
            )
        case NciConfig():
            return NciTongue(unit, status_chars=config.status_bytes or 2)
        case AndScaleConfig():
            end = b"\r" if config.line_end == "cr" else b"\r\n"
            return AndTongue(config.format, unit, address=config.address, line_end=end)
        case Cas22Config():
            return Cas22Tongue(unit, config.device_id or 1)
        case DiniConfig():
            return DiniTongue(
                unit, af=config.scale is not None, address=config.address or "", scale=config.scale or 1
            )
        case SicsScaleConfig():
            return SicsTongue()
        case _:
            return _plain_tongue(config)(unit)


def _plain_tongue(config: BenchScaleConfig) -> Callable[[Unit], Tongue]:
    tongue = _PLAIN.get(type(config))
    if tongue is None:
        raise ValueError(
            f"{config.id}: no simulated scale speaks {config.kind_name}; known: {', '.join(SCALES)}"
        )
    return tongue


_PLAIN: Final[Mapping[type[BenchScaleConfig], Callable[[Unit], Tongue]]] = {
    SmaConfig: SmaTongue,
    RiceLakeConfig: RiceLakeTongue,
    CardinalConfig: CardinalTongue,
    WeightronixConfig: WeightronixTongue,
    And18Config: And18Tongue,
    OhausConfig: OhausTongue,
    SartoriusSbiConfig: SartoriusTongue,
    Cas10Config: Cas10Tongue,
    CasAp1Config: CasAp1Tongue,
    RadwagConfig: RadwagTongue,
    HidScaleConfig: HidTongue,
}
"""Those of which nothing but the unit is set."""
