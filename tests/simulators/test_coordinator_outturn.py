"""Outturn of a master air waybill: manifested, seen, awaited, short, over, damaged, open cases, with their events."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from coordinator_hall import Hall, visit
from test_coordinator_desk import CODE, GOODS, OTHER_CODE, SSCC, code

from simulators.coordinator.declared import ManifestFault, declarations_of
from simulators.coordinator.outturn import Outturn, main, outturn
from simulators.coordinator.tables import DATABASE

MAWB, OTHER_MAWB = "232-12345675", "232-99999992"
BAG, OTHER_BAG = "GBLALAMYKULAAUN60001001000050", "GBLALAMYKULAAUN60002001000050"


def s10(number: int) -> str:
    """Eight digits and the check digit of UPU S10."""
    digits = f"{number:08}"
    rest = 11 - sum(int(d) * w for d, w in zip(digits, (8, 6, 4, 2, 3, 5, 9, 7), strict=True)) % 11
    return f"RR{digits}{ {10: 0, 11: 5}.get(rest, rest) }MY"


def goods(consignment: str, name: str, mawb: str = MAWB, bag: str | None = BAG, **more: Any) -> Any:
    return replace(GOODS, identifiers=(name,), consignment=consignment, mawb=mawb, receptacle=bag, **more)


@pytest.fixture
def hall(tmp_path: Path) -> Hall:
    return Hall(tmp_path / DATABASE)


def file(hall: Hall, *declared: Any) -> None:
    with hall.store.transaction():
        hall.store.file(declared, hall.now_us)


def open_bag(hall: Hall, bag: str, mawb: str | None = MAWB, gateway: int = 1) -> None:
    codes = [code(bag, "receptacle")] + ([code(mawb, "mawb")] if mawb else [])
    hall.later(1)
    hall.tell("bag.opened", visit(900), gateway, codes=codes)


def of(hall: Hall, mawb: str = MAWB) -> Outturn:
    with closing(sqlite3.connect(hall.path)) as connection:
        found = outturn(connection, mawb)
    assert found is not None
    return found


def names(found: Outturn, state: str) -> list[str]:
    return [item.name for bag in found.receptacles for item in getattr(bag, state)]


def test_a_bag_that_holds_what_was_declared_tallies(hall: Hall) -> None:
    file(hall, goods("c-1", CODE), goods("c-2", OTHER_CODE))
    assert names(of(hall), "awaited") == ["c-1", "c-2"]
    open_bag(hall, BAG)
    hall.pass_by(visit(1), CODE)
    hall.pass_by(visit(2), OTHER_CODE)

    found = of(hall)

    assert found.tallies
    assert names(found, "seen") == names(found, "manifested") == ["c-1", "c-2"]
    (bag,) = found.receptacles
    assert bag.name == BAG
    assert len(bag.opened) == 1
    assert [len(item.events) for item in bag.seen] == [5, 5]


def test_what_is_missing_is_short_once_its_bag_was_opened(hall: Hall) -> None:
    file(hall, goods("c-1", CODE), goods("c-2", OTHER_CODE, bag=OTHER_BAG))
    open_bag(hall, BAG)

    found = of(hall)

    assert (names(found, "short"), names(found, "awaited")) == (["c-1"], ["c-2"])
    assert not found.tallies


def test_what_nobody_declared_for_this_waybill_is_over(hall: Hall) -> None:
    file(hall, goods("c-1", CODE), goods("c-9", OTHER_CODE, OTHER_MAWB, None))
    open_bag(hall, BAG)
    for number, name in enumerate((CODE, OTHER_CODE, s10(77)), 1):
        hall.pass_by(visit(number), name)

    found = of(hall)

    (bag,) = found.receptacles
    assert [(item.name, item.note) for item in bag.over] == [
        (OTHER_CODE, f"declared under {OTHER_MAWB}"), (s10(77), "not declared"),
    ]  # fmt: skip
    assert names(of(hall, OTHER_MAWB), "seen") == ["c-9"]


def test_parcels_of_another_line_or_after_another_bag_are_not_over(hall: Hall) -> None:
    file(hall, goods("c-1", CODE))
    hall.pass_by(visit(1), s10(1))
    open_bag(hall, BAG)
    hall.pass_by(visit(2), s10(2), gateway=2)
    open_bag(hall, OTHER_BAG, OTHER_MAWB)
    hall.pass_by(visit(3), s10(3))

    assert names(of(hall), "over") == []
    assert names(of(hall, OTHER_MAWB), "over") == [s10(3)]


def test_damage_and_open_cases_are_told_with_their_events(hall: Hall) -> None:
    file(hall, goods("c-1", CODE), goods("c-2", OTHER_CODE, value_minor=60_000), goods("c-3", SSCC))
    open_bag(hall, BAG)
    hall.pass_by(visit(1), CODE, flags=["damaged"])
    hall.pass_by(visit(2), OTHER_CODE)

    found = of(hall)
    (bag,) = found.receptacles
    assert [(item.name, item.note) for item in bag.damaged] == [("c-1", "damaged")]
    assert [(item.name, item.note) for item in bag.open_cases] == [("c-2", "low-value")]
    assert bag.open_cases[0].events == bag.seen[1].events
    hall.tell("parcel.inspected", visit(2), note={"outcome": "passed"})
    assert names(of(hall), "open_cases") == []


def test_one_visit_over_two_gateways_is_seen_once(hall: Hall) -> None:
    file(hall, goods("c-1", CODE, value_minor=60_000))
    open_bag(hall, BAG)
    hall.pass_by(visit(1), CODE)
    hall.pass_by(visit(2), CODE, gateway=2)

    found = of(hall)

    assert names(found, "seen") == ["c-1"]
    assert len(found.receptacles[0].seen[0].events) == 8


def test_a_bag_is_known_by_its_declarations_where_no_waybill_was_read(hall: Hall) -> None:
    file(hall, goods("c-1", CODE))
    open_bag(hall, BAG, None)

    assert names(of(hall), "short") == ["c-1"]


def test_an_amended_declaration_counts_once(hall: Hall) -> None:
    file(hall, goods("c-1", CODE))
    file(hall, goods("c-1", OTHER_CODE))
    open_bag(hall, BAG)
    hall.pass_by(visit(1), OTHER_CODE)

    assert (names(of(hall), "manifested"), names(of(hall), "seen")) == (["c-1"], ["c-1"])


def test_the_command_prints_a_table_or_json_and_says_by_its_exit_whether_it_tallies(
    hall: Hall, capsys: pytest.CaptureFixture[str]
) -> None:
    file(hall, goods("c-1", CODE), goods("c-2", OTHER_CODE))
    folder = str(hall.path.parent)
    assert main([MAWB, "--data", folder]) == 0
    assert "awaited" in capsys.readouterr().out
    open_bag(hall, BAG)
    hall.pass_by(visit(1), CODE)

    assert main([MAWB, "--data", folder]) == 1
    printed = capsys.readouterr().out
    assert f"short: c-2, receptacle {BAG}" in printed
    assert main([MAWB, "--data", folder, "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["tallies"] is False
    assert told["receptacles"][0]["short"][0]["name"] == "c-2"


@pytest.mark.parametrize("folder", ["", "none"])
def test_the_command_says_what_it_can_t_find(
    hall: Hall, folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["000-1", "--data", str(hall.path.parent / folder)]) == 2

    assert capsys.readouterr().err.startswith("hub outturn: no ")


@pytest.mark.parametrize("declared", ["232-12345675", "23212345675"])
@pytest.mark.parametrize("read", ["232-12345675", "23212345675"])
@pytest.mark.parametrize("asked", ["232-12345675", "23212345675"])
def test_a_waybill_is_the_same_with_and_without_its_dash(
    hall: Hall, declared: str, read: str, asked: str
) -> None:
    """Labels hold digits alone, declarations the dash: a missing parcel was awaited for ever."""
    file(hall, goods("c-1", CODE, declared), goods("c-2", OTHER_CODE, declared, None))
    open_bag(hall, BAG, read)

    assert sorted(names(of(hall, asked), "short")) == ["c-1", "c-2"]


def test_a_number_that_is_there_twice_is_over_once(hall: Hall) -> None:
    file(hall, goods("c-1", CODE))
    open_bag(hall, BAG)
    hall.tell("parcel.arrived", visit(1))
    hall.tell("parcel.arrived", visit(2), gateway=2)
    for number in (1, 2):
        hall.tell("parcel.identified", visit(number), number, codes=[code(CODE, "s10")])

    found = of(hall)

    assert (names(found, "manifested"), names(found, "seen"), names(found, "over")) == (["c-1"],) * 3
    assert found.receptacles[0].over[0].note == "its number once more"
    assert not found.tallies


def test_a_parcel_lost_track_of_and_scanned_again_is_seen_once(hall: Hall) -> None:
    file(hall, goods("c-1", CODE))
    open_bag(hall, BAG)
    hall.tell("parcel.arrived", visit(1))
    hall.tell("parcel.identified", visit(1), codes=[code(CODE, "s10")])
    hall.tell("parcel.lost_track", visit(1), flags=["lost_track"])
    assert names(of(hall), "seen") == ["c-1"]
    hall.later(5).pass_by(visit(2), CODE)

    found = of(hall)

    assert (names(found, "seen"), names(found, "over")) == (["c-1"], [])
    assert found.receptacles[0].seen[0].visit == visit(2)


def test_a_strange_parcel_out_of_two_bags_is_over_once(hall: Hall) -> None:
    file(hall, goods("c-1", CODE))
    open_bag(hall, BAG)
    hall.pass_by(visit(1), s10(77))
    open_bag(hall, OTHER_BAG, gateway=2)
    hall.later(5).pass_by(visit(2), s10(77), gateway=2)

    assert names(of(hall), "over") == [s10(77)]


def test_a_declared_parcel_out_of_another_bag_of_its_waybill_is_seen_where_it_was_declared(
    hall: Hall,
) -> None:
    file(hall, goods("c-1", CODE), goods("c-2", OTHER_CODE, bag=OTHER_BAG))
    open_bag(hall, BAG)
    hall.pass_by(visit(1), OTHER_CODE)
    open_bag(hall, OTHER_BAG)
    hall.pass_by(visit(2), CODE)

    found = of(hall)

    assert found.tallies
    assert [(bag.name, [item.name for item in bag.seen]) for bag in found.receptacles] == [
        (BAG, ["c-1"]), (OTHER_BAG, ["c-2"]),
    ]  # fmt: skip


def test_a_waybill_of_no_pieces_tallies_until_something_comes_out_of_its_bag(hall: Hall) -> None:
    open_bag(hall, BAG)
    assert (of(hall).tallies, of(hall).count("manifested")) == (True, 0)

    hall.pass_by(visit(1), CODE)

    assert names(of(hall), "over") == [CODE]
    assert not of(hall).tallies


def test_one_consignment_with_two_weights_in_one_file_is_refused() -> None:
    line = {"consignment": "c-1", "identifiers": [CODE], "mass_mg": 1, "value_minor": 1, "currency": "MYR",
            "description": "x"}  # fmt: skip

    assert len(declarations_of([line, dict(line)])) == 2
    for other in ({"mass_mg": 2}, {"identifiers": [OTHER_CODE]}):
        with pytest.raises(ManifestFault, match="consignment c-1 stands here twice, and not the same"):
            declarations_of([line, line | other])
