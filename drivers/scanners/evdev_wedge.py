"""A scanner that types: characters become codes by their end and by how fast they come (scanner protocols §1).

A scanner types every few milliseconds, a person does not: characters more than `key_gap` apart are no code, up to the
next end. Where the scanner ends its codes in nothing, one ends `idle_gap` after its last key; a single character is
then none. Times are those of the records, so that a gateway that reads late sees no gap. Control characters are kept
as data: they were typed, so they are no noise of a line.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, assert_never

from drivers.reading import DeviceFault, DeviceUp, FaultCode, NoRead, Reading
from drivers.scanners.code_text import RAW_BYTES, Code, code_reading, is_no_read
from drivers.scanners.evdev_keys import Char, Enter, Keyboard, Overrun, Stroke, Unknown
from hub_config.names import MILLISECOND, SECOND, Instant
from hub_config.scanners import EvdevWedgeConfig

FORGET_NS: Final = 1 * SECOND
"""Characters whose end did not come by then are dropped, so that they stand before no other code."""
ALONE_MIN: Final = 2
"""Characters of a code that ends in nothing: a person's keys come one by one."""

_KEY_TAB: Final = "KEY_TAB"


@dataclass(frozen=True, slots=True)
class Typed:
    text: str
    terminator: str | None
    """Name of the key; None: it ended in nothing."""


@dataclass(frozen=True, slots=True)
class Spoilt:
    """Characters that are no code."""

    code: FaultCode
    detail: str
    text: str


class TypedCodes:
    """Strokes in, whole codes out."""

    def __init__(self, config: EvdevWedgeConfig) -> None:
        self._config = config
        self._chars: list[str] = []
        self._last_ns = 0
        self._fault: tuple[FaultCode, str] | None = None
        """Why what is being typed is no code."""
        alone = config.terminator == "none"
        self._key_gap_ns = config.key_gap_ms * MILLISECOND
        self.quiet_ns = config.idle_gap_ms * MILLISECOND if alone else FORGET_NS
        """After so long without a key nothing more belongs to what was typed."""

    @property
    def has_begun(self) -> bool:
        return bool(self._chars) or self._fault is not None

    def take(self, strokes: Iterable[Stroke]) -> list[Typed | Spoilt]:
        return [told for stroke in strokes for told in self._take(stroke)]

    def be_quiet(self) -> list[Typed | Spoilt]:
        """No key came for `quiet_ns`."""
        if not self.has_begun:
            return []
        if self._config.terminator != "none":
            detail = f"{len(self._chars)} characters without an end; check terminator"
            self._fault = self._fault or ("garbled", detail)
        return self._end(None)

    def _take(self, stroke: Stroke) -> list[Typed | Spoilt]:
        told: list[Typed | Spoilt] = []
        if self.has_begun:
            gap_ns = stroke.ns - self._last_ns
            if gap_ns > self.quiet_ns:
                told += self.be_quiet()
            elif gap_ns > self._key_gap_ns:
                limit = f"{self._config.key_gap_ms} ms at most"
                detail = f"keys {gap_ns // MILLISECOND} ms apart, {limit}: typed by hand, or raise key_gap"
                self._fault = self._fault or ("garbled", detail)
        self._last_ns = stroke.ns
        match stroke:
            case Enter(key=key):
                told += self._end(key)
            case Char("\t") if self._config.terminator == "tab":
                told += self._end(_KEY_TAB)
            case Char(text):
                self._add(text)
            case Unknown(what):
                detail = f"{what} has no character in the layout {self._config.layout!r}; check layout"
                self._fault = self._fault or ("garbled", detail)
            case Overrun():
                self._fault = self._fault or ("too_long", "the kernel dropped keys of this device")
            case _ as never:
                assert_never(never)
        return told

    def _add(self, text: str) -> None:
        if len(self._chars) < self._config.max_chars:
            self._chars.append(text)
        else:
            limit = self._config.max_chars
            detail = f"code longer than {limit} characters dropped; check terminator or raise max_chars"
            self._fault = self._fault or ("too_long", detail)

    def _end(self, terminator: str | None) -> list[Typed | Spoilt]:
        text, fault = "".join(self._chars), self._fault
        self._chars, self._fault = [], None
        if fault is not None:
            return [Spoilt(*fault, text)]
        if terminator is None and len(text) < ALONE_MIN:
            return [Spoilt("garbled", f"{len(text)} character by itself: typed by hand", text)]
        return [Typed(text, terminator)] if text.strip(" ") else []


class EvdevWedge:
    def __init__(self, config: EvdevWedgeConfig) -> None:
        self._config = config
        self._keyboard = Keyboard(config.layout)
        self._codes = TypedCodes(config)
        self._quiet_at: Instant | None = None
        self._up = False

    @property
    def wake_at(self) -> Instant | None:
        return self._quiet_at if self._up else Instant(0)

    def receive(self, data: bytes, at: Instant) -> list[Reading]:
        told = self._codes.take(self._keyboard.feed(data))
        self._quiet_at = Instant(at + self._codes.quiet_ns) if self._codes.has_begun else None
        return [self._reading(one, at) for one in told]

    def wake(self, at: Instant) -> list[Reading]:
        said: list[Reading] = []
        if not self._up:
            self._up = True
            said.append(DeviceUp(self._config.id, at, identity=None))
        if self._quiet_at is not None and at >= self._quiet_at:
            self._quiet_at = None
            said += [self._reading(one, at) for one in self._codes.be_quiet()]
        return said

    def take_output(self) -> bytes:
        return b""

    def _reading(self, told: Typed | Spoilt, at: Instant) -> Reading:
        raw = told.text.encode()
        if isinstance(told, Spoilt):
            return DeviceFault(self._config.id, at, told.code, told.detail, raw[:RAW_BYTES])
        if is_no_read(told.text, self._config.no_read):
            return NoRead(self._config.id, at)
        return code_reading(self._config.id, Code(told.text, raw), at, aim=self._config.aim)
