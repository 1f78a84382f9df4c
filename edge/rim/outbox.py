"""The journal as the uplink sees it: which row goes out next, what acks and naks make of it, and a disk that refuses.

The rows stay in the journal until they are settled. So where the disk does not give them now, it is asked again every
second and nothing is lost; and nothing is doubled, as what was not read was not sent. It is said once. Where SQLite
says that the file itself is damaged, the line stops (docs/journal.md), and what is whole still goes out.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Final

from edge.rim.journal_rows import JournalBroken, JournalFault, JournalReader, JournalUnread, Stored
from edge.rim.mqtt_client import Arrived
from edge.rim.outbox_rows import OutboxRows
from edge.rim.outbox_window import OutboxWindow
from edge.rim.settlement import Refusal, Settlement
from edge.rim.uplink_ends import AckSink
from edge.wire.messages import Ack, Nak
from hub_config.names import SECOND, Instant

AGAIN_EVERY: Final = 1 * SECOND

_log = logging.getLogger("hub.uplink")


class Outbox:
    """Of one epoch; owned by the uplink's thread. `reader`, `epoch` and the rest are there once `open` has said so."""

    reader: JournalReader

    def __init__(self, open_reader: Callable[[], JournalReader], acks: AckSink) -> None:
        """`open_reader` raises JournalFault."""
        self._open_reader = open_reader
        self._acks = acks
        self.window = OutboxWindow(0)
        self.again_at = Instant(0)
        """Before that the journal is not asked."""
        self.trouble: str | None = None
        """Why nothing is read, in a sentence; any thread may ask."""

    def open(self, at: Instant) -> bool:
        """False if the journal can't be read now; call it again. Nothing may be sent or compared before."""
        try:
            self.reader = self._open_reader()
        except JournalFault as fault:
            self._not_read(fault, at)
            return False
        try:
            window = OutboxWindow(self.reader.acknowledged().seq)
            window.extended(self.reader.last_seq())
        except JournalFault as fault:
            self.reader.close()
            self._not_read(fault, at)
            return False
        self.window = window
        self._rows = OutboxRows(self.reader)
        self._settlement = Settlement(self.epoch, self._rows, window, self._acks)
        self._read()
        return True

    @property
    def epoch(self) -> int:
        return self.reader.meta.epoch

    @property
    def halted(self) -> bool:
        """This journal's epoch is over."""
        return self._settlement.halted

    def committed(self, rows: Sequence[Stored]) -> None:
        self._rows.hand_over(rows)
        self.window.extended(rows[-1].seq)

    def connection_ended(self) -> None:
        """An ack that waits to be compared is retained and comes again; a nak is said again."""
        self.window.closed()
        self._rows.forget()
        self._settlement.forget()

    def hear(self, told: Ack | Nak, message: Arrived) -> list[Refusal]:
        """What is to be treated as absent, of this message or earlier ones."""
        self._settlement.hear(told, message)
        return self.compare(message.at)

    def compare(self, at: Instant) -> list[Refusal]:
        """The same, where messages still wait for the disk."""
        refused: list[Refusal] = []
        if at >= self.again_at:
            try:
                for refusal in self._settlement.compare():
                    refused.append(refusal)  # one by one: what came before a fault counts
            except JournalFault as fault:
                self._not_read(fault, at)
        return refused

    def next(self, at: Instant) -> Stored | None:
        """What goes out now; None if nothing is due, or an ack that is not yet compared, or the disk, is in its way."""
        if at < self.again_at or self.halted or self._settlement.waits:
            return None
        while (seq := self.window.candidate(at)) is not None:
            try:
                row = self._rows.take(seq)
            except JournalUnread as fault:
                self._not_read(fault, at)
                return None
            except JournalFault as hole:
                if isinstance(hole, JournalBroken):
                    self._acks.damaged(str(hole))
                _log.error("seq %d can't be sent: %s", seq, hole)
                self.window.absent(seq, at)
                continue
            if row is None:
                break
            return row
        self._read()
        return None

    def close(self) -> None:
        self.reader.close()

    def _not_read(self, fault: JournalFault, at: Instant) -> None:
        self.again_at = Instant(at + AGAIN_EVERY)
        if not isinstance(fault, JournalUnread):
            self._acks.damaged(str(fault))
        if self.trouble is None:
            self.trouble = f"events wait in the journal: {fault}"
            _log.error("%s; it is read again every second", self.trouble)

    def _read(self) -> None:
        """All that was wanted of the journal was read."""
        if self.trouble is not None:
            self.trouble = None
            _log.info("the journal is read again")
