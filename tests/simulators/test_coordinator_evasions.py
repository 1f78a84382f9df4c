"""What stops a parcel stops it in whatever order, under whatever id and at whatever gateway it is seen again."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from coordinator_hall import NOW_US, RULES_FILE, Chain, Hall, code, visit

from hub_config.rules import load_rules
from simulators.coordinator.declared import Declared, ManifestFault, declarations_of
from simulators.coordinator.desk import Desk
from simulators.coordinator.parties import AnswerFault, PartyAnswer, answer_of
from simulators.coordinator.stamps import parse_utc
from simulators.coordinator.visits import MemoryBook

CODE, SSCC = "RR473124829MY", "376130321109103420"
OTHER_LABEL = [code(SSCC) | {"type": "sscc"}]
GOODS = Declared(1_000_000, 4_000, "MYR", "Cotton T-shirt", consignment="c-1", identifiers=(CODE, SSCC))
HEAVY = {"mg": 2_000_000, "u_mg": 5_000}
TWO_LABELS = ("inspect", ["two_labels"])
FAILED = ("refuse", ["risk_profile"])


@pytest.fixture
def hall(tmp_path: Path) -> Hall:
    made = Hall(tmp_path / "c.sqlite")
    declare(made, GOODS)
    return made


def declare(hall: Hall, *goods: Declared) -> None:
    with hall.store.transaction():
        hall.store.file(goods, hall.now_us)


def measure(hall: Hall, number: int, gateway: int = 1, **more: Any) -> dict[str, Any]:
    told = {"codes": [code(CODE)], "mass": {"mg": 1_000_000, "u_mg": 5_000}} | more
    decision = hall.tell("parcel.measured", visit(number), gateway, **told)
    assert decision is not None
    return decision


def inspected(hall: Hall, number: int, outcome: str, gateway: int = 1) -> None:
    hall.tell("parcel.inspected", visit(number), gateway, note={"outcome": outcome})


def said(decision: dict[str, Any]) -> tuple[str, list[str]]:
    return decision["action"], decision["reasons"]


# What an inspection has found ---------------------------------------------------------------------------


def test_a_settled_rule_hides_none_behind_it(hall: Hall) -> None:
    declare(hall, replace(GOODS, description="vape pens", value_minor=99_000_000))
    assert said(measure(hall, 1)) == ("refuse", ["prohibited"])

    inspected(hall, 1, "passed")

    assert said(measure(hall, 1)) == ("inspect", ["value_over_lane"])


@pytest.mark.parametrize("lane", ["custody", "return", None])
def test_what_has_failed_goes_nowhere_under_a_new_id_either(hall: Hall, lane: str | None) -> None:
    measure(hall, 1, mass=HEAVY)
    inspected(hall, 1, "failed")
    if lane is None:
        hall.tell("parcel.lost_track", visit(1))
    else:
        hall.put(visit(1), lane)

    again = measure(hall, 2, gateway=2)

    assert said(again) == FAILED
    assert (again["visit"], again["was"]) == (visit(1), visit(2))


def test_what_has_failed_is_known_by_every_name_of_its_consignment(hall: Hall) -> None:
    measure(hall, 1, mass=HEAVY)
    inspected(hall, 1, "failed")
    hall.put(visit(1), "custody")
    assert said(measure(hall, 2, gateway=2, codes=OTHER_LABEL)) == TWO_LABELS

    inspected(hall, 2, "passed", gateway=2)

    assert said(measure(hall, 2, gateway=2, codes=OTHER_LABEL)) == FAILED


def test_what_has_failed_before_it_was_declared_is_known_by_its_other_label(tmp_path: Path) -> None:
    hall = Hall(tmp_path / "c.sqlite")
    measure(hall, 1)
    inspected(hall, 1, "failed")
    hall.put(visit(1), "custody")
    declare(hall, GOODS)

    assert said(measure(hall, 2, gateway=2, codes=OTHER_LABEL)) == FAILED


@pytest.mark.parametrize("told", [False, True])
def test_what_has_failed_under_one_id_has_failed_under_the_one_it_is_joined_to(
    hall: Hall, told: bool
) -> None:
    """Held without a name, looked at, and only then read; `told`: the gateway itself finds the older visit."""
    measure(hall, 1, flags=["lost_track"])
    hall.put(visit(1), "hold")
    measure(hall, 2, gateway=2, codes=[])
    inspected(hall, 2, "failed", gateway=2)
    if told:
        hall.tell("visit.joined", visit(2), 2, note={"from": visit(2), "into": visit(1)})

    assert said(measure(hall, 1 if told else 2, gateway=2)) == FAILED


def test_a_join_to_a_visit_not_heard_of_yet_loses_nothing(hall: Hall) -> None:
    measure(hall, 2, gateway=2, codes=[])
    inspected(hall, 2, "failed", gateway=2)
    hall.tell("visit.joined", visit(2), 2, note={"from": visit(2), "into": visit(1)})

    again = measure(hall, 1, gateway=2)

    assert said(again) == FAILED
    assert again["dec_seq"] == 2


def test_a_book_in_memory_loses_nothing_by_a_join_either() -> None:
    desk, book = Desk(load_rules(RULES_FILE), {CODE: GOODS}, "MY-KUL-1", "practice", b"seed"), MemoryBook()
    about = {"gw": "gw-01", "t": "2026-11-22T00:15:02.123456Z", "flags": [], "visit": visit(2), "seq": 1}
    desk.answer(about | {"kind": "parcel.inspected", "note": {"outcome": "failed"}}, "ni:1", NOW_US, book)
    desk.answer(
        about | {"kind": "visit.joined", "note": {"from": visit(2), "into": visit(1)}}, "ni:2", NOW_US, book
    )
    found = book.visit(visit(1))
    assert found is not None
    assert found.failed


# Doubt first, and numbers that others bear ---------------------------------------------------------------


def test_a_parcel_is_recognised_at_its_first_undoubted_measurement(hall: Hall) -> None:
    measure(hall, 1, mass=HEAVY)
    hall.put(visit(1), "manual")
    inspected(hall, 1, "failed")
    assert said(measure(hall, 2, gateway=2, flags=["assoc_low"])) == ("hold", ["assoc_low"])

    again = measure(hall, 2, gateway=2)

    assert said(again) == FAILED
    assert (again["visit"], again["was"]) == (visit(1), visit(2))


def test_a_consignment_leaves_once_whatever_label_is_read(hall: Hall) -> None:
    assert said(measure(hall, 1)) == ("release", [])
    hall.put(visit(1), "green")

    assert said(measure(hall, 2, gateway=2, codes=OTHER_LABEL)) == ("hold", ["swap_suspected"])


def test_an_older_visit_that_is_done_with_hides_none_that_customs_looks_for(tmp_path: Path) -> None:
    hall = Hall(tmp_path / "c.sqlite")
    measure(hall, 1, codes=OTHER_LABEL)
    hall.put(visit(1), "return")
    declare(hall, replace(GOODS, description="vape pens"))
    measure(hall, 2, gateway=2)
    hall.tell("parcel.lost_track", visit(2), 2)
    declare(hall, GOODS)

    assert said(measure(hall, 3, gateway=3, codes=OTHER_LABEL)) == TWO_LABELS


@pytest.mark.parametrize("gateway", [1, 2])
def test_two_parcels_of_one_consignment_stop_each_other(hall: Hall, gateway: int) -> None:
    first = measure(hall, 1)
    assert said(first) == ("release", [])

    assert said(measure(hall, 2, gateway=gateway, codes=OTHER_LABEL)) == TWO_LABELS
    recall = hall.store.decision(first["for"])
    assert recall is not None
    assert (said(recall), recall["visit"], recall["dec_seq"]) == (TWO_LABELS, visit(1), 2)


def test_once_a_consignment_has_left_its_other_parcel_is_recalled(hall: Hall) -> None:
    """Both were looked at and found good; the declaration is of one."""
    for number in (1, 2, 1):
        measure(hall, number, gateway=number)
    inspected(hall, 1, "passed")
    inspected(hall, 2, "passed", gateway=2)
    first, second = measure(hall, 1), measure(hall, 2, gateway=2)
    assert (said(first), said(second)) == (("release", []), ("release", []))
    hall.put(visit(1), "green")

    recall = hall.store.decision(second["for"])

    assert recall is not None
    assert (said(recall), recall["gw"], recall["visit"]) == (("hold", ["swap_suspected"]), "gw-02", visit(2))
    assert recall["dec_seq"] == second["dec_seq"] + 1


def test_parcels_that_were_told_apart_are_both_looked_at(hall: Hall) -> None:
    """After `visit.split` two bear one name; numbers of decisions go on where the older one's stood."""
    measure(hall, 1, flags=["lost_track"])
    hall.put(visit(1), "hold")
    assert said(measure(hall, 2, gateway=2)) == ("release", [])
    hall.tell("visit.joined", visit(2), 2, note={"from": visit(2), "into": visit(1)})
    hall.tell("visit.split", visit(1), 2, note={"from": visit(1), "into": visit(2)})

    own, older = measure(hall, 2, gateway=2), measure(hall, 1)

    assert (said(own), said(older)) == (TWO_LABELS, TWO_LABELS)
    assert (own["visit"], older["visit"]) == (visit(2), visit(1))
    assert (own["dec_seq"], older["dec_seq"]) == (3, 3)


