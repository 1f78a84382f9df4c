"""Mettler-Toledo standard continuous output, long and short (scales.md §3; Wildcat Technical Manual 12/00 p. 6-4, 6-5).

`STX SWA SWB SWC`, six digits of weight, six of tare (not in the short form), CR, and a checksum where the terminal is
set to send one. The checksum may be any character, CR and STX among them, so frames are cut by their length. Whether
there is one is learned: a frame whose end the next one does not tell ends with the silence after it.
"""

import re
from typing import Final

from drivers.buffers import CHUNK_BYTES, HEAD_BYTES
from drivers.scales.mt_status import load_of
from drivers.scales.told import Garbled, Order, Piece, Told
from hub_config.stream_scales import MtContinuousConfig

LONG_BYTES: Final = 17
SHORT_BYTES: Final = 11
"""Without the checksum."""
SKIPPED_MAX_BYTES: Final = 256
"""Of what is no frame before that is told."""

_STX: Final = 0x02
_CR: Final = 0x0D
_LINE_END: Final = b"\r\n"
_FIRST_PRINTABLE: Final = 0x20
_COMMANDS: Final = {"P": "print", "T": "tare", "Z": "zero", "C": "tare_clear"}
_LETTERS: Final[dict[Order, str]] = {"zero": "Z", "tare": "T", "tare_clear": "C"}
_PRESET: Final = re.compile(r"T([0-9]{0,6}\.?[0-9]{1,6})")


class MtContinuous:
    """The wire: cuts by length, learns whether there is a checksum."""

    def __init__(self, config: MtContinuousConfig) -> None:
        self._config = config
        self._bytes = SHORT_BYTES if config.short else LONG_BYTES
        self._checked: bool | None = {"on": True, "off": False, "auto": None}[config.checksum]
        """Whether a checksum follows; None: not known yet."""
        self._held = bytearray()
        self._skipped = bytearray()
        """The head of what was no frame since the last one."""
        self._skipped_bytes = 0

    @property
    def held_bytes(self) -> int:
        return len(self._held)

    @property
    def waits(self) -> bool:
        return self._checked is None and len(self._held) >= self._bytes

    def feed(self, data: bytes) -> list[Piece]:
        pieces: list[Piece] = []
        for start in range(0, len(data), CHUNK_BYTES):
            self._held += bytes(byte & 0x7F for byte in data[start : start + CHUNK_BYTES])
            self._cut(pieces)
        return pieces

    def quiet(self) -> list[Piece]:
        pieces: list[Piece] = []
        if self.waits:
            self._close(pieces, checked=len(self._held) > self._bytes)
        return pieces

    def order(self, order: Order) -> bytes | None:
        letter = _LETTERS.get(order)
        return None if letter is None else f"{letter}{self._config.command_end}".encode("ascii")

    def take_reply(self) -> bytes:
        return b""

    def _cut(self, pieces: list[Piece]) -> None:
        held = self._held
        while held:
            if (fault := self._fault_at()) is not None:
                start = held.find(_STX, max(1, fault))
                self._skip(start if start > 0 else len(held), pieces)
            elif len(held) < self._bytes or (checked := self._has_checksum()) is None:
                return
            else:
                self._close(pieces, checked=checked)

    def _fault_at(self) -> int | None:
        """The place of the first byte that can be none of a frame; STX is never one of positions 2 to the end."""
        held = self._held
        if held[0] != _STX:
            return 0
        for place in range(1, min(len(held), self._bytes - 1)):
            if held[place] < _FIRST_PRINTABLE:
                return place
        last = self._bytes - 1
        return last if len(held) > last and held[last] != _CR else None

    def _has_checksum(self) -> bool | None:
        """None: what is there does not tell yet."""
        after = self._held[self._bytes : self._bytes + 2]
        if self._checked is not None:
            return self._checked if after or not self._checked else None
        if not after:
            return None
        if after[0] != _STX:
            return True
        # A checksum that looks like STX, or the next frame: what comes next tells, a status byte or STX once more.
        return None if len(after) == 1 else after[1] == _STX

    def _close(self, pieces: list[Piece], *, checked: bool) -> None:
        """The held bytes begin with a frame."""
        self._tell_skipped(pieces)
        frame = bytes(self._held[: self._bytes])
        if not checked:
            del self._held[: self._bytes]
            self._learn(checked=False)
            pieces.append(self._told(frame, {}))
            return
        checksum = self._held[self._bytes]
        if checksum == -sum(frame) & 0x7F:
            del self._held[: self._bytes + 1]
            self._learn(checked=True)
            pieces.append(self._told(frame, {"checksum": "ok"}))
            return
        if checksum == _STX:  # it may be the start of the next frame: the terminal sends no checksum any more
            del self._held[: self._bytes]
            self._forget()
        else:
            del self._held[: self._bytes + 1]
        pieces.append(Garbled(frame, "checksum"))

    def _told(self, frame: bytes, keys: dict[str, object]) -> Piece:
        status, digits, tare = frame[1:4], frame[4:10].decode("ascii"), frame[10:-1].decode("ascii")
        understood = load_of(status, digits, tare, self._config)
        return (
            Garbled(frame)
            if understood is None
            else Told("weight", understood[0], understood[1] | keys, frame)
        )

    def _learn(self, *, checked: bool) -> None:
        if self._config.checksum == "auto":
            self._checked = checked

    def _forget(self) -> None:
        if self._config.checksum == "auto":
            self._checked = None

    def _skip(self, count: int, pieces: list[Piece]) -> None:
        before, self._skipped_bytes = self._skipped_bytes, self._skipped_bytes + count
        skipped = self._held[:count]
        self._skipped += skipped[: HEAD_BYTES - len(self._skipped)]
        if self._checked is False and skipped.strip(_LINE_END):
            self._forget()
        del self._held[:count]
        if before <= SKIPPED_MAX_BYTES < self._skipped_bytes:
            pieces.append(Garbled(bytes(self._skipped), "too_long"))

    def _tell_skipped(self, pieces: list[Piece]) -> None:
        """What stood before a frame, once; a line end there is none of our business."""
        if self._skipped.strip(_LINE_END) and self._skipped_bytes <= SKIPPED_MAX_BYTES:
            pieces.append(Garbled(bytes(self._skipped)))
        self._skipped.clear()
        self._skipped_bytes = 0


def parse_command(sent: bytes) -> Told | None:
    """What a host sends while the terminal streams; None: no command of this protocol."""
    text = sent.decode("latin-1").rstrip("\r\n")
    if text in _COMMANDS:
        return Told("command", keys={"command": _COMMANDS[text]}, raw=sent)
    found = _PRESET.fullmatch(text)
    return (
        None if found is None else Told("command", keys={"command": "tare_set", "value": found[1]}, raw=sent)
    )
