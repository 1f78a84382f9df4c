"""The link's two promises: a request is answered or given up, and events come in order with every gap accounted for."""

from collections.abc import Iterable

import pytest
from board_rig import ms

from firmware_bridge.link import (
    ASKED_MAX,
    BEHIND_MAX,
    GAP_TRIES_MAX,
    GAP_WAIT_NS,
    HELD_MAX,
    PROBED,
    RESEND_MAX_NS,
    RESEND_NS,
    TRIES_MAX,
    Answer,
    EventOrder,
    GivenUp,
    Lost,
    Requests,
)
from firmware_bridge.messages import (
    Edge,
    Event,
    GetEvents,
    GetEventsReply,
    OutAt,
    OutAtReply,
    Refused,
    Sync,
    SyncReply,
    decode,
)
from hub_config.names import MILLISECOND, Instant


def edge(evseq: int) -> Edge:
    return Edge(evseq % 65_536, 0, 0, 1)


def numbers(events: Iterable[Event]) -> list[int]:
    return [event.evseq for event in events]


# --- requests -------------------------------------------------------------------------------------


def waits(requests: Requests, at: Instant) -> list[float]:
    """Between the tries of the outstanding request, in milliseconds; then it is given up."""
    found = []
    while (due := requests.due) is not None:
        found.append((due - at) / MILLISECOND)
        at = due
        requests.wake(at)
    return found


def test_a_request_without_a_reply_is_sent_again_with_the_same_bytes_and_then_given_up() -> None:
    requests = Requests()
    wire = requests.ask(Sync(0), ms(0))

    sent = [requests.wake(requests.due or ms(0)) for _ in range(1, TRIES_MAX)]

    assert sent == [wire] * (TRIES_MAX - 1)
    outcome = requests.wake(requests.due or ms(0))
    assert isinstance(outcome, GivenUp)
    assert outcome.asked.request == Sync(1)
    assert requests.outstanding is None
    assert requests.due is None


def test_nothing_is_sent_before_it_is_due() -> None:
    requests = Requests()
    requests.ask(Sync(0), ms(0))

    assert requests.due == RESEND_NS
    assert requests.wake(ms(99.9)) == b""


def test_a_reply_is_matched_by_type_and_number_and_a_second_one_is_late() -> None:
    requests = Requests()
    requests.ask(OutAt(0, 1, 0, 5, 0), ms(0))

    assert requests.reply(SyncReply(1, 0, 0, 0), ms(1)) == "late"
    assert requests.reply(OutAtReply(2, 0), ms(1)) == "late"
    answer = requests.reply(OutAtReply(1, 0), ms(2))
    assert isinstance(answer, Answer)
    assert answer.reply == OutAtReply(1, 0)
    assert requests.reply(OutAtReply(1, 0), ms(3)) == "doubled"


def test_a_refusal_answers_the_request_that_it_names() -> None:
    requests = Requests()
    requests.ask(GetEvents(0, 5, 1), ms(0))

    assert requests.reply(Refused(0xC1, 1), ms(1)) == "late"
    answer = requests.reply(Refused(0xC5, 1), ms(1))

    assert isinstance(answer, Answer)
    assert answer.reply is None


def test_the_numbers_go_round() -> None:
    requests = Requests()
    seen = []
    for turn in range(300):
        body = requests.ask(Sync(0), ms(turn))
        asked = requests.forget()
        assert asked is not None
        assert body == asked.wire
        seen.append(asked.request.seq)

    assert seen[:3] == [1, 2, 3]
    assert seen[254:258] == [255, 0, 1, 2]


@pytest.mark.parametrize(
    ("round_trip_ms", "expected"),
    [
        (None, [100, 200, 200, 200, 200]),
        (2, [20, 40, 80, 160, 200]),
        (60, [240] * 5),
        (900, [RESEND_MAX_NS / MILLISECOND] * 5),
    ],
)
def test_a_line_is_given_four_round_trips_and_then_twice_as_long_within_bounds(
    round_trip_ms: int | None, expected: list[float]
) -> None:
    requests = Requests()
    if round_trip_ms is not None:
        requests.ask(Sync(0), ms(0))
        requests.reply(SyncReply(1, 0, 0, 0), ms(round_trip_ms))
    requests.ask(Sync(0), ms(1_000))

    assert waits(requests, ms(1_000)) == expected


def test_a_reply_after_a_second_try_measures_no_round_trip() -> None:
    requests = Requests()
    requests.ask(Sync(0), ms(0))
    requests.wake(ms(100))
    requests.reply(SyncReply(1, 0, 0, 0), ms(190))
    requests.ask(Sync(0), ms(200))

    assert requests.due == ms(300)


# --- events ---------------------------------------------------------------------------------------


def greeted(first: int = 10) -> EventOrder:
    """Has taken event `first`; the board remembers 64."""
    order = EventOrder()
    order.resume(64, ms(0))
    assert numbers(order.take(edge(first), ms(0))) == [first % 65_536]
    return order


def test_a_gap_is_asked_for_from_the_first_missing_event_and_later_ones_wait() -> None:
    order = greeted()

    assert order.take(edge(13), ms(1)) == []
    assert order.gap
    assert order.ask(ms(1)) == GetEvents(0, 11, 2)
    order.asked(GetEvents(1, 11, 2), ms(1))
    assert order.ask(ms(2)) is None
    assert order.answered(GetEvents(1, 11, 2), GetEventsReply(1, 0, 2), ms(3)) is None
    assert numbers(order.take(edge(11), ms(4))) == [11]
    assert numbers(order.take(edge(12), ms(4))) == [12, 13]
    assert not order.gap


