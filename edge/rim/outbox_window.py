"""Which journalled event goes to the broker next: the window of the clearance contract §6.

Pure: no thread, no clock, no disk. It knows sequence numbers only; the rows stay in the journal, so a backlog of
a day costs no memory here. At most `IN_FLIGHT_MAX` events are without PUBACK, at most `OUTSTANDING_MAX` are sent
and not yet covered by the coordinator's `ack`; past either bound nothing new leaves until one of them falls.

PUBACK frees a place and settles nothing: the broker is transport, not memory. An event that no `ack` covers within
`RESEND_AFTER` of its PUBACK is sent again, doubling to `RESEND_AFTER_MAX`. A refusal (MQTT 5 reason code 0x80 and
above) pauses the whole window, doubling to `REFUSAL_PAUSE_MAX`, and the event is sent again after it: it is never
dropped. A new connection, a new start of the coordinator and a `nak` set the window back, and it sends in order.

What was left behind by an outage and does not fit the window at once is a backlog, and the window catches up (§11):
an event younger than the backlog is live and always goes next, the backlog, oldest first, fills the rest. The
coordinator can't cover a live event before the whole backlog, so these are counted apart: `AHEAD_MAX` are remembered,
and `UNANSWERED_MAX` may leave between two acks that move on. They are sent again by the same rule as all others, but
take one place in `AGAIN_EVERY` at most, so that they never starve the backlog that their ack waits for.
"""

import heapq
from dataclasses import dataclass
from typing import Final

from edge.rim.drain_pace import DrainPace
from hub_config.names import SECOND, Instant

IN_FLIGHT_MAX: Final = 100
OUTSTANDING_MAX: Final = 2_000
"""About 0.6 s of full drain (3,300/s) ahead of the coordinator's last ack; more would only fill the broker. While a
backlog is sent it is as much as `DrainPace` says."""
LEAST_ROOM: Final = 100
"""That is this at least: 160 events/s, a day's backlog within the hour, need no more where an ack takes 0.6 s. As many
as a coordinator has at hand (Receive Maximum, contract §6); what is more stands in the broker before a live event."""
AHEAD_MAX: Final = 10_000
"""Live events sent ahead of a backlog and remembered; past it the oldest is sent again after the backlog instead."""
UNANSWERED_MAX: Final = 2_000
"""Live events sent ahead with no ack moving on meanwhile: nobody works on the backlog; they wait in the journal."""
AGAIN_EVERY: Final = 4
"""While catching up, of so many publications one may be a live event sent again, if anything else waits."""
STANDSTILL: Final = 5 * SECOND
"""All that may be outstanding is, and no ack moves on for this long: the coordinator is away, though connected."""
RESEND_AFTER: Final = 10 * SECOND
RESEND_AFTER_MAX: Final = 60 * SECOND
REFUSAL_PAUSE: Final = 1 * SECOND
REFUSAL_PAUSE_MAX: Final = 60 * SECOND
PUBACK_TIMEOUT: Final = 30 * SECOND
"""A broker that answers pings but confirms nothing for this long is treated as lost."""
REFUSED: Final = 0x80
"""The first MQTT 5 reason code that is a failure (MQTT 5.0 §2.4)."""


@dataclass(slots=True)
class _Waiting:
    """Sent and confirmed by the broker, not yet covered by an `ack`."""

    due: Instant
    delay: int


