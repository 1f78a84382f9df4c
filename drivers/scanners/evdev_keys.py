"""Key events of a typing scanner become characters: one keyboard's state, no time, no code yet.

Record of a 64-bit little-endian kernel, 24 bytes: seconds and microseconds (i64), type and code (u16), value (i32).
Type 1 is a key; its value is 1 when it is pressed, 0 when released, 2 for the autorepeat that no scanner means
(scanner protocols §1). Shift, ctrl and alt are states of this device, caps lock is switched by each press. A character
may also come as alt and its number on the keypad (GS as alt 029).
"""

import struct
import unicodedata
from dataclasses import dataclass
from typing import Final

from drivers.scanners.key_layouts import CONTROLS_BY_PLACE, KEYPAD_DIGITS, KEYPAD_SIGNS, LAYOUTS, SPACE
from hub_config.scanners import KeyLayout

RECORD: Final = struct.Struct("<qqHHi")
ALT_DIGITS_MAX: Final = 5
"""Of a character's number; more are none."""

_EV_SYN, _EV_KEY = 0, 1
_SYN_DROPPED: Final = 3
_RELEASE, _PRESS = 0, 1
_ENTER: Final = {28: "KEY_ENTER", 96: "KEY_KPENTER"}
_ENDS: Final = "\r\n"
_TAB: Final = 15
_ESC: Final = 1
_CAPS: Final = 58
_SHIFT, _CTRL, _ALT, _ALT_GR = (42, 54), (29, 97), 56, 100
_MODIFIERS: Final = (*_SHIFT, *_CTRL, _ALT, _ALT_GR)
_NO_CHARACTER: Final = (69, 70, 125, 126)
"""Num lock, scroll lock and the two logo keys."""
_CHAR_MAX: Final = 0xFF


@dataclass(frozen=True, slots=True)
class Char:
    text: str
    ns: int
    """The record's own time."""


@dataclass(frozen=True, slots=True)
class Enter:
    ns: int
    key: str = "KEY_ENTER"
    """Its name in linux/input-event-codes.h."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A key or a number that has no character in this layout."""

    what: str
    ns: int


@dataclass(frozen=True, slots=True)
class Overrun:
    """The kernel had to drop events of this device."""

    ns: int


Stroke = Char | Enter | Unknown | Overrun


class Keyboard:
    def __init__(self, layout: KeyLayout) -> None:
        self._layout = LAYOUTS[layout]
        self._rest = b""
        """Of a record whose end has not come."""
        self._clear()
        self._caps = False

    @property
    def held_bytes(self) -> int:
        return len(self._rest)

    def feed(self, data: bytes) -> list[Stroke]:
        whole = self._rest + data
        size = len(whole) - len(whole) % RECORD.size
        self._rest = whole[size:]
        strokes: list[Stroke] = []
        for seconds, micros, kind, code, value in RECORD.iter_unpack(whole[:size]):
            ns = (seconds * 1_000_000 + micros) * 1_000
            if kind == _EV_KEY and value in (_RELEASE, _PRESS):
                strokes += self._key(code, value == _PRESS, ns)
            elif kind == _EV_SYN and code == _SYN_DROPPED:
                self._clear()
                strokes.append(Overrun(ns))
        return strokes

    def _clear(self) -> None:
        self._down = dict.fromkeys(_MODIFIERS, False)
        self._alt_digits = ""
        self._dead = ""

    def _key(self, code: int, pressed: bool, ns: int) -> list[Stroke]:
        if code in self._down:
            self._down[code] = pressed
            digits, self._alt_digits = self._alt_digits, ""
            return [_numbered(digits, ns)] if digits else []
        if not pressed or code in _NO_CHARACTER:
            return []
        if code == _CAPS:
            self._caps = not self._caps
            return []
        if (self._down[_ALT] or self._down[_ALT_GR]) and code in KEYPAD_DIGITS:
            self._alt_digits = (self._alt_digits + KEYPAD_DIGITS[code])[: ALT_DIGITS_MAX + 1]
            return []
        if code in _ENTER:
            return [Enter(ns, _ENTER[code])]
        text = self._char(code)
        if text is None:
            return [Unknown(f"key {code}", ns)]
        if text in _ENDS:
            return [Enter(ns)]
        return self._on_dead(text, ns)

    def _char(self, code: int) -> str | None:
        """Of this key with what is held besides."""
        fixed = KEYPAD_DIGITS.get(code) or KEYPAD_SIGNS.get(code)
        if fixed is not None:
            return fixed
        if code in (SPACE, _TAB, _ESC):
            return {SPACE: " ", _TAB: "\t", _ESC: "\x1b"}[code]
        if any(self._down[one] for one in _CTRL):
            return self._control(code)
        if self._down[_ALT_GR]:
            return self._layout.alt_gr.get(code)
        if self._down[_ALT]:
            return None
        shift = any(self._down[one] for one in _SHIFT)
        plain = self._layout.plain.get(code)
        if self._caps and plain is not None and self._layout.shifted.get(code) == plain.upper() != plain:
            shift = not shift
        return (self._layout.shifted if shift else self._layout.plain).get(code)

    def _control(self, code: int) -> str | None:
        letter = self._layout.plain.get(code, "")
        if "a" <= letter <= "z":
            return chr(ord(letter) - ord("a") + 1)
        if self._down[_ALT_GR] and self._layout.alt_gr.get(code, " ") in "[\\]":
            return chr(ord(self._layout.alt_gr[code]) & 0x1F)
        return CONTROLS_BY_PLACE.get(code)

    def _on_dead(self, text: str, ns: int) -> list[Stroke]:
        """An accent waits for its letter; before a blank it stands alone."""
        dead, self._dead = self._dead, ""
        if not dead:
            if text in self._layout.dead and not self._down[_ALT_GR]:
                self._dead = text
                return []
            return [Char(text, ns)]
        if text in (" ", dead):
            return [Char(dead, ns)]
        both = unicodedata.normalize("NFC", text + self._layout.dead[dead])
        return [Char(both, ns)] if len(both) == 1 else [Char(dead, ns), *self._on_dead(text, ns)]


def _numbered(digits: str, ns: int) -> Stroke:
    """Alt and a number on the keypad: with a zero first the Windows code page, without one that of the PC."""
    number = int(digits)
    if len(digits) > ALT_DIGITS_MAX or number > _CHAR_MAX:
        return Unknown(f"alt {digits}", ns)
    text = bytes([number]).decode("cp1252" if digits.startswith("0") else "cp437", "replace")
    return Enter(ns) if text in _ENDS else Char(text, ns)