# Declarations ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seen", [False, True])
def test_a_stop_can_t_be_left_behind_under_another_consignment(hall: Hall, seen: bool) -> None:
    with hall.store.transaction():
        answer = PartyAnswer("c-1", "agency:plants", "hold", ("agency_pending",))
        hall.desk.hear(answer, hall.now_us, hall.store)
    if seen:
        measure(hall, 1)
    declare(hall, replace(GOODS, identifiers=("RR123456785MY",)))

    with pytest.raises(ManifestFault, match="is declared for c-1 already"):
        declare(hall, replace(GOODS, consignment="c-2"))

    assert said(measure(hall, 1)) == ("hold", ["agency_pending"])


def test_a_label_that_was_read_stays_with_its_consignment(hall: Hall) -> None:
    measure(hall, 1)
    for amended in (("RR123456785MY",), ("RR123456785MY", "1Z9999999999999999")):
        declare(hall, replace(GOODS, identifiers=amended))

    with pytest.raises(ManifestFault, match="is declared for c-1 already"):
        declare(hall, replace(GOODS, consignment="c-2", identifiers=(CODE,)))
    declare(hall, replace(GOODS, consignment="c-3", identifiers=(SSCC,)))  # nobody has read this one


@pytest.mark.parametrize(
    ("change", "lane", "wanted"),
    [
        ({"description": "vape pens"}, "custody", ("refuse", ["prohibited"])),
        ({"value_minor": 99_000_000}, "manual", ("inspect", ["value_over_lane"])),
    ],
)
@pytest.mark.parametrize("elsewhere", [False, True])
def test_no_amendment_takes_a_parcel_out_of_customs_hands(
    hall: Hall, change: dict[str, Any], lane: str, wanted: tuple[str, list[str]], elsewhere: bool
) -> None:
    declare(hall, replace(GOODS, **change))
    measure(hall, 1)
    hall.put(visit(1), lane)
    declare(hall, GOODS)

    assert said(measure(hall, 2, gateway=2) if elsewhere else measure(hall, 1)) == wanted

    inspected(hall, 1, "passed", gateway=2 if elsewhere else 1)
    assert said(measure(hall, 2, gateway=2) if elsewhere else measure(hall, 1)) == ("release", [])


