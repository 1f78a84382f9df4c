"""Datalogic fixed readers (DS, DX, AV, Matrix): `STX code[,code…] CR LF`, all of it free text in the reader's set-up.

Follows the DS8100 manual p. 90, the AV7000 manual p. 183, the DX8210 manual p. 135 and the Matrix 210/410 host mode
p. 3 (scanner protocols §5). A global no-read is one text in the place of all codes; a local one is `?` in the place of
the code that is missing. In host mode the reader answers strings that begin with ESC: `K` is well, `W` and a number an
error.
"""

import re
from functools import partial
from typing import Final

from drivers.buffers import Line
from drivers.scanners.answers import Answer, Codes, Noted, NothingRead, Refused, Unusable, parse_codes
from drivers.scanners.code_text import is_no_read, text_of, wire_bytes
from drivers.scanners.reader import ReaderWire, ends_of, unwrap
from hub_config.readers import DatalogicConfig

_ESC: Final = b"\x1b"
_HOST_WELL: Final = re.compile(rb"\x1b ?K ?")
_HOST_ERROR: Final = re.compile(rb"\x1b ?W ?([0-9]{1,3}) ?")
_HOST_COMMAND: Final = re.compile(rb"\x1b ?([\x21-\x7e][\x20-\x7e]{0,63}?) ?(?:\r\n|\r)?")
_COMMANDS: Final = {"IA#": "commit"}


def datalogic(config: DatalogicConfig) -> ReaderWire:
    orders = (wire_bytes(config.trigger_on), wire_bytes(config.trigger_off))
    return ReaderWire(partial(_answers, config), orders, terminators=ends_of(config.terminator))


def _answers(config: DatalogicConfig, line: Line) -> list[Answer]:
    if line.data.startswith(_ESC):
        return [_host_reply(line.data)]
    answers, data = unwrap(line.data, config.header)
    if data:
        answers.append(_result(config, data))
    return answers


def _result(config: DatalogicConfig, data: bytes) -> Answer:
    whole = text_of(data)
    if is_no_read(whole, config.no_read):
        return NothingRead(whole.strip(" "), {"scope": "global"})
    if whole.strip(" ") in config.multiple_read:
        detail = f"{whole!r}: it read more codes than it is set up for"
        return Unusable(detail, data, {"kind": "error", "error": "multiple_read", "data": whole})
    separator = wire_bytes(config.separator)
    answer = parse_codes(data, config.no_read, separator)
    places = [text_of(part) for part in data.split(separator)] if separator else [whole]
    codes = [None if _is_missing(place, config) else place for place in places]
    if isinstance(answer, Codes) and len(places) > 1:
        keys: dict[str, object] = {"kind": "multi_scan", "codes": codes}
        if None in codes:
            keys["scope"] = "local"
        return Codes(answer.codes, keys)
    return NothingRead(answer.text, {"scope": "local"}) if isinstance(answer, NothingRead) else answer


def _is_missing(place: str, config: DatalogicConfig) -> bool:
    """It saw no code for this place, and says so or leaves it empty."""
    return not place.strip(" ") or is_no_read(place, config.no_read)


def _host_reply(data: bytes) -> Answer:
    if _HOST_WELL.fullmatch(data):
        return Noted({"kind": "ack", "command": "host_mode"})
    error = _HOST_ERROR.fullmatch(data)
    code = error[1].decode() if error is not None else None
    detail = f"host mode: {'error ' + code if code else 'reply ' + data[:16].hex(' ')}"
    keys = {"kind": "error", "error": "host_mode", **({"code": code} if code else {"raw": data.hex(" ")})}
    return Refused("other", detail, data, keys)


def parse_command(sent: bytes) -> Noted | None:
    """Of host mode: `ESC I A #` and the like. Its replies (`ESC K`, `ESC W 1`) are no commands."""
    found = _HOST_COMMAND.fullmatch(sent)
    line = sent.rstrip(b"\r\n")
    if found is None or _HOST_WELL.fullmatch(line) or _HOST_ERROR.fullmatch(line):
        return None
    text = found[1].decode()
    return Noted(
        {"kind": "command", "command": _COMMANDS.get(text.replace(" ", ""), "host_mode"), "text": text}
    )
