"""Live before backlog: what the outbox window sends after an outage (clearance contract §6, §11)."""

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from window_moves import behind, confirm, opened, sec, send, turn

from edge.rim.outbox_window import (
    AGAIN_EVERY,
    AHEAD_MAX,
    IN_FLIGHT_MAX,
    OUTSTANDING_MAX,
    UNANSWERED_MAX,
    OutboxWindow,
)
from hub_config.names import Instant


def test_what_fits_the_window_at_once_is_no_backlog() -> None:
    window = behind(5)

    assert window.catchup is None
    assert turn(window, sec(0), last=6) == [1, 2, 3, 4, 5]
    assert turn(window, sec(0), last=6) == [6]


def test_a_live_event_goes_before_the_backlog_which_fills_the_rest() -> None:
    window = behind(20)
    assert window.catchup == (1, 20)
    assert turn(window, sec(0), last=20) == [1, 2, 3, 4, 5]

    assert turn(window, sec(0), last=22) == [21, 22, 6, 7, 8]
    assert turn(window, sec(0), last=23) == [23, 9, 10, 11, 12]


def test_catching_up_ends_when_the_backlog_is_acknowledged_not_when_it_is_sent() -> None:
    window = behind(7)
    turn(window, sec(0), last=8)
    turn(window, sec(0), last=8)
    assert window.catchup == (1, 7)
    assert turn(window, sec(0), last=9) == [9]

    window.covered(6, sec(0))
    assert window.catchup == (7, 7)
    window.covered(7, sec(0))

    assert window.catchup is None
    assert turn(window, sec(0), last=11) == [10, 11]


def test_live_events_that_went_ahead_are_not_sent_again_when_the_backlog_is_through() -> None:
    window = behind(7)
    turn(window, sec(0), last=9)
    turn(window, sec(0), last=9)

    window.covered(7, sec(0))

    assert turn(window, sec(1), last=9) == []
    assert turn(window, sec(10), last=9) == [8, 9]
    assert window.redelivered == 2


def test_with_no_ack_live_events_stop_at_their_bound_and_an_ack_moves_them_on() -> None:
    last = 10_000
    window = behind(last, in_flight_max=IN_FLIGHT_MAX)
    ahead = []
    while batch := turn(window, sec(0), last + 5_000):
        ahead += [seq for seq in batch if seq > last]
    assert len(ahead) == UNANSWERED_MAX

    window.covered(1, sec(0))

    assert turn(window, sec(0), last + 5_000)[0] == last + UNANSWERED_MAX + 1


def test_the_oldest_event_ahead_of_a_long_backlog_is_forgotten_and_sent_after_it() -> None:
    last, through = 200_000, 0
    window = behind(last, in_flight_max=IN_FLIGHT_MAX)
    end = last
    while end < last + AHEAD_MAX + 3:
        end = min(end + 1_000, last + AHEAD_MAX + 3)
        window.extended(end)
        while window.candidate(sec(0)) == window._live:
            seq = window._live
            window.sent(seq, sec(0))
            window.delivered(seq, sec(0))
        through += 1
        window.covered(through, sec(0))
    assert len(window._ahead) == AHEAD_MAX

    window.covered(last, sec(0))

    assert turn(window, sec(1), end) == [last + 1, last + 2, last + 3]


def fill(window: OutboxWindow, at: Instant, last: int) -> None:
    """Sends until nothing more may be outstanding."""
    while turn(window, at, last):
        pass


def test_a_coordinator_that_stood_still_though_connected_is_caught_up_with() -> None:
    window = opened()
    fill(window, sec(0), last=3_000)
    assert window.candidate(sec(4)) is None
    window.covered(10, sec(0))
    assert window.catchup is None
    fill(window, sec(4), last=3_000)
    assert window.candidate(sec(9)) is None

    window.covered(20, sec(0))

    assert window.catchup == (21, 3_000)
    assert turn(window, sec(9), last=3_001) == [3_001]  # as much as may be is under way already
    window.covered(1_990, sec(9))
    assert turn(window, sec(9), last=3_001)[0] == OUTSTANDING_MAX + 11


def test_after_a_coordinator_stood_still_amid_a_backlog_the_backlog_goes_on() -> None:
    """Seen with ten minutes of backlog and acks that took longer than STANDSTILL: thousands of live events that had
    gone ahead became backlog, and were sent again and again; what was behind them never was."""
    window = behind(5_000, in_flight_max=IN_FLIGHT_MAX)
    end = 5_000
    for second in range(20):  # fifty live events a second, each after the other, and no ack
        end += 50
        turn(window, sec(second), end)
    sent = window._next - 1

    window.covered(10, sec(20))
    went = [seq for second in range(20, 60) for seq in turn(window, sec(second), end)]

    assert window.catchup == (11, 5_000)
    assert [seq for seq in went if seq <= 5_000][:10] == list(range(sent + 1, sent + 11))
    assert max(Counter(went).values()) <= 3  # within 40 s, by the rule of §6: after 10 s, and 20 s later


