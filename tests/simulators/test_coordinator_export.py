"""`hub coordinator export`: the events of a whole hub, a parcel of several gateways as one (contract §1, §9)."""

import json
from pathlib import Path

import fastjsonschema
import pytest
from coordinator_hall import Hall, visit
from epcis_schema import need_schema
from exported_hub import (
    CODES,
    ITEM,
    MASS,
    PROV,
    RELEASED,
    Export,
    at_the_bench,
    decided,
    departed,
    names,
    on_the_line,
    split,
    steps,
    valid,
)

from simulators.coordinator.tables import DATABASE


@pytest.fixture
def hall(tmp_path: Path) -> Hall:
    return Hall(tmp_path / DATABASE, mode="live")


@pytest.fixture
def export(hall: Hall, capsys: pytest.CaptureFixture[str]) -> Export:
    return Export(hall, capsys)


def test_documents_here_are_checked_by_the_published_schema(hall: Hall, export: Export) -> None:
    need_schema()
    hall.take(*at_the_bench(hall))
    document = json.loads(export.run("epcis", "--zone", "Asia/Kuala_Lumpur"))
    valid(document)
    document["epcisBody"]["eventList"][0]["bizStep"] = "customs_hold"

    with pytest.raises(fastjsonschema.JsonSchemaException):
        valid(document)


def test_a_parcel_of_two_gateways_is_one_story(hall: Hall, export: Export) -> None:
    hall.take(*at_the_bench(hall))
    hall.take(*on_the_line(hall))

    assert export.codes() == ["EMD", "EME", "EDC", "EMF"]
    events = export.epcis()
    assert steps(events) == [
        "arriving", "inspecting", "holding", "arriving", "inspecting", "holding", "departing",
    ]  # fmt: skip
    assert names(events) == {f"urn:uuid:{visit(1)}"}
    assert {event["readPoint"]["id"].rpartition("/")[2] for event in events} == {"gw-01", "gw-02"}
    assert len({event["eventID"] for event in events}) == len(events)
    assert export.said == "7 EPCIS events of 9 events; the next: --after 9\n"


def test_events_of_a_gateway_that_was_away_stand_where_they_happened(hall: Hall, export: Export) -> None:
    """The parcel was held at a bench whose gateway was cut off; the coordinator hears of that after it has left."""
    away = at_the_bench(hall)
    hall.take(*on_the_line(hall))
    hall.later(600).take(*away)

    assert export.codes() == ["EMD", "EME", "EDC", "EMF"]
    assert steps(export.epcis())[:3] == ["arriving", "inspecting", "holding"]


def test_a_backlog_behind_live_events_stands_in_its_gateways_order(hall: Hall, export: Export) -> None:
    first, *others = at_the_bench(hall)
    line = on_the_line(hall)
    hall.take(*others, *reversed(line))
    hall.take(first)

    assert export.codes() == ["EMD", "EME", "EDC", "EMF"]


def test_a_clock_that_is_not_sure_orders_nothing(hall: Hall, export: Export) -> None:
    """Gateway 2 has no time at all: what it says stands where it was stored."""
    hall.take(*at_the_bench(hall))
    hall.take(*on_the_line(hall, t="1970-01-01T00:00:01.000000Z", t_src="none", t_unc_us=10**15))

    assert export.codes() == ["EMD", "EME", "EDC", "EMF"]


def test_each_run_tells_what_no_run_has_told(hall: Hall, export: Export) -> None:
    told: list[str] = []
    after = 0
    for event in [*at_the_bench(hall), *on_the_line(hall)]:
        hall.take(event)
        told += export.codes(after)
        after = export.next

    assert told == ["EMD", "EME", "EDC", "EMF"]
    assert export.codes(after) == []


