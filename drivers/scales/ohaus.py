"""Ohaus Scout, Navigator, Courier, Ranger and 7000 series (scales.md §5; Courier 5000 p. 38, T71P p. 58).

The number is right-aligned, in 9 to 12 columns by model; then its unit, `?` while unstable, `G`, `N` or `NET`, a
legend. A number in fewer columns with no blank before it is the rest of a line whose start was lost. What a scale says
in overload was not found: such a line is no frame here, and no weight.
"""

import re
from collections.abc import Mapping
from typing import Final

from drivers.reading import Weighing
from drivers.scales.amount import amount, is_unit, other_amount, unit_of
from drivers.scales.line_wire import LineWire
from drivers.scales.mass import is_number
from drivers.scales.told import Garbled, Order, Piece, Told, Wire
from hub_config.scale_makers import OhausConfig

LINE_MAX_BYTES: Final = 64
NUMBER_MIN_COLUMNS: Final = 9

_WEIGHT: Final = re.compile(
    r" *(-?[0-9.]+) +([A-Za-z:%]{1,5}) *\?? *(?:(G|N|NET)(?![A-Za-z]))? *\??([ -/:-~]*)"
)
"""A legend with digits may be the second half of a weight in pounds and ounces: such a line is no frame."""
_MODES: Final[Mapping[str, Weighing]] = {"G": "gross", "N": "net", "NET": "net"}
_RATING: Final = re.compile(r"\b(?:max|min|cap)", re.IGNORECASE)
"""What the scale can weigh, in its banner, is no weight on it."""
_TARES: Final = ("T", "PT", "TARE")
_COMMANDS: Final = {
    "IP": "weight_immediate", "P": "print", "SP": "weight_stable", "CP": "weight_continuous", "0P": "print_off",
    "Z": "zero", "T": "tare", "PU": "unit_query", "PV": "version", "PSN": "serial_query", "TA": "tare_query",
    "U": "unit_next", "M": "mode_next", "PSI": "to_mt_sics", "POH": "to_ohaus",
}  # fmt: skip
_WITH_NUMBER: Final = {"P": "print_every", "T": "tare_set", "U": "set_unit"}
_NUMBERED: Final = re.compile(r"([0-9.]{1,9})([PTU])")
_ORDERS: Final[dict[Order, bytes]] = {
    "weight": b"IP\r\n", "repeat": b"CP\r\n", "zero": b"Z\r\n", "tare": b"T\r\n", "tare_clear": b"0T\r\n",
}  # fmt: skip


def ohaus(_config: OhausConfig) -> Wire:
    return LineWire(_line, _ORDERS, max_bytes=LINE_MAX_BYTES)


def _line(line: bytes) -> Piece:
    text = line.decode("latin-1")
    if text.strip(" ") == "ES":
        return Told("error", keys={"error": "syntax"}, raw=line)
    found = _WEIGHT.fullmatch(text)
    if found is None or not is_number(found[1]) or not is_unit(found[2]):
        return Garbled(line)
    if found.start(1) == 0 and found.end(1) < NUMBER_MIN_COLUMNS:
        return Garbled(line)
    unit, legend = unit_of(found[2]), found[4].strip(" ?")
    if legend in _TARES:
        return other_amount("tare", found[1], unit, line)
    if _RATING.search(legend) or is_unit(legend):  # of two units the first may be a damaged digit
        return Garbled(line)
    stable, mode = "?" not in text[found.end(2) :], _MODES[found[3]] if found[3] else None
    return amount(found[1], unit, stable, line, mode=mode, keys={"legend": legend} if legend else None)


def parse_command(sent: bytes) -> Told | None:
    """What a host sends; None: no command of this protocol."""
    if not sent.endswith((b"\r", b"\n")):
        return None  # of an answer in two reads the first may look like one
    text = sent.decode("latin-1").rstrip("\r\n")
    if (command := _COMMANDS.get(text)) is not None:
        return Told("command", keys={"command": command}, raw=sent)
    found = _NUMBERED.fullmatch(text)
    if found is None:
        return None
    return Told("command", keys={"command": _WITH_NUMBER[found[2]], "value": found[1]}, raw=sent)
