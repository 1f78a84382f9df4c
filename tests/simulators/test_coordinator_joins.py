"""One parcel at several gateways is one visit (contract §1): recognised, answered with `was`, never in two places."""

from pathlib import Path
from typing import Any

import pytest
from test_coordinator_desk import CODE, GOODS, NOW_US, OTHER_CODE, RULES_FILE, code, measured, said

from hub_config.rules import load_rules
from simulators.coordinator.declared import Declared
from simulators.coordinator.desk import Desk
from simulators.coordinator.store import Store
from simulators.coordinator.visits import MemoryBook, VisitBook

SECOND_US = 1_000_000


def visit(number: int) -> str:
    return f"01a2009b-37eb-7cc0-9f2a-{number:012x}"


class Hub:
    """Three gateways and one desk; each call is an event."""

    def __init__(self, book: VisitBook, manifest: dict[str, Declared]) -> None:
        self.book = book
        self.manifest = manifest
        self.desk = Desk(load_rules(RULES_FILE), manifest, "MY-KUL-1", "practice", b"seed")
        self.number = 0

    def tell(self, gateway: int, kind: str, at: str, **more: Any) -> dict[str, Any] | None:
        self.number += 1
        now_us = NOW_US + self.number * SECOND_US
        data = measured(kind=kind, gw=f"gw-{gateway:02}", visit=at, seq=self.number) | more
        event = f"ni:///sha-256;{self.number:043}"
        if isinstance(self.book, Store):
            self.book._connection.execute(
                "INSERT INTO events VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
                (event, data["gw"], data["epoch"], self.number, at, kind, _text(data), now_us),
            )
        return self.desk.answer(data, event, now_us, self.book)

    def measure(self, gateway: int, at: str, **more: Any) -> dict[str, Any]:
        decision = self.tell(gateway, "parcel.measured", at, **more)
        assert decision is not None
        return decision

    def put(self, gateway: int, at: str, lane: str) -> None:
        self.tell(gateway, "parcel.diverted", at, act={"lane": lane, "bay": lane, "confirmed": True})

    def joined(self, gateway: int, old: str, into: str) -> None:
        self.tell(gateway, "visit.joined", old, note={"from": old, "into": into})

    def visit(self, wanted: str) -> Any:
        found = self.book.visit(self.book.root(wanted))
        assert found is not None
        return found


def _text(data: dict[str, Any]) -> str:
    from edge.wire.verifier import canonical

    return canonical(data).decode()


@pytest.fixture(params=["memory", "store"])
def hub(request: pytest.FixtureRequest, tmp_path: Path) -> Hub:
    book: VisitBook = MemoryBook() if request.param == "memory" else Store(tmp_path / "c.sqlite")
    return Hub(book, {})


def test_held_on_belt_a_inspected_at_bench_b_fed_again_on_belt_c_is_one_visit(hub: Hub) -> None:
    first = hub.measure(1, visit(1))
    hub.put(1, visit(1), "hold")
    at_bench = hub.measure(2, visit(2))
    hub.joined(2, visit(2), visit(1))
    hub.put(2, visit(1), "manual")
    hub.tell(2, "parcel.inspected", visit(1), note={"outcome": "passed", "seconds": 60, "role": "customs"})
    hub.manifest[CODE] = GOODS
    fed_again = hub.measure(3, visit(3))
    hub.joined(3, visit(3), visit(1))
    hub.tell(3, "parcel.departed", visit(1))

    assert (first["visit"], first["was"]) == (visit(1), None)
    assert (at_bench["visit"], at_bench["was"], at_bench["gw"]) == (visit(1), visit(2), "gw-02")
    assert (fed_again["visit"], fed_again["was"], fed_again["gw"]) == (visit(1), visit(3), "gw-03")
    assert [one["dec_seq"] for one in (first, at_bench, fed_again)] == [1, 2, 3]
    assert (at_bench["supersedes"], fed_again["supersedes"]) == (first["dec"], at_bench["dec"])
    assert said(fed_again) == ("release", [], "green")
    assert hub.visit(visit(1)).departed
    assert {hub.book.root(visit(n)) for n in (1, 2, 3)} == {visit(1)}
    assert hub.book.visit(visit(2)) is None


def test_until_the_gateway_says_that_it_joined_every_answer_says_what_it_was(hub: Hub) -> None:
    hub.measure(1, visit(1))
    hub.put(1, visit(1), "hold")

    assert hub.measure(2, visit(2))["was"] == visit(2)
    assert hub.measure(2, visit(2))["was"] == visit(2)
    hub.joined(2, visit(2), visit(1))
    assert hub.measure(2, visit(1))["was"] is None


