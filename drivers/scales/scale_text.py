"""A scale whose frame is declared by config (`hub_config/scale_text.py`), and how each of its frames was cut.

A frame counts only as a whole: every word and unit declared, the number a number, nothing before or behind. What the
scale says of it decides what it is; digits of a frame that is over, under or invalid are never used.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from drivers.declared_check import part
from drivers.reading import Weighing
from drivers.scales.amount import PERCENT, amount, is_unit, unit_of
from drivers.scales.frame_wire import Cut, FrameWire
from drivers.scales.mass import is_number
from drivers.scales.told import Garbled, Load, Order, Piece, Told, Wire
from hub_config.scale_text import ScaleGrammar, ScaleTextConfig, TextField
from hub_config.value import value

FRAME_MAX_BYTES: Final = 128

_FIRST_PRINTABLE: Final = 0x20
_NUMBER: Final = re.compile(r"([+-]?) *([0-9]+(?:[.,][0-9]+)?|[.,][0-9]+)")
_MASS_UNIT: Final = re.compile(r"([-+0-9., ]*)([^-+0-9.,]*)")
_NO_WEIGHT: Final = ("overload", "underload", "out_of_range", "invalid")
_SAY_IT_ALONE: Final = (*_NO_WEIGHT, "ignore")
"""A word of these may be the whole frame."""


@value
class Span:
    """Some bytes of a frame, and what they are."""

    name: str
    """Of the field; `start`, `check`, `end`, or `-` where nothing is declared."""
    first: int
    """Column, from 1."""
    data: bytes
    said: str = ""
    """What it means; empty where it means nothing."""


@value
class Cutting:
    """One frame, taken apart."""

    spans: tuple[Span, ...]
    piece: Piece
    why: str = ""
    """Why it is no frame, and what to do."""


@dataclass(slots=True)
class _Words:
    """What the fields of one frame say so far."""

    status: list[str] = field(default_factory=list)
    minus: bool = False
    mass: str = ""
    unit: str | None = None
    tare: str | None = None
    why: str = ""
    """Of the first field that is not understood and matters in every frame."""
    no_number: str = ""
    """The same, of the mass: it matters only where the frame tells a weight."""


def scale_text(config: ScaleTextConfig) -> Wire:
    asked: Mapping[Order, str] = {
        "weight": config.request, "zero": config.zero, "tare": config.tare, "tare_clear": config.tare_clear,
    }  # fmt: skip
    orders: dict[Order, bytes] = {order: sent.encode("latin-1") for order, sent in asked.items() if sent}
    return grammar_wire(config, orders)


def grammar_wire(grammar: ScaleGrammar, orders: Mapping[Order, bytes] | None = None) -> FrameWire:
    frames = _Frames(grammar)
    return FrameWire(frames.cut, orders or {}, max_bytes=FRAME_MAX_BYTES, seven_bits=grammar.seven_bits)


class _Frames:
    """Where a frame begins and ends."""

    def __init__(self, grammar: ScaleGrammar) -> None:
        self._grammar = grammar
        self._start = grammar.start.encode("latin-1")
        self._ends = [end.encode("latin-1") for end in grammar.end]
        self._end = re.compile(b"|".join(re.escape(end) for end in self._ends)) if self._ends else None
        self._marks = [self._start, *self._ends] if self._start else self._ends
        self._mark = re.compile(b"|".join(re.escape(mark) for mark in self._marks))
        self._overlap = max(map(len, self._ends), default=1) - 1
        check = grammar.check_rule
        self._width = (grammar.width or 1) + (0 if check is None else check.size)
        self._by_place = self._end is None or (check is not None and check.is_raw)
        self._dropping = False
        """Up to the next end: the frame was too long, and without a start its rest could pass for one."""

    def cut(self, held: bytes) -> Cut | None:
        if self._end is not None and (between := self._end.match(held)) is not None and not self._opens(held):
            self._dropping = (
                False  # the end of what was too long, if its last byte was the last that was dropped
            )
            return Cut(between.end(), None, nothing=True)
        if self._start and not self._opens(held):
            return self._to_start(held)
        if self._by_place or self._end is None:
            return self._by_width(held)
        found = self._end.search(held, max(1, len(self._start)))
        if found is None:
            return self._too_long(held) if len(held) >= FRAME_MAX_BYTES else None
        if self._dropping:
            self._dropping = False
            return Cut(found.end(), None)
        if (again := self._again(held, found.start())) > 0:
            return Cut(again, None)
        return Cut(found.end(), take_apart(self._grammar, held[: found.end()]).piece)

    def _too_long(self, held: bytes) -> Cut:
        self._dropping = not self._start
        return Cut(len(held) - self._overlap, None)

    def _opens(self, held: bytes) -> bool:
        return bool(self._start) and held.startswith(self._start)

    def _to_start(self, held: bytes) -> Cut | None:
        """Drops up to a start or an end, whichever is next: what is lost is told alike in every cut."""
        found = self._mark.search(held)
        if found is not None and found.start() > 0:
            return Cut(found.start(), None)
        # The last bytes may be the first of one of them.
        kept = max(
            (n for mark in self._marks for n in range(1, len(mark)) if held.endswith(mark[:n])), default=0
        )
        return Cut(len(held) - kept, None) if len(held) > kept else None

    def _again(self, held: bytes, end: int) -> int:
        """A control character can't be data, so the last one opens the frame; a printable start may be data too."""
        if not self._start or self._start[0] >= _FIRST_PRINTABLE:
            return 0
        return held.rfind(self._start, 0, end)

    def _by_width(self, held: bytes) -> Cut | None:
        """A raw check may look like a start or an end: only the place says what a byte is."""
        if len(held) < self._width:
            return None
        behind = self._width
        if self._end is not None:
            found = self._end.match(held, self._width)
            if found is None:
                begun = any(end.startswith(held[self._width :]) for end in self._ends)
                return None if begun else Cut(1, None)
            behind = found.end()
        piece = take_apart(self._grammar, held[:behind]).piece
        if isinstance(piece, Garbled) and (self._end is None or piece.error != "checksum"):
            return Cut(1, None)
        return Cut(behind, piece)