def test_what_comes_late_is_closed_by_what_was_told_before(hall: Hall, export: Export) -> None:
    """EMD and EMF went out, the retention comes a day later: it is told with its own time, and so is its end."""
    away = at_the_bench(hall)
    line = on_the_line(hall, leaves=False)[:3]
    hall.take(*line, departed(hall, visit(1), 2))
    first = export.codes()
    hall.later(600).take(*away)
    late = [json.loads(line) for line in export.run("emsevt", "--after", str(export.next)).splitlines()]

    assert first == ["EMD", "EMF"]
    assert [(one["code"], one["t"][11:16]) for one in late] == [("EME", "00:16"), ("EDC", "00:47")]
    assert "1 codes told before would be others now: events came late" in export.said


def test_a_number_counts_once_its_reading_has_been_heard(hall: Hall, export: Export) -> None:
    """Until then nobody can tell that another visit bears it as well."""
    bench, line, told = at_the_bench(hall), on_the_line(hall), []
    for events in (line[:2], [bench[0], bench[2]], [bench[1]], line[2:]):
        before = export.next if told else 0
        hall.take(*events)
        told.append(export.codes(before))

    assert told == [["EMD"], [], ["EME"], ["EDC", "EMF"]]


def test_what_customs_still_has_is_told_by_name(hall: Hall, export: Export) -> None:
    hall.take(*at_the_bench(hall))

    assert export.codes() == ["EMD", "EME"]
    assert f"; 1 items still with customs: {ITEM} of 4 events" in export.said


def test_a_parcel_fed_again_without_a_join_is_one_item(hall: Hall, export: Export) -> None:
    """Lost track of at one gateway, fed at another before anybody recognised it: the post has one number."""
    hall.take(*at_the_bench(hall), hall.event("parcel.lost_track", visit(1), 1))
    hall.later(5).take(
        hall.event("parcel.arrived", visit(3), 2), hall.event("parcel.identified", visit(3), 2, codes=CODES),
        decided(hall, visit(3), 2, RELEASED), departed(hall, visit(3), 2),
    )  # fmt: skip

    assert export.codes() == ["EMD", "EME", "EDC", "EMF"]
    assert names(export.epcis()) == {
        f"urn:uuid:{visit(1)}",
        f"urn:uuid:{visit(3)}",
    }  # nobody has said that it is one


def test_a_new_journal_goes_on_with_the_same_parcel(hall: Hall, export: Export) -> None:
    """Two epochs of one gateway: seq begins anew."""
    hall.take(*at_the_bench(hall))
    hall.chains.clear()
    hall.later(10).take(
        hall.event("parcel.identified", visit(1), 1, codes=CODES, epoch=2),
        hall.event("parcel.departed", visit(1), 1, codes=CODES, epoch=2),
    )

    assert export.codes() == ["EMD", "EME", "EDC", "EMF"]
    assert steps(export.epcis()) == ["arriving", "inspecting", "holding", "inspecting", "departing"]


def test_what_was_told_before_the_join_is_declared_wrong_and_told_again(hall: Hall, export: Export) -> None:
    line = at_the_bench(hall), on_the_line(hall)
    hall.take(*line[0], *line[1][:2])
    first = export.epcis()
    hall.take(*line[1][2:])
    second = export.epcis(export.next)

    assert names(first) == {f"urn:uuid:{visit(1)}", f"urn:uuid:{visit(2)}"}
    wrong = [event for event in second if "errorDeclaration" in event]
    assert [event["eventID"] for event in wrong] == [event.id for event in line[1][:2]]
    assert names(wrong) == {f"urn:uuid:{visit(2)}"}
    declared = [event["errorDeclaration"]["correctiveEventIDs"] for event in wrong]
    right = [event for event in second if "errorDeclaration" not in event]
    assert declared == [[event["eventID"]] for event in right[:2]]
    assert names(right) == {f"urn:uuid:{visit(1)}"}
    assert [e["eventID"] for e in export.epcis() if e not in first] == [e["eventID"] for e in right]


