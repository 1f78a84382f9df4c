"""Which character a key gives, by the country that a typing scanner is set to: key codes of linux/input-event-codes.h.

A code is the place of a key, named after what is printed there on a US keyboard (scanner protocols §1). Each row of
keys is written as three texts: plain, with shift, with AltGr; a blank is no character.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from hub_config.scanners import KeyLayout

_ROWS: Final = (range(2, 14), range(16, 28), range(30, 42), (43, *range(44, 54)), (86,))
"""Digits and the two keys beside them; the three rows of letters; the key beside the left shift of most but US."""


@dataclass(frozen=True, slots=True)
class Layout:
    plain: Mapping[int, str]
    shifted: Mapping[int, str]
    alt_gr: Mapping[int, str]
    dead: Mapping[str, str] = field(default_factory=dict)
    """Characters that wait for a letter to stand on, and what they are then (combining)."""


def _row(texts: tuple[str, ...]) -> dict[int, str]:
    return {
        code: char
        for codes, text in zip(_ROWS, texts, strict=True)
        for code, char in zip(codes, text.ljust(len(codes)), strict=True)
        if char != " "
    }


_NO_ALT_GR: Final = ("", "", "", "", "")
_US: Final = Layout(
    _row(("1234567890-=", "qwertyuiop[]", "asdfghjkl;'`", "\\zxcvbnm,./", "\\")),
    _row(("!@#$%^&*()_+", "QWERTYUIOP{}", 'ASDFGHJKL:"~', "|ZXCVBNM<>?", "|")),
    _row(_NO_ALT_GR),
)
_GB: Final = Layout(
    _row(("1234567890-=", "qwertyuiop[]", "asdfghjkl;'`", "#zxcvbnm,./", "\\")),
    _row(('!"£$%^&*()_+', "QWERTYUIOP{}", "ASDFGHJKL:@¬", "~ZXCVBNM<>?", "|")),
    _row(("   €", "", "", "", "")),
)
_DE: Final = Layout(
    _row(("1234567890ß´", "qwertzuiopü+", "asdfghjklöä^", "#yxcvbnm,.-", "<")),
    _row(('!"§$%&/()=?`', "QWERTZUIOPÜ*", "ASDFGHJKLÖÄ°", "'YXCVBNM;:_", ">")),
    _row((" ²³   {[]}\\", "@ €        ~", "", "       µ", "|")),
    {"´": "\u0301", "`": "\u0300", "^": "\u0302"},
)
_FR: Final = Layout(
    _row(("&é\"'(-è_çà)=", "azertyuiop^$", "qsdfghjklmù²", "*wxcvbn,;:!", "<")),
    _row(("1234567890°+", "AZERTYUIOP¨£", "QSDFGHJKLM%", "µWXCVBN?./§", ">")),
    _row((" ~#{[|`\\^@]}", "  €", "", "", "")),
    {"^": "\u0302", "¨": "\u0308"},
)
LAYOUTS: Final[Mapping[KeyLayout, Layout]] = {"us": _US, "gb": _GB, "de": _DE, "fr": _FR}

SPACE: Final = 57
KEYPAD_DIGITS: Final = {
    71: "7", 72: "8", 73: "9", 75: "4", 76: "5", 77: "6", 79: "1", 80: "2", 81: "3", 82: "0",
}  # fmt: skip
KEYPAD_SIGNS: Final = {55: "*", 74: "-", 78: "+", 83: ".", 98: "/", 117: "=", 121: ","}
CONTROLS_BY_PLACE: Final = {26: "\x1b", 43: "\x1c", 27: "\x1d", 7: "\x1e", 12: "\x1f"}
"""With ctrl: `[ \\ ] 6 -` of a US keyboard, where scanners mean the place whatever their country. `ctrl+]` is GS."""
