"""What is printed on labels explained, for `hub decode`: every frame is the content of one code."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from drivers.identifiers.check_digits import mod10_ok
from drivers.identifiers.gs1 import Elements, Gs1Fault, decimal_of, failed_check, parse_elements, parse_link
from drivers.identifiers.s10 import parse_s10
from drivers.identifiers.sscc import parse_sscc
from drivers.meanings import Meaning

_MASS_KEYS: Final = {"31": ("net_weight_kg", "0"), "33": ("gross_weight_kg", "0")}


def _s10(text: str) -> Meaning:
    s10 = parse_s10(_compact(text))
    if s10 is None:
        return _invalid("format")
    if s10.fault is not None:
        return _invalid(s10.fault)
    parts = {"service": s10.service, "serial": s10.serial, "check": s10.check, "country": s10.country}
    return {"kind": "identifier", "valid": True, **parts}


def _sscc(text: str) -> Meaning:
    sscc = parse_sscc(_compact(text))
    if sscc is None:
        return _invalid("format")
    if not sscc.check_ok:
        return _invalid("check_digit")
    return {"kind": "identifier", "valid": True, "check": sscc.digits[-1]}


def _gtin(length: int) -> Callable[[str], Meaning]:
    def gtin(text: str) -> Meaning:
        digits = _compact(text)
        if len(digits) != length or not (digits.isascii() and digits.isdigit()):
            return _invalid("format")
        return {"kind": "identifier", "valid": True} if mod10_ok(digits) else _invalid("check_digit")

    return gtin


def _elements(text: str) -> Meaning:
    return _elements_meaning(parse_elements(text))


def _link(text: str) -> Meaning:
    return _elements_meaning(parse_link(text))


def _elements_meaning(elements: Elements | Gs1Fault) -> Meaning:
    if isinstance(elements, Gs1Fault):
        return {"kind": "error", "error": elements.error, "detail": elements.detail}
    if (ai := failed_check(elements)) is not None:
        return {"kind": "error", "error": "check_digit", "detail": f"check digit of ({ai}) {elements[ai]}"}
    named = dict(elements)
    for ai, value in elements.items():
        key, row = _MASS_KEYS.get(ai[:2], ("", ""))
        if len(ai) == 4 and ai[2:3] == row:
            named[key] = decimal_of(ai, value)
    return {"kind": "elements", "elements": named}


def _each(
    explain: Callable[[str], Meaning],
) -> Callable[[Sequence[bytes], Mapping[str, str]], Iterator[Meaning]]:
    """A decoder of labels: every frame is the content of one code."""

    def labels(frames: Sequence[bytes], _options: Mapping[str, str]) -> Iterator[Meaning]:
        return (explain(frame.decode("latin-1")) for frame in frames)

    return labels


def _compact(text: str) -> str:
    return text.replace(" ", "").upper()


def _invalid(error: str) -> Meaning:
    return {"kind": "identifier", "valid": False, "error": error}


LABELS: Final[Mapping[str, Callable[[Sequence[bytes], Mapping[str, str]], Iterator[Meaning]]]] = {
    "upu-s10": _each(_s10),
    "sscc": _each(_sscc),
    "gs1-elements": _each(_elements),
    "gs1-digital-link": _each(_link),
    "gtin-8": _each(_gtin(8)),
    "gtin-13": _each(_gtin(13)),
    "gtin-14": _each(_gtin(14)),
}
