"""Two promises of the link: a request is answered or given up, and no event is missed unseen (`PROTOCOL.md`, Link).

`Requests` has one request outstanding, sends the same bytes again when no reply comes, and takes no reply but that to
the outstanding one. `EventOrder` hands events on in the order of their numbers, asks for what is missing, and says how
many are lost for good. Neither knows what a message is for.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

from firmware_bridge.frames import frame
from firmware_bridge.messages import (
    EVENT_NUMBERS,
    REPLY_OFFSET,
    STATUS_OK,
    Event,
    GetEvents,
    GetEventsReply,
    Refused,
    Reply,
    Request,
    encode,
    number_ahead,
    type_of,
)
from hub_config.names import MILLISECOND, SECOND, Instant

RESEND_NS: Final = 100 * MILLISECOND
"""Without a reply for so long a request is sent again, while no round trip has been measured."""
ROUND_TRIPS: Final = 4
"""And after so many round trips once there is a measure. Each further wait is twice as long, up to 2 × RESEND_NS."""
RESEND_MIN_NS: Final = 20 * MILLISECOND
RESEND_MAX_NS: Final = 1 * SECOND
"""Whatever the measure says."""
TRIES_MAX: Final = 5
"""Times that one request is sent before it is given up."""

HELD_MAX: Final = 256
"""Events that wait behind a gap. More are dropped here, and asked for again once the gap is filled."""
ASKED_MAX: Final = 64
"""Events in one GET_EVENTS: no more than come back within the time of a resend at 250 000 baud."""
PROBED: Final = 255
"""Event numbers asked for after a greeting: as many as one request can name. No board remembers as many."""
GAP_WAIT_NS: Final = 100 * MILLISECOND
"""For stored events to arrive after the reply that announced them."""
GAP_TRIES_MAX: Final = 5
"""GET_EVENTS for the same first missing event before it counts as lost."""
BEHIND_MAX: Final = 8
"""Old event numbers in a row, none of them asked for, before the board is suspected to have restarted unseen."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request on its way: its frame, and when it was first sent."""

    request: Request
    wire: bytes
    at: Instant


@dataclass(frozen=True, slots=True)
class Answer:
    asked: Asked
    reply: Reply | None
    """None: the board does not know this request."""


@dataclass(frozen=True, slots=True)
class GivenUp:
    asked: Asked


class Requests:
    def __init__(self, resend_ns: int = RESEND_NS) -> None:
        self._resend_ns = resend_ns
        self._round_trip_ns = 0
        self._seq = 0
        self._tries = 0
        self._due = Instant(0)
        self._answered: tuple[int, int] | None = None
        """Type and number of the last reply that was taken."""
        self.outstanding: Asked | None = None
        self.proved_at = Instant(0)
        """When the last answered request was asked: what the board had said until then has arrived before its reply."""

    @property
    def due(self) -> Instant | None:
        """When to send again or give up."""
        return self._due if self.outstanding is not None else None

    @property
    def _wait_ns(self) -> int:
        first = self._resend_ns
        if self._round_trip_ns:
            least = min(RESEND_MIN_NS, self._resend_ns)
            first = min(max(ROUND_TRIPS * self._round_trip_ns, least), RESEND_MAX_NS)
        return max(first, min(first << (self._tries - 1), 2 * self._resend_ns))

    def ask(self, request: Request, at: Instant) -> bytes:
        """Gives it the next sequence number; returns the frame. Nothing may be outstanding."""
        assert self.outstanding is None, "one request at a time"
        self._seq = (self._seq + 1) % 256
        numbered = replace(request, seq=self._seq)
        self.outstanding = Asked(numbered, frame(encode(numbered)), at)
        self._tries = 1
        self._due = Instant(at + self._wait_ns)
        return self.outstanding.wire

    def forget(self) -> Asked | None:
        """Whatever was asked counts no more; a reply to it will be late."""
        asked, self.outstanding = self.outstanding, None
        return asked

    def reply(self, reply: Reply | Refused, at: Instant) -> Answer | Literal["doubled", "late"]:
        """`doubled`: the answer to the last request once more, as after a second try. `late`: to nothing that waits."""
        kind = reply.reply_type if isinstance(reply, Refused) else type_of(type(reply))
        asked = self.outstanding
        if asked is None or (kind, reply.seq) != (
            type_of(type(asked.request)) + REPLY_OFFSET,
            asked.request.seq,
        ):
            return "doubled" if (kind, reply.seq) == self._answered else "late"
        if self._tries == 1:  # otherwise it may answer an earlier try
            took = at - asked.at
            self._round_trip_ns = took if not self._round_trip_ns else (7 * self._round_trip_ns + took) // 8
        self._answered = kind, reply.seq
        self.proved_at = asked.at
        self.outstanding = None
        return Answer(asked, None if isinstance(reply, Refused) else reply)

    def wake(self, at: Instant) -> bytes | GivenUp:
        """Once `due` is reached. Returns what to send, perhaps nothing."""
        asked = self.outstanding
        if asked is None or at < self._due:
            return b""
        if self._tries >= TRIES_MAX:
            self.outstanding = None
            return GivenUp(asked)
        self._tries += 1
        self._due = Instant(at + self._wait_ns)
        return asked.wire


