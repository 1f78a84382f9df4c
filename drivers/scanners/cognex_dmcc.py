"""Cognex DataMan readers, spoken to by DMCC (DataMan control commands) over TCP 23 or RS-232.

Follows the DMCC overview of docs.cognex.com, the DataMan communications and programming manual p. 18–19 and the
DM100/200 control commands (scanner protocols §5). A command is `||>NAME …` or `||checksum:id>NAME …` and ends in CR LF.
Replies are silent (bare text, results with the footer of their formatting) or extended: `||checksum:id[status]…`, where
status 1 is a result in base64. With checksum 1 the last byte before the footer is the XOR of all before it.
"""

import re
from base64 import b64decode
from binascii import Error as Base64Error
from functools import partial
from typing import Final

from drivers.buffers import Line
from drivers.scanners.answers import Answer, Damaged, Noted, Refused, parse_codes
from drivers.scanners.code_text import text_of, wire_bytes
from drivers.scanners.reader import ReaderWire, ends_of
from hub_config.readers import CognexConfig

ERROR_NAMES: Final = {
    100: "unidentified",
    101: "command_invalid",
    102: "parameter_invalid",
    103: "checksum",
    104: "rejected_by_state",
    105: "unavailable",
}
READ_STRING: Final = 1

_OPTIONS: Final = rb"(?:([01])(?::([0-9]{1,9})?)?|:([0-9]{1,9}))?"
_REPLY: Final = re.compile(rb"\|\|" + _OPTIONS + rb"\[([0-9]{1,5})\](.*)", re.DOTALL)
_COMMAND: Final = re.compile(rb"\|\|" + _OPTIONS + rb">([^\r\n]*)(?:\r\n|\r|\n)?")
_NEGOTIATION: Final = re.compile(rb"\xff[\xfb-\xfe].", re.DOTALL)
"""Of Telnet: IAC WILL, WONT, DO, DONT and an option."""
_TRIGGERS: Final = {"on": "trigger_on", "off": "trigger_off"}


def cognex_dmcc(config: CognexConfig) -> ReaderWire:
    orders = (b"||>TRIGGER ON\r\n", b"||>TRIGGER OFF\r\n")
    return ReaderWire(partial(_answers, config), orders, terminators=ends_of(config.footer))


def _answers(config: CognexConfig, line: Line) -> list[Answer]:
    data = _NEGOTIATION.sub(b"", line.data)
    reply = _REPLY.fullmatch(data)
    if reply is not None:
        return [_reply(config, reply, data)]
    if data.startswith(b"||"):
        return [Damaged("garbled", "a reply that is cut off; check the line", data)]
    return [parse_codes(data, config.no_read, wire_bytes(config.separator))] if data else []


def _reply(config: CognexConfig, reply: re.Match[bytes], data: bytes) -> Answer:
    checked, number, number_alone, status_text, body = reply.groups()
    identifier = number or number_alone
    status = int(status_text)
    if checked == b"1":
        if not _xor_fits(data):
            detail = "wrong checksum in a reply; check the line"
            return Damaged("garbled", detail, data, {"kind": "error", "error": "checksum"})
        body = body[:-1]
    keys: dict[str, object] = {"command_id": int(identifier)} if identifier else {}
    if status == READ_STRING:
        return _read_string(config, body, data)
    if status:
        name = ERROR_NAMES.get(status, "unknown")
        detail = f"refused a command: error {status} ({name.replace('_', ' ')})"
        return Refused("last", detail, data, {"kind": "error", "error": name, "code": status, **keys})
    value = text_of(body)
    if not value:
        return Noted({"kind": "ack", "command": "set", "status": 0, **keys})
    return Noted({"kind": "ack", "command": "get", "status": 0, "value": value, **keys})


def _read_string(config: CognexConfig, body: bytes, data: bytes) -> Answer:
    try:
        text = b64decode(body.strip(b" "), validate=True)
    except Base64Error:
        return Damaged("garbled", "a result that is no base64; check the line", data, {"error": "base64"})
    footer = wire_bytes(config.footer)
    plain = text.removesuffix(footer).strip(b"\r\n")
    if not plain:
        return Damaged("garbled", "a result with nothing in it; look at the formatting of the reader", data)
    return parse_codes(plain, config.no_read, wire_bytes(config.separator))


def _xor_fits(data: bytes) -> bool:
    """All bytes with their checksum behind them."""
    total = 0
    for byte in data:
        total ^= byte
    return total == 0


def parse_command(sent: bytes) -> Noted | None:
    found = _COMMAND.fullmatch(sent)
    if found is None:
        return None
    checked, number, number_alone, body = found.groups()
    identifier = number or number_alone
    keys: dict[str, object] = {"command_id": int(identifier)} if identifier else {}
    if checked == b"1":
        whole = sent[: found.end(4)]
        if not _xor_fits(whole):
            return Noted({"kind": "error", "error": "checksum", **keys})
        body = body[:-1]
    word, *rest = text_of(body).strip(" ").split(" ", 2)
    name = word.lower()
    if name == "trigger" and len(rest) == 1 and rest[0].lower() in _TRIGGERS:
        return Noted({"kind": "command", "command": _TRIGGERS[rest[0].lower()], **keys})
    shown: dict[str, object] = {"kind": "command", "command": name, **keys}
    if rest:
        shown["parameter"] = rest[0]
    if rest[1:]:
        shown["value"] = rest[1]
    return Noted(shown)
