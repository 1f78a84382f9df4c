"""Tiers, declarations found by any identifier, and what an inspection settles."""

from dataclasses import replace
from typing import Any

import pytest
from test_coordinator_desk import (
    CODE,
    EVENT,
    GOODS,
    NOW_US,
    OTHER_CODE,
    OTHER_EVENT,
    RULES_FILE,
    SSCC,
    code,
    mass,
    measured,
    said,
)

from hub_config.rules import RulePack, load_rules
from hub_config.tiers import Tier
from simulators.coordinator.declared import Declared, ManifestFault, by_code, declarations_of
from simulators.coordinator.desk import Desk
from simulators.coordinator.visits import MemoryBook

CARRIER = "1Z999AA10123456784"
TOLD = {"mass_mg": 1_000_000, "value_minor": 4_000, "currency": "MYR", "description": "Cotton T-shirt"}


@pytest.fixture(scope="module")
def rules() -> RulePack:
    trusted = Tier(id="trusted", rate_ppm=5_000, merchants=("m-1",))
    watched = Tier(id="watched", rate_ppm=900_000, merchants=("m-2",), lane="xray")  # type: ignore[arg-type]
    pack = load_rules(RULES_FILE)
    return pack.model_copy(update={"tiers": (pack.tiers[0], trusted, watched)})


def answer(
    rules: RulePack,
    manifest: dict[str, Declared],
    book: MemoryBook | None = None,
    event: str = EVENT,
    **changes: Any,
) -> dict[str, Any]:
    desk = Desk(rules, manifest, "MY-KUL-1", "practice", b"seed")
    decision = desk.answer(measured(**changes), event, NOW_US, book or MemoryBook())
    assert decision is not None
    return decision


@pytest.mark.parametrize(
    ("merchant", "tier", "wanted"),
    [
        (None, "standard", ("release", [], "green")),
        ("m-9", "standard", ("release", [], "green")),
        ("m-1", "trusted", ("release", [], "green")),
        ("m-2", "watched", ("inspect", ["risk_profile"], "xray")),
    ],
)
def test_the_pack_says_which_tier_a_merchant_is_in_and_where_it_leads(
    rules: RulePack, merchant: str | None, tier: str, wanted: tuple[str, list[str], str]
) -> None:
    decision = answer(rules, {CODE: replace(GOODS, merchant=merchant)})

    assert decision["basis"]["tier"] == tier
    assert said(decision) == wanted


def test_a_trusted_merchant_is_spared_no_rule(rules: RulePack) -> None:
    goods = replace(GOODS, merchant="m-1")

    assert said(answer(rules, {CODE: replace(goods, value_minor=60_000)}))[1] == ["value_over_lane"]
    assert said(answer(rules, {CODE: goods}, mass=mass(1_200_000)))[1] == ["mass_mismatch"]


def test_any_identifier_of_the_label_finds_the_declaration(rules: RulePack) -> None:
    (goods,) = declarations_of([TOLD | {"consignment": "c-1", "identifiers": [CARRIER, SSCC]}])
    decision = answer(rules, by_code([goods]), codes=[code(), code(CARRIER, "carrier")])

    assert said(decision) == ("release", [], "green")
    assert decision["cond"]["code"] == CODE
    assert decision["basis"]["declaration"] == "c-1"


@pytest.mark.parametrize("kind", ["receptacle", "mawb", "unknown"])
def test_the_number_of_a_bag_or_a_waybill_is_no_parcel_s(rules: RulePack, kind: str) -> None:
    (goods,) = declarations_of([TOLD | {"identifiers": [CARRIER]}])

    assert said(answer(rules, by_code([goods]), codes=[code(), code(CARRIER, kind)]))[1] == ["no_declaration"]


def test_a_label_that_finds_two_consignments_is_held(rules: RulePack) -> None:
    manifest = {CODE: replace(GOODS, consignment="c-1"), SSCC: replace(GOODS, consignment="c-2")}

    assert said(answer(rules, manifest, codes=[code(), code(SSCC, "sscc")])) == (
        "hold",
        ["two_labels"],
        "hold",
    )


def inspected(outcome: object) -> dict[str, Any]:
    return measured(kind="parcel.inspected", note={"outcome": outcome, "seconds": 90, "role": "customs"})


