"""What one message of a reader says, whoever made it, and how a message of codes is taken apart.

A maker's file turns bytes into these; `trigger_steps.py` says of which trigger they are, `hub decode` shows them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from drivers.meanings import Meaning, code_meaning, garbled
from drivers.reading import DeviceFault, FaultCode
from drivers.scanners.code_text import Code, bad_control, code_reading, is_no_read, messages_of, text_of
from hub_config.names import DeviceId, Instant

CODES_MAX: Final = 16
"""In one answer. A parcel shows two to six codes; an answer with more is dropped whole."""

TriggerOrder = Literal["on", "off"]
Keys = Mapping[str, object]
"""What a message says in the keys of `hub decode`; they win over those made from the rest."""
NO_KEYS: Final[Keys] = {}


@dataclass(frozen=True, slots=True)
class Codes:
    codes: tuple[Code, ...]
    """One at least, CODES_MAX at most."""
    keys: Keys = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NothingRead:
    """It was triggered and saw no code, and says so."""

    text: str
    keys: Keys = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unusable:
    """It answered its trigger, with nothing that is a code: for example "more codes than expected"."""

    detail: str
    raw: bytes
    keys: Keys


@dataclass(frozen=True, slots=True)
class Noted:
    """No answer to a trigger: an acknowledgement, a heart-beat, what a host sends."""

    keys: Keys


@dataclass(frozen=True, slots=True)
class Refused:
    """It understood a command and would not."""

    order: Literal["on", "off", "last", "other"]
    """Which trigger order it refuses. `last`: the protocol does not say which; it is that of before."""
    detail: str
    raw: bytes
    keys: Keys


@dataclass(frozen=True, slots=True)
class Damaged:
    """Perhaps an answer, perhaps noise."""

    code: FaultCode
    detail: str
    raw: bytes
    keys: Keys = field(default_factory=dict)


Answer = Codes | NothingRead | Unusable | Noted | Refused | Damaged


def parse_codes(
    data: bytes, no_read: Sequence[str], separator: bytes, *, place: re.Pattern[bytes] | None = None
) -> Codes | NothingRead | Damaged:
    """One code or several, parted by `separator` (empty: always one). `place`: what may stand behind each code and is
    no part of it. A no-read in the place of one of several codes is left out: a camera or a rule that found nothing."""
    parts = data.split(separator) if separator else [data]
    if place is not None:
        parts = [place.sub(b"", part) for part in parts]
    codes = [Code(text, part) for part in parts for text in messages_of(text_of(part))]
    bad = next((char for code in codes if (char := bad_control(code.text)) is not None), None)
    if bad is not None:
        detail = f"control character 0x{ord(bad):02X} in an answer; check the reader's output format"
        return Damaged("bad_text", detail, data)
    codes = [code for code in codes if code.text.strip(" ")]
    found = tuple(code for code in codes if not is_no_read(code.text, no_read))
    if len(found) > CODES_MAX:
        detail = (
            f"{len(found)} codes in one answer, {CODES_MAX} at most; check separator and the reader's view"
        )
        return Damaged("too_long", detail, data)
    if found:
        return Codes(found)
    if codes:
        return NothingRead(codes[0].text.strip(" "))
    return Damaged("garbled", "an answer without a code; check separator", data)


def meaning_of(answer: Answer, *, aim: bool) -> Meaning:
    """For `hub decode`."""
    if "kind" in answer.keys:
        return dict(answer.keys)
    match answer:
        case Codes((code,)):
            return {**_code_meaning(code, aim), **answer.keys}
        case Codes(codes):
            return {"kind": "multi_scan", "codes": [code.text for code in codes], **answer.keys}
        case NothingRead(text):
            return {"kind": "no_read", "data": text, **answer.keys}
        case Unusable() | Refused():
            return {"kind": "error", "detail": answer.detail, **answer.keys}
        case Damaged():
            return {**garbled(answer.raw), **answer.keys}
        case Noted():
            return dict(answer.keys)


def _code_meaning(code: Code, aim: bool) -> Meaning:
    read = code_reading(DeviceId("decode"), code, Instant(0), aim=aim)
    if isinstance(read, DeviceFault):
        return {"kind": "error", "error": read.code, "detail": read.detail}
    return code_meaning(read)
