"""Bytes of scanners explained, for `hub decode`: several codes of one frame are one `stream`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final, TypeVar, assert_never, cast

from drivers.buffers import Line, Piece, TooLong, Unframed
from drivers.decode_config import all_unescaped, config_of
from drivers.decode_missing import incomplete, tail
from drivers.meanings import Meaning, garbled
from drivers.scanners.answers import Answer, Codes, Damaged, meaning_of, parse_codes
from drivers.scanners.code_text import Code, is_no_read
from drivers.scanners.evdev_keys import Keyboard
from drivers.scanners.evdev_wedge import Spoilt, Typed, TypedCodes
from drivers.scanners.line import line_buffer
from drivers.scanners.registry import EXPLAINED, new_wire
from drivers.scanners.ssi_codes import meaning_of as packet_meaning
from drivers.scanners.ssi_packets import DECODE_DATA, BadPacket, Noise, Packet, PacketBuffer, TextLine
from hub_config.readers import LinedReader, SsiConfig
from hub_config.scanners import EvdevWedgeConfig, LineScannerConfig
from hub_config.values import Entry

_C = TypeVar("_C", bound=Entry)

_LINE_FIXED: Final[Mapping[str, Mapping[str, object]]] = {
    "line-scanner": {},
    "line-crlf": {"suffix": ["\r", "\n"]},
    "line-prefix01-cr": {"prefix": "\x01", "suffix": ["\r", "\n"]},
    "aim": {"suffix": ["\r"], "aim": True},
}
"""What the name of a protocol says of the scanner."""
_LINE_OPTIONS: Final = ("aim", "no_read", "prefix", "suffix")


def _line_frames(protocol: str, frames: Sequence[bytes], options: Mapping[str, str]) -> Iterator[Meaning]:
    config = _config(LineScannerConfig, "line-scanner", options, _LINE_FIXED[protocol])
    lines = line_buffer(config)
    for frame in frames:
        # `aim` is a label protocol: a frame is one code, without any end.
        pieces = lines.feed(frame + b"\r" if protocol == "aim" else frame)
        answers = [answer for piece in pieces for answer in _line_answers(piece, config)]
        told = [meaning_of(one, aim=config.aim) for answer in answers for one in _messages(answer)]
        if len(answers) > 1 and all(meaning["kind"] == "scan" for meaning in told):
            yield {"kind": "stream", "scans": [meaning["data"] for meaning in told]}
        else:
            yield from told
    yield from _missing(protocol, frames, lines.held_bytes)


def _messages(answer: Answer) -> Sequence[Answer]:
    """Each code of a line by itself: a line with several is an EAN composite (scanners §3)."""
    return [Codes((code,)) for code in answer.codes] if isinstance(answer, Codes) else [answer]


def _missing(protocol: str, frames: Sequence[bytes], held: int) -> Iterator[Meaning]:
    if (missing := incomplete(protocol, tail(frames, held))) is not None:
        yield missing


def _line_answers(piece: Piece, config: LineScannerConfig) -> Sequence[Answer]:
    match piece:
        case Line(data):
            return [parse_codes(data, config.no_read, b"")] if data.strip(b" ") else []
        case TooLong(head):
            return [Damaged("too_long", "", head, {"error": "too_long"})]
        case Unframed(head):
            return [Damaged("garbled", "", head)]
        case _ as never:
            assert_never(never)


def _line_options(protocol: str) -> tuple[str, ...]:
    return tuple(name for name in _LINE_OPTIONS if name not in _LINE_FIXED[protocol])


def _reader_frames(protocol: str, frames: Sequence[bytes], options: Mapping[str, str]) -> Iterator[Meaning]:
    known = EXPLAINED[protocol]
    config = _config(known.config, protocol, options, {})
    wire = new_wire(cast(LinedReader, config))
    for frame in frames:
        # A command is looked for at the start of a frame only.
        command = known.parse_command(frame) if wire.held_bytes == 0 else None
        told = [(command, frame)] if command is not None else wire.feed(frame)
        for answer, raw in told:
            # Of several commands in a recording each is a line.
            sent = known.parse_command(raw) or known.parse_command(raw + b"\r")
            yield meaning_of(sent or answer, aim=config.aim)
    yield from _missing(protocol, frames, wire.held_bytes)


def _ssi(frames: Sequence[bytes], options: Mapping[str, str]) -> Iterator[Meaning]:
    config = _config(SsiConfig, "ssi", options, {})
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
    yield from _missing("ssi", frames, packets.untold_bytes)


def _evdev_wedge(frames: Sequence[bytes], options: Mapping[str, str]) -> Iterator[Meaning]:
    nowhere = {"attach": {"kind": "evdev", "port": "decode"}}
    config = _config(EvdevWedgeConfig, "evdev-wedge", options, nowhere)
    keyboard, codes = Keyboard(config.layout), TypedCodes(config)
    for frame in frames:
        for told in codes.take(keyboard.feed(frame)):
            yield _typed_meaning(told, config)
    for told in codes.be_quiet():
        yield _typed_meaning(told, config)
    yield from _missing("evdev-wedge", frames, keyboard.held_bytes)


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


def _config(model: type[_C], kind: str, options: Mapping[str, str], more: Mapping[str, object]) -> _C:
    lists = [name for name, field in model.model_fields.items() if isinstance(field.default, tuple)]
    return config_of(model, kind, all_unescaped(options), lists, more)


def _options_of(model: type[Entry]) -> tuple[str, ...]:
    return tuple(name for name in model.model_fields if name not in _NOT_OPTIONS)


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
    **{name: partial(_line_frames, name) for name in _LINE_FIXED},
    "evdev-wedge": _evdev_wedge,
    "ssi": _ssi,
    **{name: partial(_reader_frames, name) for name in EXPLAINED},
}
SCANNER_OPTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    **{name: _line_options(name) for name in _LINE_FIXED},
    "evdev-wedge": _options_of(EvdevWedgeConfig),
    "ssi": tuple(name for name in _options_of(SsiConfig) if name != "separator"),
    **{name: _reader_options(name) for name in EXPLAINED},
}