class OutboxWindow:
    """One gateway's window over one epoch of its journal. `acknowledged` is the journal's cursor at start."""

    def __init__(self, acknowledged: int) -> None:
        self.acknowledged = acknowledged
        self.redelivered = 0
        """Sent again. Live events ahead of a backlog that a new connection sends again are not counted."""
        self.refusals = 0
        self.pubacks = 0
        self._open = False
        self._in_flight_max = IN_FLIGHT_MAX
        self._pace = DrainPace(LEAST_ROOM, OUTSTANDING_MAX)
        self._next = acknowledged + 1
        self._end = acknowledged
        """The journal's last event, as far as told."""
        self._backlog_end = 0
        """Last event of the backlog; catching up lasts until it is acknowledged."""
        self._live = 0
        """The next live event, while catching up."""
        self._ahead: dict[int, int] = {}
        """Live events that left before the backlog, in order."""
        self._unanswered = 0
        self._full_since: Instant | None = None
        self._stood_still = False
        self._highest_sent = 0
        self._in_flight: dict[int, Instant] = {}
        self._waiting: dict[int, _Waiting] = {}
        self._due: list[tuple[Instant, int]] = []
        self._due_ahead: list[tuple[Instant, int]] = []
        """Of live events that left before the backlog."""
        self._others = AGAIN_EVERY
        """Publications since the last of those that was sent again."""
        self._delays: dict[int, int] = {}
        self._doubtful: set[int] = set()
        """In flight when the coordinator started anew: their PUBACK may be for a publication it never got."""
        self._pause = REFUSAL_PAUSE
        self._paused_until = Instant(0)

    # The link

    def opened(self, in_flight_max: int = IN_FLIGHT_MAX) -> None:
        """A new connection: everything unacknowledged goes again. The broker may allow fewer in flight."""
        self._in_flight.clear()
        self._doubtful.clear()
        self._open = True
        self._pace = DrainPace(LEAST_ROOM, OUTSTANDING_MAX)
        self._in_flight_max = max(1, min(in_flight_max, IN_FLIGHT_MAX))
        self._pause, self._paused_until = REFUSAL_PAUSE, Instant(0)
        self._send_again_from(self.acknowledged + 1)

    def closed(self) -> None:
        self._open = False
        self._in_flight.clear()

    def extended(self, last_seq: int) -> None:
        """The journal holds events up to here."""
        self._end = max(self._end, last_seq)

    @property
    def end(self) -> int:
        """The journal's last event, as far as told."""
        return self._end

    @property
    def catchup(self) -> tuple[int, int] | None:
        """First and last event of the backlog that is still to be acknowledged; None if there is none."""
        return (self.acknowledged + 1, self._backlog_end) if self._catching_up else None

    # What goes next

    def candidate(self, at: Instant) -> int | None:
        """The sequence number to send now, or None: nothing is due, a bound is reached, or the link is down.

        It may be one past the journal's end; then nothing is sent and the same number is asked for again.
        """
        if not self._open or at < self._paused_until or len(self._in_flight) >= self._in_flight_max:
            return None
        if self._catching_up and self._live <= self._end and self._unanswered < UNANSWERED_MAX:
            return self._live
        overdue, ahead = self._overdue(self._due, at), self._overdue(self._due_ahead, at)
        if ahead is not None and (self._others >= AGAIN_EVERY - 1 or not self._catching_up):
            return ahead
        if overdue is not None:
            return overdue
        fresh = self._fresh(at)
        return ahead if fresh is None else fresh

    def _fresh(self, at: Instant) -> int | None:
        """The next that was never sent, or is to be sent again in order; None if a bound forbids it."""
        while self._next in self._in_flight or self._next in self._waiting:
            self._next += 1
        if self._catching_up and self._next > self._backlog_end:
            return None
        room = self._pace.room if self._catching_up else OUTSTANDING_MAX
        if len(self._in_flight) + len(self._waiting) - len(self._ahead) < room:
            return self._next
        self._full_since = at if self._full_since is None else self._full_since
        self._stood_still |= at - self._full_since >= STANDSTILL
        return None

    def sent(self, seq: int, at: Instant) -> None:
        waited = self._waiting.pop(seq, None)
        if waited is not None:
            self._delays[seq] = min(waited.delay * 2, RESEND_AFTER_MAX)
        self._others = 0 if waited is not None and seq in self._ahead else self._others + 1
        if self._catching_up and seq > self._backlog_end:
            self.redelivered += seq < self._live
        else:
            self.redelivered += seq <= self._highest_sent
            self._highest_sent = max(self._highest_sent, seq)
        self._in_flight[seq] = at
        self._passed(seq)

    def absent(self, seq: int, at: Instant) -> None:
        """The journal has later rows but not this one: a damaged journal. Looked for again, blocks nothing."""
        self._wait(seq, Instant(at + RESEND_AFTER_MAX), RESEND_AFTER_MAX)
        self._passed(seq)

    # What comes back

    def delivered(self, seq: int, at: Instant, code: int = 0) -> bool:
        """PUBACK with its reason code. False: the broker refused the event, or it was no longer in flight."""
        if self._in_flight.pop(seq, None) is None:
            return False
        if code >= REFUSED:
            self._refused(seq, at)
            return False
        self.pubacks += 1
        self._pause = REFUSAL_PAUSE
        delay = self._delays.pop(seq, RESEND_AFTER)
        if seq in self._doubtful:
            self._doubtful.discard(seq)
            self._wait(seq, at, delay // 2)
        elif seq > self.acknowledged:
            self._wait(seq, Instant(at + delay), delay)
        return True

    def covered(self, through_seq: int, at: Instant) -> None:
        """The coordinator's `ack`: everything up to here is settled. An older ack changes nothing."""
        if through_seq <= self.acknowledged:
            return
        was_catching_up = self._catching_up
        if was_catching_up:
            last = self._waiting.get(through_seq)
            took = None if last is None else at - (last.due - last.delay)
            self._pace.settled(through_seq - self.acknowledged, took, at)
        for seq in [seq for seq in self._waiting if seq <= through_seq]:
            del self._waiting[seq]
        for settled in (self._delays, self._ahead):
            for seq in [seq for seq in settled if seq <= through_seq]:
                del settled[seq]
        self._doubtful = {seq for seq in self._doubtful if seq > through_seq}
        self.acknowledged = through_seq
        self._unanswered = 0
        if self._stood_still and not was_catching_up and self._end - through_seq >= self._in_flight_max:
            # Not while catching up: what is live has gone ahead, and is not to be taken for backlog and sent again.
            self._catch_up()
        self._full_since, self._stood_still = None, False
        if was_catching_up and not self._catching_up:
            # What was forgotten at the bound is sent again; the rest is in flight, waits, or was never sent.
            self._highest_sent = max(self._highest_sent, self._live - 1)
            self._next = through_seq + 1
        self._next = max(self._next, through_seq + 1)

    def coordinator_restarted(self) -> None:
        """It announced a new session: what was published before may be lost with its old one."""
        self._doubtful.update(self._in_flight)
        self._send_again_from(self.acknowledged + 1)

    def asked_again(self, from_seq: int) -> None:
        """`nak`: send again from here. It may ask behind its own `ack`, after it lost its store."""
        self.acknowledged = min(self.acknowledged, from_seq - 1)
        self._send_again_from(from_seq)

    # When to look again

    @property
    def in_flight(self) -> int:
        return len(self._in_flight)

    def wake_at(self, at: Instant) -> Instant | None:
        """The next instant at which `candidate` or `stalled` may answer otherwise with nothing coming in."""
        if not self._open:
            return None
        oldest = next(iter(self._in_flight.values()), None)
        wanted = [] if oldest is None else [Instant(oldest + PUBACK_TIMEOUT)]
        if at < self._paused_until:
            wanted.append(self._paused_until)
        elif len(self._in_flight) < self._in_flight_max:
            wanted += [due[0][0] for due in (self._due, self._due_ahead) if due]
        return min(wanted, default=None)

    def stalled(self, at: Instant) -> bool:
        """The oldest event in flight got no PUBACK in time: the connection is to be replaced."""
        oldest = next(iter(self._in_flight.values()), None)
        return oldest is not None and at - oldest >= PUBACK_TIMEOUT

    def _send_again_from(self, from_seq: int) -> None:
        for seq in [seq for seq in self._waiting if seq >= from_seq]:
            del self._waiting[seq]
        for seq in [seq for seq in self._delays if seq >= from_seq and seq not in self._in_flight]:
            del self._delays[seq]
        self._next = min(self._next, from_seq)
        self._backlog_end = 0
        self._ahead.clear()
        self._full_since, self._stood_still = None, False
        if self._end - from_seq >= self._in_flight_max:
            self._catch_up()

    @property
    def _catching_up(self) -> bool:
        return self._backlog_end > self.acknowledged

    def _catch_up(self) -> None:
        """All that the journal holds now is the backlog; what follows is live."""
        self._backlog_end = self._end
        self._live = self._end + 1
        self._unanswered = 0

    def _passed(self, seq: int) -> None:
        """It has had its turn: what goes next is another."""
        if self._catching_up and seq == self._live:
            self._live += 1
            self._unanswered += 1
            self._ahead[seq] = seq
            if len(self._ahead) > AHEAD_MAX:
                self._forget(next(iter(self._ahead)))
        elif seq == self._next:
            self._next += 1

    def _forget(self, seq: int) -> None:
        del self._ahead[seq]
        self._waiting.pop(seq, None)
        self._delays.pop(seq, None)

    def _refused(self, seq: int, at: Instant) -> None:
        self.refusals += 1
        if at >= self._paused_until:
            self._paused_until = Instant(at + self._pause)
            self._pause = min(self._pause * 2, REFUSAL_PAUSE_MAX)
        if seq > self.acknowledged:
            self._wait(seq, self._paused_until, self._delays.pop(seq, RESEND_AFTER) // 2)

    def _wait(self, seq: int, due: Instant, delay: int) -> None:
        self._waiting[seq] = _Waiting(due, delay)
        heapq.heappush(self._due_ahead if seq in self._ahead else self._due, (due, seq))

    def _overdue(self, waiting: list[tuple[Instant, int]], at: Instant) -> int | None:
        """The event longest past its time. Entries that an ack or a resend made stale fall out here."""
        while waiting:
            due, seq = waiting[0]
            known = self._waiting.get(seq)
            if known is not None and known.due == due:
                return seq if due <= at else None
            heapq.heappop(waiting)
        return None
