"""Bench scales that are asked for a weight: Toledo 8217 and 8213, SMA, NCI (scales.md §2, 8, 9, 11)."""

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator

from hub_config.bench_scale import BenchScaleConfig
from hub_config.finding import Finding, refusal, show
from hub_config.values import whole

_PICTURE: Final = re.compile(r"0{1,7}(\.0{1,5})?")


def _picture(value: str) -> str:
    if not _PICTURE.fullmatch(value):
        limit = "a zero for each digit, with the point if there is one"
        raise refusal(
            Finding((), f"{show(value)} is no picture of a number", limit, 'write for example "00.000"')
        )
    return value


class Toledo8217Config(BenchScaleConfig):
    """Toledo 8217 and 8213, the request of points of sale (scales.md §2). Usually 7 data bits, even parity."""

    kind: Literal["toledo-8217"]
    benchpro: bool = False
    """Rice Lake BenchPro sets the status bit for `net` always; there it says nothing."""
    picture: Annotated[str, AfterValidator(_picture)] | None = None
    """How every weight looks: `"00.000"` kg, `"000.00"` lb, `"000000"` g. With it a number that has lost a digit on
    the wire is no weight. In high resolution it has one digit more."""
    high_resolution: bool = False
    """Asks for one digit more (`H`; 8213 and Brecknell 67xxU)."""


class SmaConfig(BenchScaleConfig):
    """SMA SCP-0499, the standard of the Scale Manufacturers Association."""

    kind: Literal["sma"]
    ask: Literal["displayed", "high-resolution", "stable", "high-resolution-stable"] = "displayed"
    """Which weight it is asked for; `continuous`: it repeats the displayed or the high-resolution one."""


NciDialect = Literal["standard", "cas-ci-100a"]


class NciConfig(BenchScaleConfig):
    """NCI SCP-01, also of Weigh-Tronix, Avery Weigh-Tronix and Salter Brecknell. Usually 7 data bits, even parity."""

    kind: Literal["nci"]
    dialect: NciDialect = "standard"
    status_bytes: Annotated[int, whole(0, 4)] = 0
    """How many an answer has; 0: any number from two. Avery Weigh-Tronix ZM: `PROT>ATTR>ENQ`."""
    high_resolution: bool = False
    """Asks for ten times finer weights."""


RequestScale = Toledo8217Config | SmaConfig | NciConfig
