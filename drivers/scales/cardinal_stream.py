"""Cardinal SB-200: a stream that starts with CR and ends with ETX (scales.md §10).

`CR`, sign, six characters of weight with its point, `m` in motion or `o` over, unit of two, `g` or `n`, `ETX`.
"""

import re
from typing import Final

from drivers.reading import Weighing
from drivers.scales.amount import amount, unit_of
from drivers.scales.line_wire import LineWire
from drivers.scales.told import Garbled, Load, Piece, Told, Wire
from hub_config.stream_scales import CardinalConfig

LINE_MAX_BYTES: Final = 64

_FRAME: Final = re.compile(r"([+\- ])(.{6})([ mo]) ([A-Za-z ]{2}) ([gn])  ")
_NUMBER: Final = re.compile(r"(?!.*\..*\.) *([0-9]*\.?[0-9]+)\.?")


def cardinal_stream(_config: CardinalConfig) -> Wire:
    return LineWire(_line, {}, max_bytes=LINE_MAX_BYTES, terminators=(b"\x03",), prefix=b"\r")


def _line(line: bytes) -> Piece:
    found = _FRAME.fullmatch(line.decode("latin-1"))
    if found is None:
        return Garbled(line)
    sign, field, status, unit, mode = found.groups()
    if status == "o":
        under = sign == "-"
        return Told("weight", Load(unit=unit_of(unit), overload=not under, underload=under), raw=line)
    number = _NUMBER.fullmatch(field)
    if number is None:
        return Garbled(line)
    weighing: Weighing = "net" if mode == "n" else "gross"
    return amount(sign.strip(" ") + number[1], unit_of(unit), status == " ", line, mode=weighing)
