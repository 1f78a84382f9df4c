"""Protocols of scales whose frames are lines: what differs is framing bytes, commands and the meaning of one line."""

from collections.abc import Callable, Mapping, Sequence

from drivers.buffers import ANY_LINE_END, SEVEN_BITS, Line, LineBuffer, TooLong
from drivers.scales.told import Garbled, Order, Piece


class LineWire:
    """A `Wire` that cuts lines and gives each to `parse`."""

    def __init__(
        self,
        parse: Callable[[bytes], Piece],
        orders: Mapping[Order, bytes],
        *,
        max_bytes: int,
        terminators: Sequence[bytes] = ANY_LINE_END,
        prefix: bytes = b"",
        seven_bits: bool = True,
    ) -> None:
        """`seven_bits`: bit 7 is no data but the parity of a line that was opened with 8 data bits; it is masked."""
        self._parse = parse
        self._orders = orders
        self._seven_bits = seven_bits
        self._lines = LineBuffer(max_bytes=max_bytes, terminators=terminators, prefix=prefix)

    @property
    def held_bytes(self) -> int:
        return self._lines.held_bytes

    def feed(self, data: bytes) -> list[Piece]:
        taken = data.translate(SEVEN_BITS) if self._seven_bits else data
        return [
            self._parse(piece.data)
            if isinstance(piece, Line)
            else Garbled(piece.head, "too_long" if isinstance(piece, TooLong) else "garbled")
            for piece in self._lines.feed(taken)
        ]

    def order(self, order: Order) -> bytes | None:
        return self._orders.get(order)

    def take_reply(self) -> bytes:
        return b""
