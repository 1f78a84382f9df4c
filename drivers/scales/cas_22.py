"""CAS indicators, 22-byte format: CI-150A, CI-400, CI-600D, NT-200, PDI (scales.md §7; CI-600D p. 74, CI-400 p. 103).

`status , type , device lamp , 8 characters, blank or relay byte, unit of 2, CR LF`. The lamp byte uses all eight bits,
so nothing is masked here. Device 1 is `1`, device 13 `=`. Stable is what both the status and the lamp call so.
"""

import re
from typing import Final

from drivers.reading import Weighing
from drivers.scales.amount import amount, number_in_columns, unit_of
from drivers.scales.line_wire import LineWire
from drivers.scales.told import Garbled, Load, Piece, Told, Wire
from hub_config.scale_makers import Cas22Config

LINE_MAX_BYTES: Final = 64

_FRAME: Final = re.compile(r"(ST|US|OL),(GS|NT),([0-~])(.),(.{8})(.)([A-Za-z ]{2})", re.DOTALL)
_LAMPS: Final = (("stable", 6), ("hold", 4), ("printer", 3), ("gross", 2), ("tare", 1), ("zero", 0))
"""Bit 7 is always 1, bit 5 differs by model."""
_COMMANDS: Final = {
    b"WT": "weight", b"ZE": "zero", b"TR": "tare", b"KT": "tare_key", b"HD": "hold", b"PR": "print",
}  # fmt: skip


def cas_22(_config: Cas22Config) -> Wire:
    # CR and LF alone may be a relay's byte; together they end the frame.
    return LineWire(_frame, {}, max_bytes=LINE_MAX_BYTES, terminators=(b"\r\n",), seven_bits=False)


def _frame(line: bytes) -> Piece:
    found = _FRAME.fullmatch(line.decode("latin-1"))
    if found is None:
        return Garbled(line)
    lamps = {name: bool(ord(found[4]) >> bit & 1) for name, bit in _LAMPS}
    keys: dict[str, object] = {"device_id": ord(found[3]) - ord("0"), "lamp": lamps}
    if found[6] != " ":
        keys["relays"] = ord(found[6])
    mode: Weighing = "net" if found[2] == "NT" else "gross"
    unit = unit_of(found[7])
    if found[1] == "OL":
        return Told("weight", Load(unit=unit, mode=mode, overload=True), keys, line)
    number = number_in_columns(found[5])
    if number is None:
        return Garbled(line)
    stable = found[1] == "ST" and lamps["stable"]
    return amount(number, unit, stable, line, mode=mode, keys=keys, zero=lamps["zero"])


def parse_command(sent: bytes) -> Told | None:
    """What a host sends to models that have a command mode; None: no command of this protocol."""
    if not sent.endswith((b"\r", b"\n")):
        return None  # of an answer in two reads the first may look like one
    command = _COMMANDS.get(sent.rstrip(b"\r\n"))
    return None if command is None else Told("command", keys={"command": command}, raw=sent)
