"""Scanners that send `[prefix] data suffix` over a serial line, USB-CDC or TCP, with or without AIM identifiers.

Text is UTF-8, else Latin-1. GS (0x1D) is data and kept; any other control character means that the line is no code:
noise, a wrong baud rate or parity. Such a line is a fault, never a read. A scanner of this kind can't prove what it
is, so it counts as up when its port opens.
"""

import unicodedata
from collections.abc import Iterator
from typing import Final

from drivers.buffers import Line, LineBuffer, TooLong, Unframed
from drivers.identifiers.gs1 import GS
from drivers.reading import BarcodeRead, DeviceFault, DeviceUp, NoRead, Reading
from drivers.scanners.aim import UNKNOWN_SYMBOLOGY, split_aim, symbology_of
from hub_config.names import Instant
from hub_config.scanners import LineScannerConfig

UTF8_MAX_BYTES: Final = 4
"""Of one character: the buffer holds `max_chars` characters whatever their script."""
RAW_BYTES: Final = 64
"""How much of a faulty line is kept to show."""


class LineScanner:
    def __init__(self, config: LineScannerConfig) -> None:
        self._config = config
        prefix = _wire(config.prefix)
        self._lines = LineBuffer(
            max_bytes=len(prefix) + config.max_chars * UTF8_MAX_BYTES,
            terminators=tuple(_wire(suffix) for suffix in config.suffix),
            prefix=prefix,
        )
        self._up = False

    @property
    def wake_at(self) -> Instant | None:
        return None if self._up else Instant(0)

    def receive(self, data: bytes, at: Instant) -> list[Reading]:
        return [reading for piece in self._lines.feed(data) for reading in self._piece(piece, at)]

    def wake(self, at: Instant) -> list[Reading]:
        if self._up:
            return []
        self._up = True
        return [DeviceUp(self._config.id, at, identity=None)]

    def take_output(self) -> bytes:
        return b""

    def _piece(self, piece: Line | TooLong | Unframed, at: Instant) -> Iterator[Reading]:
        match piece:
            case Line(data):
                yield from self._line(data, at)
            case TooLong(head):
                yield self._too_long(head, at)
            case Unframed(head):
                detail = (
                    f"bytes before the prefix {self._config.prefix!r}: {head[:16].hex(' ')}; check prefix"
                )
                yield DeviceFault(self._config.id, at, "garbled", detail, head)

    def _line(self, raw: bytes, at: Instant) -> Iterator[Reading]:
        text = _text(raw)
        bad = next((char for char in text if _is_bad(char)), None)
        if bad is not None:
            detail = f"control character 0x{ord(bad):02X} in a code; check baud rate, parity and suffix"
            yield DeviceFault(self._config.id, at, "bad_text", detail, raw[:RAW_BYTES])
        elif text.strip(" ") in self._config.no_read or set(text) == {"?"}:
            yield NoRead(self._config.id, at)
        elif text.strip(" "):
            yield self._code(text, raw, at)

    def _code(self, text: str, raw: bytes, at: Instant) -> Reading:
        aim, data = split_aim(text) if self._config.aim else (None, text)
        if not data:
            detail = f"AIM identifier {aim} without data; check the scanner's message format"
            return DeviceFault(self._config.id, at, "garbled", detail, raw[:RAW_BYTES])
        if len(data) > self._config.max_chars:
            return self._too_long(raw, at)
        symbology = UNKNOWN_SYMBOLOGY if aim is None else symbology_of(aim).slug
        return BarcodeRead(self._config.id, at, data, symbology, aim, raw)

    def _too_long(self, raw: bytes, at: Instant) -> DeviceFault:
        limit = self._config.max_chars
        detail = f"code longer than {limit} characters dropped; check the suffix or raise max_chars"
        return DeviceFault(self._config.id, at, "too_long", detail, raw[:RAW_BYTES])


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _is_bad(char: str) -> bool:
    return char != GS and unicodedata.category(char) == "Cc"


def _wire(text: str) -> bytes:
    """Framing bytes as config writes them: `\\u0001` is byte 01, up to `\\u00ff`."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8")