@dataclass(frozen=True, slots=True)
class Lost:
    """So many events of the board nobody will ever see."""

    count: int


class EventOrder:
    """The numbers of one boot's events."""

    def __init__(self) -> None:
        self._next: int | None = None
        self._held: dict[int, Event] = {}
        self._ring = 0
        """How many the board remembers; 0: it has not said."""
        self._tries = 0
        self._retry_at = Instant(0)
        self._probe = False
        self._asked_to = 0
        """The number behind the last one that was asked for."""
        self._awaiting = 0
        """Stored events that a reply has announced: they follow it directly, so what comes after so many is newer."""
        self._behind = 0
        self.dropped = 0
        """Events that found no room behind a gap; they are asked for again."""

    @property
    def gap(self) -> bool:
        """Something is missing, or may be."""
        return bool(self._held) or self._probe or self._awaiting > 0

    @property
    def due(self) -> Instant | None:
        """When to ask for what is missing."""
        return self._retry_at if self.gap else None

    @property
    def restarted_unseen(self) -> bool:
        return self._behind >= BEHIND_MAX

    def restart(self) -> None:
        """Another boot, other numbers."""
        self._next = None
        self._held.clear()
        self._tries = self._behind = self._awaiting = 0
        self._probe = False

    def resume(self, ring: int, at: Instant) -> None:
        """The board has been greeted: asks at once for what may have been told meanwhile."""
        self._ring = ring
        self._behind = self._tries = self._awaiting = 0
        self._probe = self._next is not None
        self._retry_at = at

    def suspect(self, at: Instant) -> None:
        """A frame was spoilt: the newest event may be missing, which no later one shows yet."""
        if self._next is not None and not self.gap:
            self._probe = True
            self._retry_at = max(at, Instant(self._retry_at + GAP_WAIT_NS))

    def take(self, event: Event, at: Instant) -> list[Event]:
        """An event as it came in; returns those whose turn it is."""
        if self._next is None:
            self._next = event.evseq
        was_awaiting, self._awaiting = self._awaiting, max(0, self._awaiting - 1)
        if was_awaiting == 1:
            self._retry_at = at  # all have passed: what is still missing of them was spoilt
        ahead = number_ahead(event.evseq, self._next)
        if ahead < 0 or event.evseq in self._held:
            self._behind += 1
            return []
        self._behind = 0
        if ahead == 0:
            self._advance(1)
            return [event, *self._release()]
        if not self._held and not was_awaiting:
            self._retry_at = at
            self._tries = 0
        if len(self._held) < HELD_MAX:
            self._held[event.evseq] = event
        else:
            self.dropped += 1
        return []

    def ask(self, at: Instant) -> GetEvents | Lost | None:
        """What to ask for now. `Lost`: asked for in vain too often; then `take_held`."""
        if self._next is None or self.due is None or at < self._retry_at:
            return None
        self._awaiting = 0
        if self._probe:
            return GetEvents(0, self._next, PROBED)
        if not self._held:
            return None
        missing = self._missing()
        newest = max(number_ahead(evseq, self._next) for evseq in self._held)
        gone = min(missing, newest + 1 - self._ring) if self._ring else 0
        if gone > 0:
            return self._lose(gone)  # the board remembers the newest alone
        if self._tries >= GAP_TRIES_MAX:
            return self._lose(missing)
        return GetEvents(0, self._next, min(missing, ASKED_MAX))

    def asked(self, request: GetEvents, at: Instant) -> None:
        """It has gone out; the next one may go when its events have come, or GAP_WAIT_NS after its reply."""
        self._asked_to = (request.from_evseq + request.count) % EVENT_NUMBERS
        self._tries += 1
        self._retry_at = Instant(at + GAP_WAIT_NS)

    def answered(self, asked: GetEvents, reply: GetEventsReply | None, at: Instant) -> Lost | None:
        """The board holds the newest events without a gap, so what it no longer has are the first ones asked for."""
        self._retry_at = Instant(at + GAP_WAIT_NS)
        found = reply.n if reply is not None and reply.status == STATUS_OK else 0
        self._awaiting = found
        if self._probe:
            self._probe = False  # whether any are gone shows when the next event comes
            return None
        if self._next != asked.from_evseq or not self._held:
            return None  # they came by themselves meanwhile
        gone = min(asked.count - found, self._missing())
        return self._lose(gone) if gone > 0 else None

    def take_held(self) -> list[Event]:
        """After a loss: the events whose turn it is now."""
        return list(self._release())

    def _lose(self, count: int) -> Lost:
        self._advance(count)
        return Lost(count)

    def _missing(self) -> int:
        assert self._next is not None, "nothing is missing before the first event"
        return min(number_ahead(evseq, self._next) for evseq in self._held)

    def _advance(self, count: int) -> None:
        assert self._next is not None, "no event has been numbered yet"
        self._next = (self._next + count) % EVENT_NUMBERS
        self._tries = 0
        if number_ahead(self._next, self._asked_to) >= 0 and not self._awaiting:
            self._retry_at = Instant(0)  # another gap, not asked for yet

    def _release(self) -> Iterator[Event]:
        while (event := self._held.pop(self._next or 0, None)) is not None:
            self._advance(1)
            yield event
