"""What passes between a host and a label printer, for `hub decode`: what it says of itself, and what it is to print."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Final

from drivers.buffers import Line, LineBuffer
from drivers.meanings import Meaning, garbled
from drivers.printers.zpl_status import (
    ASK,
    END,
    LINE_MAX_BYTES,
    START,
    HostFirst,
    HostSecond,
    HostThird,
    parse_string,
    trouble_of,
)

FORMAT_MAX_BYTES: Final = 16_384

_FIELD: Final = re.compile(r"(\^FH(.?)|)\^FD(.*?)\^FS", re.DOTALL)
_COMMAND: Final = re.compile(r"[\^~][A-Z][A-Z0-9@]")


def zpl_status(frames: Sequence[bytes], _options: Mapping[str, str]) -> Iterator[Meaning]:
    """The strings of `~HS`; the second says what is wrong, together with the first before it."""
    lines = LineBuffer(max_bytes=LINE_MAX_BYTES, terminators=(END,), prefix=START)
    first: HostFirst | None = None
    for frame in frames:
        if frame == ASK:
            yield {"kind": "command", "command": "host_status"}
            continue
        for piece in lines.feed(frame):
            told = parse_string(piece.data.decode("latin-1")) if isinstance(piece, Line) else None
            match told:
                case HostFirst():
                    first = told
                    yield {"kind": "printer_status", "string": 1, **asdict(told)}
                case HostSecond():
                    known: Meaning = {} if first is None else {"trouble": trouble_of(first, told)}
                    yield {"kind": "printer_status", "string": 2, **asdict(told), **known}
                case HostThird():
                    yield {"kind": "printer_status", "string": 3, **asdict(told)}
                case None:
                    yield garbled(piece.data if isinstance(piece, Line) else piece.head)


def zpl(frames: Sequence[bytes], _options: Mapping[str, str]) -> Iterator[Meaning]:
    """Formats `^XA … ^XZ`: the texts of their fields, and the commands in them."""
    lines = LineBuffer(max_bytes=FORMAT_MAX_BYTES, terminators=(b"^XZ",))
    for frame in frames:
        for piece in lines.feed(frame):
            data = piece.data if isinstance(piece, Line) else b""
            _, begun, body = data.decode("utf-8", "replace").rpartition("^XA")
            if not begun:
                yield garbled(piece.data[:64] if isinstance(piece, Line) else piece.head)
                continue
            texts = [
                _text(found[3], found[2] or "_", hexed=bool(found[1])) for found in _FIELD.finditer(body)
            ]
            plain = _FIELD.sub("^FD", body)
            yield {"kind": "label", "fields": texts, "commands": _COMMAND.findall(plain)}


def _text(text: str, sign: str, *, hexed: bool) -> str:
    if not hexed:
        return text
    numbers = re.escape(sign).encode() + rb"([0-9A-Fa-f]{2})"
    return re.sub(numbers, lambda found: bytes.fromhex(found[1].decode()), text.encode()).decode(
        "utf-8", "replace"
    )


PRINTERS: Final[Mapping[str, Callable[[Sequence[bytes], Mapping[str, str]], Iterator[Meaning]]]] = {
    "zpl-status": zpl_status,
    "zpl": zpl,
}
