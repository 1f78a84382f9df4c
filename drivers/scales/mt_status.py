"""The three status bytes of Mettler-Toledo continuous output, and the numbers they give a point and a sign to.

Three dialects (scales.md §3): Mettler-Toledo; Liden LUW, whose SWA has no increment and whose SWC alone tells kg from
lb; Fairbanks, where SWC bit 6 is a keyboard tare. Bits that a manual calls constant are not looked at.
"""

import re
from dataclasses import dataclass
from typing import Final

from drivers.scales.told import Load
from hub_config.stream_scales import MtContinuousConfig

_INCREMENTS: Final = {0b01: 1, 0b10: 2, 0b11: 5}
_UNITS: Final = {0b001: "g", 0b010: "t", 0b011: "oz", 0b110: "short ton"}
"""Without `kg/lb` and `none`. A short ton is read so from a damaged table; no mass is made of it."""
_NO_UNIT: Final = 0b111
_DIGITS: Final = re.compile(r" {0,5}[0-9]{1,6}")
_NO_WEIGHT: Final = re.compile(r"[ \-_^]{6}")
"""A display that is blank or shows bars instead of digits."""


@dataclass(frozen=True, slots=True)
class _Status:
    a: int
    b: int
    c: int

    @property
    def power_of_ten(self) -> int:
        return 2 - (self.a & 7)

    @property
    def expanded(self) -> bool:
        return bool(self.c & 0x10)


def load_of(
    status: bytes, digits: str, tare: str, config: MtContinuousConfig
) -> tuple[Load, dict[str, object]] | None:
    """The load, and what else the status says; None: the digits are none. `tare`: empty in the short form."""
    bits = _Status(*status)
    keys = _keys(bits, config)
    unit = _unit(bits, config)
    if bits.b & 0x04:
        return Load(unit=unit, out_of_range=True), keys | ({"negative": True} if bits.b & 0x02 else {})
    if _NO_WEIGHT.fullmatch(digits):
        return Load(unit=unit, invalid=True), keys
    if not _DIGITS.fullmatch(digits) or (tare.strip() and not _DIGITS.fullmatch(tare)):
        return None
    # Whether the tare is ten times finer too no manual says; then it is not told.
    known_tare = bool(tare.strip()) and not bits.expanded
    load = Load(
        text=("-" if bits.b & 0x02 else "") + _pointed(digits, bits.power_of_ten - bits.expanded),
        unit=unit,
        stable=not bits.b & 0x08,
        mode="net" if bits.b & 0x01 else "gross",
        tare=_pointed(tare, bits.power_of_ten) if known_tare else None,
    )
    return load, keys


def _keys(bits: _Status, config: MtContinuousConfig) -> dict[str, object]:
    told: dict[str, object] = {}
    if config.dialect != "liden" and (increment := _INCREMENTS.get(bits.a >> 3 & 3)) is not None:
        told["increment"] = increment
    flags = {
        "zero_not_captured": bits.b & 0x40,
        "print_request": bits.c & 0x08,
        "expanded_x10": bits.c & 0x10,
        "keyboard_tare": config.dialect == "fairbanks" and bits.c & 0x40,
    }
    return told | {name: True for name, is_set in flags.items() if is_set}


def _unit(bits: _Status, config: MtContinuousConfig) -> str | None:
    if config.unit_from == "config":
        return None
    if config.dialect == "liden":
        return "lb" if bits.c & 1 else "kg"
    code = bits.c & 7
    if code == 0:
        return "kg" if bits.b & 0x10 else "lb"
    return None if code == _NO_UNIT else _UNITS.get(code, f"unit {code}")


def _pointed(digits: str, power_of_ten: int) -> str:
    """`digits` have no point; blanks before them are zeros."""
    number = digits.replace(" ", "0")
    if power_of_ten >= 0:
        return number + "0" * power_of_ten
    number = number.rjust(1 - power_of_ten, "0")
    return f"{number[:power_of_ten]}.{number[power_of_ten:]}"
