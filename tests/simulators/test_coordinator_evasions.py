"""What stops a parcel stops it in whatever order, under whatever id and at whatever gateway it is seen again."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from coordinator_hall import NOW_US, RULES_FILE, Hall, code, visit

from hub_config.rules import load_rules
from simulators.coordinator.declared import Declared, ManifestFault
from simulators.coordinator.desk import Desk
from simulators.coordinator.parties import PartyAnswer
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
