"""One Modbus connection: one request at a time, and only its own answer counts (conveyor-io §3).

Over TCP an answer is told by its transaction; one of an earlier request is dropped. A serial line has none: after a
request that was given up nothing is asked, and nothing believed, until the line has been quiet for as long again.
"""

from dataclasses import dataclass
from typing import Final, Literal

from drivers.conveyors.modbus_frames import (
    RTU_MAX_BYTES,
    TcpFrame,
    TcpFrames,
    is_whole,
    rtu_frame,
    tcp_frame,
)
from drivers.conveyors.modbus_pdu import (
    BIT_READS,
    REFUSED,
    WORD_READS,
    Answer,
    Read,
    Request,
    is_answer_to,
    parse_answer,
    request_bytes,
)
from hub_config.names import Instant

_REFUSED_BYTES: Final = 5
_WRITTEN_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Answered:
    request: Request
    answer: Answer
    asked_at: Instant


@dataclass(frozen=True, slots=True)
class Failed:
    """Bytes that are no answer to what was asked."""

    error: Literal["garbled", "other_answer"]
    raw: bytes


class ModbusLink:
    def __init__(self, unit: int, *, serial: bool, quiet_ns: int) -> None:
        self._unit = unit
        self._serial = serial
        self._quiet_ns = quiet_ns
        self._frames = TcpFrames()
        self._held = bytearray()
        self._transaction = 0
        self._asked: tuple[Request, Instant] | None = None
        self._quiet_from: Instant | None = None
        self.broken = False
        """Over TCP: nothing more can be read; only a new connection begins at a frame."""

    @property
    def asked_at(self) -> Instant | None:
        return None if self._asked is None else self._asked[1]

    @property
    def held_bytes(self) -> int:
        return len(self._held) + self._frames.held_bytes

    @property
    def free_at(self) -> Instant | None:
        """When the next request may go out; None: one is under way."""
        if self._asked is not None:
            return None
        return Instant(0) if self._quiet_from is None else Instant(self._quiet_from + self._quiet_ns)

    def ask(self, request: Request, at: Instant) -> bytes:
        """What to write."""
        self._asked = (request, at)
        self._quiet_from = None
        self._held.clear()
        if self._serial:
            return rtu_frame(self._unit, request_bytes(request))
        self._transaction = self._transaction % 0xFFFF + 1
        return tcp_frame(self._transaction, self._unit, request_bytes(request))

    def give_up(self, at: Instant) -> None:
        """Its answer has not come in time; it still may."""
        self._asked = None
        if self._serial:
            self._quiet_from = at

    def receive(self, data: bytes, at: Instant) -> list[Answered | Failed]:
        return self._receive_serial(data, at) if self._serial else self._receive_tcp(data)

    def _receive_tcp(self, data: bytes) -> list[Answered | Failed]:
        found: list[Answered | Failed] = []
        for frame in self._frames.feed(data):
            if not isinstance(frame, TcpFrame):
                self.broken = True
                self._asked = None
                found.append(Failed("garbled", frame.head))
            elif self._asked is not None and frame.transaction == self._transaction:
                found.append(self._take(frame.unit, frame.pdu))
        return found

    def _receive_serial(self, data: bytes, at: Instant) -> list[Answered | Failed]:
        if self._asked is None:
            if self._quiet_from is not None:
                self._quiet_from = at  # a late answer: the line is not quiet yet
            return []
        self._held += data[: RTU_MAX_BYTES + 1]
        if len(self._held) < 2:
            return []
        length = _REFUSED_BYTES if self._held[1] & REFUSED else _answer_bytes(self._asked[0])
        if len(self._held) < length:
            return []
        frame = bytes(self._held)
        self._held.clear()
        if len(frame) > length or not is_whole(frame):
            self.give_up(at)
            return [Failed("garbled", frame[:64])]
        return [self._take(frame[0], frame[1:-2])]

    def _take(self, unit: int, pdu: bytes) -> Answered | Failed:
        assert self._asked is not None, "an answer to nothing"
        (request, asked_at), self._asked = self._asked, None
        answer = parse_answer(pdu)
        if unit != self._unit or answer is None or not is_answer_to(answer, request):
            return Failed("other_answer", pdu[:64])
        return Answered(request, answer, asked_at)


def _answer_bytes(request: Request) -> int:
    """Of a serial frame."""
    if isinstance(request, Read):
        if request.fc in BIT_READS:
            return 5 + (request.count + 7) // 8
        assert request.fc in WORD_READS, "a read is of bits or words"
        return 5 + 2 * request.count
    return _WRITTEN_BYTES
