"""The coordinator's store: once stored, never twice; what survives kill -9; what counts as tamper."""

import random
import subprocess
import sys
from pathlib import Path
from typing import Any

from gateway_chain import checked, links
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.wire.verifier import Checked, canonical
from simulators.coordinator import report
from simulators.coordinator.stamps import parse_utc
from simulators.coordinator.store import Store
from simulators.coordinator.visits import Visit

NOW_US = 1_795_306_502_000_000
KILLS = 4

FEEDER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from gateway_chain import checked, links
from simulators.coordinator.store import Store
store = Store(Path(sys.argv[1]))
DECISION = {"gw": "gw-01", "visit": "v", "action": "hold", "reasons": [], "valid_until": "2026-11-22T00:15:12.000000Z"}
print("go", flush=True)
for link in links(400):
    event = checked(link)
    with store.transaction():
        if store.receive(event, 1) == "new":
            store.keep(event.id, DECISION | {"dec": event.id})
    print(link.seq, flush=True)
"""


def decision(number: int) -> dict[str, Any]:
    valid_until = "2026-11-22T00:15:12.000000Z"
    told = {"visit": "v", "action": "hold", "reasons": []}
    return told | {"gw": "gw-01", "dec": f"dec-{number}", "valid_until": valid_until, "n": number}


def copy_of(dec: str | None) -> Checked:
    """The gateway's `parcel.decided`; None for one without a decision in it."""
    data = dict(checked(links(1)[0]).data, kind="parcel.decided", seq=1 if dec else 2)
    told = {"data": {"dec": dec}} if dec else "no object"
    data |= {"decision": told}
    return Checked(data, f"ni:///copy-{dec}", None, canonical(data))


def fresh(folder: Path) -> Store:
    return Store(folder / "coordinator.sqlite")


def test_an_event_that_comes_again_is_counted_and_not_stored_again(tmp_path: Path) -> None:
    store = fresh(tmp_path)
    event = checked(links(1)[0])

    with store.transaction():
        receipts = [store.receive(event, NOW_US) for _ in range(3)]

    assert receipts == ["new", "again", "again"]
    found = report.counts(tmp_path / "coordinator.sqlite")
    assert (found["stored"], found["distinct"], found["redelivered"]) == (1, 1, 2)


@given(order=st.permutations(range(8)), repeats=st.lists(st.integers(0, 7), max_size=6))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_in_any_order_with_any_repeats_the_cursor_covers_the_gapless_prefix(
    tmp_path: Path, order: list[int], repeats: list[int]
) -> None:
    store = Store(tmp_path / f"{abs(hash((tuple(order), tuple(repeats))))}.sqlite")
    events = [checked(link) for link in links(8)]
    seen: set[int] = set()
    for place in [*order, *repeats]:
        with store.transaction():
            store.receive(events[place], NOW_US)
        seen.add(place)
        prefix = next(n for n in range(9) if n not in seen)
        cursor = store.cursor("gw-01", 1)
        assert cursor.through_seq == prefix
        assert prefix == 0 or cursor.last_id == events[prefix - 1].id
        assert store.has_gap(cursor) == (len(seen) > prefix)
    store.close()


def test_two_events_in_one_place_quarantine_the_gateway_and_the_first_stays(tmp_path: Path) -> None:
    store = fresh(tmp_path)
    first, second = checked(links(1)[0]), checked(links(1, mass_mg=999_999)[0])
    assert first.id != second.id

    with store.transaction():
        assert store.receive(first, NOW_US) == "new"
        assert store.receive(second, NOW_US) == "tamper"
        assert store.receive(second, NOW_US) == "tamper"

    assert store.quarantined("gw-01")
    assert not store.quarantined("gw-02")
    found = report.counts(tmp_path / "coordinator.sqlite")
    assert (found["stored"], found["quarantined"]) == (1, ["gw-01"])


def test_an_event_that_points_at_another_predecessor_stops_the_cursor(tmp_path: Path) -> None:
    store = fresh(tmp_path)
    mine, other = links(2), links(2, mass_mg=999_999)

    with store.transaction():
        store.receive(checked(mine[0]), NOW_US)
        store.receive(checked(other[1]), NOW_US)

    assert store.cursor("gw-01", 1).through_seq == 1
    assert store.quarantined("gw-01")


