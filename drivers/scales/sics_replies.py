"""MT-SICS lines, levels 0 and 1: what a scale answers, and the commands a host sends.

Follows the Mettler-Toledo JS operating instructions p. 30 and AT balances p. 87, and the Ohaus 7000 manual (SICS
response format). `ID SP status SP weight SP unit`; the weight is right-aligned in ten characters on most devices,
so lines are split on blanks. No checksum: a line that does not have exactly the shape of a reply is none. A number of
pieces or a share is no weight.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

from drivers.scales.amount import PERCENT, PIECES, unit_of
from drivers.scales.mass import is_number

COMMANDS: Final[dict[str, str]] = {
    "@": "reset",
    "I0": "command_list",
    "I1": "levels",
    "I2": "type",
    "I3": "software",
    "I4": "serial_number",
    "S": "weight_stable",
    "SI": "weight_immediate",
    "SIR": "weight_immediate_repeat",
    "SR": "weight_on_change",
    "T": "tare",
    "TA": "tare_query",
    "TAC": "tare_clear",
    "TI": "tare_immediate",
    "Z": "zero",
    "ZI": "zero_immediate",
}

_GENERAL_ERRORS: Final = {"ES": "syntax", "ET": "transmission", "EL": "logical"}
GENERAL_ERRORS: Final = tuple(_GENERAL_ERRORS.values())
"""Of whatever was asked last."""
TARE_QUERY: Final = COMMANDS["TA"]
_RANGE: Final = {"+": "upper_limit", "-": "lower_limit"}
_UNIT: Final = re.compile(r"[A-Za-z%]{1,5}")
_INFO: Final = re.compile(r"(I[0-4]|@) ([AB]) (.+)")
_INFO_REFUSED: Final = re.compile(r"(I[0-4]|@) ([IL])")
_FIELD: Final = re.compile(r'"([^"]*)"|([^" ]+)')


@dataclass(frozen=True, slots=True)
class SicsWeight:
    """Answer of `S`, `SI`, `SIR`, `SR`. Overload and underload carry no number."""

    text: str
    unit: str | None
    stable: bool | None
    width: int
    """Characters from after the status to the end of the number, leading blanks included; 0 without a number."""
    overload: bool = False
    underload: bool = False


@dataclass(frozen=True, slots=True)
class SicsAmount:
    """Answers a request for a weight with pieces or a share: the scale is set to show those."""

    text: str
    unit: str
    stable: bool


@dataclass(frozen=True, slots=True)
class SicsError:
    """`command` is None for a weight request and for the general errors."""

    error: str
    command: str | None


@dataclass(frozen=True, slots=True)
class SicsAck:
    command: str
    stable: bool | None = None
    tare: str | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class SicsTare:
    text: str
    unit: str | None


@dataclass(frozen=True, slots=True)
class SicsInfo:
    """`I0` … `I4`, or `@` where a scale answers a reset under that name. `more`: further lines follow."""

    command: str
    more: bool
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SicsCommand:
    command: str
    text: str | None = None
    unit: str | None = None


SicsReply = SicsWeight | SicsAmount | SicsError | SicsAck | SicsTare | SicsInfo


def parse_reply(line: bytes) -> SicsReply | None:
    """One line without its terminator. None for anything that is no reply of levels 0 and 1."""
    if not line.isascii():
        return None
    text = line.decode("ascii").rstrip(" ")
    if not text.isprintable() or text.startswith(" "):
        return None
    words = [word for word in text.split(" ") if word]
    match words:
        case [code] if code in _GENERAL_ERRORS:
            return SicsError(_GENERAL_ERRORS[code], None)
        case ["S", *rest]:
            return _weight(text, rest)
        case ["Z" | "ZI" | "T" | "TI" | "TA" | "TAC" as code, *rest]:
            return _zero_or_tare(code, rest)
        case _:
            return _info(text)


def parse_command(line: bytes) -> SicsCommand | None:
    """What the host sends; only to decode recordings."""
    words = line.decode("latin-1").split()
    match words:
        case [code] if code in COMMANDS:
            return SicsCommand(COMMANDS[code])
        case ["TA", number, unit] if is_number(number) and _UNIT.fullmatch(unit):
            return SicsCommand("tare_set", number, unit)
        case _:
            return None


def _weight(text: str, words: list[str]) -> SicsReply | None:
    match words:
        case ["I"]:
            return SicsError("not_executable", None)
        case ["L"]:
            return SicsError("parameter", None)
        case ["+"]:
            return SicsWeight("", None, None, 0, overload=True)
        case ["-"]:
            return SicsWeight("", None, None, 0, underload=True)
        case ["S" | "D" as status, number, *unit] if _quantity(number, unit):
            named = unit_of(unit[0]) if unit else None
            if named in (PIECES, PERCENT):
                return SicsAmount(number, named, status == "S")
            width = text.rindex(number) + len(number) - len("S S ")
            return SicsWeight(number, named, status == "S", width)
        case _:
            return None


def _zero_or_tare(code: str, words: list[str]) -> SicsReply | None:
    command = COMMANDS[code]
    match words:
        case ["I"]:
            return SicsError("not_executable", command)
        case ["L"]:
            return SicsError("parameter", command)
        case ["+" | "-" as side]:
            subject: Literal["zero", "tare"] = "zero" if code[0] == "Z" else "tare"
            return SicsError(f"{subject}_{_RANGE[side]}", command)
        case ["A"] if code in ("Z", "TAC"):
            return SicsAck(command)
        case ["S" | "D" as status] if code == "ZI":
            return SicsAck(command, stable=status == "S")
        case ["A", number, *unit] if code == "TA" and _quantity(number, unit):
            return SicsTare(number, unit[0] if unit else None)
        case ["S" | "D" as status, number, *unit] if code in ("T", "TI") and _quantity(number, unit):
            return SicsAck(
                command, status == "S" if code == "TI" else None, number, unit[0] if unit else None
            )
        case _:
            return None


def _quantity(number: str, unit: list[str]) -> bool:
    return is_number(number) and len(unit) <= 1 and all(_UNIT.fullmatch(word) for word in unit)


def _info(text: str) -> SicsInfo | SicsError | None:
    if (refused := _INFO_REFUSED.fullmatch(text)) is not None:
        return SicsError("not_executable" if refused[2] == "I" else "parameter", COMMANDS[refused[1]])
    found = _INFO.fullmatch(text)
    if found is None:
        return None
    command, status, rest = found.groups()
    # An odd quote mark is a line cut off: half a serial number must not prove a scale.
    if rest.count('"') % 2:
        return None
    fields = tuple(quoted or bare for quoted, bare in _FIELD.findall(rest))
    return SicsInfo(command, status == "B", fields)
