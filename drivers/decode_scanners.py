"""Bytes of scanners explained, for `hub decode`: several codes of one frame are one `stream`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final, assert_never, cast

from drivers.decode_config import config_of, unescaped
from drivers.meanings import Meaning, code_meaning, garbled
from drivers.reading import BarcodeRead, DeviceFault, NoRead, Reading
from drivers.scanners.answers import Answer, Codes, meaning_of, parse_codes
from drivers.scanners.code_text import Code, is_no_read
from drivers.scanners.evdev_keys import Keyboard
from drivers.scanners.evdev_wedge import Spoilt, Typed, TypedCodes
from drivers.scanners.line import LineScanner
from drivers.scanners.registry import EXPLAINED, new_wire
from drivers.scanners.ssi_codes import meaning_of as packet_meaning
from drivers.scanners.ssi_packets import DECODE_DATA, BadPacket, Noise, Packet, PacketBuffer, TextLine
from hub_config.attach import SerialAttach
from hub_config.names import DeviceId, Instant
from hub_config.readers import LinedReader, SsiConfig
from hub_config.scanners import EvdevWedgeConfig, LineScannerConfig
from hub_config.values import Entry


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


def _reader_frames(protocol: str, frames: Sequence[bytes], options: Mapping[str, str]) -> Iterator[Meaning]:
    known = EXPLAINED[protocol]
    plain = {key: unescaped(value) for key, value in options.items()}
    config = config_of(known.config, protocol, plain, _LISTS, {})
    wire = new_wire(cast(LinedReader, config))
    for frame in frames:
        # A command is looked for at the start of a frame only.
        command = known.parse_command(frame) if wire.held_bytes == 0 else None
        answers: Sequence[Answer] = [command] if command is not None else [one for one, _ in wire.feed(frame)]
        for answer in answers:
            yield meaning_of(answer, aim=config.aim)


def _ssi(frames: Sequence[bytes], options: Mapping[str, str]) -> Iterator[Meaning]:
    config = config_of(SsiConfig, "ssi", options, _LISTS, {})
    packets = PacketBuffer()
    before = b""
    for frame in frames:
        for piece in packets.feed(frame):
            match piece:
                case Packet():
                    yield packet_meaning(piece, config.no_read, aim=config.aim, before=before)
                    is_part = piece.opcode == DECODE_DATA and piece.continued
                    before = before + piece.data[1:] if is_part else b""
                case BadPacket():
                    yield {"kind": "error", "error": "checksum", "reply": "nak_resend"}
                case TextLine(data):
                    yield meaning_of(parse_codes(data, config.no_read, b""), aim=config.aim)
                case Noise(raw):
                    yield garbled(raw)
                case _ as never:
                    assert_never(never)


def _evdev_wedge(frames: Sequence[bytes], options: Mapping[str, str]) -> Iterator[Meaning]:
    nowhere = {"attach": {"kind": "evdev", "port": "decode"}}
    config = config_of(EvdevWedgeConfig, "evdev-wedge", options, _LISTS, nowhere)
    keyboard, codes = Keyboard(config.layout), TypedCodes(config)
    for frame in frames:
        for told in codes.take(keyboard.feed(frame)):
            yield _typed_meaning(told, config)
    for told in codes.be_quiet():
        yield _typed_meaning(told, config)


def _typed_meaning(told: Typed | Spoilt, config: EvdevWedgeConfig) -> Meaning:
    if isinstance(told, Spoilt):
        return {"kind": "error", "error": told.code, "detail": told.detail, "data": told.text}
    if is_no_read(told.text, config.no_read):
        return {"kind": "no_read", "data": told.text}
    code = Codes((Code(told.text, told.text.encode()),))
    return {**meaning_of(code, aim=config.aim), "terminator": told.terminator}


def _reader_options(protocol: str) -> tuple[str, ...]:
    """What `--config` takes for it, named as in the configuration."""
    return _options_of(EXPLAINED[protocol].config)


def _options_of(model: type[Entry]) -> tuple[str, ...]:
    return tuple(name for name in model.model_fields if name not in _NOT_OPTIONS)


_LISTS: Final = ("no_read", "multiple_read")
_NOT_OPTIONS: Final = (
    "kind",
    "id",
    "attach",
    "answer_timeout_ms",
    "trigger",
    "trigger_on",
    "trigger_off",
    "setup",
)

SCANNERS: Final[Mapping[str, Callable[[Sequence[bytes], Mapping[str, str]], Iterator[Meaning]]]] = {
    "line-crlf": _line_crlf,
    "line-prefix01-cr": _line_prefix01_cr,
    "aim": _aim,
    "evdev-wedge": _evdev_wedge,
    "ssi": _ssi,
    **{name: partial(_reader_frames, name) for name in EXPLAINED},
}
SCANNER_OPTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "line-crlf": ("aim",),
    "line-prefix01-cr": ("aim",),
    "aim": (),
    "evdev-wedge": _options_of(EvdevWedgeConfig),
    "ssi": tuple(name for name in _options_of(SsiConfig) if name != "separator"),
    **{name: _reader_options(name) for name in EXPLAINED},
}
