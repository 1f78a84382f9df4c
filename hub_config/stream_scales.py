"""Bench scales that send by themselves: Mettler-Toledo continuous output, and the streams of Rice Lake, Cardinal and
Weightronix (scales.md §3, 10).
"""

from typing import Annotated, Final, Literal

from pydantic import model_validator

from hub_config.bench_scale import BenchScaleConfig, UnaskedMode
from hub_config.finding import Finding, refusal, show
from hub_config.values import text


class MtContinuousConfig(BenchScaleConfig):
    """Mettler-Toledo standard continuous output, also spoken by many others as "Toledo" or "MT format"."""

    kind: Literal["mt-continuous"]
    mode: UnaskedMode = "continuous"
    short: bool = False
    """Without the six digits of tare (Cardinal "Format 1" and "Format 3")."""
    checksum: Literal["auto", "on", "off"] = "auto"
    dialect: Literal["mettler", "liden", "fairbanks"] = "mettler"
    unit_from: Literal["wire", "config"] = "wire"
    """`config`: the terminal's unit bits say something else than its display."""
    command_end: Literal["", "\r", "\r\n"] = ""
    """After `Z`, `T`, `C`: KERN FTC wants CR LF."""


Mark = Annotated[str, text(0, 2)]
"""Empty: this scale sends none such."""


class RiceLakeConfig(BenchScaleConfig):
    """Rice Lake's stream. The 920i lets every mark be another; those here are as it leaves the factory."""

    kind: Literal["ricelake-stream"]
    mode: UnaskedMode = "continuous"
    valid_mark: Mark = " "
    motion_mark: Mark = "M"
    range_mark: Mark = "O"
    invalid_mark: Mark = "I"
    zero_mark: Mark = "Z"
    hold_mark: Mark = "H"
    gross_mark: Mark = "G"
    net_mark: Mark = "N"
    lb_mark: Mark = "L"
    kg_mark: Mark = "K"
    t_mark: Mark = "T"
    g_mark: Mark = "G"
    oz_mark: Mark = "O"
    no_unit_mark: Mark = " "

    @model_validator(mode="after")
    def _no_mark_says_two_things(self) -> "RiceLakeConfig":
        found = [finding for names in _MARKS if (finding := self._alike(names)) is not None]
        if found:
            raise refusal(*found)
        return self

    def _alike(self, names: tuple[str, ...]) -> Finding | None:
        marks: list[str] = [getattr(self, f"{name}_mark") for name in names]
        used = [mark for mark in marks if mark]
        if len(set(used)) == len(used) and len({len(mark) for mark in used}) == 1:
            return None
        what = f"the marks {', '.join(map(show, marks))} can't be told apart"
        limit = "each another text, all of one length, not all empty"
        return Finding((f"{names[0]}_mark",), what, limit, "copy them from the stream menu of the indicator")


_MARKS: Final = (
    ("valid", "motion", "range", "invalid", "zero", "hold"),
    ("gross", "net"),
    ("lb", "kg", "t", "g", "oz", "no_unit"),
)
"""Those that stand in one place of the frame."""


class CardinalConfig(BenchScaleConfig):
    """Cardinal SB-200."""

    kind: Literal["cardinal-stream"]
    mode: UnaskedMode = "continuous"


class WeightronixConfig(BenchScaleConfig):
    """Weightronix and Avery Weigh-Tronix WI-120. It does not tell whether the load moves: its weights are shown, and
    measure no parcel."""

    kind: Literal["wi-stream"]
    mode: UnaskedMode = "continuous"


StreamScale = MtContinuousConfig | RiceLakeConfig | CardinalConfig | WeightronixConfig
