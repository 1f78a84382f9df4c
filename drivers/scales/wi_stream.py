"""Weightronix and Avery Weigh-Tronix WI-120: a stream of lines (scales.md §10).

Blank, `G` or `N`, sign, six characters of weight with its point, blank, unit of two. Whether the load moves is not
said, so none of its weights is stable.
"""

import re
from typing import Final

from drivers.reading import Weighing
from drivers.scales.amount import amount, unit_of
from drivers.scales.line_wire import LineWire
from drivers.scales.told import Garbled, Piece, Wire
from hub_config.stream_scales import WeightronixConfig

LINE_MAX_BYTES: Final = 64

_FRAME: Final = re.compile(r"(?!.*\..*\.) ([GN])([+\- ])( *)([0-9]*\.?[0-9]+)(\.?) ([A-Za-z ]{2})")
_NUMBER_CHARS: Final = 6


def wi_stream(_config: WeightronixConfig) -> Wire:
    return LineWire(_line, {}, max_bytes=LINE_MAX_BYTES)


def _line(line: bytes) -> Piece:
    found = _FRAME.fullmatch(line.decode("latin-1"))
    if found is None:
        return Garbled(line)
    mode, sign, blanks, number, point, unit = found.groups()
    if len(blanks + number + point) != _NUMBER_CHARS:
        return Garbled(line)
    weighing: Weighing = "net" if mode == "N" else "gross"
    return amount(sign.strip(" ") + number, unit_of(unit), None, line, mode=weighing)
