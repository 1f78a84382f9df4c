"""What is printed on labels explained, for `hub decode`: every frame is the content of one code.

`label` is for a code of which nobody knows what it is: which formats it fits, the surest first, and why not the others.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

from drivers.identifiers.air_waybill import PIECE_DIGITS, PIECE_DIGITS_MAX, cargo_label
from drivers.identifiers.choice import identify
from drivers.identifiers.format import Format, Found, Misfit, normalise
from drivers.identifiers.formats import BY_NAME, RANKED
from drivers.identifiers.gs1 import (
    GS,
    Elements,
    Gs1Fault,
    failed_check,
    from_brackets,
    is_link,
    parse_elements,
    parse_link,
)
from drivers.identifiers.gs1_values import measures_of, named_values, wrong_value
from drivers.identifiers.sscc import parse_sscc
from drivers.meanings import Meaning, known
from drivers.scanners.aim import is_gs1, split_aim, symbology_of

PRINTED_AIM: Final = "]C1"
"""Of a text in brackets: only element strings are printed so."""

_CONTAINER: Final = re.compile(r"00([0-9]{18})")

_Options = Mapping[str, str]
_Decoder = Callable[[Sequence[bytes], _Options], Iterator[Meaning]]


def _number(parse: Callable[[str], Found | Misfit], text: str) -> Meaning:
    _, data = split_aim(text)
    return _found_meaning(parse(normalise(data).strip(GS)))


def _sscc(text: str) -> Meaning:
    """With its AI (00) or without, as it is printed in brackets or as it is scanned."""
    _, data = split_aim(text)
    code = normalise(from_brackets(data) or data).strip(GS)
    with_ai = _CONTAINER.fullmatch(code)
    return _found_meaning(parse_sscc(code if with_ai is None else with_ai[1]))


def _found_meaning(found: Found | Misfit) -> Meaning:
    if isinstance(found, Misfit):
        return {"kind": "identifier", "valid": False, "error": found.error, "detail": found.detail}
    valid = found.fault is None
    told: Meaning = {"kind": "identifier", "valid": valid, "value": found.value, **found.parts}
    if "airline_prefix" in found.parts:
        told["check_digit_ok"] = valid
    return told if valid else told | {"error": found.fault, "detail": found.detail}


def _elements(text: str) -> Meaning:
    _, data = split_aim(text)
    return _elements_meaning(parse_elements(from_brackets(data) or data))


def _link(text: str) -> Meaning:
    _, data = split_aim(text)
    return _elements_meaning(parse_link(data))


def _elements_meaning(elements: Elements | Gs1Fault) -> Meaning:
    if isinstance(elements, Gs1Fault):
        return {"kind": "error", "error": elements.error, "detail": elements.detail}
    if (ai := failed_check(elements)) is not None:
        return {"kind": "error", "error": "check_digit", "detail": f"check digit of ({ai}) {elements[ai]}"}
    if (wrong := wrong_value(elements)) is not None:
        what = f"({wrong.ai}) {elements[wrong.ai]} is no {wrong.error}"
        return {"kind": "error", "error": wrong.error, "detail": what}
    named = named_values(elements) or None
    return {"kind": "elements", "elements": {**elements, **measures_of(elements)}, **known({"named": named})}


# Any label -----------------------------------------------------------------------------------------------


def _label(text: str) -> Meaning:
    """Which formats it fits. `taken_as` is what a gateway makes of it that accepts no weak format."""
    aim, data = split_aim(text)
    printed = from_brackets(data)
    data = printed or data
    aim = aim or (PRINTED_AIM if printed else None)
    compact = normalise(data).strip(GS)
    taken = identify(data, aim)
    tried = [(known.name, known.parse(compact)) for known in RANKED]
    fits: list[Meaning] = [
        {"format": name, "event_type": BY_NAME[name].type, "weak": found.weak, **_found_meaning(found)}
        for name, found in tried
        if isinstance(found, Found)
    ]
    told = [("gs1-digital-link", _link(data))] if is_link(data) else [("gs1-elements", _elements(data))]
    fits += [{"format": name, **one} for name, one in told if one["kind"] == "elements"]
    fits.sort(key=partial(_place, gs1=aim is not None and is_gs1(aim)))
    rejected: list[Meaning] = [
        {"format": name, "error": found.error, "detail": found.detail}
        for name, found in tried
        if isinstance(found, Misfit)
    ]
    rejected += [{"format": name, **one} for name, one in told if one["kind"] == "error"]
    symbol: Meaning = {} if aim is None else {"aim": aim, "symbology": symbology_of(aim).name}
    return {
        "kind": "label", "data": data, **symbol,
        "taken_as": taken.type, "value": taken.value, "check_ok": taken.check_ok, "fits": fits, "rejected": rejected,
    }  # fmt: skip


def _place(fit: Mapping[str, object], *, gs1: bool) -> int:
    """Those whose check is right first; the elements of a GS1 symbol before all, of any other behind every number."""
    if fit["kind"] == "elements":
        return 0 if gs1 or fit["format"] == "gs1-digital-link" else 3
    if fit["valid"] is not True:
        return 4
    return 2 if fit["weak"] else 1


# What `hub decode` knows -----------------------------------------------------------------------------------


def _each(explain: Callable[[str], Meaning]) -> _Decoder:
    """A decoder of labels: every frame is the content of one code."""

    def labels(frames: Sequence[bytes], _options: _Options) -> Iterator[Meaning]:
        return (explain(_text(frame)) for frame in frames)

    return labels


def _iata_label(frames: Sequence[bytes], options: _Options) -> Iterator[Meaning]:
    asked = options.get("piece_digits", str(PIECE_DIGITS))
    if not asked.isdecimal() or not 1 <= int(asked) <= PIECE_DIGITS_MAX:
        raise ValueError(f"piece_digits is {asked!r}; 1 to {PIECE_DIGITS_MAX} are wanted")
    return (_number(cargo_label(int(asked)), _text(frame)) for frame in frames)


def _text(frame: bytes) -> str:
    """A line end is the scanner's."""
    return frame.decode("latin-1").rstrip("\r\n")


def _decoder(known: Format) -> _Decoder:
    return _each(partial(_number, known.parse))


LABELS: Final[Mapping[str, _Decoder]] = {
    **{one.name: _decoder(one) for one in RANKED},
    "sscc": _each(_sscc),
    "iata-label": _iata_label,
    "gs1-elements": _each(_elements),
    "gs1-digital-link": _each(_link),
    "label": _each(_label),
}
LABEL_OPTIONS: Final[Mapping[str, tuple[str, ...]]] = {"iata-label": ("piece_digits",)}
"""What `--config` takes."""
