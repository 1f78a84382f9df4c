"""Readers whose messages are lines: one session for all makers. A maker's file says how a message is cut and read.

A reader that the gateway triggers keeps `TriggerSteps`; one that reads by itself tells what it reads. It can't prove
what it is in a way that every model knows, so it counts as up when its port opens.
"""

from collections.abc import Callable, Sequence
from typing import Final

from drivers.buffers import ANY_LINE_END, Line, LineBuffer
from drivers.command import Command
from drivers.reading import DeviceFault, DeviceUp, FaultCode, NoRead, Reading
from drivers.scanners.answers import (
    Answer,
    Codes,
    Damaged,
    Noted,
    NothingRead,
    Refused,
    TriggerOrder,
    Unusable,
)
from drivers.scanners.code_text import RAW_BYTES, code_reading, wire_bytes
from drivers.scanners.trigger_steps import TriggerSteps
from hub_config.names import Instant
from hub_config.readers import ReaderConfig

LINE_MAX_BYTES: Final = 4_096
"""Past any answer: several 2D codes of a label."""

_FIRST_PRINTABLE: Final = 0x20


class ReaderWire:
    """Lines of one maker. `read` takes a line apart, `orders` are the bytes that start and end a reading."""

    def __init__(
        self,
        read: Callable[[Line], Sequence[Answer]],
        orders: tuple[bytes, bytes],
        *,
        terminators: Sequence[bytes] = ANY_LINE_END,
    ) -> None:
        self._read = read
        self._orders = orders
        self._terminators = terminators
        self.reset()

    @property
    def held_bytes(self) -> int:
        return self._lines.held_bytes

    def reset(self) -> None:
        """What is held is half of a message whose end will not come."""
        self._lines = LineBuffer(max_bytes=LINE_MAX_BYTES, terminators=self._terminators)

    def feed(self, data: bytes) -> list[tuple[Answer, bytes]]:
        """Answers, each with the bytes of its message."""
        told: list[tuple[Answer, bytes]] = []
        for piece in self._lines.feed(data):
            if isinstance(piece, Line):
                told += [(answer, piece.data) for answer in self._read(piece)]
            else:
                detail = f"more than {LINE_MAX_BYTES} bytes without a line end dropped"
                told.append((Damaged("too_long", detail, piece.head), piece.head))
        return told

    def order(self, order: TriggerOrder) -> bytes:
        return self._orders[0 if order == "on" else 1]


def ends_of(terminator: str) -> tuple[bytes, ...]:
    """What ends a message: the configured terminator, and CR and LF, which no code holds. Not where the terminator
    holds one itself: half of it would end a message in one cut of the bytes and not in another."""
    wire = wire_bytes(terminator)
    if set(wire) <= set(b"\r\n"):
        return ANY_LINE_END
    return (wire,) if set(wire) & set(b"\r\n") else (wire, *ANY_LINE_END)


def unwrap(data: bytes, header: str) -> tuple[list[Answer], bytes]:
    """Takes the header off; first what stood before it, or that there is none."""
    opening = wire_bytes(header)
    if not opening:
        return [], data
    # A control character can't be data, so the last one opens the message; a printable header may be data too.
    start = data.rfind(opening) if opening[0] < _FIRST_PRINTABLE else data.find(opening, 0, len(opening))
    body = data[start + len(opening) :] if start >= 0 else b""
    if start == 0:
        return [], body
    noise = data if start < 0 else data[:start]
    detail = f"bytes before the header {header!r}: {noise[:16].hex(' ')}; check header and baud rate"
    return [Damaged("garbled", detail, noise)], body


class LineReader:
    def __init__(self, config: ReaderConfig, wire: ReaderWire) -> None:
        self._config = config
        self.wire = wire
        self._steps = TriggerSteps(config) if config.triggered else None
        self._up = False

    @property
    def wake_at(self) -> Instant | None:
        if not self._up:
            return Instant(0)
        return None if self._steps is None else self._steps.wake_at

    def receive(self, data: bytes, at: Instant) -> list[Reading]:
        if self._steps is not None and data:
            self._steps.hear(at)
        return [reading for answer, raw in self.wire.feed(data) for reading in self._answer(answer, raw, at)]

    def wake(self, at: Instant) -> list[Reading]:
        said: list[Reading] = []
        if not self._up:
            self._up = True
            said.append(DeviceUp(self._config.id, at, identity=None))
        if self._steps is not None:
            lost = self._steps.out_of_step
            said += self._steps.wake(at)
            if lost and not self._steps.out_of_step:
                self.wire.reset()  # half a late answer
        return said

    def command(self, command: Command, at: Instant) -> list[Reading]:
        if self._steps is None:
            raise TypeError(f"{self._config.id} reads by itself and takes no {type(command).__name__}")
        return self._steps.command(command, at)

    def take_output(self) -> bytes:
        orders = [] if self._steps is None else self._steps.take_orders()
        return b"".join(map(self.wire.order, orders))

    def _answer(self, answer: Answer, raw: bytes, at: Instant) -> list[Reading]:
        if self._steps is not None:
            return self._steps.answer(answer, raw, at)
        return readings_of(answer, self._config, at)


def readings_of(answer: Answer, config: ReaderConfig, at: Instant) -> list[Reading]:
    """Of a reader that reads by itself."""
    match answer:
        case Codes(codes):
            return [code_reading(config.id, code, at, aim=config.aim) for code in codes]
        case NothingRead():
            return [NoRead(config.id, at)]
        case Noted():
            return []
        case Unusable() | Refused():
            code: FaultCode = "refused"
            return [DeviceFault(config.id, at, code, answer.detail, answer.raw[:RAW_BYTES])]
        case Damaged():
            return [DeviceFault(config.id, at, answer.code, answer.detail, answer.raw[:RAW_BYTES])]
