"""Toledo 8217 and 8213, the request of points of sale (scales.md §2; PSC Magellan 8500 service manual p. 39–45).

Commands are one letter without a terminator (only `T`, with or without five digits, ends with CR); answers `STX … CR`.
A number is a stable weight, gross unless an `N` follows; `?` and one character, whatever it is, is a status instead of
a weight. There is no unit on the wire: it comes from config. After `STX E CR` the scale echoes what it is sent until
`F`: then what stands outside STX and CR is no fault.
"""

import re
from typing import Final

from drivers.buffers import HEAD_BYTES, SEVEN_BITS, Line, LineBuffer
from drivers.reading import Weighing
from drivers.scales.told import Garbled, Load, Order, Piece, Told
from hub_config.request_scales import Toledo8217Config

LINE_MAX_BYTES: Final = 64
DIGITS_MAX: Final = 7
"""Of a weight: five or six, one more in high resolution. More are two answers run into one."""

_STX: Final = b"\x02"
_WEIGHT: Final = re.compile(r"( {0,8}[0-9]{0,6}\.?[0-9]{1,6})(N?)")
_COMMANDS: Final = {
    b"W": "weight", b"H": "weight_high_res", b"Z": "zero", b"T": "tare", b"C": "tare_clear",
    b"A": "confidence_test", b"B": "confidence_result", b"E": "echo_start", b"Ehello": "echo_probe", b"F": "echo_end",
}  # fmt: skip
_PRESET: Final = re.compile(rb"T([0-9]{5})\r")
_ORDERS: Final[dict[Order, bytes]] = {"zero": b"Z", "tare": b"T\r", "tare_clear": b"C"}
_PASSED: Final = 0x40
"""Of the confidence test: no bit of a fault is set."""


class Toledo8217:
    """The wire. Bit 7 is the parity of seven data bits and masked."""

    def __init__(self, config: Toledo8217Config) -> None:
        self._benchpro = config.benchpro
        self._ask = b"H" if config.high_resolution else b"W"
        self._picture = None if config.picture is None else _as_sent(config.picture, config.high_resolution)
        self._lines = LineBuffer(max_bytes=LINE_MAX_BYTES, terminators=(b"\r",))
        self._echoes = False

    @property
    def held_bytes(self) -> int:
        """What is echoed belongs to no frame."""
        return 0 if self._echoes else self._lines.held_bytes

    def feed(self, data: bytes) -> list[Piece]:
        pieces: list[Piece] = []
        for piece in self._lines.feed(data.translate(SEVEN_BITS)):
            if isinstance(piece, Line):
                self._line(piece.data, pieces)
            else:
                pieces.append(Garbled(piece.head, "too_long"))
        return pieces

    def order(self, order: Order) -> bytes | None:
        return self._ask if order == "weight" else _ORDERS.get(order)

    def take_reply(self) -> bytes:
        return b""

    def _line(self, line: bytes, pieces: list[Piece]) -> None:
        before, start, answer = line.rpartition(_STX)
        outside = before if start else line
        if outside and not self._echoes:
            pieces.append(Garbled(outside[:HEAD_BYTES]))
        if start:
            self._echoes = answer == b"E"
            pieces.append(self._answer(answer))

    def _answer(self, line: bytes) -> Piece:
        if len(line) == 2 and line[:1] == b"?":
            return Told("status", *_status(line[1], self._benchpro), raw=line)
        if line in (b"E", b"F"):
            return Told("ack", keys={"command": "echo_probe" if line == b"E" else "echo_end"}, raw=line)
        if line in (b"", b"?"):
            return Told("ack", keys={"command": "confidence_test"}, raw=line)
        found = _WEIGHT.fullmatch(line.decode("latin-1"))
        if found is None or len(found[1].lstrip(" ").replace(".", "")) > DIGITS_MAX:
            return Garbled(line)
        if self._picture is not None and len(self._picture) != len(found[1]):
            return Garbled(line)
        if self._picture is not None and self._picture.find(".") != found[1].find("."):
            return Garbled(line)
        mode: Weighing = "net" if found[2] else "gross"
        return Told("weight", Load(text=found[1].lstrip(" "), stable=True, mode=mode), raw=line)


def _as_sent(picture: str, high_resolution: bool) -> str:
    return f"{picture}0" if high_resolution else picture


def _status(status: int, benchpro: bool) -> tuple[Load | None, dict[str, object]]:
    if status == _PASSED:
        return None, {"confidence_test": "pass"}
    motion, over, under, off_zero, zero, net = (bool(status >> bit & 1) for bit in range(6))
    net = net and not benchpro
    load = Load(
        stable=not motion,
        mode="net" if net else None,
        zero=zero,
        overload=over,
        underload=under,
        invalid=True,
    )
    return load, {
        "motion": motion, "overload": over, "underload": under, "outside_zero_range": off_zero,
        "center_of_zero": zero, "net": net,
    }  # fmt: skip


def parse_command(sent: bytes) -> Told | None:
    """What a host sends; None: no command of this protocol."""
    if (found := _PRESET.fullmatch(sent)) is not None:
        return Told("command", keys={"command": "tare_set", "digits": found[1].decode("ascii")}, raw=sent)
    command = _COMMANDS.get(sent.rstrip(b"\r"))
    return None if command is None else Told("command", keys={"command": command}, raw=sent)