def test_a_late_declaration_finds_the_gateway_under_the_id_that_it_uses(hub: Hub) -> None:
    """Held at gateway 2 under its own id; then the gateway goes on under the older one."""
    hub.measure(1, visit(1))
    hub.put(1, visit(1), "hold")
    held = hub.measure(2, visit(2))
    data = hub.book.event(held["for"])
    assert data is not None
    hub.manifest[CODE] = GOODS
    before = hub.desk.reconsider(data, held["for"], NOW_US + 99 * SECOND_US, hub.book)
    hub.joined(2, visit(2), visit(1))
    after = hub.desk.reconsider(data, held["for"], NOW_US + 99 * SECOND_US, hub.book)

    assert before is not None
    assert after is not None
    assert (before["visit"], before["was"]) == (visit(1), visit(2))
    assert (after["visit"], after["was"]) == (visit(1), None)


def test_a_parcel_in_work_at_one_gateway_can_t_be_at_another(hub: Hub) -> None:
    hub.manifest[CODE] = GOODS
    first = hub.measure(1, visit(1))
    second = hub.measure(2, visit(2))
    recall = hub.book.decision(first["for"])

    assert said(first)[0] == "release"
    assert said(second) == ("inspect", ["two_labels"], "manual")
    assert (second["visit"], second["was"]) == (visit(2), None)
    assert recall is not None
    assert (said(recall), recall["visit"], recall["gw"], recall["dec_seq"]) == (
        said(second),
        visit(1),
        "gw-01",
        2,
    )
    assert said(hub.measure(1, visit(1))) == said(second)
    hub.tell(1, "parcel.inspected", visit(1), note={"outcome": "passed"})
    assert said(hub.measure(1, visit(1)))[0] == "release"


def test_a_gateway_with_a_new_journal_is_told_the_visit_that_it_has_forgotten(hub: Hub) -> None:
    hub.measure(1, visit(1))

    assert hub.measure(1, visit(2))["was"] is None
    assert hub.measure(1, visit(3), epoch=2, codes=[code()])["visit"] in (visit(1), visit(2))


@pytest.mark.parametrize("case", [True, False])
def test_a_lost_parcel_is_recognised_while_its_case_is_open(hub: Hub, case: bool) -> None:
    if case:
        hub.manifest[CODE] = Declared(1_000_000, 60_000, "MYR", "Cotton T-shirt")
    hub.measure(1, visit(1))
    hub.tell(1, "parcel.lost_track", visit(1))

    assert hub.measure(2, visit(2))["was"] == (visit(2) if case else None)


@pytest.mark.parametrize(
    "changes",
    [
        {"flags": ["assoc_low"]},
        {"codes": [code(), code(OTHER_CODE)]},
        {"codes": [code(chk=False)]},
        {"codes": [code(OTHER_CODE)]},
    ],
)
def test_in_doubt_nothing_is_joined(hub: Hub, changes: dict[str, Any]) -> None:
    hub.measure(1, visit(1))
    hub.put(1, visit(1), "hold")

    decision = hub.measure(2, visit(2), **changes)

    assert (decision["visit"], decision["was"]) == (visit(2), None)
    assert hub.book.root(visit(2)) == visit(2)


def test_a_split_undoes_a_join(hub: Hub) -> None:
    hub.measure(1, visit(1))
    hub.put(1, visit(1), "hold")
    hub.measure(2, visit(2))
    hub.joined(2, visit(2), visit(1))
    hub.tell(2, "visit.split", visit(1), note={"from": visit(1), "into": visit(2)})

    assert hub.book.root(visit(2)) == visit(2)
    assert hub.measure(2, visit(2), codes=[code(OTHER_CODE)])["visit"] == visit(2)


def test_a_gateway_s_own_join_is_heeded_and_chains_end_at_the_oldest(hub: Hub) -> None:
    hub.measure(1, visit(1))
    hub.put(1, visit(1), "hold")
    hub.tell(2, "parcel.arrived", visit(2))
    hub.tell(2, "parcel.arrived", visit(3))
    hub.joined(2, visit(3), visit(2))
    hub.joined(2, visit(2), visit(1))

    assert {hub.book.root(visit(n)) for n in (1, 2, 3)} == {visit(1)}
    hub.joined(2, visit(1), visit(3))
    assert hub.visit(visit(1)).id == visit(1)
