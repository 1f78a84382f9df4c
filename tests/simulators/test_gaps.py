"""What the coordinator asks a gateway for again, and how often."""

from pathlib import Path

from gateway_chain import checked, links
from test_coordinator_store import NOW_US, fresh

from edge.wire.chain import Link
from hub_config.names import SECOND, Instant
from simulators.coordinator.gaps import ASKED_AGAIN, Gaps
from simulators.coordinator.store import Store

WAIT = 5 * SECOND


def take(store: Store, gaps: Gaps, at: int, *some: Link) -> None:
    with store.transaction():
        for link in some:
            store.receive(checked(link), NOW_US)
        gaps.note("gw-01", Instant(at))


def asked(gaps: Gaps, until: int, since: int = 0) -> list[tuple[int, int, int]]:
    """Second, epoch and seq of each question."""
    found = []
    for second in range(since, until):
        found += [(second, gap.epoch, gap.next_seq) for _, gap in gaps.due(Instant(second * SECOND))]
    return found


def test_a_gap_that_stays_is_asked_for_less_and_less_often(tmp_path: Path) -> None:
    store = fresh(tmp_path)
    gaps = Gaps(store, WAIT)
    take(store, gaps, 0, links(3)[2])

    seconds = [second for second, *_ in asked(gaps, 3_600)]

    assert seconds[:5] == [5, 15, 35, 75, 155]
    longest = ASKED_AGAIN * WAIT // SECOND
    assert seconds[-1] - seconds[-2] == longest
    assert len(seconds) < 3_600 // longest + 8


def test_an_event_of_a_far_epoch_is_forgotten_with_the_next_of_the_gateways_own(tmp_path: Path) -> None:
    store = fresh(tmp_path)
    gaps = Gaps(store, WAIT)
    own, far = links(4, epoch=2), links(5, epoch=2**32 - 1)
    take(store, gaps, 0, own[0], far[4])
    assert asked(gaps, 7) == [(5, 2**32 - 1, 1)]

    take(store, gaps, 7 * SECOND, own[1])
    assert asked(gaps, 30, 7) == []
    take(store, gaps, 30 * SECOND, own[3])

    assert asked(gaps, 40, 30) == [(35, 2, 3)]


def test_what_is_filled_is_not_asked_for(tmp_path: Path) -> None:
    store = fresh(tmp_path)
    gaps = Gaps(store, WAIT)
    chain = links(3)
    take(store, gaps, 0, chain[0], chain[2])
    take(store, gaps, 1 * SECOND, chain[1])

    assert asked(gaps, 60) == []
