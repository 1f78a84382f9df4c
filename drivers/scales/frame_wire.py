"""Protocols of scales whose frames are no lines: cut by length, by position, by single control characters.

A protocol gives one function, `cut`: from the bytes at hand to the first frame among them, or to how many of them can't
begin one. What is lost so is told as one `Garbled`, before the next frame or when `LOST_MAX` bytes of it have come.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from drivers.buffers import CHUNK_BYTES, HEAD_BYTES, SEVEN_BITS
from drivers.scales.told import Garbled, Order, Piece

LOST_MAX: Final = 256
"""Bytes that are no frame before they are told without waiting for the next one."""


@dataclass(frozen=True, slots=True)
class Cut:
    taken: int
    """Bytes, at least one."""
    piece: Piece | None
    """None: they begin no frame."""
    nothing: bool = False
    """They stand between frames, as an empty line does: no frame and no loss."""


Cutter = Callable[[bytes], Cut | None]
"""None: more bytes are needed to tell. More bytes never change what fewer told: every cut of a stream is the same."""


class FrameWire:
    """A `Wire` that cuts frames by `cut`, which asks for more than `max_bytes` never."""

    def __init__(
        self, cut: Cutter, orders: Mapping[Order, bytes], *, max_bytes: int, seven_bits: bool = True
    ) -> None:
        self._cut = cut
        self._orders = orders
        self._max_bytes = max_bytes
        self._seven_bits = seven_bits
        self._held = bytearray()
        self._lost = bytearray()
        """The head of what is no frame."""
        self._lost_bytes = 0

    @property
    def held_bytes(self) -> int:
        return len(self._held) + len(self._lost)

    def feed(self, data: bytes) -> list[Piece]:
        pieces: list[Piece] = []
        for start in range(0, len(data), CHUNK_BYTES):
            chunk = data[start : start + CHUNK_BYTES]
            self._held += chunk.translate(SEVEN_BITS) if self._seven_bits else chunk
            self._take(pieces)
        return pieces

    def order(self, order: Order) -> bytes | None:
        return self._orders.get(order)

    def take_reply(self) -> bytes:
        return b""

    def _take(self, pieces: list[Piece]) -> None:
        begin, held = 0, bytes(self._held)
        while begin < len(held):
            cut = self._cut(held[begin : begin + self._max_bytes])
            if cut is None:
                break
            if cut.nothing:
                self._tell_lost(pieces)
            elif cut.piece is None:
                self._lose(held[begin : begin + cut.taken], pieces)
            else:
                self._tell_lost(pieces)
                pieces.append(cut.piece)
            begin += cut.taken
        del self._held[:begin]

    def _lose(self, lost: bytes, pieces: list[Piece]) -> None:
        for start in range(0, len(lost), LOST_MAX):
            part = lost[start : start + LOST_MAX]
            room = LOST_MAX - self._lost_bytes
            self._count_lost(part[:room])
            if self._lost_bytes == LOST_MAX:
                self._tell_lost(pieces)
                self._count_lost(part[room:])

    def _count_lost(self, part: bytes) -> None:
        self._lost += part[: HEAD_BYTES - len(self._lost)]
        self._lost_bytes += len(part)

    def _tell_lost(self, pieces: list[Piece]) -> None:
        if self._lost_bytes:
            pieces.append(Garbled(bytes(self._lost)))
        self._lost.clear()
        self._lost_bytes = 0
