"""Lines of MT-SICS explained, for `hub decode`: what a host sends and what a scale answers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Final, assert_never

from drivers.buffers import SEVEN_BITS, Line, LineBuffer
from drivers.decode_config import METROLOGY, config_of
from drivers.decode_missing import incomplete, tail
from drivers.meanings import Meaning, garbled, known, without_leading_zeros
from drivers.scales.amount import PIECES
from drivers.scales.mass import mass_mg
from drivers.scales.mt_sics import LINE_MAX_BYTES
from drivers.scales.sics_replies import (
    SicsAck,
    SicsAmount,
    SicsCommand,
    SicsError,
    SicsInfo,
    SicsReply,
    SicsTare,
    SicsWeight,
    parse_command,
    parse_reply,
)
from hub_config.scales import SicsScaleConfig

_SERIAL_INFO: Final = ("I4", "@")


def mt_sics(frames: Sequence[bytes], options: Mapping[str, str]) -> Iterator[Meaning]:
    config = config_of(SicsScaleConfig, "mt-sics", options, (), {"metrology": METROLOGY})
    lines = LineBuffer(max_bytes=LINE_MAX_BYTES)
    for frame in frames:
        for piece in lines.feed(frame.translate(SEVEN_BITS)):
            yield _sics_line(piece.data, config.unit) if isinstance(piece, Line) else garbled(piece.head)
    if (missing := incomplete("mt-sics", tail(frames, lines.held_bytes))) is not None:
        yield missing


def _sics_line(line: bytes, unit: str | None) -> Meaning:
    reply = parse_command(line) or parse_reply(line)
    return garbled(line) if reply is None else _sics_meaning(reply, unit)


def _sics_meaning(reply: SicsReply | SicsCommand, configured: str | None) -> Meaning:
    """`configured`: the unit of a weight that has none."""
    match reply:
        case SicsCommand(command, number, unit):
            return known({"kind": "command", "command": command, "value": number, "unit": unit})
        case SicsWeight(overload=True):
            return {"kind": "weight", "overload": True, "mass_mg": None}
        case SicsWeight(underload=True):
            return {"kind": "weight", "underload": True, "mass_mg": None}
        case SicsWeight(number, unit, stable):
            mass = mass_mg(number, unit or configured)
            value = without_leading_zeros(number)
            return {"kind": "weight", "value": value, "unit": unit, "stable": stable, "mass_mg": mass}
        case SicsAmount(number, unit, stable):
            kind, value = "count" if unit == PIECES else "info", without_leading_zeros(number)
            return {"kind": kind, "value": value, "unit": unit, "stable": stable}
        case SicsError(error, command):
            return known({"kind": "error", "error": error, "command": command})
        case SicsAck():
            return known({"kind": "ack", **asdict(reply)})
        case SicsTare(number, unit):
            return {"kind": "tare", "value": number, "unit": unit, "mass_mg": mass_mg(number, unit)}
        case SicsInfo():
            return _sics_info(reply)
        case _ as never:
            assert_never(never)


def _sics_info(info: SicsInfo) -> Meaning:
    meaning: Meaning = {"kind": "info", "command": info.command}
    match info.fields:
        case (serial,) if info.command in _SERIAL_INFO:
            return {**meaning, "serial": serial}
        case (level, command) if info.command == "I0":
            return {**meaning, "command": command, "level": level, "more": info.more}
        case (levels, *versions) if info.command == "I1":
            return {**meaning, "levels": levels, "versions": versions}
        case fields:
            return {**meaning, "text": " ".join(fields)}
