"""SMA SCP-0499, the standard of the Scale Manufacturers Association (scales.md §8; PR 5220 p. 130, PR 5410 p. 120).

Commands and answers stand between LF and CR; ESC alone aborts. A weight has 18 characters: status, range, mode, motion,
a reserved one, ten of value, three of unit. Errors of zeroing and tare have bars instead of a value. Avery Weigh-Tronix
ZM answers an unknown command with `CR ? LF`. What did not begin with LF is the rest of an answer and no weight.
"""

import re
from collections.abc import Mapping
from typing import Final

from drivers.meanings import known, without_leading_zeros
from drivers.reading import Weighing
from drivers.scales.amount import amount, other_amount, unit_of
from drivers.scales.frame_wire import Cut, FrameWire
from drivers.scales.mass import is_number
from drivers.scales.told import Garbled, Load, Order, Piece, Told, Wire
from hub_config.request_scales import SmaConfig

LINE_MAX_BYTES: Final = 128
"""Past any line that tells of the scale, with its LF and CR."""
VALUE_CHARS: Final = 10

_COMMANDS: Final = {
    "W": "weight", "H": "weight_high_res", "P": "weight_stable", "Q": "weight_high_res_stable",
    "R": "weight_repeat", "S": "weight_high_res_repeat", "Z": "zero", "T": "tare", "M": "tare_query",
    "C": "tare_clear", "D": "diagnostics", "A": "about_first", "B": "about_next", "I": "info_first", "N": "info_next",
}  # fmt: skip
_ASKS: Final = {"displayed": "W", "high-resolution": "H", "stable": "P", "high-resolution-stable": "Q"}
_REPEATS: Final = {"displayed": "R", "high-resolution": "S", "stable": "R", "high-resolution-stable": "S"}
_WEIGHT: Final = re.compile(r"([ZOUEITe ])([1-9])([GNTgnt])([M ])(.)(.{10})(.{3})")
_ERRORS: Final = {"E": "zero_error", "I": "initial_zero_error", "T": "tare_error", " ": "not_stable_timeout"}
_ZM_UNKNOWN: Final = b"\r?\n"
_ENDS: Final = re.compile(rb"[\r\n]")
_ANSWERS: Final = {"?": "unknown_command", "!": "communication"}
_MODES: Final[Mapping[str, Weighing]] = {"g": "gross", "n": "net"}
_NO_VALUE: Final = "-" * VALUE_CHARS
_DIAGNOSTICS: Final = re.compile(r"([R ])([E ])([C ])(.)")
_ABOUT: Final = re.compile(r"([A-Z]{3}):(.*)")


def sma(config: SmaConfig) -> Wire:
    orders: dict[Order, bytes] = {
        "weight": _command(_ASKS[config.ask]),
        "repeat": _command(_REPEATS[config.ask]),
        "zero": _command("Z"),
        "tare": _command("T"),
        "tare_clear": _command("C"),
    }
    return FrameWire(_cut, orders, max_bytes=LINE_MAX_BYTES)


def _command(letter: str) -> bytes:
    return f"\n{letter}\r".encode("ascii")


def _cut(held: bytes) -> Cut | None:
    if held[:1] == b"\r":
        if len(held) < len(_ZM_UNKNOWN) and _ZM_UNKNOWN.startswith(held):
            return None
        if held.startswith(_ZM_UNKNOWN):
            return Cut(len(_ZM_UNKNOWN), Told("error", keys={"error": "unknown_command"}, raw=_ZM_UNKNOWN))
        return Cut(1, None, nothing=True)
    end = _ENDS.search(held, 1)
    if held[:1] != b"\n" or end is None:
        whole = held[:1] != b"\n" or len(held) == LINE_MAX_BYTES
        return Cut(len(held) if end is None else end.start(), None) if whole else None
    if end.start() == 1 or end.group() == b"\n":
        return Cut(end.start(), None, nothing=end.start() == 1)
    return Cut(end.end(), _line(held[1 : end.start()]))


def _line(line: bytes) -> Piece:
    text = line.decode("latin-1")
    if (error := _ANSWERS.get(text)) is not None:
        return Told("error", keys={"error": error}, raw=line)
    if (found := _WEIGHT.fullmatch(text)) is not None:
        return _weight(found, line)
    if (found := _DIAGNOSTICS.fullmatch(text)) is not None:
        names = ("ram_rom_error", "eeprom_error", "calibration_error")
        faults: dict[str, object] = {name: found[place] != " " for place, name in enumerate(names, start=1)}
        return Told("diagnostics", keys=faults | ({"maker": found[4]} if found[4] != " " else {}), raw=line)
    if (found := _ABOUT.fullmatch(text)) is not None and text.isprintable():
        return Told("info", keys={"field": found[1], "text": found[2].strip()}, raw=line)
    return Garbled(line)


def _weight(found: re.Match[str], line: bytes) -> Piece:
    status, in_range, mode, motion, _, field, unit_field = found.groups()
    unit = unit_of(unit_field)
    if field == _NO_VALUE and status in _ERRORS:
        return Told("error", keys={"error": _ERRORS[status]}, raw=line)
    number = field.lstrip(" ")
    # An error has bars; right-aligned in ten characters is the only check that a number is whole.
    if status in "EIT" or not (is_number(number) or (status in "OUe" and not field.strip(" -"))):
        return Garbled(line)
    if mode in "Tt":
        return other_amount("tare", number, unit, line)
    weighing = _MODES[mode.lower()]
    keys: dict[str, object] = {"range": int(in_range), **({"high_res": True} if mode.islower() else {})}
    if status in "OUe":
        load = Load(
            unit=unit, mode=weighing, overload=status == "O", underload=status == "U", invalid=status == "e"
        )
        # The digits are shown as sent and make no mass.
        if is_number(number) and status != "e":
            keys |= known({"value": without_leading_zeros(number), "unit": unit, "stable": motion == " "})
        return Told("weight", load, keys, line)
    return amount(number, unit, motion == " ", line, mode=weighing, keys=keys, zero=status == "Z")


def parse_command(sent: bytes) -> Told | None:
    """What a host sends; None: no command of this protocol."""
    if sent == b"\x1b":
        return Told("command", keys={"command": "abort"}, raw=sent)
    text = sent.decode("latin-1")
    command = _COMMANDS.get(text[1:-1]) if text[:1] == "\n" and text[-1:] == "\r" else None
    return None if command is None else Told("command", keys={"command": command}, raw=sent)
