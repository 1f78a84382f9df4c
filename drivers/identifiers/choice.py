"""What a code on a label says, and which of several codes is the parcel's own.

Rules, in this order (drop, collapse, rank, conflict):
an identifier whose check fails is a misread: it keeps its type, `check_ok` is False, and it is never chosen;
identical identifiers are one, in whatever symbol they were printed; the station's rank decides between types;
two different identifiers of the winning rank are a conflict for staff, never a guess.

What counts as an SSCC: AI (00) in a GS1 symbol, in a Digital Link, or in data that parse completely as element
strings; and 18 bare digits, unless the symbol is known to be two-dimensional and not GS1. There 18 digits are as
likely a personal number, which must not leave the gateway as text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from drivers.identifiers.gs1 import Elements, Gs1Fault, canonical_link, is_link, parse_elements, parse_link
from drivers.identifiers.s10 import parse_s10
from drivers.identifiers.sscc import parse_sscc
from drivers.scanners.aim import is_gs1, is_linear, split_aim

IDENTIFIED_KEPT: Final = 256
"""Codes once worked out: those of the parcels in work are asked about again."""

CodeType = Literal["s10", "sscc", "gs1dl", "carrier", "receptacle", "mawb", "unknown"]


@dataclass(frozen=True, slots=True)
class Identified:
    type: CodeType
    value: str
    """Normalised: an S10 in upper case without blanks, the 18 digits of an SSCC, a Digital Link on its canonical
    host; of an unknown code the text as read, without its AIM identifier."""
    check_ok: bool
    """False where a check of the format failed (check digit; country of an S10). An unknown code has none."""


@dataclass(frozen=True, slots=True)
class Choice:
    own: Identified | None
    conflict: bool
    """Two different identifiers of the same rank; `own` is None then."""


@lru_cache(maxsize=IDENTIFIED_KEPT)
def identify(data: str, aim: str | None) -> Identified:
    """`data` as the scanner sent it, with or without its AIM identifier in front. Never raises."""
    sent_aim, text = split_aim(data)
    aim = aim or sent_aim
    if is_link(text):
        return _from_link(text)
    compact = text.replace(" ", "").upper() if text.isascii() else text
    if (s10 := parse_s10(compact)) is not None:
        return Identified("s10", compact, check_ok=s10.fault is None)
    if aim is None or is_linear(aim) or is_gs1(aim):
        return _sscc_of(text, compact, aim) or Identified("unknown", text, check_ok=True)
    return Identified("unknown", text, check_ok=True)


def choose(codes: Sequence[Identified], rank: Sequence[str]) -> Choice:
    """`rank` lists the accepted types, best first; codes of other types are no candidates."""
    for accepted in rank:
        winner: Identified | None = None
        for code in codes:
            if code.type == accepted and code.check_ok:
                if winner is None:
                    winner = code
                elif code != winner:
                    return Choice(None, conflict=True)
        if winner is not None:
            return Choice(winner, conflict=False)
    return Choice(None, conflict=False)


def _sscc_of(text: str, compact: str, aim: str | None) -> Identified | None:
    gs1_symbol = aim is not None and is_gs1(aim)
    digits = None if gs1_symbol else compact
    elements = parse_elements(text.replace(" ", ""))
    if not isinstance(elements, Gs1Fault) and "00" in elements:
        digits = elements["00"]
    sscc = parse_sscc(digits) if digits is not None else None
    return None if sscc is None else Identified("sscc", sscc.digits, sscc.check_ok)


def _from_link(text: str) -> Identified:
    elements: Elements | Gs1Fault = parse_link(text)
    if isinstance(elements, Gs1Fault):
        return Identified("unknown", text, check_ok=True)
    sscc = parse_sscc(elements.get("00", ""))
    if sscc is not None:
        return Identified("sscc", sscc.digits, sscc.check_ok)
    return Identified("gs1dl", canonical_link(elements), check_ok=True)
