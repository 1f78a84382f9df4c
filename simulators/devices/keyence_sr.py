"""The words of a Keyence SR reader: `LON`, `LOFF`, its acknowledgements, refusals and answers.

Written from the SR-750 User's Manual, chapter 8 (scanner protocols §5). Acknowledgements (`OK,LON`) are a setting;
models differ there. A reply is framed as its command was.
"""

from collections.abc import Sequence
from typing import Final

from simulators.devices.fixed_reader import READ_NS, Seen
from simulators.devices.reader_device import Heard, Order, ReaderDevice

_ORDERS: Final[dict[bytes, Order]] = {b"LON": "on", b"LOFF": "off"}


class KeyenceWords:
    ends = b"\r\x03"

    def __init__(self, *, aim: bool, suffix: bytes, separator: bytes, no_read: bytes, acks: bool) -> None:
        self._aim = aim
        self._suffix = suffix
        self._separator = separator
        self._no_read = no_read
        self._acks = acks

    def order(self, command: bytes) -> Order | None:
        return _ORDERS.get(command)

    def reply(self, heard: Heard, /) -> bytes:
        command = heard.command
        if command not in _ORDERS:
            return self._framed(b"ER," + command[:16] + b",00", heard.end)
        if heard.done:
            return self._framed(b"OK," + command, heard.end) if self._acks else b""
        if command == b"LON" or self._acks:
            return self._framed(b"ER," + command + b",20", heard.end)
        return b""

    def result(self, codes: Sequence[Seen]) -> bytes:
        said = [(aim if self._aim else "").encode() + data.encode() for data, aim in codes]
        return (self._separator.join(said) if said else self._no_read) + self._suffix

    def _framed(self, text: bytes, end: bytes) -> bytes:
        return b"\x02" + text + end if end == b"\x03" else text + end


class KeyenceReader(ReaderDevice):
    def __init__(
        self,
        *,
        aim: bool = False,
        suffix: bytes = b"\r",
        separator: bytes = b",",
        no_read: bytes = b"ERROR",
        read_ns: int = READ_NS,
        acks: bool = False,
        collects: bool = False,
    ) -> None:
        """`collects`: it reads on until `LOFF` and answers then with all it has seen (multi-read)."""
        words = KeyenceWords(aim=aim, suffix=suffix, separator=separator, no_read=no_read, acks=acks)
        super().__init__(words, read_ns=read_ns, collects=collects)
