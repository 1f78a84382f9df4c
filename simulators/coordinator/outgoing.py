"""What the coordinator says, and what of it the broker has: its window, and the decisions owed (clearance contract §6).

Which decisions are owed stands in the store, so that nothing depends on this process's memory; what is under way, and
what the broker has confirmed but the store does not know yet, stands here. If that is lost with the process they go
out once more, which the contract allows: a decision is told apart by its `dec`.
"""

from typing import Final

from edge.rim import clock
from edge.rim.broker_link import REFUSED, BrokerLink
from edge.rim.outbox_window import PUBACK_TIMEOUT
from hub_config.names import SECOND, Instant
from simulators.coordinator.gauges import Gauges
from simulators.coordinator.letters import Data, Letters
from simulators.coordinator.stamps import parse_utc
from simulators.coordinator.store import Store

IN_FLIGHT_MAX: Final = 100
CONFIRMED_MAX: Final = 100
"""Decisions that the broker has and the store does not know of yet."""
NOTED_WITHIN: Final = 1 * SECOND
"""Without a batch whose transaction takes them along, they get one of their own."""
ALERT_EXPIRY_S: Final = 3_600


class Outgoing:
    """The coordinator's thread's."""

    def __init__(self, link: BrokerLink, store: Store, letters: Letters, gauges: Gauges) -> None:
        self._link = link
        self._store = store
        self._letters = letters
        self._gauges = gauges
        self._in_flight_max = IN_FLIGHT_MAX
        self._in_flight: dict[int, tuple[int | None, Instant]] = {}
        """mid → number of the decision (None: not kept), and when it went out; the oldest first."""
        self._confirmed: list[int] = []
        self._noted_at = Instant(0)
        self._more_owed = True
        self._refused = False
        """The broker did not take one; it goes out again after the next batch."""

    @property
    def has_room(self) -> bool:
        return len(self._in_flight) < self._in_flight_max

    def stalled(self, at: Instant) -> bool:
        """The broker confirms nothing, though it may answer pings: the connection is to be replaced, as a gateway does.
        With all places taken nothing would go out on this one any more."""
        oldest = next(iter(self._in_flight.values()), None)
        return oldest is not None and at - oldest[1] >= PUBACK_TIMEOUT

    # What the broker says

    def opened(self, in_flight_max: int) -> None:
        self._in_flight_max = min(in_flight_max, IN_FLIGHT_MAX)
        self._more_owed = True

    def closed(self) -> None:
        self._in_flight.clear()

    def delivered(self, mid: int, code: int) -> None:
        number, _ = self._in_flight.pop(mid, (None, None))
        if number is not None and code < REFUSED:
            self._confirmed.append(number)
        elif number is not None:
            self._refused = True

    # Decisions

    def owe(self) -> None:
        """The store owes more than it did."""
        self._more_owed = True

    def keep_confirmed(self) -> None:
        """Inside a transaction; `kept` once that is on disk."""
        self._store.sent(self._confirmed)

    def kept(self, at: Instant) -> None:
        self._confirmed.clear()
        self._noted_at = at
        self._more_owed |= self._refused
        self._refused = False

    def note_confirmed(self, at: Instant, *, ending: bool = False) -> None:
        """Where no batch has come to do it for long."""
        due = at - self._noted_at >= NOTED_WITHIN or len(self._confirmed) >= CONFIRMED_MAX
        if self._confirmed and (due or ending):
            with self._store.transaction():
                self.keep_confirmed()
            self._confirmed.clear()
            self._noted_at = at

    def publish_owed(self) -> None:
        """The newest before older ones."""
        free = self._in_flight_max - len(self._in_flight)
        if not self._more_owed or free <= 0 or not self._link.is_open:
            return
        in_flight = (number for number, _ in self._in_flight.values())
        under_way = {number for number in (*in_flight, *self._confirmed) if number is not None}
        owed = self._store.owed(free, under_way)
        self._more_owed = len(owed) == free
        now_us = clock.wall_time().utc_us if owed else 0
        for number, data, body in owed:
            topic, payload = self._letters.decision_topic(data["gw"]), self._letters.decision(data, body)
            # The broker need not keep it past its validity; the gateway checks that by itself.
            left_s = (parse_utc(data["valid_until"]) - now_us) // 1_000_000
            if not self.send(topic, payload, event=True, expiry_s=max(1, left_s), number=number):
                self._more_owed = True
                return
            self._gauges.answered(data["for"], clock.now())

    # Everything

    def alert(self, kind: str, about: Data) -> None:
        """A hint to people; what it is about stands in the store."""
        self.send(self._letters.alert_topic(kind), self._letters.alert(about), expiry_s=ALERT_EXPIRY_S)

    def send(
        self,
        topic: str,
        payload: bytes,
        retain: bool = False,
        event: bool = False,
        expiry_s: int | None = None,
        number: int | None = None,
    ) -> bool:
        mid = self._link.publish(topic, payload, retain=retain, event=event, expiry_s=expiry_s)
        if mid is not None:
            self._in_flight[mid] = number, clock.now()
        return mid is not None