def test_a_slow_coordinator_that_moves_on_gets_everything_in_order() -> None:
    window = opened()
    through, at = 0, 0
    while through < 10_000:
        assert window.catchup is None
        batch = turn(window, sec(at), last=10_000)
        assert batch == sorted(batch)
        through += 100
        window.covered(through, sec(0))
        at += 4 if through == 5_000 else 0


def test_while_catching_up_a_live_event_is_sent_again_by_the_same_rule_as_the_backlog() -> None:
    """Contract §6: 10 s after its PUBACK, doubling to 60 s."""
    window = behind(20)
    assert turn(window, sec(0), last=21) == [21, 1, 2, 3, 4]
    assert 21 not in turn(window, sec(9.9), last=21)
    again: list[float] = []
    at = 10.0
    while len(again) < 5:
        again += [at] * turn(window, sec(at), last=21).count(21)
        at += 1

    assert [after - before for before, after in zip([0.0, *again], again, strict=False)] == [
        10,
        20,
        40,
        60,
        60,
    ]
    window.covered(21, sec(at))
    assert turn(window, sec(at + 100), last=21) == []


def test_live_events_sent_again_take_their_share_and_never_starve_the_backlog() -> None:
    window = behind(5_000, in_flight_max=IN_FLIGHT_MAX)
    turn(window, sec(0), last=5_090)
    assert window.catchup == (1, 5_000)
    for second in range(1, 10):  # the coordinator works on the backlog
        window.covered(max(0, second * 10 - 5), sec(second))
    batch = turn(window, sec(10), last=5_090)

    live = [place for place, seq in enumerate(batch) if seq > 5_000]
    assert len(batch) == IN_FLIGHT_MAX
    assert len(live) == IN_FLIGHT_MAX // AGAIN_EVERY
    assert all(after - before == AGAIN_EVERY for before, after in pairwise(live))
    rest = [seq for seq in batch if seq <= 5_000]
    assert rest == sorted(rest)


def test_with_nothing_else_to_send_all_that_is_due_goes_at_once() -> None:
    window = behind(6)
    turn(window, sec(0), last=12)
    turn(window, sec(0), last=12)
    turn(window, sec(0), last=12)

    assert sorted(
        turn(window, sec(10), last=12) + turn(window, sec(10), last=12) + turn(window, sec(10), last=12)
    ) == [*range(1, 13)]


def test_a_live_event_due_is_looked_at_in_time_with_nothing_coming_in() -> None:
    window = behind(6)
    for _ in range(3):
        turn(window, sec(0), last=7)
    window.covered(5, sec(0))

    assert window.catchup == (6, 6)
    assert window.wake_at(sec(1)) == sec(10)


def test_a_lost_connection_makes_all_that_is_unacknowledged_the_backlog() -> None:
    window = behind(20)
    turn(window, sec(0), last=23)
    window.covered(2, sec(0))
    window.closed()

    window.opened(5)

    assert window.catchup == (3, 23)
    assert turn(window, sec(1), last=24) == [24, 3, 4, 5, 6]


@given(st.integers(6, 60), st.lists(st.integers(0, 4), max_size=40), st.integers(1, 9))
def test_while_catching_up_a_waiting_live_event_always_goes_next(
    backlog: int, arrivals: list[int], in_flight_max: int
) -> None:
    window = behind(backlog, in_flight_max)
    if window.catchup is None:
        return
    end, through = backlog, 0
    got: set[int] = set()
    sent_backlog: list[int] = []
    for number in arrivals:
        end += number
        window.extended(end)
        waiting = [seq for seq in range(backlog + 1, end + 1) if seq not in got]
        batch = send(window, sec(0), end)
        if window.catchup is not None:
            assert batch[: len(waiting)] == waiting[: len(batch)]
            sent_backlog += [seq for seq in batch if seq <= backlog]
        confirm(window, sec(0), batch)
        got.update(batch)
        through = next(n for n in range(end + 1) if n + 1 not in got)
        window.covered(through, sec(0))

    assert sent_backlog == sorted(sent_backlog)
    assert window.catchup == (None if through >= backlog else (through + 1, backlog))
    assert window.redelivered == 0
