"""A bench scale that speaks MT-SICS, polled with `SI`: weights in milligrams, one request at a time.

The session first sends `@` (reset, no zero setting) and polls only once the scale has answered with its serial number.
A request that is not answered in time is followed by `@` again, and whatever comes before the answer to that is
dropped: so a late answer is never taken for that of a later request. Wire format: `sics_replies`.

MT-SICS has no checksum. Where a scale pads its weight field, the width of the field stands in for one: a digit or a
point lost on the line makes the field shorter, and the frame is a fault instead of a weight ten times too small.
"""

from enum import Enum, auto
from typing import Final, assert_never

from drivers.buffers import HEAD_BYTES, Line, LineBuffer, Piece, TooLong, Unframed
from drivers.reading import DeviceFault, DeviceUp, FaultCode, Reading, WeightRead
from drivers.scales.mass import mass_mg
from drivers.scales.sics_replies import (
    SicsAck,
    SicsError,
    SicsInfo,
    SicsReply,
    SicsTare,
    SicsWeight,
    parse_reply,
)
from hub_config.names import MILLISECOND, SECOND, Instant
from hub_config.scales import SicsScaleConfig

LINE_MAX_BYTES: Final = 256
"""Past any reply of levels 0 and 1."""
PROOF_INTERVAL_NS: Final = 1 * SECOND
"""Between two `@`, as long as the scale does not say who it is."""
SILENT_AFTER: Final = 3
"""Requests in a row without an answer before the scale counts as silent."""
RELEARN_AFTER: Final = 3
"""Weight fields of another width in a row before the scale is believed to have changed its format."""

_RESET: Final = b"@\r\n"
_WEIGHT_NOW: Final = b"SI\r\n"


class _State(Enum):
    NEW = auto()
    PROVING = auto()
    """`@` is out; nothing counts until the serial number comes."""
    READY = auto()
    ASKED = auto()
    """`SI` is out."""


