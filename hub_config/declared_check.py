"""The check at the end of a frame, declared in one line: `check = "xor data hex"`, kind, span and form.

For devices whose manual names a check and not how it is made (PD-II types 0 and 1, DM3610), and for those that nobody
knows. It stands right before the frame's end. What does not hold is a fault; without a declaration nothing is checked.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import AfterValidator

from hub_config.finding import Finding, listed, refusal, show

CHECK_BITS: Final[Mapping[str, int]] = {
    "xor": 8, "sum": 8, "sum-negated": 8, "crc8": 8, "crc8-maxim": 8,
    "crc16-modbus": 16, "crc16-arc": 16, "crc16-ccitt-false": 16, "crc16-xmodem": 16,
}  # fmt: skip
"""`sum-negated`: what makes the sum of all 0. The CRCs by their usual names; `crc8` is polynomial 07 from 00."""
SPANS: Final = ("data", "frame")
"""`data`: behind the start, up to the check. `frame`: the start too."""
FORMS: Final = ("hex", "hex-lower", "raw", "raw-low-first")
"""`hex`: two characters a byte, in capitals, high byte first; `raw`: the bytes themselves."""

_COLUMNS: Final = re.compile(r"([0-9]{1,2})-([0-9]{1,2})")
_EXAMPLE: Final = 'write for example check = "xor data hex"'


@dataclass(frozen=True, slots=True)
class CheckRule:
    kind: str
    first: int | None
    """Columns of the frame, from 1; None: by `from_start`."""
    last: int | None
    from_start: bool
    form: str

    @property
    def bytes_of_value(self) -> int:
        return CHECK_BITS[self.kind] // 8

    @property
    def size(self) -> int:
        """Bytes on the wire."""
        return self.bytes_of_value * (1 if self.is_raw else 2)

    @property
    def is_raw(self) -> bool:
        """Any byte may stand there, one that ends a frame too."""
        return self.form.startswith("raw")


def check_rule(text: str) -> CheckRule | None:
    """None: it is no check."""
    parts = text.split(" ")
    if len(parts) != 3 or parts[0] not in CHECK_BITS or parts[2] not in FORMS:
        return None
    kind, span, form = parts
    if form == "raw-low-first" and CHECK_BITS[kind] == 8:
        return None
    if span in SPANS:
        return CheckRule(kind, None, None, span == "frame", form)
    found = _COLUMNS.fullmatch(span)
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        return None
    return CheckRule(kind, int(found[1]), int(found[2]), False, form)


def one_of(bits: tuple[int, ...] = (8, 16)) -> Callable[[str], str]:
    """Refuses what is no check, or none of so many bits."""
    kinds = [kind for kind, size in CHECK_BITS.items() if size in bits]

    def checked(value: str) -> str:
        rule = check_rule(value)
        if rule is None or rule.kind not in kinds:
            limit = f"kind, span, form: {listed(kinds)}; {listed(SPANS)} or columns like 2-8; {listed(FORMS)}"
            raise refusal(Finding((), f"{show(value)} is no check", limit, _EXAMPLE))
        return value

    return checked


Check = Annotated[str, AfterValidator(one_of())]
CheckOf8Bits = Annotated[str, AfterValidator(one_of((8,)))]


def text_check_findings(check: str | None) -> list[Finding]:
    """Of a frame between separators or up to an end: it has no columns, and a raw byte may look like its end."""
    rule = None if check is None else check_rule(check)
    if rule is None or (rule.first is None and not rule.is_raw):
        return []
    what = "columns are checked" if rule.first is not None else "a raw check may look like the frame's end"
    limit = f"without fixed columns {listed(SPANS)} is checked, and hex or hex-lower is sent"
    return [Finding(("check",), what, limit, _EXAMPLE)]
