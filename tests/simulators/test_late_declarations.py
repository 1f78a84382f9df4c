"""The desk in a rush: flights, transit, relief goods under a dated pack, and declarations that come late."""

from dataclasses import replace
from typing import Any

import pytest
from test_coordinator_desk import CODE, EVENT, GOODS, NOW_US, VISIT, code, mass, measured, said

from hub_config.profiles import rules_file
from hub_config.rules import RulePack, load_rules
from simulators.coordinator.declared import Declared
from simulators.coordinator.desk import PROMISE_US, Desk
from simulators.coordinator.filings import Filings
from simulators.coordinator.visits import MemoryBook, Visit

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
TRANSIT = Declared(
    mass_mg=1_000_000, value_minor=900_000_000, currency="USD", description="Water filter", procedure="transit",
    onward="SS", relief="ET-RELIEF-2026-11",
)  # fmt: skip


@pytest.fixture(scope="module")
def emergency() -> RulePack:
    return load_rules(rules_file("ET-ADD-1"))


def answer(rules: RulePack, goods: Declared, *, at_us: int = NOW_US, **changes: Any) -> dict[str, Any]:
    desk = Desk(rules, {CODE: goods}, rules.hub, "practice", b"seed")
    decision = desk.answer(measured(**changes), EVENT, at_us, MemoryBook())
    assert decision is not None
    return decision


def test_in_transit_no_value_and_no_currency_is_asked_for(emergency: RulePack) -> None:
    decision = answer(emergency, TRANSIT)

    assert said(decision) == ("release", [], "green")
    assert (decision["basis"]["rule"], decision["basis"]["tier"]) == ("transit-no-duty", "relief")


@pytest.mark.parametrize(
    ("goods", "changes", "wanted"),
    [
        (replace(TRANSIT, onward=None), {}, ("inspect", ["decl_incomplete"], "manual")),
        (replace(TRANSIT, onward="ET"), {}, ("inspect", ["decl_incomplete"], "manual")),
        (replace(TRANSIT, procedure="export"), {}, ("inspect", ["decl_incomplete"], "manual")),
        (replace(TRANSIT, procedure="import"), {}, ("inspect", ["decl_incomplete"], "manual")),
        (
            replace(TRANSIT, procedure="import", currency="ETB"),
            {},
            ("inspect", ["value_over_lane"], "manual"),
        ),
        (replace(TRANSIT, description="liquor"), {}, ("refuse", ["prohibited"], "custody")),
        (TRANSIT, {"mass": mass(1_400_000)}, ("inspect", ["mass_mismatch"], "manual")),
        (TRANSIT, {"flags": ["mass_not_legal"]}, ("hold", ["mass_not_legal"], "hold")),
    ],
)
def test_relief_goods_pass_no_check_unseen(
    emergency: RulePack, goods: Declared, changes: dict[str, Any], wanted: tuple[str, list[str], str]
) -> None:
    assert said(answer(emergency, goods, **changes)) == wanted


def test_only_the_reference_of_this_emergency_makes_relief_goods(emergency: RulePack) -> None:
    other = answer(emergency, replace(TRANSIT, relief="ET-RELIEF-2025-01"))

    assert (other["action"], other["basis"]["tier"]) == ("release", "standard")
    assert answer(load_rules(rules_file("MY-KUL-1")), GOODS)["basis"]["tier"] == "standard"


@pytest.mark.parametrize("days", [-3, 29])
def test_outside_its_days_the_emergency_pack_releases_nothing(emergency: RulePack, days: int) -> None:
    assert said(answer(emergency, TRANSIT, at_us=NOW_US + days * DAY_US))[0] == "hold"


def test_goods_in_transit_need_a_pack_that_knows_transit() -> None:
    goods = replace(TRANSIT, currency="MYR", value_minor=1)

    assert said(answer(load_rules(rules_file("MY-KUL-1")), goods)) == (
        "inspect",
        ["decl_incomplete"],
        "manual",
    )


@pytest.mark.parametrize(
    ("cutoff_us", "wanted_us"),
    [(None, PROMISE_US), (HOUR_US, HOUR_US), (9 * HOUR_US, PROMISE_US), (-HOUR_US, PROMISE_US)],
)
def test_slack_counts_to_the_flight_where_it_leaves_sooner(
    emergency: RulePack, cutoff_us: int | None, wanted_us: int
) -> None:
    goods = replace(TRANSIT, cutoff_us=None if cutoff_us is None else NOW_US + cutoff_us)
    desk, book = Desk(emergency, {CODE: goods}, "ET-ADD-1", "practice", b"seed"), MemoryBook()
    book.put(Visit(VISIT, opened_us=NOW_US))
    decision = desk.answer(measured(), EVENT, NOW_US, book)

    assert decision is not None
    assert decision["slack_us"] == wanted_us


def test_a_declaration_that_comes_late_is_decided_anew_on_the_same_measurement(emergency: RulePack) -> None:
    goods = replace(TRANSIT, filed_us=NOW_US + HOUR_US)
    desk, book = Desk(emergency, {CODE: goods}, "ET-ADD-1", "practice", b"seed"), MemoryBook()
    first = desk.answer(measured(), EVENT, NOW_US, book)
    then = desk.reconsider(measured(), EVENT, NOW_US + HOUR_US, book)

    assert said(first) == ("hold", ["no_declaration"], "hold")
    assert first is not None
    assert first["clock"] == "merchant"
    assert said(then) == ("release", [], "green")
    assert then is not None
    assert (then["for"], then["dec_seq"], then["supersedes"]) == (EVENT, 2, first["dec"])
    assert desk.answer(measured(), EVENT, NOW_US + HOUR_US, book) == then


def test_filings_come_in_batches_and_name_who_waits_for_them() -> None:
    late, later = replace(GOODS, filed_us=5), replace(GOODS, filed_us=9)
    filings = Filings({"b": late, "a": late, "c": later, CODE: GOODS})

    assert filings.batches == ((5, ("a", "b")), (9, ("c",)))
    held = {"reasons": ["no_declaration"]}
    assert list(filings.awaited({"codes": [code("a"), code("b", chk=False), code()]}, held)) == ["a"]
    assert list(filings.awaited({"codes": [code("a")]}, {"reasons": ["two_labels"]})) == []
