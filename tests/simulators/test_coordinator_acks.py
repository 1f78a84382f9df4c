"""When an ack is due: soon after the first event it covers, and at once after many."""

from typing import Final

from hub_config.names import Instant
from simulators.coordinator.acks_due import ACK_AT_ONCE, ACK_EVERY, AcksDue

LOG: Final = ("gw-01", 1)
AT: Final = Instant(1_000)
LATER: Final = Instant(AT + ACK_EVERY)


def test_a_few_events_wait_for_one_ack() -> None:
    acks = AcksDue()
    acks.heard(LOG, AT)
    acks.heard(LOG, Instant(AT + 5))

    assert acks.due(Instant(LATER - 1)) == []
    assert acks.due(LATER) == [LOG]
    assert list(acks.wake_at()) == [LATER]


def test_many_events_have_theirs_at_once() -> None:
    acks = AcksDue()
    for _ in range(ACK_AT_ONCE - 1):
        acks.heard(LOG, AT)
    assert acks.due(AT) == []

    acks.heard(LOG, AT)
    acks.heard(("gw-02", 1), AT)

    assert acks.due(AT) == [LOG]


def test_after_an_ack_counting_begins_anew() -> None:
    acks = AcksDue()
    for _ in range(ACK_AT_ONCE):
        acks.heard(LOG, AT)
    acks.told(LOG)
    acks.heard(LOG, AT)

    assert acks.due(AT) == []
    assert acks.due(LATER) == [LOG]


def test_what_is_owed_sooner_counts() -> None:
    acks = AcksDue()
    acks.heard(LOG, AT)
    acks.owe(LOG, AT)
    acks.owe(LOG, LATER)
    assert acks.due(AT) == [LOG]

    acks.clear()

    assert acks.due(LATER) == []
