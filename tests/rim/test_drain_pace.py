"""A backlog beside live events under simulated instants: the coordinator is kept at work, a live event waits little."""

from dataclasses import dataclass, field

import pytest
from window_moves import behind

from edge.rim.drain_pace import QUEUE, DrainPace
from edge.rim.outbox_window import IN_FLIGHT_MAX, LEAST_ROOM, OUTSTANDING_MAX
from hub_config.names import MILLISECOND, SECOND, Instant

STEP = 5 * MILLISECOND
ACK_EVERY = 100 * MILLISECOND
SETTLED = 4 * SECOND
TAKES = 10 * SECOND


@dataclass
class Coordinator:
    """Takes events in the order of their sending at a steady rate, each `road` ns on the way; acks every 100 ms."""

    per_second: int
    road: int
    under_way: list[tuple[int, int]] = field(default_factory=list)
    """Seq and arrival."""
    credit: int = 0
    idle: int = 0

    def work(self, now: int) -> list[int]:
        self.credit += self.per_second * STEP
        most = self.credit // SECOND
        taken = [seq for seq, arrival in self.under_way[:most] if arrival <= now]
        self.idle += len(taken) < most
        self.credit -= most * SECOND
        del self.under_way[: len(taken)]
        return taken


@pytest.mark.parametrize(
    ("per_second", "road_ms"), [(300, 2), (1_000, 2), (1_000, 60), (3_300, 10), (3_300, 60)]
)
def test_the_coordinator_is_kept_at_work_and_a_live_event_waits_a_tenth_of_a_second_or_the_least_room(
    per_second: int, road_ms: int
) -> None:
    backlog = 30 * per_second
    window = behind(backlog, in_flight_max=IN_FLIGHT_MAX)
    coordinator = Coordinator(per_second, road_ms * MILLISECOND)
    waits, sent_at, end, through = [], {}, backlog, 0
    acks: list[tuple[int, int]] = []
    for now in range(0, TAKES, STEP):
        if now % (200 * MILLISECOND) == 0:
            end += 1
            window.extended(end)
        while (seq := window.candidate(Instant(now))) is not None and seq <= end:
            window.sent(seq, Instant(now))
            window.delivered(seq, Instant(now))
            coordinator.under_way.append((seq, now + coordinator.road))
            sent_at[seq] = now
        if now == SETTLED:
            coordinator.idle = 0
        for seq in coordinator.work(now):
            if seq > backlog and now > SETTLED:
                waits.append(now - sent_at[seq])
            through = max(through, seq if seq <= backlog else 0)
        if now % ACK_EVERY == 0:
            acks.append((now + coordinator.road, through))
        while acks and acks[0][0] <= now:
            window.covered(acks.pop(0)[1], Instant(now))

    assert coordinator.idle <= (TAKES - SETTLED) // STEP // 20  # a twentieth of the time at most
    least = LEAST_ROOM * SECOND // per_second
    assert max(waits) <= max(QUEUE + ACK_EVERY, least) + 3 * coordinator.road + ACK_EVERY


def test_the_room_stays_within_its_bounds_whatever_acks_say() -> None:
    pace = DrainPace(200, 2_000)
    assert pace.room == 200

    for number in range(20):
        pace.settled(100_000, 400 * MILLISECOND, Instant(number * SECOND))
    assert pace.room == 2_000
    for number in range(20, 40):
        pace.settled(1, 400 * MILLISECOND, Instant(number * SECOND))
    assert pace.room == 200


def test_without_a_time_nothing_is_concluded() -> None:
    pace = DrainPace(200, OUTSTANDING_MAX)

    for number in range(20):
        pace.settled(100_000, None, Instant(number * SECOND))

    assert pace.room == 200
