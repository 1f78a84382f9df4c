"""The session of every scale at a bench but MT-SICS: asks, waits, believes. The frames are its `Wire`'s.

Polled: one request at a time. One that is not answered in time is followed by as long a silence on our side, and what
comes within it is dropped: so a late answer is never taken for that of a later request. Continuous: the scale is silent
once it has sent no frame for the time of an answer; one that has to be told to repeat is told again. Print: silence is
normal, nobody may have pressed the key.

It counts as up with the first whole frame of its protocol: what came before that is no reading.
"""

from enum import Enum, auto
from typing import Final

from drivers.command import Command, ScaleOrder
from drivers.reading import DeviceFault, DeviceUp, FaultCode, OrderAnswered, Reading, WeightRead
from drivers.scales.scale_faults import ScaleFaults
from drivers.scales.told import Garbled, Load, Patient, Piece, Wire, mass_of_load, of_another
from hub_config.bench_scale import BenchScaleConfig
from hub_config.names import MILLISECOND, Instant

SILENT_AFTER: Final = 3
"""Times in a row without an answer, or without a frame, before the scale counts as silent."""
QUIET_NS: Final = 50 * MILLISECOND
"""No byte for so long: nothing belongs to the last frame any more. Past what an adapter or a network holds back."""


class _State(Enum):
    NEW = auto()
    READY = auto()
    ASKED = auto()
    LATE = auto()
    """A request was not answered; an answer that comes now is dropped."""


