"""SICK readers (CLV6xx, Lector): results `STX … ETX` in a free format, and CoLa-A telegrams in the same frame.

Follows the Lector620 online help p. 96 and 126, the CLV410 manual p. 44–46, the CLV6300 gate commands and the LMS4000
manual p. 138 (scanner protocols §5). CR LF may stand before ETX. `sMN mTCgateon` starts a reading, `sMN mTCgateoff`
ends it; a method is answered by `sAN`, a variable read by `sRA`, written by `sWA`, a fault is `sFA` and its number.
"""

import re
from functools import partial
from typing import Final, Literal

from drivers.buffers import Line
from drivers.scanners.answers import Answer, Damaged, Noted, Refused, parse_codes
from drivers.scanners.code_text import text_of, wire_bytes
from drivers.scanners.reader import ReaderWire, unwrap
from hub_config.readers import SickColaConfig, SickReadConfig

_STX: Final = "\x02"
_ETX: Final = b"\x03"
_GATES: Final = {"mTCgateon": "gate_on", "mTCgateoff": "gate_off"}
_ORDERS: Final[dict[str, Literal["on", "off"]]] = {"mTCgateon": "on", "mTCgateoff": "off"}
_TELEGRAM: Final = re.compile(rb"s(AN|MA|RA|WA|EA|SN) ([A-Za-z][A-Za-z0-9_]{0,63})(?: (.*))?", re.DOTALL)
_FAULT: Final = re.compile(rb"sFA ([0-9A-Fa-f]{1,4})")
_REQUEST: Final = re.compile(
    rb"\x02?s(MN|RN|WN|EN|RI) ([A-Za-z][A-Za-z0-9_]{0,63})(?: (.*?))?\x03?", re.DOTALL
)
_CUT_OFF: Final = re.compile(rb"s(?:AN|MA|RA|WA|EA|SN|FA|MN|RN|WN|EN|RI)(?: .*)?", re.DOTALL)
_REPLIES: Final = {
    "AN": "method", "MA": "method", "RA": "read", "WA": "write", "EA": "subscribe", "SN": "event",
}  # fmt: skip
_REQUESTS: Final = {"MN": "method", "RN": "read", "WN": "write", "EN": "subscribe", "RI": "identify"}


def sick(config: SickReadConfig | SickColaConfig) -> ReaderWire:
    orders = (b"\x02sMN mTCgateon\x03", b"\x02sMN mTCgateoff\x03")
    return ReaderWire(partial(_answers, config), orders, terminators=(_ETX,))


def _answers(config: SickReadConfig | SickColaConfig, line: Line) -> list[Answer]:
    # CR LF may stand behind ETX as well, which is in front of the next STX.
    answers, data = unwrap(line.data.lstrip(b"\r\n"), _STX)
    data = data.rstrip(b"\r\n")
    if not data:
        return answers
    telegram = _telegram(data)
    if telegram is not None:
        return [*answers, telegram]
    if config.heartbeat and data == wire_bytes(config.heartbeat):
        return [*answers, Noted({"kind": "heartbeat", "data": text_of(data)})]
    return [*answers, parse_codes(data, config.no_read, wire_bytes(config.separator))]


def _telegram(data: bytes) -> Answer | None:
    """Of CoLa-A, whole or not; None: a result."""
    if (fault := _FAULT.fullmatch(data)) is not None:
        code = fault[1].decode()
        return Refused(
            "last", f"CoLa-A fault {code}", data, {"kind": "error", "error": "cola_fault", "code": code}
        )
    found = _TELEGRAM.fullmatch(data)
    if found is None:
        detail = "a CoLa-A telegram that is cut off; check the line"
        return Damaged("garbled", detail, data) if _CUT_OFF.fullmatch(data) else None
    what, name, value = _REPLIES[found[1].decode()], found[2].decode(), found[3]
    if name in _GATES and value == b"0":
        keys = {"kind": "error", "error": "refused", "command": _GATES[name]}
        return Refused(_ORDERS[name], f"refused {name}", data, keys)
    shown = {"value": text_of(value)} if value is not None else {}
    if name in _GATES:
        return Noted({"kind": "ack", "command": _GATES[name], **shown})
    if what == "event":
        return Noted({"kind": "event", "variable": name, **shown})
    return Noted(
        {"kind": "ack", "command": what, "method" if what == "method" else "variable": name, **shown}
    )


def parse_command(sent: bytes) -> Noted | None:
    found = _REQUEST.fullmatch(sent)
    if found is None:
        return None
    what, name, value = _REQUESTS[found[1].decode()], found[2].decode(), found[3]
    if name in _GATES and what == "method":
        return Noted({"kind": "command", "command": _GATES[name]})
    shown = {"value": text_of(value)} if value else {}
    return Noted(
        {"kind": "command", "command": what, "method" if what == "method" else "variable": name, **shown}
    )
