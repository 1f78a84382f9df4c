"""A bench scale that speaks MT-SICS, levels 0 and 1: weights in milligrams, one request at a time.

The session first sends `@` (reset, no zero setting) and asks only once the scale has answered with its serial number.
Polled with `SI`: a request that is not answered in time is followed by `@` again, and whatever comes before the answer
to that is dropped: so a late answer is never taken for that of a later request. A weight does not say that it is net,
so now and then `TA` asks for the tare instead. Continuous: `SIR` once after each `@`, never twice. Print: it only
listens. Zero and tare wait until nothing else is out. Wire format: `sics_replies`.

Bit 7 is the parity of a line of seven data bits and masked. MT-SICS has no checksum. Where a scale pads its weight
field, the width of the field stands in for one: a digit or a point lost on the line makes the field shorter, and the
frame is a fault instead of a weight ten times too small.
"""

from enum import Enum, auto
from typing import Final, assert_never

from drivers.buffers import SEVEN_BITS, Line, LineBuffer, Piece, TooLong, Unframed
from drivers.command import Command, ScaleOrder
from drivers.reading import DeviceUp, OrderAnswered, Reading, WeightRead
from drivers.scales.mass import mass_mg
from drivers.scales.scale_faults import ScaleFaults
from drivers.scales.sics_replies import (
    GENERAL_ERRORS,
    TARE_QUERY,
    SicsAck,
    SicsAmount,
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

ORDER_WITHIN_NS: Final = 10 * SECOND
"""Zero and tare wait for the load to rest, for a time of the scale's own; after this they are given up with `@`."""

TARE_EVERY_NS: Final = 1 * SECOND
"""How long a tare that was taken at the scale itself may go unnoticed."""

_RESET: Final = b"@\r\n"
_WEIGHT_NOW: Final = b"SI\r\n"
_TARE: Final = b"TA\r\n"
_WEIGHTS: Final = b"SIR\r\n"
_ORDERS: Final = {"zero": b"Z\r\n", "tare": b"T\r\n", "tare_clear": b"TAC\r\n"}


class _State(Enum):
    NEW = auto()
    PROVING = auto()
    """`@` is out; nothing counts until the serial number comes."""
    READY = auto()
    ASKED = auto()
    """`SI` or `TA` is out."""
    ORDERED = auto()
    """Zero or tare is out, of a scale that is polled."""
    LISTENING = auto()
    """It sends by itself, or when its print key is pressed."""


class SicsScale:
    def __init__(self, config: SicsScaleConfig) -> None:
        self._config = config
        self._lines = LineBuffer(max_bytes=LINE_MAX_BYTES)
        self._output = bytearray()
        self._state = _State.NEW
        self._wake_at: Instant | None = Instant(0)
        self._next_poll = Instant(0)
        self._order: ScaleOrder | None = None
        """Taken and not answered yet."""
        self._order_until: Instant | None = None
        self._order_out = False
        """Of the two it is the one that was sent; before that it waits for its turn."""
        self._net = False
        """A tare is on, as far as the scale has said."""
        self._tells_tare = True
        """Until it says that it does not know `TA`, or says nothing."""
        self._next_tare = Instant(0)
        self._tare_asked = False
        """Of the two requests it is `TA` that is out."""
        self._serial: str | None = None
        self._up = False
        """`DeviceUp` was said, and since then no `silent`."""
        self._unanswered = 0
        self._width: int | None = None
        """Of the padded weight field; None until one was seen."""
        self._misfits = 0
        self._faults = ScaleFaults(config.id)

    @property
    def wake_at(self) -> Instant | None:
        if self._order_until is None:
            return self._wake_at
        return self._order_until if self._wake_at is None else min(self._order_until, self._wake_at)

    def receive(self, data: bytes, at: Instant) -> list[Reading]:
        taken = data.translate(SEVEN_BITS)
        return [reading for piece in self._lines.feed(taken) for reading in self._piece(piece, at)]

    def wake(self, at: Instant) -> list[Reading]:
        if self._order_until is not None and self._order_until <= at:
            lost = self._prove(at) if self._order_out else []
            return [*lost, *self._answer_order(at, "unanswered")]
        if self._wake_at is None or at < self._wake_at:
            return []
        match self._state:
            case _State.NEW:
                return self._prove(at)
            case _State.READY if self._order is not None:
                self._send_order()
            case _State.READY:
                self._ask(at)
            case _State.PROVING | _State.ASKED | _State.LISTENING:
                return [*self._prove(at), *self._count_unanswered(at)]
            case _State.ORDERED:
                raise AssertionError("it waits for its order alone")
            case _ as never:
                assert_never(never)
        return []

    def command(self, command: Command, at: Instant) -> list[Reading]:
        """Zero and tare, for whoever stands at the scale. Nothing of the gateway itself tares a scale."""
        if not isinstance(command, ScaleOrder):
            return []
        if self._order is not None or self._state in (_State.NEW, _State.PROVING):
            detail = "queue_full" if self._order is not None else "not_ready"
            return [OrderAnswered(self._config.id, at, command.number, accepted=False, detail=detail)]
        self._order = command
        self._order_until = Instant(at + ORDER_WITHIN_NS)
        if self._state is not _State.ASKED:
            self._send_order()
        return []

    def take_output(self) -> bytes:
        output = bytes(self._output)
        self._output.clear()
        return output

    def _prove(self, at: Instant) -> list[Reading]:
        """Tells what is dropped for it: half an answer, which would spoil the next one."""
        if self._state is _State.ASKED and self._tare_asked:
            self._tells_tare = False
        lost: list[Reading] = []
        if self._lines.held_bytes:
            lost.append(self._faults.each("garbled", "half an answer; check cable and baud rate", at, b""))
        self._lines = LineBuffer(max_bytes=LINE_MAX_BYTES)
        self._state = _State.PROVING
        self._output += _RESET
        self._wake_at = Instant(at + PROOF_INTERVAL_NS)
        return lost

    def _send_order(self) -> None:
        assert self._order is not None, "there is one"
        self._output += _ORDERS[self._order.order]
        self._order_out = True
        if self._state is _State.READY:
            self._state = _State.ORDERED
            self._wake_at = None

    def _answer_order(self, at: Instant, detail: str) -> list[Reading]:
        order, self._order, self._order_until, self._order_out = self._order, None, None, False
        assert order is not None, "what is answered was ordered"
        if self._state is _State.ORDERED:
            self._state = _State.READY
            self._wake_at = max(at, self._next_poll)
        return [OrderAnswered(self._config.id, at, order.number, accepted=detail == "ok", detail=detail)]

    def _ask(self, at: Instant) -> None:
        self._state = _State.ASKED
        self._tare_asked = self._tells_tare and at >= self._next_tare
        self._output += _TARE if self._tare_asked else _WEIGHT_NOW
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
        return self._faults.once("silent", detail, at)

    def _piece(self, piece: Piece, at: Instant) -> list[Reading]:
        match piece:
            case Line(data):
                reply = parse_reply(data)
                if reply is None:
                    return [
                        self._faults.each("garbled", "no MT-SICS reply; check cable and baud rate", at, data)
                    ]
                return self._reply(reply, data, at)
            case TooLong(head):
                detail = f"more than {LINE_MAX_BYTES} bytes without a line end dropped; check baud rate"
                return [self._faults.each("too_long", detail, at, head)]
            case Unframed(head):
                return [self._faults.each("garbled", "bytes outside a line", at, head)]
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
            case SicsAmount(unit=unit):
                detail = (
                    f"answered {unit} to a request for a weight; leave counting or percent at its display"
                )
                return self._answered(at) + self._faults.once("refused", detail, at, raw)
            case SicsAck(command, tare=tare):
                self._net = _is_tare(tare)  # zero and clear tell none: the tare is gone
                return self._answer_order(at, "ok") if self._is_out(command) else []
            case SicsTare(tare):
                self._net = _is_tare(tare)
                return self._tare_answered(at)
            case SicsInfo():
                return []  # an answer to what somebody else asked
            case _ as never:
                assert_never(never)

    def _proof(self, serial: str, at: Instant) -> list[Reading]:
        changed = serial != self._serial
        self._serial = serial
        self._faults.ended("not_proven")
        if self._state in (_State.NEW, _State.PROVING):
            self._begin(at)
        return self._say_up(at) if changed else []

    def _begin(self, at: Instant) -> None:
        """It has proved what it is; its tare is gone with `@`."""
        self._net = False
        self._next_tare = Instant(at + TARE_EVERY_NS)
        self._state = _State.LISTENING
        match self._config.mode:
            case "polled":
                self._state = _State.READY
                self._wake_at = max(at, self._next_poll)
            case "continuous":
                self._output += _WEIGHTS
                self._wake_at = Instant(at + self._config.answer_timeout_ms * MILLISECOND)
            case "print":
                self._wake_at = None

    def _is_out(self, command: str | None) -> bool:
        return self._order_out and self._order is not None and self._order.order == command

    def _error(self, error: str, command: str | None, raw: bytes, at: Instant) -> list[Reading]:
        if self._is_out(command) or (self._order_out and error in GENERAL_ERRORS):
            return self._answer_order(at, error)
        if (
            self._state is _State.ASKED
            and self._tare_asked
            and (command == TARE_QUERY or error in GENERAL_ERRORS)
        ):
            self._tells_tare = error not in ("syntax", "parameter")
            return self._tare_answered(at)
        detail = (
            f"answered {error} to {command or 'a request'}; its display tells why (busy, tare, menu open)"
        )
        answered = self._answered(at) if command is None else []
        return answered + self._faults.once("refused", detail, at, raw)

    def _tare_answered(self, at: Instant) -> list[Reading]:
        if self._state is not _State.ASKED or not self._tare_asked:
            return []
        self._next_tare = Instant(at + TARE_EVERY_NS)
        return self._answered(at)

    def _weight(self, weight: SicsWeight, raw: bytes, at: Instant) -> list[Reading]:
        if self._state in (_State.NEW, _State.PROVING):
            detail = "weight dropped: the scale has not answered @ with its serial number"
            return self._faults.once("not_proven", detail, at, raw)
        answered = self._answered(at)
        if not self._width_fits(weight):
            detail = f"weight field of {weight.width} characters, this scale sends {self._width}; check cable"
            return [*answered, self._faults.each("garbled", detail, at, raw)]
        self._faults.ended("refused")
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
        unit = (weight.unit or self._config.unit) if weight.text else None
        return WeightRead(
            self._config.id,
            at,
            mass_mg(weight.text, unit) if weight.text else None,
            weight.text,
            unit,
            weight.stable,
            weight.overload,
            weight.underload,
            mode="net" if self._net else None,
        )

    def _answered(self, at: Instant) -> list[Reading]:
        """A request for a weight was answered, be it with a refusal."""
        if self._state in (_State.NEW, _State.PROVING):
            return []
        if self._state is _State.ASKED:
            self._state = _State.READY
            self._wake_at = at if self._order is not None else max(at, self._next_poll)
        elif self._state is _State.LISTENING and self._config.mode == "continuous":
            self._wake_at = Instant(at + self._config.answer_timeout_ms * MILLISECOND)
        self._unanswered = 0
        self._faults.ended("silent")
        return [] if self._up else self._say_up(at)

    def _say_up(self, at: Instant) -> list[Reading]:
        self._up = True
        return [DeviceUp(self._config.id, at, self._serial)]


def _is_tare(number: str | None) -> bool:
    return number is not None and number.strip("+-0.") != ""
