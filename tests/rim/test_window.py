"""The outbox window under simulated instants: what goes out, in which order, and when it goes again."""

from hypothesis import given
from hypothesis import strategies as st
from window_moves import confirm, opened, sec, send

from edge.rim.outbox_window import (
    IN_FLIGHT_MAX,
    OUTSTANDING_MAX,
    PUBACK_TIMEOUT,
    REFUSAL_PAUSE_MAX,
    OutboxWindow,
)
from hub_config.names import SECOND, Instant


def test_nothing_leaves_before_the_link_is_open() -> None:
    window = OutboxWindow(0)

    assert window.candidate(sec(0)) is None
    assert window.wake_at(sec(0)) is None


def test_events_leave_in_order_after_the_acknowledged_cursor() -> None:
    assert send(opened(acknowledged=41), sec(0), last=45) == [42, 43, 44, 45]


def test_a_window_is_full_at_one_hundred_and_a_puback_frees_one_place() -> None:
    window = opened()

    assert send(window, sec(0), last=500) == list(range(1, IN_FLIGHT_MAX + 1))
    assert window.delivered(7, sec(0))
    assert send(window, sec(0), last=500) == [IN_FLIGHT_MAX + 1]


def test_a_broker_that_allows_fewer_in_flight_gets_fewer() -> None:
    assert send(opened(in_flight_max=20), sec(0), last=500) == list(range(1, 21))


def test_an_ack_settles_and_nothing_is_sent_again() -> None:
    window = opened()
    confirm(window, sec(0), send(window, sec(0), last=3))

    window.covered(3, sec(0))

    assert send(window, sec(1_000), last=3) == []
    assert window.redelivered == 0


