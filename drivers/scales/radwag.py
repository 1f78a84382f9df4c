"""Radwag balances and WTC indicators (scales.md §14; WTC p. 48, PS p. 82).

Weight, 21 characters with CR LF: command of 3, blank, `?` not stable, `^` over, `v` under, sign, 9 right-aligned,
blank, unit of 3. Other answers name the command and one letter: `A` begun, `D` done, `I` not now, `E` not stable in
time. A command may have two answers, `S A` and then the weight.
"""

import re
from typing import Final

from drivers.scales.amount import amount, number_in_columns, unit_of
from drivers.scales.line_wire import LineWire
from drivers.scales.told import Garbled, Load, Order, Piece, Told, Wire
from hub_config.scale_makers import RadwagConfig

LINE_MAX_BYTES: Final = 64

_WEIGHT: Final = re.compile(r"([A-Z]{1,3} {0,2}) ([ ?^v])([ +-])(.{9}) ([ A-Za-z%]{3})")
_COMMAND_CHARS: Final = 3
_LINE_CHARS: Final = 19
_ANSWER: Final = re.compile(r"([A-Z0-9]{1,4}) ([ADIEv^])")
_REFUSALS: Final = {"I": "not_executable", "E": "stability_timeout", "^": "above_range", "v": "below_range"}
_COMMANDS: Final = {
    "S": "weight_stable", "SI": "weight_immediate", "SU": "weight_stable_unit", "SUI": "weight_immediate_unit",
    "Z": "zero", "T": "tare",
}  # fmt: skip
_WEIGHTS: Final = ("S", "SI", "SU", "SUI")
"""The commands that a weight answers."""
_ORDERS: Final[dict[Order, bytes]] = {"weight": b"SI\r\n", "zero": b"Z\r\n", "tare": b"T\r\n"}


def radwag(_config: RadwagConfig) -> Wire:
    return LineWire(_line, _ORDERS, max_bytes=LINE_MAX_BYTES)


def _line(line: bytes) -> Piece:
    text = line.decode("latin-1")
    if text == "ES":
        return Told("error", keys={"error": "syntax"}, raw=line)
    if (answer := _ANSWER.fullmatch(text)) is not None:
        command = _COMMANDS.get(answer[1], answer[1])
        if answer[2] in _REFUSALS:
            return Told("error", keys={"error": _REFUSALS[answer[2]], "command": command}, raw=line)
        return Told("ack", keys={"command": command, "done": answer[2] == "D"}, raw=line)
    found = _WEIGHT.fullmatch(text) if len(text) == _LINE_CHARS else None
    if found is None or len(found[1]) != _COMMAND_CHARS or found[1].rstrip(" ") not in _WEIGHTS:
        return Garbled(line)
    unit = unit_of(found[5])
    if found[2] in ("^", "v"):
        return Told("weight", Load(unit=unit, overload=found[2] == "^", underload=found[2] == "v"), raw=line)
    number = number_in_columns(found[3] + found[4])
    return Garbled(line) if number is None else amount(number, unit, found[2] == " ", line)


def parse_command(sent: bytes) -> Told | None:
    """What a host sends; None: no command of this protocol."""
    if not sent.endswith((b"\r", b"\n")):
        return None  # of an answer in two reads the first may look like one
    command = _COMMANDS.get(sent.decode("latin-1").rstrip("\r\n"))
    return None if command is None else Told("command", keys={"command": command}, raw=sent)
