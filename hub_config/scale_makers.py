"""Bench scales by their makers' own protocols: A&D, Ohaus, Sartorius, CAS, Dini Argeo, Radwag, and HID (scales.md §4–7,
§12–14). Port parameters stand in `attach`; what a maker delivers its scales with is in the manual.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from hub_config.attach import HidAttach
from hub_config.bench_scale import BenchScaleConfig, UnaskedMode
from hub_config.finding import Finding, refusal, show
from hub_config.units import quantity
from hub_config.values import whole


def _two_digits(value: str) -> str:
    if len(value) != 2 or not (value.isascii() and value.isdigit()):
        limit = "two digits, as set in the scale's menu"
        raise refusal(Finding((), f"{show(value)} is no address of a scale", limit, 'write for example "01"'))
    return value


Address = Annotated[str, AfterValidator(_two_digits)]
"""Of one scale among several on an RS-485 line."""


class AndScaleConfig(BenchScaleConfig):
    """A&D balances and scales, and those that copy their format."""

    kind: Literal["and"]
    format: Literal["standard", "csv", "mt", "nu", "dp", "kf"] = "standard"
    """As chosen in the scale's menu: A&D standard, CSV, MT, NU (a number alone), DP (dump print), KF (Karl
    Fischer)."""
    address: Address | None = None
    line_end: Literal["crlf", "cr"] = "crlf"
    """Of what is sent to it; both are understood."""

    @property
    def own(self) -> Mapping[str, object]:
        return {"address": self.address}


class And18Config(BenchScaleConfig):
    """The 18-character format of A&D indicators, which CAS and many others send."""

    kind: Literal["and-18"]
    mode: UnaskedMode = "continuous"


class OhausConfig(BenchScaleConfig):
    """Ohaus Scout, Navigator, Courier, Ranger, 7000 series."""

    kind: Literal["ohaus"]

    @property
    def drops_first(self) -> bool:
        return True


class SartoriusSbiConfig(BenchScaleConfig):
    """Sartorius and Minebea Intec SBI, 16 and 22 characters. Usually odd parity, 7 or 8 data bits."""

    kind: Literal["sartorius-sbi"]


class Cas22Config(BenchScaleConfig):
    """CAS indicators, 22-byte format. Needs 8 data bits: its lamp byte uses all of them."""

    kind: Literal["cas-22"]
    mode: UnaskedMode = "continuous"
    device_id: Annotated[int | None, whole(0, 78)] = None
    """The one that is listened to; without it any."""

    @property
    def own(self) -> Mapping[str, object]:
        return {} if self.device_id is None else {"device_id": self.device_id}


class Cas10Config(BenchScaleConfig):
    """CAS indicators, 10-byte format: a number alone, without unit and status."""

    kind: Literal["cas-10"]
    mode: UnaskedMode = "continuous"


class CasAp1Config(BenchScaleConfig):
    """CAS AP-1, PD-II type 6, Samsung ECR: enquiry, acknowledgement, request, weight with a check byte."""

    kind: Literal["cas-ap1"]
    mode: Literal["polled"] = "polled"


class DiniConfig(BenchScaleConfig):
    """Dini Argeo indicators and their clones: the standard string and the AF string of the 3590."""

    kind: Literal["dini"]
    request: Literal["READ", "REXT"] = "READ"
    """`REXT`: the extended string, gross and tare."""
    address: Address | None = None
    scale: Annotated[int | None, whole(1, 9)] = None
    """Of several scales of one indicator (AF string) the one that is listened to; without it any."""
    escape: bool = False
    """Commands go out as `ESC … STX`."""

    @property
    def own(self) -> Mapping[str, object]:
        return {"address": self.address, **({} if self.scale is None else {"scale": self.scale})}


class RadwagConfig(BenchScaleConfig):
    """Radwag balances and WTC indicators."""

    kind: Literal["radwag"]


class HidScaleConfig(BenchScaleConfig):
    """A USB scale of the HID class for points of sale (Dymo, Fairbanks, …): reports come by themselves."""

    kind: Literal["hid-scale"]
    attach: HidAttach  # type: ignore[assignment]  # the one scale that sends reports and no stream of bytes
    mode: Literal["continuous"] = "continuous"
    answer_timeout_ms: Annotated[int, quantity("ms", example="500 ms", low="20 ms", high="10 s")] = Field(
        default=3_000, alias="answer_timeout"
    )

    @property
    def asleep(self) -> str:
        return "it may have gone to sleep: press its key; "

    @property
    def drops_first(self) -> bool:
        return True


MakersScale = (
    AndScaleConfig
    | And18Config
    | OhausConfig
    | SartoriusSbiConfig
    | Cas22Config
    | Cas10Config
    | CasAp1Config
    | DiniConfig
    | RadwagConfig
    | HidScaleConfig
)