def take_apart(grammar: ScaleGrammar, frame: bytes) -> Cutting:
    """`frame`: with its start and its end."""
    start = grammar.start.encode("latin-1")
    if not frame.startswith(start):
        return Cutting((Span("-", 1, frame),), Garbled(frame), f"no start {start.hex(' ')}; check start")
    end = next((e for e in map(_latin, grammar.end) if frame.endswith(e)), b"")
    body = frame[len(start) : len(frame) - len(end)]
    words, behind = _Words(), 1 + len(start)
    head = (Span("start", 1, start),) if start else ()
    tail = (Span("end", behind + len(body), end),) if end else ()
    if (rule := grammar.check_rule) is None:
        inner = tuple(_inner(grammar, body, words))
        piece, why = _judge(words, frame)
        return Cutting((*head, *inner, *tail), piece, why)
    parted = part(rule, start, body, seven_bits=grammar.seven_bits)
    inner = tuple(_inner(grammar, parted.data, words))
    said = "holds" if parted.holds else f"{parted.wanted} is due"
    check = Span("check", behind + len(parted.data), parted.check, said)
    if parted.holds:
        piece, why = _judge(words, frame)
    else:
        piece, why = Garbled(frame, "checksum"), parted.why
    return Cutting((*head, *inner, check, *tail), piece, why)


def _inner(grammar: ScaleGrammar, body: bytes, words: _Words) -> Iterator[Span]:
    whole = body.decode("latin-1").strip(" ")
    meanings = grammar.words.get(whole, ()) if whole else ()
    if any(one in _SAY_IT_ALONE for one in meanings):
        words.status += meanings
        yield Span("status", len(grammar.start) + 1, body, ", ".join(meanings))
    elif grammar.separator:
        yield from _separated(grammar, body, words)
    else:
        yield from _columns(grammar, body, words)


def _columns(grammar: ScaleGrammar, body: bytes, words: _Words) -> Iterator[Span]:
    start = len(grammar.start)
    column, behind, wanted = start + 1, start + len(body), grammar.width or 0
    if behind != wanted:
        words.why = f"{behind} bytes before the end, columns reach to {wanted}; check fields, start and end"
    for one in grammar.layout:
        first, last = one.first or column, one.last or column
        if first > column:
            yield from _undeclared(body, grammar, column, first, words)
        data = body[first - 1 - start : last - start]
        if data:
            yield Span(one.name, first, data, _field(grammar, one, data, words))
        column = last + 1
    if behind >= column:
        yield from _undeclared(body, grammar, column, behind + 1, words)


def _undeclared(body: bytes, grammar: ScaleGrammar, first: int, before: int, words: _Words) -> Iterator[Span]:
    """Columns of no field are blank: anything else there may be what turns the number, a minus for example."""
    data = body[first - 1 - len(grammar.start) : max(before - 1 - len(grammar.start), 0)]
    if data:
        if data.strip(b" "):
            where = f"{first}" if len(data) == 1 else f"{first}-{first + len(data) - 1}"
            words.why = words.why or f'column {where} is not blank; declare its field, or "skip {where}"'
        yield Span("-", first, data)


def _separated(grammar: ScaleGrammar, body: bytes, words: _Words) -> Iterator[Span]:
    parts, layout = list(_parts(grammar, body)), grammar.layout
    least = sum(not one.may_lack for one in layout)
    if not least <= len(parts) <= len(layout):
        many = str(least) if least == len(layout) else f"{least} to {len(layout)}"
        words.why = f"{len(parts)} fields, {many} wanted; check fields and separator"
    for one, (at, data) in zip(layout, parts, strict=False):
        yield Span(one.name, len(grammar.start) + at + 1, data, _field(grammar, one, data, words))
    for at, data in parts[len(layout) :]:
        yield Span("-", len(grammar.start) + at + 1, data)
    for one in layout[len(parts) :]:
        _field(grammar, one, b"", words)


