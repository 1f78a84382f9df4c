"""The wire of a CubiScan, written from dimensioners §1: it measures when the host says `M` or somebody presses its key.

Metric or English units as the host or its menu has set them; what has no value is filled with `_`, `-` or `~`.
"""

from collections import deque
from typing import Final, Literal

from hub_config.names import Instant
from simulators.devices.cubiscan_stand import CubiscanStand, Shown, Side, State

HELD_BYTES_MAX: Final = 256
"""Of a command without an end; more is forgotten."""
FILLS: Final[dict[State, str]] = {"under": "_", "unstable": "-", "over": "~"}
FACTOR: Final = 5_000
_END: Final = b"\x03\r\n"
_MENU: Final = {b"Z": b"ZA", b"C": b"CA", b"FD": b"FA", b"FI": b"FA"}
"""Commands that are just done."""


class CubiscanDevice:
    def __init__(
        self, stand: CubiscanStand, *, site: str = "000001", padding: int = 0, answers: bool = True
    ) -> None:
        """`padding`: NUL bytes behind each answer, as some models send; `answers`: False: its port is another one's."""
        self.stand = stand
        self._site = site
        self._padding = padding
        self._answers = answers
        self._dim: Literal["E", "M"] = "M"
        self._weight: Literal["E", "M"] = "M"
        self._held = b""
        self._origin = "C"
        self._output: deque[bytes] = deque(maxlen=64)

    @property
    def wake_at(self) -> Instant | None:
        return Instant(0) if self._output else self.stand.done_at

    def press_key(self, now: Instant) -> None:
        """Somebody measures at the machine."""
        self._measure("C", now)

    def power_up(self) -> None:
        self._held = b""
        self._output.clear()

    def receive(self, data: bytes, now: Instant) -> None:
        if not self._answers:
            return
        *whole, rest = (self._held + data).split(_END)
        self._held = rest[-HELD_BYTES_MAX:]
        for one in whole:
            _, begun, command = one.rpartition(b"\x02")
            if begun:
                self._obey(command, now)

    def _obey(self, command: bytes, now: Instant) -> None:
        match command:
            case b"M":
                self._measure("H", now)
            case b"U":
                self._say(f"UA{self._dim}{self._weight}D{FACTOR:04d}{self._site:6.6}")
            case b'"E' | b'"M':
                self._dim = "E" if command == b'"E' else "M"
                self._say('"A')
            case b"#E" | b"#M":
                self._weight = "E" if command == b"#E" else "M"
                self._say("#A")
            case b"T":
                self._say("TA42")
            case _ if command[:1] == b"L" and len(command) == 7:
                self._site = command[1:].decode("latin-1")
                self._say("LA")
            case _ if command in _MENU:
                self._say(_MENU[command].decode())
            case _:
                self._say("?N")

    def _measure(self, origin: str, now: Instant) -> None:
        if self.stand.sensor_fails:
            self._say(f"MN{origin}C")
        elif not self.stand.begin(now):
            self._say(f"MN{origin}M")
        else:
            self._origin = origin

    def take_output(self, now: Instant) -> bytes:
        done_at = self.stand.done_at
        if done_at is not None and done_at <= now:
            self._say(self._measured(self.stand.finish()))
        out = b"".join(self._output)
        self._output.clear()
        return out

    def _say(self, text: str) -> None:
        self._output.append(b"\x02" + text.encode("latin-1") + _END + b"\x00" * self._padding)

    def _measured(self, shown: Shown) -> str:
        length, width, height = (self._side(side) for side in shown.sides)
        mass = self._mass(shown.mass_mg, shown.weight)
        return (
            f"MA{self._origin}{self._site:6.6},L{length},W{width},H{height},{self._dim},K{mass},D{mass},{self._weight},"
            f"F{FACTOR:04d},D"
        )

    def _side(self, side: Side) -> str:
        """In tenths of its unit."""
        if side.state != "good":
            return FILLS[side.state] * 5
        tenths = side.um // 1_000 if self._dim == "M" else side.um * 10 // 25_400
        return FILLS["over"] * 5 if tenths > 9_999 else f"{tenths // 10:03d}.{tenths % 10}"

    def _mass(self, mg: int, state: State) -> str:
        """In hundredths."""
        if state != "good":
            return FILLS[state] * 6
        hundredths = mg // 10_000 if self._weight == "M" else mg * 100 // 453_592
        return f"{hundredths // 100:03d}.{hundredths % 100:02d}"
