"""The 18-character format of A&D indicators, which CAS and many others send (scales.md §4; CAS PDI p. 37).

`status , type , sign and 7 characters unit`: `ST` stable, `US` not, `OL` over, with a minus under; `GS` gross,
`NT` net, `TR` tare.
"""

import re
from typing import Final

from drivers.scales.amount import amount, number_in_columns, other_amount, unit_of
from drivers.scales.line_wire import LineWire
from drivers.scales.told import Garbled, Load, Piece, Told, Wire
from hub_config.scale_makers import And18Config

LINE_MAX_BYTES: Final = 64

_FRAME: Final = re.compile(r"(ST|US),(GS|NT|TR),([ +-][ 0-9.,+-]{7})([A-Za-z ]{2})")
_OVER: Final = re.compile(r"OL,(GS|NT|TR),(.{8})([A-Za-z ]{2})")


def and_18(_config: And18Config) -> Wire:
    return LineWire(_frame, {}, max_bytes=LINE_MAX_BYTES)


def _frame(line: bytes) -> Piece:
    text = line.decode("latin-1")
    if (over := _OVER.fullmatch(text)) is not None:
        below = over[2].lstrip(" ").startswith("-")
        return Told("weight", Load(unit=unit_of(over[3]), overload=not below, underload=below), raw=line)
    found = _FRAME.fullmatch(text)
    number = None if found is None else number_in_columns(found[3])
    if found is None or number is None:
        return Garbled(line)
    unit = unit_of(found[4])
    if found[2] == "TR":
        return other_amount("tare", number, unit, line)
    return amount(number, unit, found[1] == "ST", line, mode="net" if found[2] == "NT" else "gross")
