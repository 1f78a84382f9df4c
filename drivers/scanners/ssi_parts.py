"""Codes put together from DECODE_DATA packets: a part that comes again is taken once, a code with a hole is never told.

Packets carry no number. So a part belongs to the code before it only while that is unfinished and not long ago, and
after a damaged packet only what is marked as sent again goes on. Scanners are to acknowledge each packet (multi-packet
option 1, as they come); where they don't, a damaged packet costs the whole code (scanner protocols §4).
"""

from typing import Final

from drivers.scanners.ssi_packets import CONTINUED, Packet
from hub_config.names import SECOND, Instant

CODE_MAX_BYTES: Final = 4_096
"""Of one code in several packets."""
REPEATED_NS: Final = 10 * SECOND
"""A packet marked as sent again is a repetition of one that was taken within this: three tries of 2 s, and some."""
NEXT_PART_NS: Final = 1 * SECOND
PART_AGAIN_NS: Final = 3 * SECOND
"""The next part follows at once; one that was lost is sent again after 2 s."""


class CodeParts:
    def __init__(self) -> None:
        self._parts: list[bytes] = []
        """Without their code type."""
        self._type = -1
        self._last: tuple[Instant, bytes] | None = None
        """The packet taken last; None where one was damaged since then."""
        self._skipping = False
        """Up to the end of a code that has a hole."""

    def damage(self, stat: int | None) -> None:
        """A packet was damaged; `stat`: as far as that can be read."""
        self._last = None
        self._skipping = bool(self._parts) or (stat is not None and bool(stat & CONTINUED))

    def take(self, one: Packet, at: Instant) -> list[tuple[int, bytes] | str]:
        """Type and data of a code that is whole; why a code was dropped. Nothing: more is to come, or this one was
        taken before."""
        if not one.data:
            return ["a code without a code type"]
        if one.retransmitted and self._is_repeated(one, at):
            return []
        if self._skipping and not one.retransmitted:
            self._parts.clear()
            self._skipping = one.continued
            return [] if one.continued else ["a code of several packets with a hole"]
        self._skipping = False
        told: list[tuple[int, bytes] | str] = []
        if self._has_ended_early(one, at):
            self._parts.clear()
            told.append("a code of several packets whose end did not come")
        self._last = (at, one.data)
        self._type = one.data[0]
        self._parts.append(one.data[1:])
        if sum(map(len, self._parts)) > CODE_MAX_BYTES:
            self._parts.clear()
            self._skipping = one.continued
            told.append(f"a code longer than {CODE_MAX_BYTES} bytes")
        elif not one.continued:
            told.append((self._type, b"".join(self._parts)))
            self._parts.clear()
        return told

    def _is_repeated(self, one: Packet, at: Instant) -> bool:
        if self._parts and one.data[0] == self._type and one.data[1:] in self._parts:
            # It goes on from there: the last one again, or all of them.
            while self._parts[-1] != one.data[1:]:
                self._parts.pop()
            self._last = (at, one.data)
            self._skipping = False
            return True
        if self._parts or self._last is None:
            return False
        since, before = self._last
        return before == one.data and at - since <= REPEATED_NS

    def _has_ended_early(self, one: Packet, at: Instant) -> bool:
        """The scanner gave up the code before this one."""
        if not self._parts:
            return False
        since = at if self._last is None else self._last[0]
        late = at - since > (PART_AGAIN_NS if one.retransmitted else NEXT_PART_NS)
        return late or one.data[0] != self._type
