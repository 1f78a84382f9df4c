"""A hand scanner on a serial line: `[prefix] [AIM identifier] data [suffix]`, as its set-up sheet says.

Written from the manuals' frames (scanner protocols §2, §3, §5). The AIM identifier is three characters, such as
`]C0`; GS (0x1D) inside the data goes out as it is. What a scanner sends on a failed trigger is configurable.
"""

from dataclasses import dataclass
from typing import Final

MAX_DATA: Final = 4_096
"""Characters in one code: more than any symbology holds."""
GARBLE: Final = b"\x07"
"""A control character no label carries: what a bad contact makes of a byte."""


@dataclass(frozen=True, slots=True)
class LineScanner:
    prefix: bytes = b""
    suffix: bytes = b"\r\n"
    aim: bool = False
    """Sends the AIM identifier before the data."""
    no_read_text: str = "NoRead"
    """Empty: a failed trigger sends nothing."""

    def scan(self, data: str, aim: str) -> bytes:
        if len(data) > MAX_DATA:
            raise ValueError(f"line scanner: {len(data)} characters in one code, limit {MAX_DATA}")
        return self._framed((aim if self.aim else "").encode() + data.encode())

    def no_read(self) -> bytes:
        return self._framed(self.no_read_text.encode()) if self.no_read_text else b""

    def garbled(self, data: str, aim: str, at: int) -> bytes:
        """The same scan with one byte of the data (`at`, taken modulo its length) gone bad."""
        text = bytearray(data.encode())
        place = at % len(text)
        text[place : place + 1] = GARBLE
        return self._framed((aim if self.aim else "").encode() + bytes(text))

    def _framed(self, body: bytes) -> bytes:
        return self.prefix + body + self.suffix
