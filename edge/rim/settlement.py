"""What the coordinator's acks and naks say of this journal, compared with it (clearance contract §6).

Only here an event is settled. An ack that the journal contradicts ends its epoch: nothing goes out any more under
numbers that the coordinator knows for other events. What can't be compared now, because the disk does not give the
journal, is compared later; until then it is not known what it says, and nothing may go out.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, assert_never

from edge.rim.mqtt_client import Arrived
from edge.rim.outbox_rows import OutboxRows
from edge.rim.outbox_window import OutboxWindow
from edge.rim.uplink_ends import AckSink
from edge.wire.messages import Ack, Nak

UNCOMPARED_MAX: Final = 16
"""Acks and naks that wait for the disk; the oldest goes first: a later ack covers it, and a nak is said again."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A message treated as absent, and why."""

    message: Arrived
    reason: str
    detail: str


class Settlement:
    """Of one epoch; owned by the uplink's thread."""

    def __init__(self, epoch: int, rows: OutboxRows, window: OutboxWindow, acks: AckSink) -> None:
        self._epoch = epoch
        self._rows = rows
        self._window = window
        self._acks = acks
        self._uncompared: deque[tuple[Ack | Nak, Arrived]] = deque(maxlen=UNCOMPARED_MAX)
        self.halted = False
        """This journal's epoch is over."""

    @property
    def waits(self) -> bool:
        """For the disk, to compare something."""
        return bool(self._uncompared)

    def hear(self, told: Ack | Nak, message: Arrived) -> None:
        """`compare` says what comes of it."""
        self._uncompared.append((told, message))

    def forget(self) -> None:
        """The connection has ended: an ack is retained and comes with the next, a nak is said again."""
        self._uncompared.clear()

    def compare(self) -> Iterator[Refusal]:
        """All that was heard, in order. Raises JournalUnread or JournalBroken, and that and what is behind it waits."""
        while self._uncompared:
            told, message = self._uncompared[0]
            match told:
                case Ack():
                    refusal = self._ack(told, message)
                case Nak():
                    refusal = self._nak(told)
                case _:
                    assert_never(told)
            self._uncompared.popleft()
            if refusal is not None:
                yield Refusal(message, *refusal)

    def _nak(self, nak: Nak) -> tuple[str, str] | None:
        """What is pruned is not here any more: the coordinator has countersigned it."""
        if nak.epoch != self._epoch:
            return "wrong_epoch", f"nak for epoch {nak.epoch}; ours is {self._epoch}"
        if nak.from_seq > self._window.end:
            return "nak_ahead", f"this journal does not hold seq {nak.from_seq}"
        self._window.asked_again(max(nak.from_seq, self._rows.reader.pruned().seq + 1))
        return None

    def _ack(self, ack: Ack, message: Arrived) -> tuple[str, str] | None:
        if ack.epoch != self._epoch:
            return "wrong_epoch", f"ack for epoch {ack.epoch}; ours is {self._epoch}"
        held, other = self._rows.id_of(ack.through_seq), f"seq {ack.through_seq} has another id here"
        if ack.through_seq <= self._window.acknowledged:
            if held not in (None, ack.through_id):
                return "wrong_id", other
            if ack.ckpt is not None:  # nothing new of events, perhaps of checkpoints
                self._acks.acknowledge(ack)
            return None
        if held != ack.through_id:
            # The coordinator holds what this journal does not: the writer, who owns the journal, reports the loss.
            self.halted = True
            self._acks.acknowledge(ack)
            return (
                ("wrong_id", other)
                if held
                else ("ack_ahead", f"this journal does not hold seq {ack.through_seq}")
            )
        self._acks.acknowledge(ack)
        self._window.covered(ack.through_seq, message.at)
        return None
