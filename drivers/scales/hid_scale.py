"""USB scales of the HID class for points of sale, page 0x8D (scales.md §13; HID POS Usage Tables 1.02; usbscale).

A report is 6 bytes: id (3, on some 4), status, unit, exponent of ten (signed), and the raw number, low byte first. The
number is unsigned: under zero there is none. There is no checksum; a report whose status, unit or exponent can't be is
no report.
"""

import re
from collections.abc import Mapping
from typing import Final

from drivers.scales.amount import amount
from drivers.scales.frame_wire import Cut, FrameWire
from drivers.scales.told import Load, Order, Piece, Told, Wire
from hub_config.scale_makers import HidScaleConfig

REPORT_BYTES: Final = 6
REPORT_IDS: Final = b"\x03\x04"
EXPONENT_MIN: Final = -6
EXPONENT_MAX: Final = 3
"""A scale for parcels needs less than either; what says more is no report."""
STATUS_MAX: Final = 8

_BEGINS: Final = re.compile(rb"[\x03\x04]")
_UNITS: Final[Mapping[int, str]] = {
    1: "mg", 2: "g", 3: "kg", 4: "ct", 5: "tael", 6: "grain", 7: "dwt", 8: "t", 9: "avoir ton", 10: "ozt",
    11: "oz", 12: "lb",
}  # fmt: skip
"""A tael has a mass in each country, an avoirdupois ton may be long or short: neither has one here."""
_AT_ZERO, _MOVING, _STABLE = 2, 3, 4
_UNDER, _OVER = 5, 6
_ERRORS: Final = {1: "fault", 7: "calibration_required", 8: "rezero_required"}
_COMMANDS: Final = {b"\x02\x01": "zero_return", b"\x02\x02": "zero", b"\x02\x03": "zero_return_and_zero"}
_ORDERS: Final[dict[Order, bytes]] = {"zero": b"\x02\x02"}
"""Not every scale obeys."""


def hid_scale(_config: HidScaleConfig) -> Wire:
    return FrameWire(_cut, _ORDERS, max_bytes=REPORT_BYTES, seven_bits=False)


def _cut(held: bytes) -> Cut | None:
    if held[0] not in REPORT_IDS:
        begin = _BEGINS.search(held)
        return Cut(len(held) if begin is None else begin.start(), None)
    if len(held) < REPORT_BYTES:
        return None
    told = _report(held[:REPORT_BYTES])
    return Cut(1, None) if told is None else Cut(REPORT_BYTES, told)


def _report(report: bytes) -> Piece | None:
    _, status, unit_code, exponent, low, high = report
    if not 1 <= status <= STATUS_MAX:
        return None
    if status in _ERRORS:
        return Told("error", keys={"error": _ERRORS[status]}, raw=report)
    unit = _UNITS.get(unit_code)
    if status in (_UNDER, _OVER):
        load = Load(unit=unit, overload=status == _OVER, underload=status == _UNDER)
        return Told("weight", load, raw=report)
    exponent -= 256 if exponent > 127 else 0
    if unit is None or not EXPONENT_MIN <= exponent <= EXPONENT_MAX:
        return None
    number = _decimal(low + 256 * high, exponent)
    return amount(number, unit, status != _MOVING, report, zero=True if status == _AT_ZERO else None)


def _decimal(raw: int, exponent: int) -> str:
    """`1250` and -2 is `12.50`: as many decimals as the scale means."""
    if exponent >= 0:
        return str(raw * 10**exponent)
    digits = f"{raw:0{1 - exponent}d}"
    return f"{digits[:exponent]}.{digits[exponent:]}"


def parse_command(sent: bytes) -> Told | None:
    """What a host sends; None: no command of this protocol."""
    command = _COMMANDS.get(sent)
    return None if command is None else Told("command", keys={"command": command}, raw=sent)