def test_each_epoch_has_a_chain_of_its_own(tmp_path: Path) -> None:
    store = fresh(tmp_path)
    with store.transaction():
        for link in [*links(3, epoch=1), *links(2, epoch=2)]:
            store.receive(checked(link), NOW_US)

    assert store.cursor("gw-01", 1).through_seq == 3
    assert store.cursor("gw-01", 2).through_seq == 2
    assert store.present_epoch("gw-01") == 2
    assert store.present_epoch("gw-02") == 0


def test_an_event_of_a_far_epoch_does_not_make_the_gateways_own_chain_one_of_the_past(tmp_path: Path) -> None:
    store = fresh(tmp_path)
    own, far = links(3, epoch=2), links(5, epoch=2**32 - 1)
    for link in (own[0], far[4], own[2]):
        with store.transaction():
            store.receive(checked(link), NOW_US)

    assert store.present_epoch("gw-01") == 2
    store.close()
    assert fresh(tmp_path).present_epoch("gw-01") == 2


def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    store = fresh(tmp_path)
    event = checked(links(1)[0])
    try:
        with store.transaction():
            store.receive(event, NOW_US)
            store.keep(event.id, decision(1))
            raise KeyError
    except KeyError:
        pass

    assert report.counts(tmp_path / "coordinator.sqlite")["stored"] == 0
    assert store.owed() == []
    assert store.cursor("gw-01", 1).through_seq == 0


def test_decisions_are_owed_until_sent_and_again_when_the_event_comes_again(tmp_path: Path) -> None:
    store = fresh(tmp_path)
    store.keep("ni:///a", decision(1))
    store.keep("ni:///b", decision(2))
    assert [data["n"] for _, data, _ in store.owed()] == [1, 2]

    store.sent([one.number for one in store.owed()])
    assert store.owed() == []

    store.owe_again("ni:///b")
    assert [data["n"] for _, data, _ in store.owed()] == [2]


def test_of_many_owed_decisions_the_newest_that_are_not_under_way_go_first(tmp_path: Path) -> None:
    store = fresh(tmp_path)
    for number in range(1, 10):
        store.keep(f"ni:///{number}", decision(number))
    numbers = [one.number for one in store.owed()]

    assert [one.data["n"] for one in store.owed(3)] == [7, 8, 9]
    assert [one.data["n"] for one in store.owed(3, {numbers[-1], numbers[-3]})] == [5, 6, 8]


def test_a_new_connection_owes_again_what_is_valid_and_not_known_to_have_arrived(tmp_path: Path) -> None:
    store = fresh(tmp_path)
    for number in (1, 2, 3):
        store.keep(f"ni:///{number}", decision(number))
    store.keep("ni:///4", decision(4) | {"valid_until": "2026-11-22T00:14:00.000000Z"})
    store.sent([one.number for one in store.owed()])
    with store.transaction():
        for event in (copy_of("dec-2"), copy_of(None)):
            assert store.receive(event, NOW_US) == "new"

    store.owe_all_valid("gw-01", parse_utc("2026-11-22T00:15:00.000000Z"))
    store.owe_all_valid("gw-02", 0)

    assert [data["n"] for _, data, _ in store.owed()] == [1, 3]


def test_the_book_keeps_visits_and_knows_who_left(tmp_path: Path) -> None:
    store = fresh(tmp_path)
    visit = Visit("v1", NOW_US, code="RR473124829MY", decided=2, last_dec="d2", reweighed=True)
    store.put(visit)
    assert store.visit("v1") == visit
    assert store.departed("RR473124829MY") is None

    store.put(Visit("v1", NOW_US, code="RR473124829MY", place="departed"))

    assert store.departed("RR473124829MY") == "v1"
    assert store.visit("v2") is None


def test_after_kill_9_every_confirmed_event_is_there_once_with_its_decision(tmp_path: Path) -> None:
    """The feeder is killed at random points and started again over the same store."""
    rng = random.Random(7)
    path = tmp_path / "coordinator.sqlite"
    confirmed = 0
    for _ in range(KILLS):
        feeder = subprocess.Popen(
            [sys.executable, "-c", FEEDER, str(path), str(Path(__file__).parent)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert feeder.stdout is not None
        with feeder.stdout:
            assert feeder.stdout.readline() == "go\n"
            for _ in range(rng.randrange(1, 100)):
                confirmed = max(confirmed, int(feeder.stdout.readline()))
            feeder.kill()
        feeder.wait()

        store = Store(path)
        found = report.counts(path)
        assert found["stored"] == found["distinct"] == found["decisions"] >= confirmed
        assert store.cursor("gw-01", 1).through_seq == found["stored"]
        store.close()
    assert [data["seq"] for data in report.stored_events(path)] == list(range(1, found["stored"] + 1))
