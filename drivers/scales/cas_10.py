"""CAS indicators, 10-byte format: 8 characters and CR LF, nothing else (scales.md §7).

Whether it is stable is not said.
"""

from typing import Final

from drivers.scales.amount import amount, number_in_columns
from drivers.scales.line_wire import LineWire
from drivers.scales.told import Garbled, Piece, Wire
from hub_config.scale_makers import Cas10Config

LINE_MAX_BYTES: Final = 32
CHARS: Final = 8


def cas_10(_config: Cas10Config) -> Wire:
    return LineWire(_frame, {}, max_bytes=LINE_MAX_BYTES)


def _frame(line: bytes) -> Piece:
    number = number_in_columns(line.decode("latin-1")) if len(line) == CHARS else None
    return Garbled(line) if number is None else amount(number, None, None, line)
