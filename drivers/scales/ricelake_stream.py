"""Rice Lake's continuous stream: IQ plus, 120 Plus, 480, 682, 880, 920i (scales.md §10; 482 p. 37, 920i p. 100–128).

`STX`, sign, seven characters of weight with its point, unit, `G` or `N`, status, CR or CR LF. Every mark is a setting
of the 920i. What is over or under, invalid, or bars instead of digits has no number; a held display is not what lies
on the scale.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final, Literal

from drivers.reading import Weighing
from drivers.scales.line_wire import LineWire
from drivers.scales.told import Garbled, Load, Piece, Told, Wire
from hub_config.stream_scales import RiceLakeConfig

LINE_MAX_BYTES: Final = 64

_Status = Literal["valid", "motion", "range", "invalid", "zero", "hold"]
_UNITS: Final = ("lb", "kg", "t", "g", "oz")
_NUMBER: Final = re.compile(r"(?!.*\..*\.) *([0-9]*\.?[0-9]+)\.?")
_NO_WEIGHT: Final = re.compile(r"[ \-_^]*")
"""Errors of the 120 Plus are bars."""


def ricelake_stream(config: RiceLakeConfig) -> Wire:
    return LineWire(_Stream(config).line, {}, max_bytes=LINE_MAX_BYTES, prefix=b"\x02")


class _Stream:
    """The marks of one indicator, and its lines by them."""

    def __init__(self, config: RiceLakeConfig) -> None:
        self._units: Mapping[str, str | None] = {
            **{getattr(config, f"{unit}_mark"): unit for unit in _UNITS},
            config.no_unit_mark: None,
        }
        self._modes: Mapping[str, Weighing] = {config.gross_mark: "gross", config.net_mark: "net"}
        self._status: Mapping[str, _Status] = {
            config.valid_mark: "valid", config.motion_mark: "motion", config.range_mark: "range",
            config.invalid_mark: "invalid", config.zero_mark: "zero", config.hold_mark: "hold",
        }  # fmt: skip
        marks = _one_of(self._units) + _one_of(self._modes) + _one_of(self._status)
        self._frame = re.compile(rf"([ +-])(.{{7}}){marks}")

    def line(self, line: bytes) -> Piece:
        found = self._frame.fullmatch(line.decode("latin-1"))
        if found is None:
            return Garbled(line)
        sign, field, unit, mode, status = found.groups()
        load = _load(sign, field, self._units[unit], self._modes[mode], self._status[status])
        if load is None:
            return Garbled(line)
        return Told("weight", load, {"hold": True} if self._status[status] == "hold" else {}, line)


def _load(sign: str, field: str, unit: str | None, mode: Weighing, status: _Status) -> Load | None:
    if status == "range":
        return Load(unit=unit, out_of_range=True)
    if status == "invalid" or _NO_WEIGHT.fullmatch(field):
        return Load(unit=unit, invalid=True)
    number = _NUMBER.fullmatch(field)
    if number is None:
        return None
    return Load(
        text=sign.strip(" ") + number[1],
        unit=unit,
        stable=status in ("valid", "zero"),
        mode=mode,
        zero=True if status == "zero" else None,
    )


def _one_of(marks: Iterable[str]) -> str:
    return f"({'|'.join(re.escape(mark) for mark in marks if mark)})"
