"""The words of fixed readers of Honeywell, Datalogic, Cognex and SICK, written from scanner protocols §5."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from simulators.devices.fixed_reader import Seen
from simulators.devices.reader_device import Heard, Order


def _said(codes: Sequence[Seen], aim: bool) -> list[bytes]:
    return [(prefix if aim else "").encode() + data.encode() for data, prefix in codes]


_SYN_ORDERS: Final[dict[bytes, Order]] = {b"\x16T": "on", b"\x16U": "off"}


@dataclass(slots=True)
class HoneywellWords:
    """SYN `T` CR and SYN `U` CR; SYN `M` CR opens a menu command, which ends in a full stop or an exclamation mark."""

    aim: bool = False
    separator: bytes = b","
    no_read: bytes = b"NR"
    menu: dict[bytes, bytes] | None = None
    """Settings it knows, by tag and subtag; None: none."""
    ends: bytes = b"\r.!"

    def order(self, command: bytes) -> Order | None:
        return _SYN_ORDERS.get(command)

    def reply(self, heard: Heard, /) -> bytes:
        command, end = heard.command, heard.end
        if end == b"\r":
            return b""
        known, tag = self.menu or {}, command[:6]
        if tag not in known:
            return command + b"\x05" + end
        if command[6:] == b"?":
            return tag + known[tag] + b"\x06" + end
        if not command[6:].isdigit():
            return command + b"\x15" + end
        known[tag] = command[6:]
        return command + b"\x06" + end

    def result(self, codes: Sequence[Seen]) -> bytes:
        return (self.separator.join(_said(codes, self.aim)) or self.no_read) + b"\r"


@dataclass(slots=True)
class DatalogicWords:
    """Free text all around; `expects` codes, with a mark in the place of each that is missing."""

    aim: bool = False
    header: bytes = b"\x02"
    terminator: bytes = b"\r\n"
    separator: bytes = b","
    no_read: bytes = b"???????"
    multiple_read: bytes = b"MULTIPLE"
    expects: int | None = None
    """None: as many as there are."""
    on: bytes = b"GO"
    off: bytes = b"END"
    ends: bytes = b"\r"

    def order(self, command: bytes) -> Order | None:
        if command == self.on:
            return "on"
        return "off" if command == self.off else None

    def reply(self, _heard: Heard, /) -> bytes:
        return b""

    def result(self, codes: Sequence[Seen]) -> bytes:
        said = _said(codes, self.aim)
        if not said:
            body = self.no_read
        elif self.expects is not None and len(said) > self.expects:
            body = self.multiple_read
        else:
            body = self.separator.join(said + [b"?"] * ((self.expects or 0) - len(said)))
        return self.header + body + self.terminator


_DMCC_ORDERS: Final[dict[bytes, Order]] = {b"TRIGGER ON": "on", b"TRIGGER OFF": "off"}


@dataclass(slots=True)
class CognexWords:
    """DMCC, silent (the default) or extended, where what was read is sent in base64."""

    aim: bool = False
    extended: bool = False
    separator: bytes = b","
    no_read: bytes = b"NOREAD"
    footer: bytes = b"\r\n"
    ends: bytes = b"\n"

    def order(self, command: bytes) -> Order | None:
        header, mark, words = command.rstrip(b"\r").partition(b">")
        if not header.startswith(b"||") or not mark:
            return None
        return _DMCC_ORDERS.get(words.upper())

    def reply(self, heard: Heard, /) -> bytes:
        if not self.extended:
            return b""
        if self.order(heard.command) is None:
            return b"||[101]\r\n"
        return b"||[0]\r\n" if heard.done else b"||[104]\r\n"

    def result(self, codes: Sequence[Seen]) -> bytes:
        text = self.separator.join(_said(codes, self.aim)) or self.no_read
        if self.extended:
            return b"||[1]" + base64.b64encode(text) + b"\r\n"
        return text + self.footer


_GATES: Final[dict[bytes, Order]] = {b"sMN mTCgateon": "on", b"sMN mTCgateoff": "off"}


@dataclass(slots=True)
class SickWords:
    """CoLa-A telegrams and results, both between STX and ETX."""

    aim: bool = False
    separator: bytes = b","
    no_read: bytes = b"NoRead"
    line_end: bytes = b""
    """Before ETX, as some output formats have it."""
    ends: bytes = b"\x03"

    def order(self, command: bytes) -> Order | None:
        return _GATES.get(command)

    def reply(self, heard: Heard, /) -> bytes:
        if heard.command not in _GATES:
            return b"\x02sFA 3\x03"
        name = heard.command.removeprefix(b"sMN ")
        return b"\x02sAN " + name + (b" 1" if heard.done or name.endswith(b"off") else b" 0") + b"\x03"

    def result(self, codes: Sequence[Seen]) -> bytes:
        text = self.separator.join(_said(codes, self.aim)) or self.no_read
        return b"\x02" + text + self.line_end + b"\x03"
