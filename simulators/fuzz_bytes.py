"""Bytes that no device should send, by a seed: noise, and frames of manuals changed, cut, doubled and spliced.

A line opened with 8 data bits that has 7 and even parity sets bit 7 of half of all bytes; that is one of the kinds.
"""

import random
from collections.abc import Callable, Sequence
from typing import Final

READ_MAX_BYTES: Final = 96
"""Of most reads; one in fifty is a whole block, as after a stall."""
FLOOD_BYTES: Final = (200, 6_000)
"""Of one byte over and over, or without any line end."""
NOISE_BYTES: Final = 120
CHANGES_MAX: Final = 4

_PRINTED: Final = (bytes(range(0x20, 0x7F)) * 2 + b"\r\n\x02\x03\x1d" + b" 0123456789.,+-" * 5)[:256]
_EVEN_PARITY: Final = bytes(
    (byte & 0x7F) | (0x80 if (byte & 0x7F).bit_count() % 2 else 0) for byte in range(256)
)
_NO_ENDS: Final = bytes.maketrans(b"\r\n\x00\x03", b"????")


class Noise:
    def __init__(self, rng: random.Random, frames: Sequence[bytes]) -> None:
        """`frames`: what is changed; without any there is only noise."""
        self._rng = rng
        self._frames = frames
        made: list[tuple[Callable[[], bytes], int]] = [
            (self._random, 15), (self._printed, 10), (self._flood, 1),
            *(
                [(self._changed, 30), (self._cut, 10), (self._doubled, 10), (self._parity, 10), (self._spliced, 10),
                 (self._whole, 14)]
                if frames else []
            ),
        ]  # fmt: skip
        self._kinds = [kind for kind, weight in made for _ in range(weight)]

    def segments(self, size: int) -> list[bytes]:
        """Of `size` bytes together, or a little more."""
        found, left = [], size
        while left > 0:
            found.append(self._rng.choice(self._kinds)())
            left -= len(found[-1])
        return found

    def reads(self, size: int, record: int = 1) -> list[bytes]:
        """The same as a port delivers it: cut anywhere, or behind whole records of so many bytes."""
        data = b"".join(one + bytes(-len(one) % record) for one in self.segments(size))
        if self._rng.randrange(50) == 0:
            return [data]
        found, place = [], 0
        for draw in self._rng.randbytes(len(data)):
            step = (draw % READ_MAX_BYTES + 1) * record
            found.append(data[place : place + step])
            place += step
            if place >= len(data):
                break
        return found

    def frame(self) -> bytes:
        return self._rng.choice(self._frames)

    _whole = frame

    def _random(self) -> bytes:
        return self._rng.randbytes(self._rng.randint(1, NOISE_BYTES))

    def _printed(self) -> bytes:
        return self._rng.randbytes(self._rng.randint(1, NOISE_BYTES)).translate(_PRINTED)

    def _flood(self) -> bytes:
        size = self._rng.randint(*FLOOD_BYTES)
        if self._rng.random() < 0.5:
            return self._rng.randbytes(1) * size
        return self._rng.randbytes(size).translate(_NO_ENDS)

    def _changed(self) -> bytes:
        data = bytearray(self.frame())
        for _ in range(self._rng.randint(1, CHANGES_MAX)):
            place = self._rng.randint(0, len(data))
            match self._rng.randrange(4):
                case 0 if place < len(data):
                    data[place] ^= 1 << self._rng.randrange(8)
                case 1:
                    del data[place : place + self._rng.randint(1, 3)]
                case 2:
                    data[place:place] = self._rng.randbytes(self._rng.randint(1, 3))
                case _:
                    data[place : place + 1] = self._rng.randbytes(1)
        return bytes(data)

    def _cut(self) -> bytes:
        frame = self.frame()
        return frame[: self._rng.randint(0, len(frame))] or b"\x00"

    def _doubled(self) -> bytes:
        frame = self.frame()
        start = self._rng.randint(0, len(frame))
        end = self._rng.randint(start, len(frame))
        return frame[:end] + frame[start:]

    def _parity(self) -> bytes:
        return self.frame().translate(_EVEN_PARITY)

    def _spliced(self) -> bytes:
        one, other = self.frame(), self.frame()
        return one[: self._rng.randint(0, len(one))] + other[self._rng.randint(0, len(other)) :] or b"\xff"
