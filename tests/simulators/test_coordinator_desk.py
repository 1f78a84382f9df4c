"""The clearance desk's rules, one row each, and what a repeated or second event gets."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from nacl.signing import SigningKey

from edge.wire.messages import parse_decision
from edge.wire.signing import TrustStore
from hub_config.names import GatewayId, HubId
from hub_config.rules import RulePack, load_rules
from hub_config.trust import Trust
from simulators.coordinator.declared import Declared
from simulators.coordinator.desk import Desk
from simulators.coordinator.letters import Letters
from simulators.coordinator.stamps import parse_utc, utc_text, uuid7
from simulators.coordinator.visits import MemoryBook

RULES_FILE = Path(__file__).parents[2] / "hub_config" / "profiles" / "my-kul-1.rules.toml"
VISIT = "01a2009b-37eb-7cc0-9f2a-3a5b6c7d8e9f"
OTHER_VISIT = "01a2009b-37eb-7cc0-9f2a-3a5b6c7d8e00"
EVENT = "ni:///sha-256;4pf1L9y-VHTubZbxzNd2QNhWrtWa641wDA5TEN-qeFc"
OTHER_EVENT = "ni:///sha-256;47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
CODE = "RR473124829MY"
OTHER_CODE = "RR123456785MY"
SSCC = "376130321109103420"
NOW_US = parse_utc("2026-11-22T00:15:02.300000Z")
GOODS = Declared(mass_mg=1_000_000, value_minor=4_000, currency="MYR", description="Cotton T-shirt")
KG = 1_000_000


@pytest.fixture(scope="module")
def rules() -> RulePack:
    return load_rules(RULES_FILE)


def code(data: str = CODE, kind: str = "s10", chk: bool = True) -> dict[str, Any]:
    return {"sym": "code128", "data": data, "type": kind, "chk": chk, "dev": "scan-1", "reads": 1}


def measured(**changes: Any) -> dict[str, Any]:
    data: dict[str, Any] = {
        "v": 1, "kind": "parcel.measured", "mode": "practice", "hub": "MY-KUL-1", "line": "b1", "gw": "gw-01",
        "epoch": 1, "seq": 1, "visit": VISIT, "t": "2026-11-22T00:15:02.123456Z", "flags": [],
        "codes": [code()], "mass": {"mg": 1_000_000, "u_mg": 5_000},
    }  # fmt: skip
    return data | changes


def mass(mg: int, u_mg: int = 5_000) -> dict[str, int]:
    return {"mg": mg, "u_mg": u_mg}


def desk(rules: RulePack, manifest: dict[str, Declared] | None = None) -> Desk:
    return Desk(rules, {CODE: GOODS} if manifest is None else manifest, "MY-KUL-1", "practice", b"seed")


def said(decision: dict[str, Any] | None) -> tuple[str, list[str], str]:
    assert decision is not None
    return decision["action"], decision["reasons"], decision["route"]


@pytest.mark.parametrize(
    ("changes", "goods", "wanted"),
    [
        ({}, GOODS, ("release", [], "green")),
        ({"flags": ["two_labels"]}, GOODS, ("hold", ["two_labels"], "hold")),
        ({"flags": ["parcel_removed", "assoc_low"]}, GOODS, ("hold", ["parcel_removed", "assoc_low"], "hold")),
        ({"flags": ["a_word_of_version_9"]}, GOODS, ("hold", ["unknown_item"], "hold")),
        ({"codes": []}, GOODS, ("hold", ["no_read"], "hold")),
        ({"codes": [code(chk=False)]}, GOODS, ("hold", ["no_read"], "hold")),
        ({"codes": [{"sym": "qr", "len": 80, "dig": "00"}]}, GOODS, ("hold", ["no_read"], "hold")),
        ({"codes": [code(), code(OTHER_CODE)]}, GOODS, ("hold", ["two_labels"], "hold")),
        ({"codes": [code(), code()]}, GOODS, ("release", [], "green")),
        ({"codes": [code(SSCC, "sscc"), code()]}, GOODS, ("release", [], "green")),
        ({"codes": [code(SSCC, "sscc")]}, GOODS, ("hold", ["no_declaration"], "hold")),
        ({}, None, ("hold", ["no_declaration"], "hold")),
        ({}, replace(GOODS, description="Fine Cigars, box"), ("refuse", ["prohibited"], "custody")),
        ({}, replace(GOODS, value_minor=50_000), ("release", [], "green")),
        ({}, replace(GOODS, value_minor=50_001), ("inspect", ["value_over_lane"], "manual")),
        ({}, replace(GOODS, currency="USD"), ("inspect", ["decl_incomplete"], "manual")),
        ({"mass": None}, GOODS, ("hold", ["mass_not_legal"], "hold")),
        ({"flags": ["mass_not_legal"]}, GOODS, ("hold", ["mass_not_legal"], "hold")),
        (
            {"flags": ["mass_not_legal"]},
            replace(GOODS, description="vape pens"),
            ("refuse", ["prohibited"], "custody"),
        ),
        # T is 50 g at 1 kg declared: max of 5 % and 50 g. U is 5 g.
        ({"mass": mass(1_045_000)}, GOODS, ("release", [], "green")),
        ({"mass": mass(1_045_001)}, GOODS, ("reweigh", ["mass_inconclusive"], "hold")),
        ({"mass": mass(1_055_000)}, GOODS, ("reweigh", ["mass_inconclusive"], "hold")),
        ({"mass": mass(1_055_001)}, GOODS, ("inspect", ["mass_mismatch"], "manual")),
        ({"mass": mass(955_000)}, GOODS, ("release", [], "green")),
        ({"mass": mass(944_999)}, GOODS, ("inspect", ["mass_mismatch"], "manual")),
        # 5 % of 20 kg is 1 kg.
        ({"mass": mass(20_995_000)}, replace(GOODS, mass_mg=20 * KG), ("release", [], "green")),
        ({"mass": mass(29_995_000)}, replace(GOODS, mass_mg=30 * KG), ("release", [], "green")),
        ({"mass": mass(29_995_001)}, replace(GOODS, mass_mg=30 * KG), ("inspect", ["mass_over_lane"], "manual")),
    ],
)  # fmt: skip
def test_the_first_rule_that_stops_a_parcel_answers(
    rules: RulePack, changes: dict[str, Any], goods: Declared | None, wanted: tuple[str, list[str], str]
) -> None:
    answer = desk(rules, {} if goods is None else {CODE: goods}).answer(
        measured(**changes), EVENT, NOW_US, MemoryBook()
    )

    assert said(answer) == wanted


def test_a_release_carries_what_the_gateway_must_check_again(rules: RulePack) -> None:
    answer = desk(rules).answer(measured(), EVENT, NOW_US, MemoryBook())

    assert answer is not None
    assert answer["cond"] == {
        "code": CODE,
        "mass_mg": [950_000, 1_050_000],
        "not_after": "2026-11-22T00:17:02.300000Z",
    }
    assert answer["valid_until"] == answer["cond"]["not_after"]
    assert answer["for"] == EVENT
    assert answer["basis"]["rule_pack"] == rules.digest()
    assert answer["slack_us"] == 10_800_000_000 - 176_544


def test_who_owns_the_dwell_clock_follows_from_the_decision(rules: RulePack) -> None:
    def owner(goods: dict[str, Declared]) -> str:
        answer = desk(rules, goods).answer(measured(), EVENT, NOW_US, MemoryBook())
        assert answer is not None
        return str(answer["clock"])

    assert owner({CODE: GOODS}) == "hub"
    assert owner({}) == "merchant"
    assert owner({CODE: replace(GOODS, value_minor=60_000)}) == "customs"


def test_the_same_event_gets_the_same_decision(rules: RulePack) -> None:
    book, office = MemoryBook(), desk(rules)

    first = office.answer(measured(), EVENT, NOW_US, book)

    assert office.answer(measured(), EVENT, NOW_US + 60_000_000, book) == first


def test_a_second_measurement_gets_the_next_decision_that_replaces_the_first(rules: RulePack) -> None:
    book, office = MemoryBook(), desk(rules)
    first = office.answer(measured(), EVENT, NOW_US, book)
    second = office.answer(measured(), OTHER_EVENT, NOW_US, book)

    assert first is not None
    assert second is not None
    assert (first["dec_seq"], first["supersedes"]) == (1, None)
    assert (second["dec_seq"], second["supersedes"]) == (2, first["dec"])
    assert second["dec"] != first["dec"]


def test_an_inconclusive_weight_is_weighed_again_once_then_inspected(rules: RulePack) -> None:
    book, office = MemoryBook(), desk(rules)
    doubtful = measured(mass=mass(1_050_000))

    assert said(office.answer(doubtful, EVENT, NOW_US, book)) == ("reweigh", ["mass_inconclusive"], "hold")
    assert said(office.answer(doubtful, OTHER_EVENT, NOW_US, book)) == (
        "inspect",
        ["mass_inconclusive"],
        "manual",
    )


def test_a_parcel_that_already_left_under_another_visit_is_held(rules: RulePack) -> None:
    book, office = MemoryBook(), desk(rules)
    office.answer(measured(), EVENT, NOW_US, book)
    assert office.answer(measured(kind="parcel.departed"), "ni:///x", NOW_US, book) is None

    again = office.answer(measured(visit=OTHER_VISIT), OTHER_EVENT, NOW_US, book)

    assert said(again) == ("hold", ["swap_suspected"], "hold")


def test_a_visit_that_changes_its_parcel_is_held(rules: RulePack) -> None:
    book, office = MemoryBook(), desk(rules, {CODE: GOODS, OTHER_CODE: GOODS})
    office.answer(measured(), EVENT, NOW_US, book)

    swapped = office.answer(measured(codes=[code(OTHER_CODE)]), OTHER_EVENT, NOW_US, book)

    assert said(swapped) == ("hold", ["swap_suspected"], "hold")


def test_a_quarantined_gateway_gets_holds_only(rules: RulePack) -> None:
    answer = desk(rules).answer(measured(), EVENT, NOW_US, MemoryBook(), quarantined=True)

    assert said(answer) == ("hold", ["tamper"], "hold")


def test_nothing_is_released_on_a_rule_pack_that_is_not_in_force(rules: RulePack) -> None:
    """Its first day, 2024-01-01, begins at midnight in Kuala Lumpur."""
    before, after = parse_utc("2023-12-31T15:59:59.999999Z"), parse_utc("2023-12-31T16:00:00.000000Z")
    early = desk(rules).answer(measured(), EVENT, before, MemoryBook())

    assert said(early) == ("hold", ["offline_default"], "hold")
    assert early is not None
    assert early["basis"]["rule_pack"] is None
    assert said(desk(rules).answer(measured(), EVENT, after, MemoryBook()))[0] == "release"


@pytest.mark.parametrize("kind", ["parcel.arrived", "parcel.decided", "parcel.unheard_of"])
def test_other_events_get_no_answer(rules: RulePack, kind: str) -> None:
    assert desk(rules).answer(measured(kind=kind), EVENT, NOW_US, MemoryBook()) is None
    assert desk(rules).answer(measured(visit=None, line="gw"), EVENT, NOW_US, MemoryBook()) is None


def test_the_same_entropy_gives_the_same_decisions(rules: RulePack) -> None:
    twice = [desk(rules).answer(measured(), EVENT, NOW_US, MemoryBook()) for _ in range(2)]

    assert twice[0] == twice[1]


def test_ids_are_uuid7_of_their_time() -> None:
    text = uuid7(NOW_US, bytes(range(32)))

    assert int(text.replace("-", "")[:12], 16) == NOW_US // 1000
    assert text[14] == "7"
    assert text[19] in "89ab"


def test_times_are_written_as_the_contract_writes_them() -> None:
    assert utc_text(NOW_US) == "2026-11-22T00:15:02.300000Z"


@pytest.mark.parametrize("goods", [GOODS, replace(GOODS, value_minor=60_000), None])
def test_every_decision_is_one_that_the_gateway_accepts(rules: RulePack, goods: Declared | None) -> None:
    """The coordinator's own letters against the gateway's own parser."""
    letters = Letters("MY-KUL-1", "co-1", SigningKey(bytes(range(32))))
    trust = TrustStore(
        [
            Trust(
                kid=letters.kid,
                public_key=letters.public,
                holder="co-1",
                roles=("release", "hold"),
                modes=("practice",),
            )
        ]
    )
    data = desk(rules, {} if goods is None else {CODE: goods}).answer(measured(), EVENT, NOW_US, MemoryBook())
    assert data is not None

    decision = parse_decision(
        letters.decision(data), trust, HubId("MY-KUL-1"), GatewayId("gw-01"), "practice"
    )

    assert decision.action == data["action"]
    assert decision.answers == EVENT