@pytest.mark.parametrize("name", [CODE, visit(1)])
def test_no_consignment_takes_the_draw_of_another_by_its_name(hall: Hall, name: str) -> None:
    """Its merchant knows that this one was not drawn: it went out without an inspection."""
    measure(hall, 1)
    declare(hall, replace(GOODS, consignment=name, identifiers=("RR123456785MY",)))

    draw = measure(hall, 2, codes=[code("RR123456785MY")])["basis"]["sample"]

    assert (draw["over"], draw["of"]) == ("consignment", name)


def test_a_stop_reaches_every_parcel_of_its_consignment(hall: Hall) -> None:
    measure(hall, 1)
    measure(hall, 2, gateway=2)
    answer = PartyAnswer("c-1", "agency:plants", "screen", ("risk_profile",))
    with hall.store.transaction():
        told = hall.desk.hear(answer, hall.now_us, hall.store)

    assert {(one["gw"], one["visit"]) for one in told} == {("gw-01", visit(1)), ("gw-02", visit(2))}


# A gateway whose word is doubted, late or far off ----------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "note"),
    [
        ("parcel.inspected", {"outcome": "passed"}),
        ("visit.joined", {"from": visit(1), "into": visit(7)}),
    ],
)
def test_a_gateway_in_quarantine_clears_nothing(hall: Hall, kind: str, note: dict[str, str]) -> None:
    declare(hall, replace(GOODS, value_minor=99_000_000))
    measure(hall, 1)
    event = hall.event(kind, visit(1), 2, note=note)
    with hall.store.transaction():
        hall.store.receive(event, hall.now_us)
        hall.desk.answer(event.data, event.id, hall.now_us, hall.store, quarantined=True)

    again = measure(hall, 1)

    assert (said(again), again["visit"]) == (("inspect", ["value_over_lane"]), visit(1))


