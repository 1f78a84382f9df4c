"""What has arrived and waits for its turn: what happens now goes before what happened a while ago.

A parcel that waits for its answer must not stand behind a backlog. Which event is of now, its CloudEvents time tells,
where the contract's canonical order puts it: a hint for the order only, examined like everything else later. So that
live traffic can't keep a backlog back for ever, every second batch has places for both.
"""

from collections import deque
from typing import Final

from edge.rim.mqtt_client import Arrived
from hub_config.names import SECOND, Instant
from simulators.coordinator.stamps import utc_text

BATCH_MAX: Final = 100
"""Events per transaction; what arrived meanwhile forms the next batch. Twice as many were hardly cheaper each."""
BATCH_MAX_BESIDE: Final = 50
"""While there is live traffic: a live parcel waits for the batch under way, 20 ms less with half of it."""
LIVE_US: Final = 5_000_000
"""An event is live for so long; a gateway that has waited 5 s for an answer goes on by itself (contract §11)."""
BESIDE_FOR: Final = 2 * SECOND
"""After a live event more are expected for so long."""
HELD_BYTES_MAX: Final = 64 * 1024 * 1024
"""What waits here at most, with one reading of the network; more stays in the broker."""
BESIDE_BYTES: Final = 512
"""Of the objects beside a payload."""
_TIME: Final = b'"time":"'
_TIME_CHARS: Final = 27
_TAIL_BYTES: Final = 160
"""`time` and `type` are the last two attributes of an event."""


class Arrivals:
    """Not confirmed yet. As many as the gateways send ahead of their acks: 2,000 events each, and what is live."""

    def __init__(self) -> None:
        self._live: deque[Arrived] = deque()
        self._backlog: deque[Arrived] = deque()
        self._bytes = 0
        self._live_until = Instant(0)
        self._only_live = False
        """So was the last batch."""

    def __len__(self) -> int:
        return len(self._live) + len(self._backlog)

    @property
    def has_room(self) -> bool:
        return self._bytes < HELD_BYTES_MAX

    def clear(self) -> None:
        self._bytes = 0
        self._live.clear()
        self._backlog.clear()

    def put(self, arrived: Arrived, since: bytes) -> None:
        """`since`: see `live_since`."""
        self._bytes += len(arrived.payload) + BESIDE_BYTES
        if _time_of(arrived.payload) >= since:
            self._live.append(arrived)
            self._live_until = Instant(arrived.at + BESIDE_FOR)
        else:
            self._backlog.append(arrived)

    def next_batch(self, at: Instant) -> list[Arrived]:
        """Each kind in the order in which it came. Live ones by themselves, unless the last batch was so."""
        self._only_live = bool(self._live) and not self._only_live
        most = BATCH_MAX if at >= self._live_until or not self._backlog else BATCH_MAX_BESIDE
        places = most if self._only_live or not self._backlog else most // 2
        batch = [self._live.popleft() for _ in range(min(places, len(self._live)))]
        if not self._only_live:
            batch += [self._backlog.popleft() for _ in range(min(most - len(batch), len(self._backlog)))]
        self._bytes -= sum(len(one.payload) + BESIDE_BYTES for one in batch)
        return batch


def live_since(now_us: int) -> bytes:
    """The time from which an event is live, as the contract writes it: such texts sort like the times."""
    return utc_text(now_us - LIVE_US).encode()


def _time_of(payload: bytes) -> bytes:
    """As its envelope tells; empty where it is no event as the contract writes it."""
    at = payload.rfind(_TIME, max(0, len(payload) - _TAIL_BYTES))
    return payload[at + len(_TIME) : at + len(_TIME) + _TIME_CHARS] if at >= 0 else b""
