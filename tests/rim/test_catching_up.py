"""Live before backlog: what the outbox window sends after an outage (clearance contract §6, §11)."""

from hypothesis import given
from hypothesis import strategies as st
from window_moves import behind, confirm, opened, sec, send, turn

from edge.rim.outbox_window import AHEAD_MAX, IN_FLIGHT_MAX, OUTSTANDING_MAX, UNANSWERED_MAX, OutboxWindow
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


def test_a_coordinator_that_stands_still_amid_a_backlog_gets_nothing_twice_and_the_backlog_goes_on() -> None:
    """Seen with ten minutes of backlog and acks that took longer than STANDSTILL: thousands of live events that had
    gone ahead were sent again and again, and the backlog never."""
    window = behind(5_000, in_flight_max=IN_FLIGHT_MAX)
    end = 5_000
    for second in range(20):  # fifty live events a second, each after the other, and no ack
        end += 50
        turn(window, sec(second), end)
    sent = window._next - 1

    window.covered(10, sec(20))
    went = [seq for second in range(20, 60) for seq in turn(window, sec(second), end)]

    assert window.catchup == (11, 5_000)
    assert went[:10] == list(range(sent + 1, sent + 11))
    assert not any(seq > 5_000 for seq in went)


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


def test_while_catching_up_a_live_event_is_not_sent_again_but_the_backlog_is() -> None:
    window = behind(20)
    sent = turn(window, sec(0), last=21)
    assert sent == [21, 1, 2, 3, 4]

    assert turn(window, sec(10), last=21) == [1, 2, 3, 4, 5]
    for _ in range(3):
        turn(window, sec(10), last=21)
    assert window.redelivered == 4
    window.covered(20, sec(0))

    assert turn(window, sec(20), last=21) == [21]


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
