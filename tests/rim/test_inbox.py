"""The inbox at its bound: weights give way and are counted, everything else waits."""

import threading
from dataclasses import replace

from decision_samples import decision

from drivers.reading import NoRead, WeightRead
from edge.core.inputs import Committed, DecisionArrived, JournalTrouble, JournalWell
from edge.core.standing import LONG_BYTES
from edge.rim.inbox import INPUTS_MAX, LONG_MAX, Inbox
from hub_config.names import DeviceId, Instant

SCALE, SCANNER = DeviceId("scale-1"), DeviceId("scan-1")


def weight(at: int) -> WeightRead:
    return WeightRead(SCALE, Instant(at), 0, "0", "g", True)


def test_inputs_come_out_in_order() -> None:
    inbox = Inbox()
    inbox.put(weight(1))
    inbox.put(NoRead(SCANNER, Instant(2)))

    assert [inbox.get(0), inbox.get(0), inbox.get(0)] == [weight(1), NoRead(SCANNER, Instant(2)), None]


def test_at_the_bound_a_weight_is_dropped_and_counted() -> None:
    inbox = Inbox(inputs_max=2)
    for at in range(5):
        inbox.put(weight(at))

    assert inbox.weights_dropped == 3
    assert inbox.get(0) == weight(0)


def test_at_the_bound_a_scan_waits_for_room_and_is_not_lost() -> None:
    inbox = Inbox(inputs_max=1)
    inbox.put(weight(1))
    scan = NoRead(SCANNER, Instant(2))
    feeder = threading.Thread(target=inbox.put, args=(scan,))
    feeder.start()

    assert inbox.get(5) == weight(1)
    feeder.join(timeout=5)
    assert inbox.get(5) == scan


def test_long_decisions_wait_until_one_of_them_is_taken() -> None:
    """10,000 decisions of 32 KiB are never here at once."""
    inbox = Inbox()
    long = DecisionArrived(Instant(1), replace(decision("hold", 1), wire="x" * LONG_BYTES))
    short = DecisionArrived(Instant(2), decision("hold", 2))
    for _ in range(LONG_MAX):
        inbox.put(long)
    for _ in range(INPUTS_MAX - LONG_MAX):
        inbox.put(short)
    feeder = threading.Thread(target=inbox.put, args=(long,))
    feeder.start()

    taken = [inbox.get(5) for _ in range(INPUTS_MAX + 1)]
    feeder.join(timeout=5)

    assert taken.count(long) == LONG_MAX + 1
    assert taken.index(long, LONG_MAX) >= INPUTS_MAX - LONG_MAX


def test_a_long_decision_waits_for_long_ones_alone() -> None:
    """Devices that keep a hundred inputs waiting kept every message of the coordinator from the core."""
    inbox = Inbox()
    for at in range(INPUTS_MAX - 1):
        inbox.put(NoRead(SCANNER, Instant(at)))
    long = DecisionArrived(Instant(1), replace(decision("hold", 1), wire="x" * LONG_BYTES))
    feeder = threading.Thread(target=inbox.put, args=(long,), daemon=True)
    feeder.start()
    feeder.join(timeout=5)

    assert not feeder.is_alive()


def test_what_the_journal_says_never_waits() -> None:
    """Else a core that waits for the journal would wait for ever."""
    inbox = Inbox(inputs_max=1)
    told = [Committed(Instant(1), 1, ("x",)), JournalTrouble(Instant(2), "full"), JournalWell(Instant(3))]
    inbox.put(NoRead(SCANNER, Instant(0)))
    for one in told:
        inbox.put(one)

    assert [inbox.get(0) for _ in range(4)] == [NoRead(SCANNER, Instant(0)), *told]


def test_nobody_waits_at_an_inbox_that_is_closed() -> None:
    inbox = Inbox(inputs_max=1)
    inbox.put(NoRead(SCANNER, Instant(1)))
    waits = threading.Thread(target=inbox.put, args=(NoRead(SCANNER, Instant(2)),), daemon=True)
    waits.start()
    inbox.close()
    waits.join(timeout=5)
    inbox.put(NoRead(SCANNER, Instant(3)))

    assert not waits.is_alive()
    assert [inbox.get(0), inbox.get(0)] == [NoRead(SCANNER, Instant(1)), None]


def test_a_nudge_ends_the_wait_and_is_no_input() -> None:
    inbox = Inbox()
    inbox.nudge()
    inbox.put(weight(1))

    assert [inbox.get(60), inbox.get(0)] == [None, weight(1)]