def _parts(grammar: ScaleGrammar, body: bytes) -> Iterator[tuple[int, bytes]]:
    """The fields with where they begin."""
    if not grammar.separator.strip(" "):
        yield from ((one.start(), one[0]) for one in re.finditer(rb"[^ ]+", body))
        return
    at, separator = 0, grammar.separator.encode("latin-1")
    for data in body.split(separator):
        yield at, data
        at += len(data) + len(separator)


def _field(grammar: ScaleGrammar, one: TextField, data: bytes, words: _Words) -> str:
    """Puts into `words` what the field says; returns it for people."""
    text = data.decode("latin-1").strip(" ")
    match one.name:
        case "status":
            return _status(grammar, text, words)
        case "sign":
            return _sign(text, words)
        case "mass":
            return _mass(grammar, text, words)
        case "unit":
            return _unit(grammar, text, words)
        case "mass_unit":
            found = _MASS_UNIT.fullmatch(text)
            number, unit = (found[1], found[2]) if found is not None else (text, "")
            said = _mass(grammar, number.strip(" "), words), _unit(grammar, unit.strip(" "), words)
            return " ".join(filter(None, said))
        case "tare":
            words.tare = _number(grammar, text)
            return words.tare or "no number"
        case "skip":
            return ""


def _status(grammar: ScaleGrammar, text: str, words: _Words) -> str:
    meanings = grammar.words.get(text)
    if meanings is None:
        words.why = words.why or f'the word "{text}" is not declared; add it to words, or skip that field'
        return "not declared"
    words.status += meanings
    return ", ".join(meanings)


def _sign(text: str, words: _Words) -> str:
    if text not in ("", "+", "-"):
        words.why = words.why or f'"{text}" is no sign; check the column of sign'
        return "no sign"
    words.minus = text == "-"
    return "negative" if words.minus else "not negative"


def _mass(grammar: ScaleGrammar, text: str, words: _Words) -> str:
    number = _number(grammar, text)
    if number is None:
        comma = "" if grammar.decimal_comma or "," not in text else ", decimal_comma = true"
        words.no_number = (
            f'the mass "{text}" is no number; check fields{comma}, or declare what it means in words'
        )
        return "no number"
    words.mass = number
    return number


def _number(grammar: ScaleGrammar, text: str) -> str | None:
    found = _NUMBER.fullmatch(text)
    wrong, point = (".", ",") if grammar.decimal_comma else (",", ".")
    if found is None or wrong in found[2] or (grammar.decimals and point in found[2]):
        return None
    digits = found[2].replace(",", ".")
    if grammar.decimals:
        digits = digits.zfill(grammar.decimals + 1)
        digits = f"{digits[: -grammar.decimals]}.{digits[-grammar.decimals :]}"
    number = f"{found[1]}{'0' if digits.startswith('.') else ''}{digits}"
    return number if is_number(number) else None


def _unit(grammar: ScaleGrammar, text: str, words: _Words) -> str:
    if text in grammar.units:
        words.unit = grammar.units[text]
    elif is_unit(text) and unit_of(text) != PERCENT:
        words.unit = unit_of(text)
    elif text:
        words.why = words.why or f'the unit "{text}" is not known; add it to units'
        return "not known"
    return words.unit or "none"


def _judge(words: _Words, frame: bytes) -> tuple[Piece, str]:
    """What the whole frame says."""
    if words.why:
        return Garbled(frame), words.why
    said = words.status
    if "ignore" in said:
        return Told("info", keys={"ignored": True}, raw=frame), ""
    if any(one in said for one in _NO_WEIGHT):
        load = Load(
            unit=words.unit, stable=_stable(said), overload="overload" in said, underload="underload" in said,
            out_of_range="out_of_range" in said, invalid="invalid" in said,
        )  # fmt: skip
        return Told("weight", load, raw=frame), ""
    if words.no_number:
        return Garbled(frame), words.no_number
    number = words.mass
    if words.minus:
        if number.startswith("-"):
            return Garbled(frame), "two minus signs; check the columns of sign and mass"
        number = f"-{number.removeprefix('+')}"
    zero = True if "zero" in said else None
    mode: Weighing | None = "net" if "net" in said else "gross" if "gross" in said else None
    return amount(number, words.unit, _stable(said), frame, mode=mode, zero=zero, tare=words.tare), ""


def _stable(said: Sequence[str]) -> bool | None:
    """One word of motion outweighs another of rest."""
    return False if "unstable" in said else True if "stable" in said else None


def _latin(text: str) -> bytes:
    return text.encode("latin-1")
