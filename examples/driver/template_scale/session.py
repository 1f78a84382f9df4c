"""The session: bytes and instants in, readings and bytes out. It opens nothing, sleeps never, reads no clock."""

import re
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from drivers.buffers import HEAD_BYTES, Line, LineBuffer, Piece
from drivers.reading import DeviceFault, DeviceUp, Reading, WeightRead
from drivers.scales.mass import mass_mg
from hub_config.names import MILLISECOND, DeviceId, Instant

LINE_MAX_BYTES: Final = 64

_WEIGHT: Final = re.compile(rb" *([+-]?[0-9]+(?:\.[0-9]+)?) (kg|g|lb) ([SM])")
_OVERLOAD: Final = re.compile(rb" *-+ (kg|g|lb) O")


class Settings(BaseModel):
    """`[devices.settings]` of the hub's configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    poll_ms: int = Field(default=200, ge=20, le=10_000)


class TemplateScale:
    Config = Settings

    def __init__(self, device: DeviceId, config: Settings) -> None:
        self._device = device
        self._poll_ns = config.poll_ms * MILLISECOND
        self._lines = LineBuffer(max_bytes=LINE_MAX_BYTES)
        self._output = b""
        self._up = False
        self._wake_at = Instant(0)

    @property
    def held_bytes(self) -> int:
        """Of what was sent and is no whole line yet; the bound is tried by `hub driver check`."""
        return self._lines.held_bytes

    @property
    def wake_at(self) -> Instant | None:
        return self._wake_at

    def wake(self, at: Instant) -> list[Reading]:
        if at >= self._wake_at:
            self._output += b"W\r"
            self._wake_at = Instant(at + self._poll_ns)
        return []

    def take_output(self) -> bytes:
        output, self._output = self._output, b""
        return output

    def receive(self, data: bytes, at: Instant) -> list[Reading]:
        return [reading for piece in self._lines.feed(data) for reading in self._piece(piece, at)]

    def _piece(self, piece: Piece, at: Instant) -> list[Reading]:
        weight = self._weight(piece.data, at) if isinstance(piece, Line) else None
        if weight is None:
            shown = piece.data if isinstance(piece, Line) else piece.head
            return [DeviceFault(self._device, at, "garbled", "no weight", shown[:HEAD_BYTES])]
        if self._up:
            return [weight]
        self._up = True  # the first whole frame proves what the device is
        return [DeviceUp(self._device, at, identity=None), weight]

    def _weight(self, line: bytes, at: Instant) -> WeightRead | None:
        if (over := _OVERLOAD.fullmatch(line)) is not None:
            return WeightRead(self._device, at, None, "", over[1].decode(), None, overload=True)
        found = _WEIGHT.fullmatch(line)
        if found is None:
            return None
        text, unit, stable = found[1].decode(), found[2].decode(), found[3] == b"S"
        return WeightRead(self._device, at, mass_mg(text, unit), text, unit, stable)
