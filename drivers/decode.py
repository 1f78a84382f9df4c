"""Bytes of one protocol explained, for `hub decode` and for whoever holds a recording next to a manual.

The keys are those of `meaning` in `tests/vectors/vectors.jsonl`; weights carry `mass_mg` besides. A stream protocol's
frames all go through one buffer, as they would on the wire; a code or label protocol takes one code per frame.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from difflib import get_close_matches
from typing import Final, assert_never

from drivers.buffers import Line, LineBuffer
from drivers.decode_belt import GRAMMAR, keyence_sr, record_scale
from drivers.decode_sizes import OPTIONS, cubiscan, dm3610, record_dimensioner, sick_mda
from drivers.identifiers.check_digits import mod10_ok
from drivers.identifiers.gs1 import (
    Elements,
    Gs1Fault,
    decimal_of,
    failed_check,
    parse_elements,
    parse_link,
)
from drivers.identifiers.s10 import parse_s10
from drivers.identifiers.sscc import parse_sscc
from drivers.meanings import Meaning, code_meaning, garbled, known, without_leading_zeros
from drivers.reading import BarcodeRead, DeviceFault, NoRead, Reading
from drivers.scales.mass import mass_mg
from drivers.scales.mt_sics import LINE_MAX_BYTES
from drivers.scales.sics_replies import (
    SicsAck,
    SicsCommand,
    SicsError,
    SicsInfo,
    SicsReply,
    SicsTare,
    SicsWeight,
    parse_command,
    parse_reply,
)
from drivers.scanners.line import LineScanner
from hub_config.attach import SerialAttach
from hub_config.devices import LineScannerConfig
from hub_config.names import DeviceId, Instant

_SERIAL_INFO: Final = ("I4", "@")
_MASS_KEYS: Final = {"31": ("net_weight_kg", "0"), "33": ("gross_weight_kg", "0")}
_WITH_AIM: Final = ("line-crlf", "line-prefix01-cr", "keyence-sr")


def decode(protocol: str, frames: Sequence[bytes], options: Mapping[str, str]) -> list[Meaning]:
    """One meaning per reply or code, in order; several codes of one frame are one `stream`.

    `options`: of scanners `aim` (`yes` or `no`), of what sends records its grammar. Raises ValueError for an unknown
    protocol or option.
    """
    decoder = _DECODERS.get(protocol)
    if decoder is None:
        near = get_close_matches(protocol.lower(), _DECODERS, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ValueError(f"protocol {protocol!r} is unknown{hint}; known: {', '.join(_DECODERS)}")
    _check_options(protocol, options)
    meanings = list(decoder(frames, options))
    if not meanings and any(frames):
        return [
            {
                "kind": "error",
                "error": "incomplete",
                "detail": "no line with an end; frames end in 0D 0A or 0D",
            }
        ]
    return meanings


def _check_options(protocol: str, options: Mapping[str, str]) -> None:
    grammar = GRAMMAR if protocol == "record-scale" else OPTIONS.get(protocol)
    if grammar is not None:
        wrong = [f"{key}={value}" for key, value in options.items() if key not in grammar]
        limit = ", ".join(f"{key}=…" for key in grammar) or "none"
    else:
        with_aim = protocol in _WITH_AIM
        wrong = [
            f"{key}={value}"
            for key, value in options.items()
            if not with_aim or key != "aim" or value not in ("yes", "no")
        ]
        limit = "aim=yes and aim=no" if with_aim else "none"
    if wrong:
        raise ValueError(f"option {wrong[0]} is unknown for {protocol}; known: {limit}")


def _mt_sics(frames: Sequence[bytes], _options: Mapping[str, str]) -> Iterator[Meaning]:
    lines = LineBuffer(max_bytes=LINE_MAX_BYTES)
    for frame in frames:
        for piece in lines.feed(frame):
            yield _sics_line(piece.data) if isinstance(piece, Line) else garbled(piece.head)


def _sics_line(line: bytes) -> Meaning:
    reply = parse_command(line) or parse_reply(line)
    return garbled(line) if reply is None else _sics_meaning(reply)


def _sics_meaning(reply: SicsReply | SicsCommand) -> Meaning:
    match reply:
        case SicsCommand(command, number, unit):
            return known({"kind": "command", "command": command, "value": number, "unit": unit})
        case SicsWeight(overload=True):
            return {"kind": "weight", "overload": True, "mass_mg": None}
        case SicsWeight(underload=True):
            return {"kind": "weight", "underload": True, "mass_mg": None}
        case SicsWeight(number, unit, stable):
            mass = mass_mg(number, unit)
            value = without_leading_zeros(number)
            return {"kind": "weight", "value": value, "unit": unit, "stable": stable, "mass_mg": mass}
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


def _s10(text: str) -> Meaning:
    s10 = parse_s10(_compact(text))
    if s10 is None:
        return _invalid("format")
    if s10.fault is not None:
        return _invalid(s10.fault)
    parts = {"service": s10.service, "serial": s10.serial, "check": s10.check, "country": s10.country}
    return {"kind": "identifier", "valid": True, **parts}


def _sscc(text: str) -> Meaning:
    sscc = parse_sscc(_compact(text))
    if sscc is None:
        return _invalid("format")
    if not sscc.check_ok:
        return _invalid("check_digit")
    return {"kind": "identifier", "valid": True, "check": sscc.digits[-1]}


def _gtin(length: int) -> Callable[[str], Meaning]:
    def gtin(text: str) -> Meaning:
        digits = _compact(text)
        if len(digits) != length or not (digits.isascii() and digits.isdigit()):
            return _invalid("format")
        return {"kind": "identifier", "valid": True} if mod10_ok(digits) else _invalid("check_digit")

    return gtin


def _elements(text: str) -> Meaning:
    return _elements_meaning(parse_elements(text))


def _link(text: str) -> Meaning:
    return _elements_meaning(parse_link(text))


def _elements_meaning(elements: Elements | Gs1Fault) -> Meaning:
    if isinstance(elements, Gs1Fault):
        return {"kind": "error", "error": elements.error, "detail": elements.detail}
    if (ai := failed_check(elements)) is not None:
        return {"kind": "error", "error": "check_digit", "detail": f"check digit of ({ai}) {elements[ai]}"}
    named = dict(elements)
    for ai, value in elements.items():
        key, row = _MASS_KEYS.get(ai[:2], ("", ""))
        if len(ai) == 4 and ai[2:3] == row:
            named[key] = decimal_of(ai, value)
    return {"kind": "elements", "elements": named}


def _each(
    explain: Callable[[str], Meaning],
) -> Callable[[Sequence[bytes], Mapping[str, str]], Iterator[Meaning]]:
    """A decoder of labels: every frame is the content of one code."""

    def labels(frames: Sequence[bytes], _options: Mapping[str, str]) -> Iterator[Meaning]:
        return (explain(frame.decode("latin-1")) for frame in frames)

    return labels


def _compact(text: str) -> str:
    return text.replace(" ", "").upper()


def _invalid(error: str) -> Meaning:
    return {"kind": "identifier", "valid": False, "error": error}


_DECODERS: Final[dict[str, Callable[[Sequence[bytes], Mapping[str, str]], Iterator[Meaning]]]] = {
    "mt-sics": _mt_sics,
    "line-crlf": _line_crlf,
    "line-prefix01-cr": _line_prefix01_cr,
    "aim": _aim,
    "keyence-sr": keyence_sr,
    "record-scale": record_scale,
    "record-dimensioner": record_dimensioner,
    "datalogic-dm3610": dm3610,
    "sick-mda": sick_mda,
    "cubiscan": cubiscan,
    "upu-s10": _each(_s10),
    "sscc": _each(_sscc),
    "gs1-elements": _each(_elements),
    "gs1-digital-link": _each(_link),
    "gtin-8": _each(_gtin(8)),
    "gtin-13": _each(_gtin(13)),
    "gtin-14": _each(_gtin(14)),
}
