"""Mettler-Toledo standard continuous output, long and short (scales.md §3; Wildcat Technical Manual 12/00 p. 6-4, 6-5).

`STX SWA SWB SWC`, six digits of weight, six of tare (not in the short form), CR, and a checksum where the terminal is
set to send one. The checksum may be any character, CR and STX among them, so frames are cut by their length. Whether
there is one is learned: a frame whose end the next one does not tell ends with the silence after it.
"""

import re
from typing import Final

from drivers.scales.frame_wire import Cut, FrameWire
from drivers.scales.mt_status import load_of
from drivers.scales.told import Garbled, Order, Piece, Told
from hub_config.stream_scales import MtContinuousConfig

LONG_BYTES: Final = 17
SHORT_BYTES: Final = 11
"""Without the checksum."""
RELEARN_AFTER: Final = 3
"""Frames in a row without a checksum before it is believed that none comes any more."""

_STX: Final = 0x02
_CR: Final = 0x0D
_FIRST_PRINTABLE: Final = 0x20
_SWB: Final = 2
"""Its place in the frame."""
_COMMANDS: Final = {"P": "print", "T": "tare", "Z": "zero", "C": "tare_clear"}
_LETTERS: Final[dict[Order, str]] = {"zero": "Z", "tare": "T", "tare_clear": "C"}
_PRESET: Final = re.compile(r"T([0-9]{0,6}\.?[0-9]{1,6})")


class MtContinuous(FrameWire):
    """Cuts by length, learns whether there is a checksum."""

    def __init__(self, config: MtContinuousConfig) -> None:
        self._config = config
        self._bytes = SHORT_BYTES if config.short else LONG_BYTES
        self._checked: bool | None = {"on": True, "off": False, "auto": None}[config.checksum]
        """Whether a checksum follows; None: not known yet."""
        self._misfits = 0
        """Frames in a row without the checksum that is due."""
        self._known: tuple[bytes, Cut] | None = None
        """The last good frame, with its checksum, and its meaning, which stays as long as `_checked` does: a scale at
        rest says the same ten times a second."""
        self._never_swb = None if config.dialect == "fairbanks" else _STX
        letters = {
            order: f"{letter}{config.command_end}".encode("ascii") for order, letter in _LETTERS.items()
        }
        super().__init__(self._first, letters, max_bytes=self._bytes + 2)

    @property
    def waits(self) -> bool:
        return self._checked is None and len(self._held) >= self._bytes

    def quiet(self) -> list[Piece]:
        held, pieces = bytes(self._held), list[Piece]()
        if self.waits:
            cut = self._frame(held, checked=len(held) > self._bytes)
            del self._held[: cut.taken]
            self._tell_lost(pieces)
            pieces += [cut.piece] if cut.piece is not None else []
        return pieces

    def _first(self, held: bytes) -> Cut | None:
        if self._known is not None and held.startswith(self._known[0]):
            return self._known[1]
        if (fault := self._fault_at(held)) is not None:
            start = held.find(_STX, max(1, fault))
            if self._checked is False:  # what follows a frame is none: there may be a checksum after all
                self._learn(None)
            return Cut(start if start > 0 else len(held), None)
        if len(held) < self._bytes or (checked := self._has_checksum(held)) is None:
            return None
        return self._frame(held, checked=checked)

    def _fault_at(self, held: bytes) -> int | None:
        """The place of the first byte that can be none of a frame. A bit that a manual calls constant may be another,
        but STX is none of positions 2 to the end; only where SWB has its bit 5 clear it may be that."""
        if held[0] != _STX:
            return 0
        last = self._bytes - 1
        for place in range(1, min(len(held), last)):
            if held[place] < _FIRST_PRINTABLE and (place != _SWB or held[place] == self._never_swb):
                return place
        return last if len(held) > last and held[last] != _CR else None

    def _has_checksum(self, held: bytes) -> bool | None:
        """None: what is there does not tell yet."""
        after = held[self._bytes :]
        if self._checked is not None:
            return self._checked if after or not self._checked else None
        if not after:
            return None
        if after[0] != _STX:
            return True
        # A checksum that looks like STX, or the next frame: what comes next tells, a status byte or STX once more.
        return None if len(after) == 1 else after[1] == _STX

    def _frame(self, held: bytes, *, checked: bool) -> Cut:
        """`held` begins with one."""
        frame = held[: self._bytes]
        if not checked:
            self._learn(False)
            return self._good(frame, Cut(self._bytes, self._told(frame, {})))
        checksum = held[self._bytes]
        if checksum == -sum(frame) & 0x7F:
            self._learn(True)
            self._misfits = 0
            return self._good(
                held[: self._bytes + 1], Cut(self._bytes + 1, self._told(frame, {"checksum": "ok"}))
            )
        if checksum != _STX:
            return Cut(self._bytes + 1, Garbled(frame, "checksum"))
        # Damaged, or the start of the next frame: the terminal is set to send no checksum any more.
        self._known = None
        self._misfits += 1
        if self._misfits >= RELEARN_AFTER:
            self._learn(None)
        return Cut(self._bytes, Garbled(frame, "checksum"))

    def _told(self, frame: bytes, keys: dict[str, object]) -> Piece:
        status, digits, tare = frame[1:4], frame[4:10].decode("ascii"), frame[10:-1].decode("ascii")
        understood = load_of(status, digits, tare, self._config)
        return (
            Garbled(frame)
            if understood is None
            else Told("weight", understood[0], understood[1] | keys, frame)
        )

    def _good(self, sent: bytes, cut: Cut) -> Cut:
        self._known = (sent, cut)
        return cut

    def _learn(self, checked: bool | None) -> None:
        if self._config.checksum == "auto" and checked is not self._checked:
            self._checked, self._known = checked, None


def parse_command(sent: bytes) -> Told | None:
    """What a host sends while the terminal streams; None: no command of this protocol."""
    text = sent.decode("latin-1").rstrip("\r\n")
    if text in _COMMANDS:
        return Told("command", keys={"command": _COMMANDS[text]}, raw=sent)
    found = _PRESET.fullmatch(text)
    return (
        None if found is None else Told("command", keys={"command": "tare_set", "value": found[1]}, raw=sent)
    )