def test_an_event_without_ack_goes_again_ten_seconds_after_its_puback_doubling_to_sixty() -> None:
    window = opened()
    confirm(window, sec(0), send(window, sec(0), last=1))
    now, gaps = 0, []
    for _ in range(5):
        wake = window.wake_at(sec(now))
        assert wake is not None
        assert window.candidate(Instant(wake - 1)) != 1
        assert send(window, wake, last=1) == [1]
        gaps.append(wake // SECOND - now)
        now = wake // SECOND
        confirm(window, wake, [1])

    assert gaps == [10, 20, 40, 60, 60]
    assert window.redelivered == 5


def test_only_what_the_ack_left_open_goes_again() -> None:
    window = opened()
    confirm(window, sec(0), send(window, sec(0), last=5))
    window.covered(3, sec(0))

    assert send(window, sec(10), last=5) == [4, 5]


def test_an_older_ack_changes_nothing() -> None:
    window = opened()
    confirm(window, sec(0), send(window, sec(0), last=5))
    window.covered(5, sec(0))
    window.covered(2, sec(0))

    assert window.acknowledged == 5
    assert send(window, sec(100), last=5) == []


def test_after_a_reconnect_everything_unacknowledged_goes_again_in_order() -> None:
    window = opened()
    confirm(window, sec(0), send(window, sec(0), last=6)[:4])
    window.covered(2, sec(0))
    window.closed()
    assert send(window, sec(1), last=8) == []

    window.opened()

    assert send(window, sec(2), last=8) == [3, 4, 5, 6, 7, 8]
    assert window.redelivered == 4


def test_a_puback_of_the_old_connection_confirms_nothing() -> None:
    window = opened()
    send(window, sec(0), last=1)
    window.closed()

    assert not window.delivered(1, sec(0))
    assert window.pubacks == 0


def test_a_coordinator_that_starts_anew_gets_all_unacknowledged_again() -> None:
    """What is in flight is not sent twice at once, but again as soon as it is confirmed."""
    window = opened()
    confirm(window, sec(0), send(window, sec(0), last=6)[:4])
    window.covered(1, sec(0))

    window.coordinator_restarted()

    assert send(window, sec(1), last=7) == [2, 3, 4, 7]
    confirm(window, sec(1), [5, 6])
    assert send(window, sec(1), last=7) == [5, 6]
    confirm(window, sec(1), [2, 3, 4, 5, 6, 7])
    assert send(window, sec(10), last=7) == []
    assert send(window, sec(11), last=7) == [2, 3, 4, 5, 6, 7]


def test_what_an_ack_covers_meanwhile_is_not_sent_again_after_a_new_start() -> None:
    window = opened()
    send(window, sec(0), last=3)
    window.coordinator_restarted()
    window.covered(3, sec(0))
    confirm(window, sec(0), [1, 2, 3])

    assert send(window, sec(100), last=3) == []


def test_a_nak_sends_again_from_there() -> None:
    window = opened()
    confirm(window, sec(0), send(window, sec(0), last=6))
    window.covered(2, sec(0))

    window.asked_again(5)

    assert send(window, sec(0), last=6) == [5, 6]


def test_a_nak_behind_the_ack_goes_back_into_the_retained_journal() -> None:
    """A coordinator that lost its store asks for what it acknowledged before."""
    window = opened(acknowledged=90)
    confirm(window, sec(0), send(window, sec(0), last=91))

    window.asked_again(88)

    assert send(window, sec(0), last=91) == [88, 89, 90, 91]
    confirm(window, sec(0), [88, 89, 90, 91])
    window.covered(91, sec(0))
    assert send(window, sec(100), last=91) == []


def test_a_nak_past_the_end_sends_nothing() -> None:
    window = opened()
    confirm(window, sec(0), send(window, sec(0), last=3))

    window.asked_again(1_000)

    assert send(window, sec(0), last=3) == []


def test_a_refused_event_is_not_dropped_and_the_whole_window_pauses() -> None:
    window = opened()
    send(window, sec(0), last=2)

    assert not window.delivered(1, sec(0), code=0x97)

    assert send(window, sec(0.5), last=5) == []
    assert send(window, sec(1), last=5) == [1, 3, 4, 5]
    assert window.refusals == 1


def test_refusals_in_one_pause_count_as_one_and_the_pause_doubles_to_its_bound() -> None:
    window = opened()
    now, pauses = Instant(0), []
    for _ in range(8):
        batch = send(window, now, last=3)
        assert sorted(batch) == [1, 2, 3]
        for seq in batch:
            window.delivered(seq, now, code=0x87)
        wake = window.wake_at(now)
        assert wake is not None
        pauses.append((wake - now) // SECOND)
        now = wake

    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    assert pauses[-1] * SECOND == REFUSAL_PAUSE_MAX
    assert window.refusals == 24


def test_a_success_ends_the_doubling_of_the_pause() -> None:
    window = opened()
    for _ in range(3):
        at = window.wake_at(sec(0)) or sec(0)
        send(window, at, last=1)
        window.delivered(1, at, code=0x97)
    after = sec(50)
    confirm(window, after, send(window, after, last=1))
    send(window, after, last=2)

    window.delivered(2, after, code=0x97)

    assert window.wake_at(after) == sec(51)


def test_no_matching_subscribers_is_a_success_that_only_an_ack_settles() -> None:
    window = opened()
    send(window, sec(0), last=1)

    assert window.delivered(1, sec(0), code=0x10)
    assert send(window, sec(9), last=1) == []
    assert send(window, sec(10), last=1) == [1]


def test_without_any_ack_the_window_stops_at_its_bound_and_an_ack_moves_it_on() -> None:
    window = opened()
    total = 0
    while batch := send(window, sec(0), last=10_000):
        confirm(window, sec(0), batch)
        total += len(batch)
    assert total == OUTSTANDING_MAX

    window.covered(150, sec(0))

    assert send(window, sec(0), last=10_000) == list(range(OUTSTANDING_MAX + 1, OUTSTANDING_MAX + 101))


def test_a_broker_that_never_confirms_is_called_stalled() -> None:
    window = opened()
    send(window, sec(0), last=1)

    assert window.wake_at(sec(0)) == PUBACK_TIMEOUT
    assert not window.stalled(sec(29))
    assert window.stalled(sec(30))
    window.delivered(1, sec(30))
    assert not window.stalled(sec(60))


def test_a_full_window_does_not_ask_to_be_woken_for_what_it_cannot_send() -> None:
    window = opened(in_flight_max=1)
    confirm(window, sec(0), send(window, sec(0), last=1))
    send(window, sec(5), last=2)

    assert window.wake_at(sec(11)) == sec(5) + PUBACK_TIMEOUT


def test_a_row_the_journal_has_lost_blocks_nothing_and_is_looked_for_again() -> None:
    window = opened()
    assert window.candidate(sec(0)) == 1

    window.absent(1, sec(0))

    assert send(window, sec(0), last=3) == [2, 3]
    assert window.candidate(sec(60)) == 1


@given(st.data())
def test_whatever_is_dropped_everything_reaches_the_coordinator(data: st.DataObject) -> None:
    """A broker that loses, refuses and disconnects, a coordinator that acknowledges a gapless prefix."""
    last = data.draw(st.integers(1, 40))
    window = opened(in_flight_max=7)
    got: set[int] = set()
    ever_caught_up = False
    first_sent: list[int] = []
    now = Instant(0)
    known = 0
    for step in range(600):
        wild = step < 40
        known = data.draw(st.integers(known, last)) if wild else last
        window.extended(known)
        for seq in send(window, now, last if known == last else known):
            assert window.in_flight <= 7
            if seq not in first_sent:
                first_sent.append(seq)
            fate = data.draw(st.sampled_from(["through", "lost", "refused", "silent"])) if wild else "through"
            if fate == "through":
                got.add(seq)
            if fate != "silent":
                window.delivered(seq, now, code=0x97 if fate == "refused" else 0)
        ever_caught_up |= window.catchup is not None
        through = next(n for n in range(last + 1) if n + 1 not in got)
        window.covered(through, sec(0))
        if through == last:
            break
        event = data.draw(st.sampled_from(["none", "cut", "restart", "nak"])) if wild else "none"
        if event == "cut" or window.stalled(now):
            window.closed()
            window.opened(in_flight_max=7)
        elif event == "restart":
            window.coordinator_restarted()
        elif event == "nak":
            window.asked_again(through + 1)
        now = max(now, window.wake_at(now) or now)

    assert got == set(range(1, last + 1))
    assert ever_caught_up or first_sent == sorted(first_sent)
    assert window.catchup is None