def test_a_gateway_that_contradicts_itself_is_doubted_however_often_another_does(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulators.coordinator.store.TAMPERS_MAX", 2)
    for gateway in (1, 1, 1, 2, 2):
        chain = hall.chains.setdefault(f"gw-{gateway:02}", Chain())
        chain.seq, chain.last = 0, Chain().last
        hall.later(1).take(hall.event("gateway.mode", None, gateway))

    assert hall.store.quarantined_gateways() == ["gw-01", "gw-02"]
    assert hall.store.quarantined("gw-02")


def test_an_old_measurement_out_of_a_backlog_lifts_no_newer_word(hall: Hall) -> None:
    told = {"codes": [code(CODE)], "mass": {"mg": 1_000_000, "u_mg": 5_000}}
    old = hall.event("parcel.measured", visit(1), **told)
    new = hall.event("parcel.measured", visit(1), **told | {"mass": HEAVY})
    (first,) = hall.take(new)
    assert first is not None
    assert said(first) == ("inspect", ["mass_mismatch"])

    assert hall.take(old) == [None]
    found = hall.store.visit(visit(1))
    assert found is not None
    assert (found.measured, found.decided) == (new.id, 1)


@pytest.mark.parametrize("t", ["0001-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z"])
def test_a_clock_that_is_ages_off_costs_the_answer_nothing(hall: Hall, t: str) -> None:
    decision = measure(hall, 1, t=t)

    assert said(decision) == ("release", [])
    assert abs(decision["slack_us"]) == 2**53 - 1


def test_the_largest_mass_that_can_be_written_is_answered(hall: Hall) -> None:
    most = {"mg": 2**53 - 1, "u_mg": 0}
    for reason in ("mass_over_lane", "mass_mismatch"):
        assert said(measure(hall, 1, mass=most)) == ("inspect", [reason])
        inspected(hall, 1, "passed")

    decision = measure(hall, 1, mass=most)

    assert said(decision) == ("release", [])
    assert decision["cond"]["mass_mg"][1] == 2**53 - 1


# Conditions of a release ----------------------------------------------------------------------------------


def test_the_band_of_a_release_ends_at_the_mass_of_its_lane(hall: Hall) -> None:
    declare(hall, replace(GOODS, mass_mg=29_900_000))

    decision = measure(hall, 1, mass={"mg": 29_950_000, "u_mg": 5_000})

    assert said(decision) == ("release", [])
    assert decision["cond"]["mass_mg"] == [28_405_000, hall.rules.mass_max_mg]


def test_a_release_ends_with_the_days_of_its_rule_pack(tmp_path: Path) -> None:
    """Kuala Lumpur is eight hours ahead: its 22 November ends at 16:00 UTC."""
    rules = load_rules(RULES_FILE)
    last = parse_utc("2026-11-22T15:59:30.000000Z")
    ending = rules.model_copy(update={"valid_until": rules.valid_from.replace(year=2026, month=11, day=22)})
    hall = Hall(tmp_path / "c.sqlite", rules=ending, now_us=last)
    declare(hall, GOODS)

    decision = measure(hall, 1)

    assert said(decision) == ("release", [])
    assert decision["valid_until"] == decision["cond"]["not_after"] == "2026-11-22T15:59:59.999999Z"
    assert said(measure(hall, 1, mass=None))[0] == "hold"


# What is handed in ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"description": "nul \0"}, {"consignment": "half \ud800"}, {"identifiers": ["half \udfff"]},
        {"dims_um": [2**53, 1, 1]}, {"parties": ["agency:Plants"]}, {"parties": ["customs"]},
    ],
    ids=str,
)  # fmt: skip
def test_a_declaration_that_nobody_could_write_or_answer_is_refused(change: dict[str, Any]) -> None:
    """It ended the coordinator, or its parcel waited for ever for a party that there is not."""
    told = {"mass_mg": 1, "value_minor": 1, "currency": "MYR", "description": "x", "identifiers": [CODE]}

    with pytest.raises(ManifestFault, match=next(iter(change)) + " is|is no party"):
        declarations_of([told | change])


@pytest.mark.parametrize(
    "change",
    [{"consignment": "half \ud800"}, {"source": {"mrn": "nul \0"}}, {"source": {"mrn": "\udfff"}}],
    ids=str,
)
def test_an_answer_that_nobody_could_write_is_refused(change: dict[str, Any]) -> None:
    told = {"consignment": "c-1", "party": "agency:plants", "action": "hold", "reasons": ["tamper"]}

    with pytest.raises(AnswerFault):
        answer_of(told | change)
