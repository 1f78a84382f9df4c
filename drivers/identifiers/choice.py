"""What a code on a label says, and which of several codes is the parcel's own.

Rules, in this order (drop, collapse, rank, conflict):
an identifier whose check fails is a misread: it keeps its type, `check_ok` is False, and it is never chosen;
identical identifiers are one, in whatever symbol they were printed; the station's rank decides between types;
within a type a sure identifier goes before a weak one; two different ones of the winning rank, both sure or both weak,
are a conflict for staff, never a guess.

Weak are formats that other numbers fit as well (12 digits, one in eleven of which is a FedEx number). Such a code is
one only at a place whose configuration names its format, and never in an EAN symbol; elsewhere it is unknown, and its
text stays in the gateway. `docs/identifiers.md` has the measured rates.

What counts as an SSCC: AI (00) in a GS1 symbol, in a Digital Link, or in data that parse completely as element
strings; and 18 bare digits, unless the symbol is known to be two-dimensional and not GS1. There bare digits are as
likely a personal number, which must not leave the gateway as text. Where the symbol is not known to be GS1, a carrier's
format goes before element strings.
"""

from collections.abc import Sequence
from dataclasses import field
from functools import lru_cache
from typing import Final

from drivers.identifiers.format import CodeType, Found, normalise
from drivers.identifiers.formats import RANKED
from drivers.identifiers.gs1 import (
    GS,
    Elements,
    Gs1Fault,
    canonical_link,
    is_link,
    parse_elements,
    parse_link,
)
from drivers.identifiers.sscc import parse_sscc
from drivers.scanners.aim import is_gs1, is_linear, split_aim
from hub_config.value import value

IDENTIFIED_KEPT: Final = 4_096
"""Codes once worked out: those of the parcels in work are asked about again."""

_TOLD: Final = {
    chars: tuple(one for one in RANKED if one.type not in ("unknown", "sscc") and chars in one.chars)
    for chars in sorted({chars for one in RANKED for chars in one.chars})
}
"""By the length of what they fit, the surest first."""
_EAN: Final = "]E"


@value
class Identified:
    type: CodeType
    value: str
    """Normalised: an S10 in upper case without blanks, the 18 digits of an SSCC, the tracking number of a carrier's
    code, a Digital Link on its canonical host; of an unknown code the text as read, without its AIM identifier."""
    check_ok: bool
    """False where a check of the format failed (check digit; country of an S10). An unknown code has none."""
    weak: bool = field(default=False, compare=False)
    """Other numbers fit its format as well: it gives way to a sure one of its type."""


@value
class Choice:
    own: Identified | None
    conflict: bool
    """Two different identifiers of the same rank; `own` is None then."""


@lru_cache(maxsize=IDENTIFIED_KEPT)
def identify(data: str, aim: str | None, weak_formats: tuple[str, ...] = ()) -> Identified:
    """`data` as the scanner sent it, with or without its AIM identifier in front. `weak_formats`: those that the place
    accepts. Never raises."""
    sent_aim, text = split_aim(data)
    aim = aim or sent_aim
    if is_link(text):
        return _from_link(text)
    compact = normalise(text)
    gs1_symbol = aim is not None and is_gs1(aim)
    bare_digits = aim is None or gs1_symbol or is_linear(aim)
    container = _sscc_of(text, compact, gs1_symbol) if bare_digits else None
    if container is not None and gs1_symbol:
        return container
    numbers = bare_digits and not (aim or "").startswith(_EAN)
    found = _found(compact.strip(GS), numbers, weak_formats)
    if container is not None:
        found.append(container)
    good = (one for one in found if one.check_ok)
    return next(good, None) or (found[0] if found else Identified("unknown", text, check_ok=True))


def choose(codes: Sequence[Identified], rank: Sequence[str]) -> Choice:
    """`rank` lists the accepted types, best first; codes of other types are no candidates."""
    if len(codes) == 1:
        only = codes[0]
        return Choice(only if only.check_ok and only.type in rank else None, conflict=False)
    for accepted in rank:
        good = [code for code in codes if code.type == accepted and code.check_ok]
        ranked = [code for code in good if not code.weak] or good
        if ranked:
            alone = len(ranked) == 1 or all(code == ranked[0] for code in ranked)
            return Choice(ranked[0] if alone else None, conflict=not alone)
    return Choice(None, conflict=False)


def _found(compact: str, numbers: bool, weak_formats: Sequence[str]) -> list[Identified]:
    """In every format that it fits, the surest first. `numbers`: digits alone may be an identifier."""
    known_of_length = _TOLD.get(len(compact), ())
    if not known_of_length or (compact.isdigit() and not numbers):
        return []
    return [
        Identified(known.type, found.value, found.fault is None, found.weak)
        for known in known_of_length
        if isinstance(found := known.parse(compact), Found) and (not found.weak or known.name in weak_formats)
    ]


def _sscc_of(text: str, compact: str, gs1_symbol: bool) -> Identified | None:
    digits = None if gs1_symbol else compact
    data = text.replace(" ", "")
    if data[:1].isdigit():  # as every application identifier begins
        elements = parse_elements(data)
        if not isinstance(elements, Gs1Fault) and "00" in elements:
            digits = elements["00"]
    return _sscc(digits) if digits is not None else None


def _sscc(digits: str) -> Identified | None:
    sscc = parse_sscc(digits)
    return Identified("sscc", sscc.value, sscc.fault is None) if isinstance(sscc, Found) else None


def _from_link(text: str) -> Identified:
    elements: Elements | Gs1Fault = parse_link(text)
    if isinstance(elements, Gs1Fault):
        return Identified("unknown", text, check_ok=True)
    return _sscc(elements.get("00", "")) or Identified("gs1dl", canonical_link(elements), check_ok=True)