@pytest.mark.parametrize(
    ("goods", "changes"),
    [
        (replace(GOODS, value_minor=60_000), {}),
        (GOODS, {"mass": mass(1_200_000)}),
        (replace(GOODS, mass_mg=31_000_000), {"mass": mass(31_000_000)}),
        (replace(GOODS, description="vape pens"), {}),
    ],
)
def test_what_an_inspection_has_passed_stops_the_parcel_no_more(
    rules: RulePack, goods: Declared, changes: dict[str, Any]
) -> None:
    book, desk = MemoryBook(), Desk(rules, {CODE: goods}, "MY-KUL-1", "practice", b"seed")
    first = answer(rules, {CODE: goods}, book, **changes)
    visit = book.visit(first["visit"])
    assert visit is not None
    assert visit.case == (first["basis"]["rule"],)

    assert desk.answer(inspected("passed"), "ni:///i", NOW_US, book) is None
    then = answer(rules, {CODE: goods}, book, OTHER_EVENT, **changes)

    assert said(then) == ("release", [], "green")
    low, high = then["cond"]["mass_mg"]
    assert low <= measured(**changes)["mass"]["mg"] <= high
    settled = book.visit(first["visit"])
    assert settled is not None
    assert (settled.case, settled.passed) == ((), visit.case)


def test_what_has_failed_goes_to_custody_whatever_is_measured(rules: RulePack) -> None:
    book, goods = MemoryBook(), replace(GOODS, value_minor=60_000)
    desk = Desk(rules, {CODE: goods}, "MY-KUL-1", "practice", b"seed")
    answer(rules, {CODE: goods}, book)
    desk.answer(inspected("failed"), "ni:///i", NOW_US, book)

    assert said(answer(rules, {CODE: GOODS}, book, OTHER_EVENT)) == ("refuse", ["risk_profile"], "custody")


@pytest.mark.parametrize("outcome", [None, "", "maybe", 1])
def test_an_outcome_that_is_none_settles_nothing(rules: RulePack, outcome: object) -> None:
    book, goods = MemoryBook(), replace(GOODS, value_minor=60_000)
    desk = Desk(rules, {CODE: goods}, "MY-KUL-1", "practice", b"seed")
    answer(rules, {CODE: goods}, book)
    desk.answer(inspected(outcome), "ni:///i", NOW_US, book)

    assert said(answer(rules, {CODE: goods}, book, OTHER_EVENT))[1] == ["value_over_lane"]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (3, "a manifest is a list"),
        ([3], "declaration 1: an object is wanted"),
        ([TOLD], "declaration 1: identifiers is empty"),
        ({CODE: TOLD | {"mass_mg": 0}}, f"declaration of {CODE}: mass_mg is 0; an integer from 1"),
        ({CODE: TOLD | {"mass_mg": 1.5}}, "mass_mg is 1.5"),
        ({CODE: TOLD | {"value_minor": -1}}, "value_minor is -1"),
        ({CODE: TOLD | {"value_minor": 2**53}}, "value_minor is 9007199254740992"),
        ({CODE: TOLD | {"weight": 3}}, "unknown field 'weight'"),
        ({CODE: {"mass_mg": 3}}, "value_minor is missing"),
        ({CODE: TOLD | {"procedure": "gift"}}, "procedure is 'gift'; one of import"),
        ({CODE: TOLD | {"size_class": "huge"}}, "size_class is 'huge'"),
        ({CODE: TOLD | {"description": ""}}, "description is ''"),
        ({CODE: TOLD | {"description": "x" * 513}}, "a text of 1 to 512"),
        ({CODE: TOLD | {"dims_um": [1, 2]}}, "dims_um is three integers"),
        ({CODE: TOLD | {"identifiers": ["a"] * 17}}, "identifiers is a list of at most 16"),
        ({CODE: TOLD | {"parties": "agency:x"}}, "parties is a list"),
        (
            {CODE: TOLD | {"consignment": "a"}, OTHER_CODE: TOLD | {"consignment": "b", "identifiers": [CODE]}},
            f"{CODE} is declared for consignments a and b",
        ),
    ],
)  # fmt: skip
def test_a_declaration_that_cannot_be_taken_is_said_in_words(told: object, words: str) -> None:
    with pytest.raises(ManifestFault) as refused:
        declarations_of(told)

    assert words in str(refused.value)
