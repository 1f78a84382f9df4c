"""Lines of a Keyence SR reader, taken apart: acknowledgements, refusals, no-reads, one code or several.

Follows the SR-750 User's Manual (E SR-750 UM, chapter 8) and scanner protocols §5. A line ends in CR or ETX, LF is
tolerated, STX may open it. Several codes of one answer are parted by a separator that the reader is set to; a code may
end in `!x/y`, where it stood in the picture, which is taken off.
"""

import re
from dataclasses import dataclass
from typing import Final

LINE_ENDS: Final = (b"\r", b"\n", b"\x03")
CODES_MAX: Final = 16
"""In one answer. A parcel shows two to six codes; an answer with more is dropped whole."""
STX: Final = b"\x02"
OVERFLOW: Final = b"OVER"
"""What the reader sends instead of an answer that its own memory did not hold."""
ERROR_NAMES: Final = {
    "00": "undefined",
    "01": "format",
    "20": "not_executable",
    "21": "buffer_overflow",
    "22": "parameter_error",
    "99": "faulty",
}

_ACK: Final = re.compile(rb"OK,(LON|LOFF)")
_REFUSAL: Final = re.compile(rb"ER,([A-Z0-9]{1,16}),([0-9]{2})")
_CONTROL: Final = re.compile(r"[\x00-\x1c\x1e-\x1f\x7f-\x9f]")
"""The characters of the category Cc but for GS, which is data."""
_PLACE: Final = re.compile(rb"![0-9]{1,5}/[0-9]{1,5}\Z")


@dataclass(frozen=True, slots=True)
class SrAck:
    """It took a command. Some models leave this out."""

    command: str


@dataclass(frozen=True, slots=True)
class SrRefusal:
    command: str
    code: str


@dataclass(frozen=True, slots=True)
class SrOverflow:
    """It read more than its memory holds, and sent nothing of it."""


@dataclass(frozen=True, slots=True)
class SrNoRead:
    text: str


@dataclass(frozen=True, slots=True)
class SrCode:
    text: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class SrCodes:
    codes: tuple[SrCode, ...]
    """One at least, CODES_MAX at most."""


@dataclass(frozen=True, slots=True)
class SrTooMany:
    count: int


@dataclass(frozen=True, slots=True)
class SrBadText:
    char: str
    """The control character that no code holds."""


@dataclass(frozen=True, slots=True)
class SrEmpty:
    """Separators or blanks, and nothing else."""


SrAnswer = SrAck | SrRefusal | SrOverflow | SrNoRead | SrCodes | SrTooMany | SrBadText | SrEmpty


def parse_answer(line: bytes, no_read: tuple[str, ...], separator: str) -> SrAnswer:
    """`line` is without its terminator."""
    data = line.removeprefix(STX)
    if (ack := _ACK.fullmatch(data)) is not None:
        return SrAck(ack[1].decode())
    if (refusal := _REFUSAL.fullmatch(data)) is not None:
        return SrRefusal(refusal[1].decode(), refusal[2].decode())
    if data == OVERFLOW:
        return SrOverflow()
    text = _text(data)
    bad = _CONTROL.search(text)
    if bad is not None:
        return SrBadText(bad.group())
    if _is_no_read(text, no_read):
        return SrNoRead(text.strip(" "))
    parts = [_PLACE.sub(b"", part) for part in data.split(_wire(separator))]
    codes = [SrCode(text, part) for part in parts if (text := _text(part)).strip(" ")]
    # In the place of a code that one of several cameras or rules did not find.
    found = tuple(code for code in codes if not _is_no_read(code.text, no_read))
    if len(found) > CODES_MAX:
        return SrTooMany(len(found))
    if found:
        return SrCodes(found)
    return SrNoRead(codes[0].text.strip(" ")) if codes else SrEmpty()


def parse_command(line: bytes) -> str | None:
    """What a host says to the reader: `LON` or `LOFF`."""
    data = line.removeprefix(STX)
    return data.decode() if data in (b"LON", b"LOFF") else None


def _is_no_read(text: str, no_read: tuple[str, ...]) -> bool:
    plain = text.strip(" ")
    return plain in no_read or set(plain) == {"?"}


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _wire(text: str) -> bytes:
    """A separator as config writes it: `\\u001c` is byte 1C, up to `\\u00ff`."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8")
