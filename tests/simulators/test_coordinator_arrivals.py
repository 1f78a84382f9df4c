"""Whose turn it is at the coordinator: a live parcel's events before a backlog's, and never a backlog kept back."""

import json
from typing import Final

from edge.rim.mqtt_client import Arrived
from hub_config.names import Instant
from simulators.coordinator.arrivals import (
    BATCH_MAX,
    BATCH_MAX_BESIDE,
    BESIDE_BYTES,
    BESIDE_FOR,
    HELD_BYTES_MAX,
    LIVE_US,
    Arrivals,
    live_since,
)
from simulators.coordinator.stamps import utc_text

NOW_US: Final = 1_795_000_000_000_000
SINCE: Final = live_since(NOW_US)
AT: Final = Instant(1_000)


def event(mid: int, age_us: int) -> Arrived:
    told = {
        "data": {"seq": mid},
        "sequence": f"{mid:016}",
        "time": utc_text(NOW_US - age_us),
        "type": "org.ehub.x.v1",
    }
    return Arrived("t", json.dumps(told, separators=(",", ":")).encode(), mid, AT)


def mids(batch: list[Arrived]) -> list[int]:
    return [arrived.mid for arrived in batch]


def waiting(old: int, live: int = 0) -> Arrivals:
    arrivals = Arrivals()
    for mid in range(old):
        arrivals.put(event(mid, age_us=3_600_000_000), SINCE)
    for mid in range(old, old + live):
        arrivals.put(event(mid, age_us=20_000), SINCE)
    return arrivals


def test_a_live_event_goes_before_the_backlog_that_came_before_it() -> None:
    arrivals = waiting(300, live=2)

    assert mids(arrivals.next_batch(AT)) == [300, 301]
    assert mids(arrivals.next_batch(AT)) == list(range(BATCH_MAX_BESIDE))
    assert len(arrivals) == 250


def test_live_traffic_without_end_keeps_no_backlog_back() -> None:
    arrivals, taken = waiting(100), 0
    for turn in range(20):
        for mid in range(BATCH_MAX):
            arrivals.put(event(1_000 + turn * BATCH_MAX + mid, age_us=0), SINCE)
        taken += sum(mid < 100 for mid in mids(arrivals.next_batch(AT)))

    assert taken == 100


def test_a_backlog_by_itself_goes_in_larger_batches() -> None:
    arrivals = waiting(300)
    assert len(arrivals.next_batch(AT)) == BATCH_MAX

    arrivals.put(event(900, age_us=0), SINCE)

    assert mids(arrivals.next_batch(AT)) == [900]
    assert len(arrivals.next_batch(AT)) == BATCH_MAX_BESIDE
    assert len(arrivals.next_batch(Instant(AT + BESIDE_FOR))) == BATCH_MAX


def test_live_events_alone_come_in_their_order_and_in_full_batches() -> None:
    arrivals = waiting(0, live=250)

    assert [mid for _ in range(3) for mid in mids(arrivals.next_batch(AT))] == list(range(250))
    assert arrivals.next_batch(AT) == []


def test_what_is_no_event_as_the_contract_writes_it_waits_with_the_backlog() -> None:
    arrivals = Arrivals()
    for mid, payload in enumerate((b"", b"{}", b'{"time":"1999', b'"time":"' + b"9" * 200)):
        arrivals.put(Arrived("t", payload, mid, AT), SINCE)
    arrivals.put(event(9, age_us=LIVE_US), SINCE)

    assert mids(arrivals.next_batch(AT)) == [9]
    assert mids(arrivals.next_batch(AT)) == [0, 1, 2, 3]


def test_what_came_over_a_lost_connection_is_forgotten() -> None:
    arrivals = waiting(3, live=3)
    arrivals.clear()

    assert len(arrivals) == 0
    assert arrivals.next_batch(AT) == []


def test_what_waits_is_bounded_in_bytes_whatever_its_size() -> None:
    for size in (0, 65_536):
        arrivals = Arrivals()
        piece = Arrived("t", b"x" * size, 1, AT)
        count = 0
        while arrivals.has_room:
            arrivals.put(piece, SINCE)
            count += 1
        assert count * (size + BESIDE_BYTES) < HELD_BYTES_MAX + size + BESIDE_BYTES

        arrivals.next_batch(AT)
        assert arrivals.has_room
        while arrivals.next_batch(AT):
            pass
        arrivals.put(piece, SINCE)
        arrivals.clear()
        assert arrivals._bytes == 0