class BenchScale:
    def __init__(self, config: BenchScaleConfig, wire: Wire) -> None:
        self._config = config
        self._wire = wire
        self._own, self._mode = config.own, config.mode
        self._patient = wire if isinstance(wire, Patient) else None
        self._quiet_at: Instant | None = None
        """When the silence since the last byte ends a frame."""
        self._output = bytearray()
        self._state = _State.NEW
        self._wake_at: Instant | None = Instant(0)
        self._next_poll = Instant(0)
        self._unanswered = 0
        self._up = False
        """`DeviceUp` was said, and since then no `silent`."""
        self._drops_first = config.drops_first and config.mode == "continuous"
        self._faults = ScaleFaults(config.id)
        self._weighed: tuple[Load | None, int | None] = (None, None)
        """The last load and its mass."""

    @property
    def held_bytes(self) -> int:
        return self._wire.held_bytes

    @property
    def wake_at(self) -> Instant | None:
        if self._quiet_at is None:
            return self._wake_at
        return self._quiet_at if self._wake_at is None else min(self._quiet_at, self._wake_at)

    def receive(self, data: bytes, at: Instant) -> list[Reading]:
        readings = [reading for piece in self._wire.feed(data) for reading in self._piece(piece, at)]
        if self._patient is not None:
            self._quiet_at = Instant(at + QUIET_NS) if self._patient.waits else None
        return readings

    def wake(self, at: Instant) -> list[Reading]:
        readings: list[Reading] = []
        if self._patient is not None and self._quiet_at is not None and self._quiet_at <= at:
            self._quiet_at = None
            readings = [reading for piece in self._patient.quiet() for reading in self._piece(piece, at)]
        return readings + self._wake(at)

    def _wake(self, at: Instant) -> list[Reading]:
        if self._wake_at is None or at < self._wake_at:
            return []
        if self._mode == "print":
            self._wake_at = None
            return []
        if self._mode == "continuous":
            return self._listen(at)
        match self._state:
            case _State.NEW | _State.READY:
                self._ask(at)
                return []
            case _State.ASKED:
                self._state = _State.LATE
                self._wake_at = Instant(at + self._config.answer_timeout_ms * MILLISECOND)
                return self._count_unanswered(at)
            case _State.LATE:
                self._ask(at)
                return []

    def command(self, command: Command, at: Instant) -> list[Reading]:
        """Zero and tare, for whoever stands at the scale. Nothing of the gateway itself tares a scale."""
        if not isinstance(command, ScaleOrder):
            return []
        sent = self._wire.order(command.order)
        if sent is not None:
            self._output += sent
        detail = "ok" if sent is not None else "bad_argument"
        return [OrderAnswered(self._config.id, at, command.number, sent is not None, detail)]

    def take_output(self) -> bytes:
        if not self._output:
            return b""
        output = bytes(self._output)
        self._output.clear()
        return output

    def _listen(self, at: Instant) -> list[Reading]:
        first, self._state = self._state is _State.NEW, _State.READY
        self._output += self._wire.order("repeat") or b""
        self._wake_at = Instant(at + self._config.answer_timeout_ms * MILLISECOND)
        return [] if first else self._count_unanswered(at)

    def _ask(self, at: Instant) -> None:
        self._state = _State.ASKED
        self._output += self._wire.order("weight") or b""
        self._next_poll = Instant(at + self._config.poll_ms * MILLISECOND)
        self._wake_at = Instant(at + self._config.answer_timeout_ms * MILLISECOND)

    def _count_unanswered(self, at: Instant) -> list[Reading]:
        self._unanswered += 1
        if self._unanswered < SILENT_AFTER:
            return []
        self._up = False
        what = "requests without an answer, asking on" if self._mode == "polled" else "times no frame"
        setting = f"that the scale is set to {self._config.kind_name} and to sending {self._mode}"
        todo = f"{self._config.asleep}check power, cable, baud rate, parity and {setting}"
        return self._faults.once("silent", f"{SILENT_AFTER} {what}; {todo}", at)

    def _piece(self, piece: Piece, at: Instant) -> list[Reading]:
        if isinstance(piece, Garbled):
            return [self._garbled(piece, at)]
        if of_another(piece, self._own):
            said = ", ".join(f"{key} {piece.keys.get(key, 'none')}" for key in self._own)
            detail = f"a weight of {said}, another scale's; compare the scale's menu with its configuration"
            return self._faults.once("refused", detail, at, piece.raw)
        self._output += self._wire.take_reply()
        if piece.kind == "ack":
            return self._heard(at)
        if self._state is _State.LATE and self._mode == "polled":
            return []
        heard = self._answered(at)
        if piece.kind == "error":
            error = piece.keys.get("error", "an error")
            detail = f"answered {error}; its display tells why (busy, menu open, not zeroed)"
            return [*heard, *self._faults.once("refused", detail, at, piece.raw)]
        self._faults.ended("refused")
        if self._drops_first:
            self._drops_first = False
            return heard
        if piece.load is None:
            return heard
        return [*heard, self._weight(piece.load, at)]

    def _garbled(self, piece: Garbled, at: Instant) -> DeviceFault:
        code: FaultCode = "too_long" if piece.error == "too_long" else "garbled"
        why, more = f"no frame of {self._config.kind_name}", "protocol"
        if piece.error == "checksum":
            why, more = "wrong checksum", "how config says it is made"
        return self._faults.each(code, f"{why}; check cable, baud rate, parity and {more}", at, piece.head)

    def _weight(self, load: Load, at: Instant) -> WeightRead:
        if self._weighed[0] is not load:
            self._weighed = (load, mass_of_load(load, self._config.unit))
        return WeightRead(
            self._config.id, at, self._weighed[1], load.text, load.unit or self._config.unit,
            load.stable, load.overload, load.underload, mode=load.mode, zero=load.zero,
            out_of_range=load.out_of_range, invalid=load.invalid, tare=load.tare, record=load.record,
        )  # fmt: skip

    def _answered(self, at: Instant) -> list[Reading]:
        match self._mode:
            case "polled" if self._state is _State.ASKED:
                self._state = _State.READY
                self._wake_at = max(at, self._next_poll)
            case "continuous":
                self._wake_at = Instant(at + self._config.answer_timeout_ms * MILLISECOND)
            case _:
                pass
        return self._heard(at)

    def _heard(self, at: Instant) -> list[Reading]:
        self._unanswered = 0
        self._faults.ended("silent")
        if self._up:
            return []
        self._up = True
        return [DeviceUp(self._config.id, at, identity=None)]