def test_what_the_board_no_longer_has_is_lost_with_its_exact_number() -> None:
    order = greeted()
    order.take(edge(17), ms(1))
    asked = order.ask(ms(1))
    assert asked == GetEvents(0, 11, 6)

    assert order.answered(asked, GetEventsReply(1, 0, 2), ms(2)) == Lost(4)
    assert order.take_held() == []
    assert numbers(order.take(edge(15), ms(3))) == [15]
    assert numbers(order.take(edge(16), ms(3))) == [16, 17]


def test_all_of_a_gap_lost_frees_what_waited() -> None:
    order = greeted()
    order.take(edge(13), ms(1))

    assert order.answered(GetEvents(1, 11, 2), GetEventsReply(1, 0, 0), ms(2)) == Lost(2)
    assert numbers(order.take_held()) == [13]


def test_a_board_that_knows_no_get_events_has_lost_the_gap() -> None:
    order = greeted()
    order.take(edge(13), ms(1))

    assert order.answered(GetEvents(1, 11, 2), None, ms(2)) == Lost(2)


def test_what_lies_further_back_than_the_boards_memory_is_lost_without_asking() -> None:
    order = greeted()
    order.take(edge(11 + 1_000), ms(1))

    assert order.ask(ms(1)) == Lost(1_000 + 1 - 64)
    assert order.ask(ms(1)) == GetEvents(0, 948, 63)


def test_one_request_asks_for_a_bounded_number() -> None:
    order = EventOrder()
    order.take(edge(10), ms(0))
    order.take(edge(300), ms(1))

    assert order.ask(ms(1)) == GetEvents(0, 11, ASKED_MAX)


def test_a_stored_event_that_never_arrives_is_asked_for_a_bounded_number_of_times() -> None:
    order = greeted()
    order.take(edge(12), ms(0))
    at = ms(1)
    for _ in range(GAP_TRIES_MAX):
        assert order.ask(at) == GetEvents(0, 11, 1)
        order.asked(GetEvents(1, 11, 1), at)
        order.answered(GetEvents(1, 11, 1), GetEventsReply(1, 0, 1), at)
        assert order.due == at + GAP_WAIT_NS
        at = ms(at // 1_000_000 + 101)

    assert order.ask(at) == Lost(1)
    assert numbers(order.take_held()) == [12]
    assert order.due is None


def test_a_stored_event_spoilt_again_is_asked_for_as_soon_as_a_newer_one_comes() -> None:
    order = greeted()
    order.take(edge(14), ms(1))
    order.asked(GetEvents(1, 11, 3), ms(1))
    order.answered(GetEvents(1, 11, 3), GetEventsReply(1, 0, 3), ms(2))
    order.take(edge(11), ms(3))
    order.take(edge(13), ms(3))
    assert order.ask(ms(4)) is None

    order.take(edge(15), ms(5))
    assert order.ask(ms(5)) == GetEvents(0, 12, 1)


def test_the_next_gap_is_asked_for_as_soon_as_the_one_before_is_filled() -> None:
    order = greeted()
    order.take(edge(12), ms(1))
    order.asked(GetEvents(1, 11, 1), ms(1))
    order.take(edge(15), ms(2))
    order.answered(GetEvents(1, 11, 1), GetEventsReply(1, 0, 1), ms(3))
    assert numbers(order.take(edge(11), ms(4))) == [11, 12]

    assert order.ask(ms(4)) == GetEvents(0, 13, 2)


def test_no_more_events_wait_than_the_bound_and_the_rest_is_asked_for_again() -> None:
    order = greeted()
    for evseq in range(12, 12 + HELD_MAX + 5):
        order.take(edge(evseq), ms(1))

    assert order.dropped == 5
    assert len(order.take(edge(11), ms(2))) == 1 + HELD_MAX
    order.take(edge(12 + HELD_MAX + 5), ms(3))
    assert order.ask(ms(3)) == GetEvents(0, 12 + HELD_MAX, 5)


def test_an_event_told_twice_is_told_on_once() -> None:
    order = greeted()

    assert order.take(edge(10), ms(1)) == []
    order.take(edge(12), ms(1))
    assert order.take(edge(12), ms(1)) == []
    assert numbers(order.take(edge(11), ms(1))) == [11, 12]


def test_a_gap_across_the_end_of_the_numbers_is_one_of_two() -> None:
    order = greeted(65_534)
    order.take(edge(1), ms(1))

    assert order.ask(ms(1)) == GetEvents(0, 65_535, 2)
    order.take(edge(65_535), ms(1))
    assert numbers(order.take(edge(0), ms(1))) == [0, 1]


def test_after_a_greeting_the_board_is_asked_at_once_for_what_it_told_meanwhile() -> None:
    order = greeted()
    order.resume(64, ms(50))

    asked = order.ask(ms(50))
    assert asked == GetEvents(0, 11, PROBED)
    order.asked(asked, ms(50))
    assert order.answered(asked, GetEventsReply(1, 0, 0), ms(51)) is None
    assert not order.gap
    assert order.ask(ms(500)) is None


def test_many_old_numbers_in_a_row_are_a_restart_unseen() -> None:
    order = greeted(500)
    for evseq in range(1, BEHIND_MAX):
        order.take(edge(evseq), ms(1))
    assert not order.restarted_unseen
    order.take(edge(BEHIND_MAX), ms(1))

    assert order.restarted_unseen
    order.restart()
    assert not order.restarted_unseen
    assert numbers(order.take(edge(9), ms(2))) == [9]


def test_numbered_requests_survive_the_wire() -> None:
    requests = Requests()
    requests.ask(GetEvents(0, 65_535, 7), ms(0))
    asked = requests.outstanding

    assert asked is not None
    assert decode(bytes.fromhex("85 01 ff ff 07")) == asked.request
