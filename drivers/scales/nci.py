"""NCI SCP-01: NCI, Weigh-Tronix, Avery Weigh-Tronix, Salter Brecknell, Magellan ECR, CAS CI-100A (scales.md §9, 11).

`LF weight unit CR LF status CR ETX`, or the status alone: ETX ends an answer, not CR. Scales of the ECR profile send
the status alone while the load moves, is negative or out of range. Status is two to four characters, some scales put an
`S` before it. Bit 7 is the parity of seven data bits. Avery Weigh-Tronix ZM says `CR ? LF` to what it does not know.
"""

import re
from dataclasses import replace
from functools import partial
from typing import Final

from drivers.buffers import HEAD_BYTES
from drivers.scales.amount import amount, unit_of
from drivers.scales.line_wire import LineWire
from drivers.scales.nci_status import NciStatus, status_of
from drivers.scales.told import Garbled, Load, Order, Piece, Told, Wire
from hub_config.request_scales import NciConfig

ANSWER_MAX_BYTES: Final = 64

_COMMANDS: Final = {
    "W": "weight", "S": "status", "Z": "zero", "H": "weight_high_res", "U": "unit_next", "M": "raw_counts", "T": "tare",
}  # fmt: skip
_ANSWER: Final = re.compile(r"(?:\n([^\r\n]{5,14})\r)?\nS?([ -\x7f]{1,4})\r")
"""Weight, if any, and status."""
_WHOLE_END: Final = re.compile(r"(?s:.*)\n([^\r\n]{5,14})\r\nS?([ -\x7f]{1,4})\r")
"""A whole weight behind what was lost of the one before, which had no ETX."""
_UNKNOWN: Final = ("\n?\r", "\r")
"""The second: what is left of the ZM's answer when its end is cut off."""
_WEIGHT: Final = re.compile(r"(?!.*\..*\.)( *[+-]?)([0-9]*\.?[0-9]+)(\.?) ?([A-Za-z]{1,2}) ?")
_FILLED: Final = re.compile(r"(?:(\^+)|(_+)|(-+)) ?[A-Za-z]{0,2} ?")
"""Over, under, not zeroed: CAS CI-100A fills the field so."""
_LF: Final = b"\n"
LF_MAX: Final = 2
"""Of one answer: before its weight and before its status."""
STATUS_MIN_CHARS: Final = 2
NUMBER_MIN_CHARS: Final = 5
"""Sign and point included; fewer are what is left of a longer number."""


def nci(config: NciConfig) -> Wire:
    orders: dict[Order, bytes] = {
        "weight": b"H\r" if config.high_resolution else b"W\r",
        "zero": b"Z\r",
        "tare": b"T\r",
    }
    return _NciWire(
        partial(_answer, config), orders, max_bytes=ANSWER_MAX_BYTES, terminators=(b"\x03", b"?\n")
    )


class _NciWire(LineWire):
    def feed(self, data: bytes) -> list[Piece]:
        return [part for piece in super().feed(data) for part in _parted(piece)]


def _parted(piece: Piece) -> list[Piece]:
    """What was lost before a whole weight is told before it."""
    if isinstance(piece, Garbled) or (piece.raw.startswith(_LF) and piece.raw.count(_LF) <= LF_MAX):
        return [piece]
    whole = piece.raw.rfind(_LF, 0, max(piece.raw.rfind(_LF), 0))
    lost = piece.raw[: max(whole, 0)]
    return [Garbled(lost[:HEAD_BYTES]), replace(piece, raw=piece.raw[whole:])] if lost else [piece]


def _answer(config: NciConfig, data: bytes) -> Piece:
    text = data.decode("latin-1")
    if text in _UNKNOWN:
        return Told("error", keys={"error": "unknown_command"}, raw=data)
    found = _ANSWER.fullmatch(text) or _WHOLE_END.fullmatch(text)
    if found is None:
        return Garbled(data)
    # One alone is what is left of two, unless the scale is known to send no more.
    if config.status_bytes != len(found[2]) and (config.status_bytes or len(found[2]) < STATUS_MIN_CHARS):
        return Garbled(data)
    status = status_of(found[2].encode("latin-1"), config.dialect)
    if status is None:
        return Garbled(data)
    return _alone(status, data) if found[1] is None else _weight(found[1], status, data)


def _alone(status: NciStatus, data: bytes) -> Told:
    load = Load(
        stable=not status.motion, mode=status.mode, zero=status.zero and not status.faulty, overload=status.over,
        underload=status.under, invalid=True,
    )  # fmt: skip
    return Told("status", load, status.keys, data)


def _weight(field: str, status: NciStatus, data: bytes) -> Piece:
    filled, found = _FILLED.fullmatch(field), _WEIGHT.fullmatch(field)
    over, under = status.over, status.under
    if filled is not None:
        over, under = over or bool(filled[1]), under or bool(filled[2])
    elif found is None or len(found[1] + found[2] + found[3]) < NUMBER_MIN_CHARS:
        return Garbled(data)
    unit = None if found is None else unit_of(found[4])
    if over or under or status.faulty or found is None:
        load = Load(
            unit=unit, mode=status.mode, zero=status.zero, overload=over, underload=under,
            invalid=not (over or under),
        )  # fmt: skip
        return Told("weight", load, status.keys, data)
    number = found[1].strip(" ") + found[2]
    return amount(number, unit, not status.motion, data, mode=status.mode, keys=status.keys, zero=status.zero)


def parse_command(sent: bytes) -> Told | None:
    """What a host sends; None: no command of this protocol."""
    text = sent.decode("latin-1")
    command = _COMMANDS.get(text[:-1]) if text[-1:] == "\r" else None
    return None if command is None else Told("command", keys={"command": command}, raw=sent)