def test_a_join_that_was_undone_never_was(hall: Hall, export: Export) -> None:
    """Another parcel with the same label: what was told of it in between is its own, and it closes nobody's clock."""
    hall.take(*at_the_bench(hall), *on_the_line(hall, leaves=False)[:3])
    hall.take(
        hall.event("parcel.identified", visit(1), 2, codes=CODES), split(hall, 2, visit(1), visit(2)),
        hall.event("parcel.arrived", visit(2), 2, codes=CODES),
        hall.event("parcel.decided", visit(2), 2, codes=CODES, flags=["two_labels"]), departed(hall, visit(2), 2),
    )  # fmt: skip
    line = {event["readPoint"]["id"][-2:]: event["epcList"][0] for event in export.epcis()}

    assert export.codes() == ["EMD", "EME"]
    assert line == {"01": f"urn:uuid:{visit(1)}", "02": f"urn:uuid:{visit(2)}"}
    hall.take(decided(hall, visit(1), 1, RELEASED), departed(hall, visit(1), 1))
    assert export.codes() == ["EMD", "EME", "EDC", "EMF"]


def test_a_split_declares_what_was_told_of_the_other_parcel_wrong(hall: Hall, export: Export) -> None:
    hall.take(*at_the_bench(hall), *on_the_line(hall, leaves=False)[:3])
    between = hall.event("parcel.identified", visit(1), 2, codes=CODES)
    hall.take(between)
    export.epcis()
    after = export.next
    hall.take(split(hall, 2, visit(1), visit(2)), hall.event("parcel.arrived", visit(2), 2, codes=CODES))
    told = export.epcis(after)

    wrong = [event for event in told if "errorDeclaration" in event]
    assert names(wrong) == {f"urn:uuid:{visit(1)}"}
    assert [event["eventID"] for event in wrong][-1] == between.id
    assert names([event for event in told if event not in wrong]) == {f"urn:uuid:{visit(2)}"}


def test_a_correction_points_at_the_event_as_it_was_told_here(hall: Hall, export: Export) -> None:
    hall.take(*at_the_bench(hall), *(line := on_the_line(hall, leaves=False)))
    note = {"corrects": line[1].id, "what": "mass"}
    hall.take(
        hall.event(
            "parcel.corrected", visit(1), 2, codes=CODES, mass=MASS | {"mg": 2_000_000}, note=note, prov=PROV
        )
    )
    events = export.epcis()

    (again,) = [event for event in events if "errorDeclaration" in event]
    same = [event for event in events if event["eventID"] == again["eventID"] and event != again]
    assert [event | {"errorDeclaration": again["errorDeclaration"]} for event in same] == [again]
    assert again["errorDeclaration"]["correctiveEventIDs"] == [events[-1]["eventID"]]
    assert names(events) == {f"urn:uuid:{visit(1)}"}


def test_practice_is_never_exported_and_cloudevents_are_as_they_were_published(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hall = Hall(tmp_path / DATABASE)
    export = Export(hall, capsys)
    hall.take(*(events := at_the_bench(hall)))

    assert export.codes() == []
    assert (
        "0 codes (mode practice is never exported as emsevt) of 0 events; the next: --after 4" in export.said
    )
    assert export.epcis() == []
    told = [json.loads(line) for line in export.run("cloudevents").splitlines()]
    assert [(one["id"], one["data"]) for one in told] == [(event.id, event.data) for event in events]
    assert not any("ehubsig" in one for one in told)


def test_an_event_of_another_shape_is_left_out_and_counted(hall: Hall, export: Export) -> None:
    hall.take(
        *at_the_bench(hall),
        hall.event("parcel.decided", visit(1), 1, decision={"data": {}, "kid": "k", "sig": "s"}),
    )

    assert export.codes() == ["EMD", "EME"]
    assert "; 1 events are not as the contract has them and were left out" in export.said
    assert len(export.epcis()) == 3
    assert "; 1 events are not as the contract has them and were left out" in export.said
