"""The steps of a reader that is told to read and to stop, and answers each trigger once. One for all makers.

No answer says which trigger it answers. So one trigger is out at a time: the next one is withheld until the trigger
before it has been answered. One that is not answered in time leaves the reader *out of step*: its answer may still
come. Then nothing is triggered, and whatever comes counts for nothing, until that answer has come late or the reader
has been quiet for `QUIET_NS`. So a late answer is never taken for that of a later trigger, and a reader that swallows
one costs the parcels of about a second, not all that follow. (A reader later than that would be believed; if the right
code then comes as a second answer it is told for the same trigger, which puts the parcel in doubt.)

A reader of before may still be on when the port opens: it is told to stop, and starts out of step.
"""

from enum import Enum, auto
from typing import Final, assert_never

from drivers.command import Command, Trigger
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
from drivers.scanners.code_text import RAW_BYTES, code_reading
from hub_config.names import MILLISECOND, Instant
from hub_config.readers import ReaderConfig

QUIET_NS: Final = 1_000 * MILLISECOND
"""Without a byte for so long, an answer that was due is believed never to come."""
SILENT_AFTER: Final = 3
"""Triggers in a row without an answer before the reader counts as silent."""


class _State(Enum):
    NEW = auto()
    IDLE = auto()
    """In step, and nothing is due."""
    READING = auto()
    """It is told to read."""
    ANSWERED = auto()
    """… and has answered; it is not told to stop yet."""
    DUE = auto()
    """It is told to stop, the answer is due."""
    OUT_OF_STEP = auto()


