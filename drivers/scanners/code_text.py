"""From a code's bytes to its text, and what no code holds. What all scanners share is written here once.

Text is UTF-8, else Latin-1. GS (1D) is data. So are the separators of an ISO/IEC 15434 envelope inside one: it opens
with `[)>` RS, holds FS, GS, RS and US, and ends in EOT (or where the scanner cut that off). Any other control character
means that the bytes are no code: noise, a wrong baud rate or parity (scanners §2).
"""

import re
from collections.abc import Sequence
from typing import Final

from drivers.reading import BarcodeRead, DeviceFault
from drivers.scanners.aim import UNKNOWN_SYMBOLOGY, split_aim, symbology_of
from hub_config.names import DeviceId, Instant
from hub_config.value import value

RAW_BYTES: Final = 64
"""How much of what is no code is kept to show."""

_CONTROL: Final = re.compile(r"[\x00-\x1c\x1e-\x1f\x7f-\x9f]")
"""The characters of the category Cc but for GS, which is data."""
_ENVELOPE: Final = re.compile(r"(?:\][A-Za-z][0-9A-Za-z])?\[\)>\x1e[^\x00-\x1b\x7f-\x9f]*\x04?")
_COMPOSITE: Final = re.compile(r"\|(?=\]e[0-9A-Fa-f])")
"""Parts the two messages of an EAN composite: `]E0…|]e0…` (scanners §3)."""


def text_of(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def wire_bytes(text: str) -> bytes:
    """Framing bytes as config writes them: `\\u0001` is byte 01, up to `\\u00ff`."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8")


def bad_control(text: str) -> str | None:
    """The first control character that makes it no code."""
    found = _CONTROL.search(text)
    return None if found is None or _ENVELOPE.fullmatch(text) else found.group()


def is_no_read(text: str, no_read: Sequence[str]) -> bool:
    """What a reader sends for "triggered, saw no code": one of its texts, or question marks alone; some put an AIM
    identifier before it as before a code."""
    plain = split_aim(text)[1].strip(" ")
    return plain in no_read or (plain.startswith("?") and not plain.strip("?"))


def messages_of(text: str) -> list[str]:
    """One, or the two of an EAN composite."""
    return _COMPOSITE.split(text) if text.startswith("]E") else [text]


@value
class Code:
    """One code as it was sent; its text may begin with an AIM identifier."""

    text: str
    raw: bytes
    symbology: str = UNKNOWN_SYMBOLOGY
    """As the protocol itself says it."""
    aim: str | None = None
    """The identifier that says the same, where the protocol says that the data are element strings of GS1."""


def code_reading(
    device: DeviceId, code: Code, at: Instant, *, aim: bool, trigger: int | None = None
) -> BarcodeRead | DeviceFault:
    """`aim`: the scanner is set to send AIM identifiers, which say more than the protocol."""
    identifier, data = split_aim(code.text) if aim else (None, code.text)
    if aim and identifier is None and code.text.startswith("]"):
        detail = f"{code.text[:3]!r} is no AIM identifier; check the scanner's message format"
        return DeviceFault(device, at, "garbled", detail, code.raw[:RAW_BYTES])
    if not data.strip(" "):
        detail = f"AIM identifier {identifier} without data; check the scanner's message format"
        return DeviceFault(device, at, "garbled", detail, code.raw[:RAW_BYTES])
    if identifier is None:
        return BarcodeRead(device, at, data, code.symbology, code.aim, code.raw, trigger)
    return BarcodeRead(device, at, data, symbology_of(identifier).slug, identifier, code.raw, trigger)
