"""Scanners that send `[prefix] data suffix` over a serial line, USB-CDC or TCP, with or without AIM identifiers.

What a code may hold says `code_text.py`; a line with another control character is a fault, never a read. A scanner of
this kind can't prove what it is, so it counts as up when its port opens. Some can be set to wait for an answer
(Honeywell, Allen-Bradley; scanner protocols §2): 06 for what was understood, 15 for what was not; then they repeat it.
"""

from typing import Final

from drivers.buffers import Line, LineBuffer, TooLong, Unframed
from drivers.reading import BarcodeRead, DeviceFault, DeviceUp, NoRead, Reading
from drivers.scanners.code_text import (
    RAW_BYTES,
    Code,
    bad_control,
    code_reading,
    is_no_read,
    messages_of,
    text_of,
    wire_bytes,
)
from hub_config.names import Instant
from hub_config.scanners import LineScannerConfig

UTF8_MAX_BYTES: Final = 4
"""Of one character: the buffer holds `max_chars` characters whatever their script."""
NAKS_MAX: Final = 3
"""In a row; then the scanner is told that all is well, or a label that is never a code would be sent for ever."""

_ACK: Final = b"\x06"
_NAK: Final = b"\x15"


def line_buffer(config: LineScannerConfig) -> LineBuffer:
    """What cuts the bytes of such a scanner into lines."""
    prefix = wire_bytes(config.prefix)
    return LineBuffer(
        max_bytes=len(prefix) + config.max_chars * UTF8_MAX_BYTES,
        terminators=tuple(wire_bytes(suffix) for suffix in config.suffix),
        prefix=prefix,
    )


class LineScanner:
    def __init__(self, config: LineScannerConfig) -> None:
        self._config = config
        self._lines = line_buffer(config)
        self._output = bytearray()
        self._naks = 0
        """In a row."""
        self._up = False

    @property
    def wake_at(self) -> Instant | None:
        return None if self._up else Instant(0)

    def receive(self, data: bytes, at: Instant) -> list[Reading]:
        readings: list[Reading] = []
        for piece in self._lines.feed(data):
            told = self._line(piece.data, at) if isinstance(piece, Line) else [self._no_line(piece, at)]
            readings += told
            if self._config.ack and told:
                self._reply(well=not any(isinstance(one, DeviceFault) for one in told))
        return readings

    def wake(self, at: Instant) -> list[Reading]:
        if self._up:
            return []
        self._up = True
        return [DeviceUp(self._config.id, at, identity=None)]

    def take_output(self) -> bytes:
        if not self._output:
            return b""
        output = bytes(self._output)
        self._output.clear()
        return output

    def _no_line(self, piece: TooLong | Unframed, at: Instant) -> DeviceFault:
        if isinstance(piece, TooLong):
            return self._too_long(piece.head, at)
        head = piece.head
        detail = f"bytes before the prefix {self._config.prefix!r}: {head[:16].hex(' ')}; check prefix"
        return DeviceFault(self._config.id, at, "garbled", detail, head)

    def _line(self, raw: bytes, at: Instant) -> list[Reading]:
        text = text_of(raw)
        bad = bad_control(text)
        if bad is not None:
            detail = f"control character 0x{ord(bad):02X} in a code; check baud rate, parity and suffix"
            return [DeviceFault(self._config.id, at, "bad_text", detail, raw[:RAW_BYTES])]
        if is_no_read(text, self._config.no_read):
            return [NoRead(self._config.id, at)]
        if not text.strip(" "):
            return []
        messages = messages_of(text) if self._config.aim else [text]
        return [self._code(message, raw, at) for message in messages]

    def _code(self, text: str, raw: bytes, at: Instant) -> Reading:
        read = code_reading(self._config.id, Code(text, raw), at, aim=self._config.aim)
        if isinstance(read, BarcodeRead) and len(read.data) > self._config.max_chars:
            return self._too_long(raw, at)
        return read

    def _too_long(self, raw: bytes, at: Instant) -> DeviceFault:
        limit = self._config.max_chars
        detail = f"code longer than {limit} characters dropped; check the suffix or raise max_chars"
        return DeviceFault(self._config.id, at, "too_long", detail, raw[:RAW_BYTES])

    def _reply(self, *, well: bool) -> None:
        self._naks = 0 if well else self._naks + 1
        if self._naks > NAKS_MAX:
            self._naks = 0
        self._output += _NAK if self._naks else _ACK