class TriggerSteps:
    def __init__(self, config: ReaderConfig) -> None:
        self._config = config
        self._orders: list[TriggerOrder] = []
        self._state = _State.NEW
        self._wake_at: Instant | None = Instant(0)
        self._wanted: int | None = None
        """The trigger that is to be on."""
        self._asked = 0
        """The trigger that it was last told to read for."""
        self._owes = False
        """Out of step only by the answer to `_asked`."""
        self._doubtful = False
        """Something came with the answer that was no answer: more may come."""
        self._unanswered = 0
        self._silent = False
        """`silent` was said, and since then no `DeviceUp`."""

    @property
    def wake_at(self) -> Instant | None:
        return self._wake_at

    @property
    def out_of_step(self) -> bool:
        return self._state is _State.OUT_OF_STEP

    def take_orders(self) -> list[TriggerOrder]:
        orders, self._orders = self._orders, []
        return orders

    def hear(self, at: Instant) -> None:
        """A byte came."""
        if self._state is _State.OUT_OF_STEP:
            self._wake_at = Instant(at + QUIET_NS)  # it is not quiet

    def wake(self, at: Instant) -> list[Reading]:
        if self._wake_at is None or at < self._wake_at:
            return []
        match self._state:
            case _State.NEW:
                self._orders.append("off")
                self._fall_out_of_step(at)
                return []
            case _State.DUE:
                self._fall_out_of_step(at, owes=True)
                return self._count_unanswered(at)
            case _State.OUT_OF_STEP:
                self._be_in_step()
                return []
            case _State.IDLE | _State.READING | _State.ANSWERED:
                raise AssertionError(f"{self._config.id}: nothing to wake for while {self._state.name}")
            case _ as never:
                assert_never(never)

    def command(self, command: Command, at: Instant) -> list[Reading]:
        if not isinstance(command, Trigger):
            raise TypeError(f"{self._config.id} is a reader and takes no {type(command).__name__}")
        if not command.on:
            return self._end(at) if command.number == self._wanted else []
        if command.number == self._wanted:
            return []
        ended = self._end(at) if self._wanted is not None else []
        self._wanted = command.number
        if self._state is _State.IDLE:
            self._begin()
        return ended

    # Triggers ---------------------------------------------------------------------------------------

    def _begin(self) -> None:
        assert self._wanted is not None
        self._asked = self._wanted
        self._doubtful = False
        self._orders.append("on")
        self._state = _State.READING

    def _end(self, at: Instant) -> list[Reading]:
        """The trigger that was wanted is so no more."""
        number, self._wanted = self._wanted, None
        match self._state:
            case _State.READING:
                self._orders.append("off")
                self._state = _State.DUE
                self._wake_at = Instant(at + self._config.answer_timeout_ms * MILLISECOND)
                return []
            case _State.ANSWERED:
                self._orders.append("off")
                if self._doubtful:
                    self._fall_out_of_step(at)
                else:
                    self._be_in_step()
                return []
            case _State.NEW | _State.DUE | _State.OUT_OF_STEP:
                detail = f"trigger {number} was withheld: an answer to an earlier one could still come"
                return [self._fault("unanswered", detail, at)]
            case _State.IDLE:
                raise AssertionError(f"{self._config.id}: trigger {number} was not begun")
            case _ as never:
                assert_never(never)

    def _be_in_step(self) -> None:
        self._state = _State.IDLE
        self._wake_at = None
        if self._wanted is not None:
            self._begin()

    def _fall_out_of_step(self, at: Instant, *, owes: bool = False) -> None:
        self._state = _State.OUT_OF_STEP
        self._wake_at = Instant(at + QUIET_NS)
        self._owes = owes

    def _count_unanswered(self, at: Instant) -> list[Reading]:
        self._unanswered += 1
        limit = f"{self._config.answer_timeout_ms} ms"
        detail = f"no answer to trigger {self._asked} within {limit} of its end; nothing is read until it is in step"
        said: list[Reading] = [self._fault("unanswered", detail, at)]
        if self._unanswered >= SILENT_AFTER and not self._silent:
            self._silent = True
            detail = (
                f"{SILENT_AFTER} triggers without an answer, triggering on; check that the reader is on "
                f"and set to send data after each reading, and {self._config.no_read[0]} where it read nothing"
            )
            said.append(self._fault("silent", detail, at))
        return said

    # Answers ----------------------------------------------------------------------------------------

    def answer(self, answer: Answer, raw: bytes, at: Instant) -> list[Reading]:
        """`raw`: of the whole message."""
        match answer:
            case Noted():
                return []
            case Refused():
                return self._refused(answer, at)
            case NothingRead():
                return self._answered([NoRead(self._config.id, at, self._asked)], raw, at)
            case Codes(codes):
                own, aim = self._config.id, self._config.aim
                read = [code_reading(own, code, at, aim=aim, trigger=self._asked) for code in codes]
                return self._answered([*read], raw, at)
            case Unusable(detail):
                return self._answered([self._fault("refused", detail, at, answer.raw)], raw, at)
            case Damaged(code, detail):
                return self._damaged(code, detail, at, answer.raw)
            case _ as never:
                assert_never(never)

    def _answered(self, readings: list[Reading], raw: bytes, at: Instant) -> list[Reading]:
        """A whole answer: it is that of `_asked`, or of nobody."""
        up = self._say_answering(at)
        match self._state:
            case _State.READING:
                self._state = _State.ANSWERED
                return up + readings
            case _State.ANSWERED:
                # One of the two is perhaps of an earlier trigger. Told as well, it puts both in doubt.
                self._doubtful = True
                return up + readings
            case _State.DUE:
                self._be_in_step()
                return up + readings
            case _State.OUT_OF_STEP:
                late = self._late(raw, at)
                if self._owes:
                    self._be_in_step()
                return up + late
            case _State.NEW | _State.IDLE:
                late = self._late(raw, at)
                if self._state is _State.IDLE:
                    self._fall_out_of_step(at)
                return up + late
            case _ as never:
                assert_never(never)

    def _damaged(self, code: FaultCode, detail: str, at: Instant, raw: bytes) -> list[Reading]:
        """Perhaps the answer that is due, perhaps noise before it: the trigger has no other, and nothing is sure."""
        if self._state is _State.READING:
            self._state = _State.ANSWERED
        elif self._state in (_State.DUE, _State.IDLE, _State.OUT_OF_STEP):
            self._fall_out_of_step(at)
        self._doubtful = True
        return [self._fault(code, detail, at, raw)]

    def _refused(self, refusal: Refused, at: Instant) -> list[Reading]:
        if refusal.order == "off" and self._state is not _State.DUE:
            return []  # nothing was left to end: it had read, which some manuals say is answered so
        if refusal.order in ("on", "last") and self._state is _State.READING:
            # It is on from before, or it can't read now. Ended and begun anew once it is quiet.
            self._orders.append("off")
            self._fall_out_of_step(at)
        return [self._fault("refused", refusal.detail, at, refusal.raw)]

    def _late(self, raw: bytes, at: Instant) -> list[Reading]:
        if self._owes and self._state is _State.OUT_OF_STEP:
            detail = f"an answer that may be of trigger {self._asked}, which has ended: it counts for nothing"
        else:
            detail = "an answer while none was due: it counts for nothing; check that nothing else triggers the reader"
        return [self._fault("late_answer", detail, at, raw)]

    def _say_answering(self, at: Instant) -> list[Reading]:
        self._unanswered = 0
        if not self._silent:
            return []
        self._silent = False
        return [DeviceUp(self._config.id, at, identity=None)]

    def _fault(self, code: FaultCode, detail: str, at: Instant, raw: bytes = b"") -> DeviceFault:
        return DeviceFault(self._config.id, at, code, detail, raw[:RAW_BYTES])
