"""Bytes of scanners explained, for `hub decode`: several codes of one frame are one `stream`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, assert_never

from drivers.buffers import Line, LineBuffer
from drivers.meanings import Meaning, code_meaning, garbled
from drivers.reading import BarcodeRead, DeviceFault, NoRead, Reading
from drivers.scanners.aim import split_aim
from drivers.scanners.keyence_answers import (
    ERROR_NAMES,
    LINE_ENDS,
    SrAck,
    SrBadText,
    SrCodes,
    SrEmpty,
    SrNoRead,
    SrOverflow,
    SrRefusal,
    SrTooMany,
    parse_answer,
    parse_command,
)
from drivers.scanners.keyence_sr import LINE_MAX_BYTES
from drivers.scanners.line import LineScanner
from hub_config.attach import SerialAttach
from hub_config.names import DeviceId, Instant
from hub_config.scanners import NO_READ, LineScannerConfig

_TRIGGER_NAMES: Final = {"LON": "trigger_on", "LOFF": "trigger_off"}


def _line_crlf(frames: Sequence[bytes], options: Mapping[str, str]) -> Iterator[Meaning]:
    return _scans(_scanner(options.get("aim") == "yes", "", ("\r\n",)), frames)


def _line_prefix01_cr(frames: Sequence[bytes], options: Mapping[str, str]) -> Iterator[Meaning]:
    return _scans(_scanner(options.get("aim") == "yes", "\x01", ("\r",)), frames)


def _aim(frames: Sequence[bytes], _options: Mapping[str, str]) -> Iterator[Meaning]:
    return _scans(_scanner(True, "", ("\r",)), [frame + b"\r" for frame in frames])


def _scanner(aim: bool, prefix: str, suffix: tuple[str, ...]) -> LineScanner:
    nowhere = SerialAttach(port="decode")
    config = LineScannerConfig(id=DeviceId("decode"), attach=nowhere, prefix=prefix, suffix=suffix, aim=aim)
    return LineScanner(config)


def _scans(scanner: LineScanner, frames: Sequence[bytes]) -> Iterator[Meaning]:
    for frame in frames:
        readings = scanner.receive(frame, Instant(0))
        codes = [reading.data for reading in readings if isinstance(reading, BarcodeRead)]
        if len(readings) > 1 and len(codes) == len(readings):
            yield {"kind": "stream", "scans": codes}
        else:
            yield from map(_scan_meaning, readings)


def _scan_meaning(reading: Reading) -> Meaning:
    match reading:
        case BarcodeRead():
            return code_meaning(reading)
        case NoRead():
            return {"kind": "no_read"}
        case DeviceFault(code=code, detail=detail):
            return {"kind": "error", "error": code, "detail": detail}
        case _:
            raise AssertionError(f"a line scanner does not give {reading}")


def keyence_sr(frames: Sequence[bytes], options: Mapping[str, str]) -> Iterator[Meaning]:
    lines = LineBuffer(max_bytes=LINE_MAX_BYTES, terminators=LINE_ENDS)
    for frame in frames:
        for piece in lines.feed(frame):
            yield (
                _sr_line(piece.data, options.get("aim") == "yes")
                if isinstance(piece, Line)
                else garbled(piece.head)
            )


def _sr_line(line: bytes, aim: bool) -> Meaning:
    if (command := parse_command(line)) is not None:
        return {"kind": "command", "command": _TRIGGER_NAMES[command]}
    match parse_answer(line, NO_READ, ","):
        case SrAck(command):
            return {"kind": "ack", "command": _TRIGGER_NAMES[command]}
        case SrRefusal(command, code):
            return {
                "kind": "error",
                "error": ERROR_NAMES.get(code, "unknown"),
                "code": code,
                "command": command,
            }
        case SrNoRead(text):
            return {"kind": "no_read", "data": text}
        case SrCodes((code,)):
            aim_id, data = split_aim(code.text) if aim else (None, code.text)
            return code_meaning(BarcodeRead(DeviceId("decode"), Instant(0), data, "", aim_id, code.raw))
        case SrCodes(codes):
            return {"kind": "stream", "scans": [code.text for code in codes]}
        case SrOverflow():
            return {"kind": "error", "error": "reader_overflow", "raw": line.hex(" ")}
        case SrTooMany() | SrBadText() | SrEmpty():
            return garbled(line)
        case _ as never:
            assert_never(never)


SCANNERS: Final[Mapping[str, Callable[[Sequence[bytes], Mapping[str, str]], Iterator[Meaning]]]] = {
    "line-crlf": _line_crlf,
    "line-prefix01-cr": _line_prefix01_cr,
    "aim": _aim,
    "keyence-sr": keyence_sr,
}
SCANNER_OPTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "line-crlf": ("aim",),
    "line-prefix01-cr": ("aim",),
    "aim": (),
    "keyence-sr": ("aim",),
}
