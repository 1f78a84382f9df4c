"""A hand scanner that types what it reads, as the input events a Linux kernel makes of it.

Written from scanner protocols §1 and linux/input-event-codes.h: for each character the key of its place, with shift
pressed before and released behind it, each event closed by a SYN. A person at the same keyboard is `typed`, slowly.
"""

from dataclasses import dataclass
from typing import Final

from hub_config.names import MILLISECOND, Instant

MAX_DATA: Final = 4_096
"""Characters in one code."""
KEY_NS: Final = 4 * MILLISECOND
"""From one key to the next."""
PERSON_NS: Final = 180 * MILLISECOND

_PLAIN: Final = "`1234567890-=qwertyuiop[]\\asdfghjkl;'zxcvbnm,./ "
_SHIFTED: Final = '~!@#$%^&*()_+QWERTYUIOP{}|ASDFGHJKL:"ZXCVBNM<>?'
_PLACES: Final = (41, *range(2, 14), *range(16, 28), 43, *range(30, 41), *range(44, 54), 57)
_SHIFT, _CTRL, _ENTER, _TAB = 42, 29, 28, 15
_SWAPPED: Final = {"de": {"y": 44, "z": 21, "Y": 44, "Z": 21, "-": 53}}
"""Where a German keyboard has what codes are mostly made of."""


@dataclass(frozen=True, slots=True)
class TypingScanner:
    layout: str = "us"
    terminator: int | None = _ENTER
    """A key code; None: it ends in nothing."""
    key_ns: int = KEY_NS

    def scan(self, data: str, now: Instant) -> bytes:
        if len(data) > MAX_DATA:
            raise ValueError(f"typing scanner: {len(data)} characters in one code, limit {MAX_DATA}")
        return self._keys(data, now, self.key_ns)

    def typed(self, data: str, now: Instant) -> bytes:
        """By a person."""
        return self._keys(data, now, PERSON_NS)

    def _keys(self, data: str, now: Instant, gap_ns: int) -> bytes:
        out = bytearray()
        at = int(now)
        for char in data:
            code, modifier = self._place(char)
            if modifier is not None:
                out += _event(at, modifier, 1)
            out += _event(at, code, 1) + _event(at, code, 0)
            if modifier is not None:
                out += _event(at, modifier, 0)
            at += gap_ns
        if self.terminator is not None:
            out += _event(at, self.terminator, 1) + _event(at, self.terminator, 0)
        return bytes(out)

    def _place(self, char: str) -> tuple[int, int | None]:
        """Key and modifier."""
        if char == "\x1d":
            return 27, _CTRL
        own = _SWAPPED.get(self.layout, {}).get(char)
        if own is not None:
            return own, _SHIFT if char.isupper() else None
        if char in _PLAIN:
            return _PLACES[_PLAIN.index(char)], None
        return _PLACES[_SHIFTED.index(char)], _SHIFT


def _event(at: int, code: int, value: int) -> bytes:
    """A scan code, the key, and the SYN behind them."""
    return _record(at, 4, 4, 0x70000 + code) + _record(at, 1, code, value) + _record(at, 0, 0, 0)


def _record(at: int, kind: int, code: int, value: int) -> bytes:
    micros = at // 1_000
    out = (micros // 1_000_000).to_bytes(8, "little") + (micros % 1_000_000).to_bytes(8, "little")
    return out + kind.to_bytes(2, "little") + code.to_bytes(2, "little") + value.to_bytes(4, "little")
