"""What SSI packets say of codes: the code type, which is the first byte of DECODE_DATA (scanner protocols §4)."""

from dataclasses import dataclass
from typing import Final

from drivers.identifiers.check_digits import mod10_ok
from drivers.meanings import Meaning, code_meaning, garbled, known
from drivers.reading import BarcodeRead
from drivers.scanners.aim import UNKNOWN_SYMBOLOGY, split_aim
from drivers.scanners.code_text import bad_control, is_no_read, text_of
from drivers.scanners.ssi_packets import (
    CMD_ACK,
    CMD_NAK,
    DECODE_DATA,
    DECODER,
    NAK_NAMES,
    NAMES,
    PARAM_NAMES,
    PARAM_SEND,
    PERMANENT,
    REVISION_REPLY,
    Packet,
)
from hub_config.names import DeviceId, Instant


@dataclass(frozen=True, slots=True)
class CodeType:
    name: str
    slug: str
    aim: str | None = None
    """The AIM identifier that says the same, where it matters to what the data are."""


_PLAIN: Final = {
    0x01: CodeType("Code 39", "code39"), 0x02: CodeType("Codabar", "codabar"), 0x03: CodeType("Code 128", "code128"),
    0x04: CodeType("Discrete 2 of 5", "industrial-2of5"), 0x05: CodeType("IATA 2 of 5", "iata-2of5"),
    0x06: CodeType("Interleaved 2 of 5", "itf"), 0x07: CodeType("Code 93", "code93"), 0x08: CodeType("UPC-A", "upca"),
    0x09: CodeType("UPC-E", "upce"), 0x0A: CodeType("EAN-8", "ean8"), 0x0B: CodeType("EAN-13", "ean13"),
    0x0C: CodeType("Code 11", "code11"), 0x0E: CodeType("MSI", "msi"), 0x0F: CodeType("GS1-128", "gs1-128", "]C1"),
    0x10: CodeType("UPC-E1", "upce1"), 0x15: CodeType("Trioptic", "trioptic"),
    0x16: CodeType("Bookland", "bookland"), 0x17: CodeType("Coupon", "coupon"),
    0x23: CodeType("GS1 DataBar Limited", "databar", "]e0"), 0x24: CodeType("GS1 DataBar", "databar", "]e0"),
    0x25: CodeType("GS1 DataBar Expanded", "databar", "]e0"), 0x72: CodeType("Chinese 2 of 5", "chinese-2of5"),
}  # fmt: skip
_SUPPLEMENTS: Final = {0x40: "2", 0x80: "5"}
"""Added to the types of UPC and EAN."""
_WITH_SUPPLEMENT: Final = (0x08, 0x09, 0x0A, 0x0B)

CODE_TYPES: Final = _PLAIN | {
    more + base: CodeType(f"{_PLAIN[base].name} with {digits}-digit supplement", f"{_PLAIN[base].slug}-addon")
    for more, digits in _SUPPLEMENTS.items()
    for base in _WITH_SUPPLEMENT
}
_EAN_DIGITS: Final = {0x08: 12, 0x0A: 8, 0x0B: 13}
"""Of the types whose last digit is the check digit of those before it."""
_UNKNOWN: Final = CodeType("", UNKNOWN_SYMBOLOGY)


def type_of(number: int) -> CodeType:
    """2D types differ by product: they are unknown here, and their data are told all the same."""
    return CODE_TYPES.get(number, _UNKNOWN)


def meaning_of(one: Packet, no_read: tuple[str, ...], *, aim: bool, before: bytes = b"") -> Meaning:
    """For `hub decode`. `before`: what packets of the same code held before this one."""
    if one.opcode == CMD_ACK:
        return {"kind": "ack", "command": "any"}
    if one.opcode == CMD_NAK:
        reason = one.data[0] if one.data else 0
        return {"kind": "error", "error": NAK_NAMES.get(reason, f"nak_{reason:02x}")}
    if one.opcode == DECODE_DATA and one.data:
        return _scan(one, before + one.data[1:], no_read, aim)
    name, data = NAMES[one.opcode], {"data": one.data.hex(" ")} if one.data else {}
    if one.opcode == REVISION_REPLY:
        return {"kind": "info", "command": name, "text": text_of(one.data)}
    if one.source == DECODER:
        return {"kind": "info", "command": name, **data}
    if one.opcode == PARAM_SEND and len(one.data) == 3:
        number, value = one.data[1:]
        known_as = PARAM_NAMES.get((number, value), name)
        return {
            "kind": "command", "command": known_as, "parameter": f"{number:02x}", "value": value,
            "permanent": bool(one.status & PERMANENT),
        }  # fmt: skip
    return {"kind": "command", "command": name, **data}


def _scan(one: Packet, whole: bytes, no_read: tuple[str, ...], aim: bool) -> Meaning:
    text = text_of(whole.rstrip(b"\r\n"))
    if is_no_read(text, no_read) and not one.continued:
        return {"kind": "no_read", "data": text.strip(" ")}
    number = one.data[0]
    if not one.continued and (unusable := _unusable(text, number)) is not None:
        return unusable
    if len(text) == _EAN_DIGITS.get(number) and text.isascii() and text.isdigit() and not mod10_ok(text):
        return {"kind": "error", "error": "check_digit", "code_type": number, "data": text}
    said = type_of(number)
    sent, data = split_aim(text) if aim else (None, text)
    if sent is not None and not data and not one.continued:
        return garbled(whole)
    read = BarcodeRead(DeviceId("decode"), Instant(0), data, said.slug, sent or said.aim, whole)
    keys = {"code_type": number, "more": one.continued, "retransmit": one.retransmitted or None}
    meaning = code_meaning(read)
    if said.name and sent is None and meaning["kind"] == "scan":
        meaning["symbology"] = said.name
    return known(meaning | keys)


def _unusable(text: str, number: int) -> Meaning | None:
    """What a session makes no code of either: it counts as damaged, or as nothing at all."""
    if (bad := bad_control(text)) is not None:
        return {
            "kind": "error",
            "error": "bad_text",
            "detail": f"control character 0x{ord(bad):02X} in a code",
        }
    if not text.strip(" "):
        return {"kind": "info", "command": NAMES[DECODE_DATA], "code_type": number, "empty": True}
    return None
