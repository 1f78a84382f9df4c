"""Honeywell scanners and engines (1900, N36xx, N86, 1300g): results as lines, triggers and menus by control bytes.

Follows the N86 series manual p. 166, the 2020 manual p. 3-14 and the 2020-5 manual p. 141 (scanner protocols §5). A
result is `[prefix] data [suffix]`, CR as it comes; `NR` is its no-read, off as it comes. `16 54 0D` starts a reading,
`16 55 0D` ends it. A menu command is echoed, with 06 (done), 05 (unknown tag) or 15 (bad value) before its punctuation.
"""

import re
from functools import partial
from typing import Final

from drivers.buffers import Line
from drivers.scanners.answers import Answer, Noted, Refused, parse_codes
from drivers.scanners.code_text import text_of, wire_bytes
from drivers.scanners.reader import ReaderWire, ends_of, unwrap
from hub_config.readers import HoneywellConfig

_ON: Final = b"\x16T\r"
_OFF: Final = b"\x16U\r"
_PUNCTUATION: Final = b".!;,"
_OUTCOMES: Final = {0x06: "", 0x05: "unknown_tag", 0x15: "bad_value"}
_MENU_ENDS: Final = tuple(bytes([outcome, mark]) for outcome in _OUTCOMES for mark in _PUNCTUATION)
_MENU: Final = re.compile(
    rb"\x16M\r(?::[^:]{1,32}:)?([0-9A-Za-z]{3})([0-9A-Za-z]{3})?([^.!]*)([.!])(?:\r\n|\r)?"
)
_QUERIES: Final = {b"?": "query", b"^": "query_default", b"*": "query_range"}


def honeywell(config: HoneywellConfig) -> ReaderWire:
    ends = (*ends_of(config.suffix), *_MENU_ENDS)
    return ReaderWire(partial(_answers, config), (_ON, _OFF), terminators=ends)


def _answers(config: HoneywellConfig, line: Line) -> list[Answer]:
    if line.end in _MENU_ENDS:
        return [_menu_answer(line)]
    answers, data = unwrap(line.data, config.prefix)
    if data:
        answers.append(parse_codes(data, config.no_read, wire_bytes(config.separator)))
    return answers


def _menu_answer(line: Line) -> Answer:
    echo = text_of(line.data).strip(" ")
    error = _OUTCOMES[line.end[0]]
    if not error:
        return Noted({"kind": "ack", "command": "menu", "text": echo})
    detail = f"menu command {echo!r}: {error.replace('_', ' ')}"
    return Refused(
        "other", detail, line.data, {"kind": "error", "error": error, "command": "menu", "text": echo}
    )


def parse_command(sent: bytes) -> Noted | None:
    if sent in (_ON, _OFF):
        return Noted({"kind": "command", "command": "trigger_on" if sent == _ON else "trigger_off"})
    menu = _MENU.fullmatch(sent)
    if menu is None:
        return None
    tag, subtag, data, mark = menu.groups()
    keys: dict[str, object] = {"kind": "command", "command": "menu", "tag": tag.decode()}
    if subtag is not None:
        keys["subtag"] = subtag.decode()
    if data in _QUERIES:
        keys["query"] = _QUERIES[data]
    keys["data"] = text_of(data)
    return Noted({**keys, "storage": "nonvolatile" if mark == b"." else "volatile"})
