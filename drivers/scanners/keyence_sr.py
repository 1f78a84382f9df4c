"""Keyence SR readers: `LON` starts a reading, `LOFF` ends it, each trigger is answered once.

Follows the SR-750 User's Manual (E SR-750 UM, chapter 8) and scanner protocols §5. A line ends in CR or ETX, LF is
tolerated, STX may open it. Several codes of one answer are parted by a separator that the reader is set to; a code may
end in `!x/y`, where it stood in the picture, which is taken off. Some models leave acknowledgements (`OK,LON`) out.
"""

import re
from functools import partial
from typing import Final, Literal

from drivers.buffers import Line
from drivers.scanners.answers import Answer, Damaged, Noted, Refused, parse_codes
from drivers.scanners.code_text import wire_bytes
from drivers.scanners.reader import ReaderWire
from hub_config.readers import KeyenceSrConfig

ERROR_NAMES: Final = {
    "00": "undefined",
    "01": "format",
    "20": "not_executable",
    "21": "buffer_overflow",
    "22": "parameter_error",
    "99": "faulty",
}

_LINE_ENDS: Final = (b"\r", b"\n", b"\x03")
_STX: Final = b"\x02"
_OVERFLOW: Final = b"OVER"
"""What the reader sends instead of an answer that its own memory did not hold."""
_ACK: Final = re.compile(rb"OK,(LON|LOFF)")
_REFUSAL: Final = re.compile(rb"ER,([A-Z0-9]{1,16}),([0-9]{2})")
_ANSWERS: Final = (b"OK,", b"ER,")
"""What begins so is no code, whole or not."""
_DONE: Final = re.compile(rb"OK,([A-Z0-9]{1,16})(?:,[ -~]{0,64})?")
"""Of a command that somebody else gave."""
_PLACE: Final = re.compile(rb"![0-9]{1,5}/[0-9]{1,5}\Z")
_NAMES: Final = {b"LON": "trigger_on", b"LOFF": "trigger_off"}
_ORDERS: Final[dict[bytes, Literal["on", "off"]]] = {b"LON": "on", b"LOFF": "off"}


def keyence_sr(config: KeyenceSrConfig) -> ReaderWire:
    return ReaderWire(partial(_answers, config), (b"LON\r", b"LOFF\r"), terminators=_LINE_ENDS)


def _answers(config: KeyenceSrConfig, line: Line) -> list[Answer]:
    return [_answer(config, line)]


def _answer(config: KeyenceSrConfig, line: Line) -> Answer:
    data = line.data.removeprefix(_STX)
    if (ack := _ACK.fullmatch(data)) is not None:
        return Noted({"kind": "ack", "command": _NAMES[ack[1]]})
    if (refusal := _REFUSAL.fullmatch(data)) is not None:
        return _refused(refusal[1], refusal[2].decode(), line.data)
    if data.startswith(_ANSWERS):
        if (done := _DONE.fullmatch(data)) is not None:
            return Noted({"kind": "ack", "command": _NAMES.get(done[1], done[1].decode().lower())})
        return Damaged("garbled", "an answer to a command that is cut off; check the line", line.data)
    if data == _OVERFLOW:
        detail = "OVER: it read more than its memory holds; let it send fewer codes in one answer"
        return Damaged("refused", detail, line.data, {"error": "reader_overflow"})
    return parse_codes(data, config.no_read, wire_bytes(config.separator), place=_PLACE)


def _refused(command: bytes, code: str, raw: bytes) -> Refused:
    name = ERROR_NAMES.get(code, "unknown")
    sent = command.decode()
    detail = f"refused {sent}: error {code} ({name.replace('_', ' ')})"
    keys = {"kind": "error", "error": name, "code": code, "command": sent}
    return Refused(_ORDERS.get(command, "other"), detail, raw, keys)


def parse_command(sent: bytes) -> Noted | None:
    """What a host says to the reader: `LON` or `LOFF`."""
    if not sent.endswith(_LINE_ENDS):
        return None  # of a code in two reads the first may look like one
    name = _NAMES.get(sent.removeprefix(_STX).rstrip(b"\r\n\x03"))
    return None if name is None else Noted({"kind": "command", "command": name})
