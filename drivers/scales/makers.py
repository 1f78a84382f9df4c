"""Of scales with their makers' own protocols: from config to wire, and from a protocol's name to what explains it."""

from collections.abc import Mapping
from typing import Final, assert_never

from drivers.scales import and_scale, cas_22, cas_ap1, dini, hid_scale, ohaus, radwag, sartorius_sbi
from drivers.scales.and_18 import and_18
from drivers.scales.cas_10 import cas_10
from drivers.scales.explained import Explained
from drivers.scales.told import Wire
from hub_config.scale_makers import (
    And18Config,
    AndScaleConfig,
    Cas10Config,
    Cas22Config,
    CasAp1Config,
    DiniConfig,
    HidScaleConfig,
    MakersScale,
    OhausConfig,
    RadwagConfig,
    SartoriusSbiConfig,
)


def makers_wire(config: MakersScale) -> Wire:  # noqa: PLR0911 — one a kind
    match config:
        case AndScaleConfig():
            return and_scale.and_scale(config)
        case And18Config():
            return and_18(config)
        case OhausConfig():
            return ohaus.ohaus(config)
        case SartoriusSbiConfig():
            return sartorius_sbi.sartorius_sbi(config)
        case Cas22Config():
            return cas_22.cas_22(config)
        case Cas10Config():
            return cas_10(config)
        case CasAp1Config():
            return cas_ap1.cas_ap1(config)
        case DiniConfig():
            return dini.dini(config)
        case RadwagConfig():
            return radwag.radwag(config)
        case HidScaleConfig():
            return hid_scale.hid_scale(config)
        case _ as never:
            assert_never(never)


def _and(name: str) -> Explained:
    return Explained(AndScaleConfig, "and", and_scale.parse_command, {"format": name})


MAKERS: Final[Mapping[str, Explained]] = {
    "and-standard": _and("standard"),
    "and-csv": _and("csv"),
    "and-mt": _and("mt"),
    "and-nu": _and("nu"),
    "and-dp": _and("dp"),
    "and-kf": _and("kf"),
    "and-rs485": _and("standard"),
    "and-18": Explained(And18Config, "and-18"),
    "ohaus": Explained(OhausConfig, "ohaus", ohaus.parse_command),
    "sartorius-sbi": Explained(SartoriusSbiConfig, "sartorius-sbi", sartorius_sbi.parse_command),
    "cas-22": Explained(Cas22Config, "cas-22", cas_22.parse_command),
    "cas-10": Explained(Cas10Config, "cas-10", cas_22.parse_command),
    "cas-ap1": Explained(CasAp1Config, "cas-ap1", cas_ap1.parse_command),
    "dini": Explained(DiniConfig, "dini", dini.parse_command),
    "dini-af": Explained(DiniConfig, "dini", dini.parse_command),
    "radwag": Explained(RadwagConfig, "radwag", radwag.parse_command),
    "hid-scale": Explained(HidScaleConfig, "hid-scale", hid_scale.parse_command),
}
"""By the protocol names of `tests/vectors/`."""