class SicsScale:
    def __init__(self, config: SicsScaleConfig) -> None:
        self._config = config
        self._lines = LineBuffer(max_bytes=LINE_MAX_BYTES)
        self._output = bytearray()
        self._state = _State.NEW
        self._wake_at = Instant(0)
        self._next_poll = Instant(0)
        self._serial: str | None = None
        self._up = False
        """`DeviceUp` was said, and since then no `silent`."""
        self._unanswered = 0
        self._width: int | None = None
        """Of the padded weight field; None until one was seen."""
        self._misfits = 0
        self._said: set[FaultCode] = set()
        """Faults that are said once until what they complain of has ended."""

    @property
    def wake_at(self) -> Instant | None:
        return self._wake_at

    def receive(self, data: bytes, at: Instant) -> list[Reading]:
        return [reading for piece in self._lines.feed(data) for reading in self._piece(piece, at)]

    def wake(self, at: Instant) -> list[Reading]:
        if at < self._wake_at:
            return []
        match self._state:
            case _State.NEW:
                self._prove(at)
                return []
            case _State.READY:
                self._ask(at)
                return []
            case _State.PROVING | _State.ASKED:
                self._prove(at)
                return self._count_unanswered(at)
            case _ as never:
                assert_never(never)

    def take_output(self) -> bytes:
        output = bytes(self._output)
        self._output.clear()
        return output

    def _prove(self, at: Instant) -> None:
        self._state = _State.PROVING
        self._output += _RESET
        self._wake_at = Instant(at + PROOF_INTERVAL_NS)

    def _ask(self, at: Instant) -> None:
        self._state = _State.ASKED
        self._output += _WEIGHT_NOW
        self._next_poll = Instant(at + self._config.poll_ms * MILLISECOND)
        self._wake_at = Instant(at + self._config.answer_timeout_ms * MILLISECOND)

    def _count_unanswered(self, at: Instant) -> list[Reading]:
        self._unanswered += 1
        if self._unanswered < SILENT_AFTER:
            return []
        detail = (
            f"{SILENT_AFTER} requests without an answer, asking on; "
            "check power, cable, baud rate and that the scale's interface is set to MT-SICS"
        )
        self._up = False
        return self._fault_once("silent", detail, at)

    def _piece(self, piece: Piece, at: Instant) -> list[Reading]:
        match piece:
            case Line(data):
                reply = parse_reply(data)
                if reply is None:
                    return [self._fault("garbled", "no MT-SICS reply; check cable and baud rate", at, data)]
                return self._reply(reply, data, at)
            case TooLong(head):
                detail = f"more than {LINE_MAX_BYTES} bytes without a line end dropped; check baud rate"
                return [self._fault("too_long", detail, at, head)]
            case Unframed(head):
                return [self._fault("garbled", "bytes outside a line", at, head)]
            case _ as never:
                assert_never(never)

    def _reply(self, reply: SicsReply, raw: bytes, at: Instant) -> list[Reading]:
        match reply:
            case SicsInfo(command="I4" | "@", more=False, fields=(serial,)) if serial:
                return self._proof(serial, at)
            case SicsError(error, command):
                return self._error(error, command, raw, at)
            case SicsWeight():
                return self._weight(reply, raw, at)
            case SicsAck() | SicsTare() | SicsInfo():
                return []  # answers to what somebody else asked: valid, and no reading
            case _ as never:
                assert_never(never)

    def _proof(self, serial: str, at: Instant) -> list[Reading]:
        changed = serial != self._serial
        self._serial = serial
        self._said.discard("not_proven")
        if self._state in (_State.NEW, _State.PROVING):
            self._state = _State.READY
            self._wake_at = max(at, self._next_poll)
        return self._say_up(at) if changed else []

    def _error(self, error: str, command: str | None, raw: bytes, at: Instant) -> list[Reading]:
        detail = (
            f"answered {error} to {command or 'a request'}; its display tells why (busy, tare, menu open)"
        )
        answered = self._answered(at) if command is None else []
        return answered + self._fault_once("refused", detail, at, raw)

    def _weight(self, weight: SicsWeight, raw: bytes, at: Instant) -> list[Reading]:
        if self._state in (_State.NEW, _State.PROVING):
            detail = "weight dropped: the scale has not answered @ with its serial number"
            return self._fault_once("not_proven", detail, at, raw)
        answered = self._answered(at)
        if not self._width_fits(weight):
            detail = f"weight field of {weight.width} characters, this scale sends {self._width}; check cable"
            return [*answered, self._fault("garbled", detail, at, raw)]
        self._said.discard("refused")
        return [*answered, self._reading(weight, at)]

    def _width_fits(self, weight: SicsWeight) -> bool:
        if not weight.text or weight.width == self._width:
            self._misfits = 0
            return True
        self._misfits += 1
        if self._width is not None and self._misfits < RELEARN_AFTER:
            return False
        self._misfits = 0
        self._width = weight.width if weight.width > len(weight.text) else None
        return True

    def _reading(self, weight: SicsWeight, at: Instant) -> WeightRead:
        return WeightRead(
            self._config.id,
            at,
            mass_mg(weight.text, weight.unit) if weight.text else None,
            weight.text,
            weight.unit,
            weight.stable,
            weight.overload,
            weight.underload,
        )

    def _answered(self, at: Instant) -> list[Reading]:
        """A request for a weight was answered, be it with a refusal."""
        if self._state in (_State.NEW, _State.PROVING):
            return []
        if self._state is _State.ASKED:
            self._state = _State.READY
            self._wake_at = max(at, self._next_poll)
        self._unanswered = 0
        self._said.discard("silent")
        return [] if self._up else self._say_up(at)

    def _say_up(self, at: Instant) -> list[Reading]:
        self._up = True
        return [DeviceUp(self._config.id, at, self._serial)]

    def _fault(self, code: FaultCode, detail: str, at: Instant, raw: bytes = b"") -> DeviceFault:
        return DeviceFault(self._config.id, at, code, detail, raw[:HEAD_BYTES])

    def _fault_once(self, code: FaultCode, detail: str, at: Instant, raw: bytes = b"") -> list[Reading]:
        if code in self._said:
            return []
        self._said.add(code)
        return [self._fault(code, detail, at, raw)]
