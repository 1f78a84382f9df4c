"""Events as EPCIS 2.0 and as postal tracking codes (clearance contract §9, standards.md §2)."""

import json
from collections.abc import Callable
from typing import Any, Final

import fastjsonschema
import pytest
from epcis_schema import need_schema, schema_check

from edge.wire.emsevt import WAITING_MAX, Direction, EmsevtLog
from edge.wire.epcis import EpcisExport

VISIT, OLDER = "01a2009b-37eb-7cc0-9f2a-3a5b6c7d8e9f", "01a2009b-37eb-7cc0-9f2a-000000000001"
S10 = {"sym": "code128", "data": "RR473124829MY", "type": "s10", "chk": True, "dev": "scan-1", "reads": 3}
T = "2026-11-22T00:15:02.123456Z"
CREATED = "2026-11-22T00:20:00.000000Z"


def data(
    kind: str, visit: str | None = VISIT, codes: tuple[dict[str, Any], ...] = (S10,), **more: Any
) -> dict[str, Any]:
    return {
        "v": 1, "kind": kind, "mode": "live", "hub": "MY-KUL-1", "line": "l1", "gw": "gw-03", "epoch": 7, "seq": 1,
        "visit": visit, "t": T, "t_unc_us": 1500, "flags": [], "codes": list(codes),
        "prov": {"edge": "0.4.1", "cfg": "e6" * 32, "dev": {"scale-1": {"cal": "c-2026-03", "fw": "3.12"}}},
    } | more  # fmt: skip


def decided(action: str, *reasons: str, authority: str = "customs", **more: Any) -> dict[str, Any]:
    decision = {
        "dec": "01a2009b-3881-7000-8000-000000000001", "action": action, "reasons": list(reasons),
        "basis": {"authority": authority},
    }  # fmt: skip
    return data("parcel.decided", decision={"data": decision, "kid": "k", "sig": "s"}, **more)


MASS = {"dev": "scale-1", "mg": 1_234_500, "u_mg": 5_000, "e_mg": 5_000, "tare_mg": 0, "rec": 88213}
DIMS = {
    "dev": "dim-1", "l_um": 301_200, "w_um": 200_100, "h_um": 99_800, "u_um": 5_000, "rec": 4410, "shape": "cuboid",
}  # fmt: skip
EVERY: Final = (
    data("parcel.arrived", codes=()),
    data("parcel.identified"),
    data("parcel.measured", mass=MASS, dims=DIMS),
    data("parcel.presented"),
    decided("hold", "no_declaration"),
    decided("inspect", "sampled"),
    decided("screen", "risk_profile"),
    decided("info", "decl_incomplete"),
    data("parcel.inspected", note={"outcome": "passed"}),
    data("parcel.inspected", note={"outcome": "failed"}, flags=["prohibited"]),
    decided("release"),
    decided("return", "duty_unpaid"),
    decided("refuse", "prohibited"),
    data("parcel.bagged", bag="MYKULA RWKGLA 6 0001"),
    data("parcel.departed", act={"lane": "green", "bay": "G1"}, dwell=[{"owner": "hub", "us": 9_500_000}]),
    data("parcel.decided", flags=["no_read"]),
)  # fmt: skip


def export(
    *events: dict[str, Any], original: Callable[[str], Any] = lambda _id: None
) -> list[dict[str, Any]]:
    """The events of the document that these make, checked by the published schema where it is there."""
    document = EpcisExport(lambda _t: "+08:00", original).document(
        [(f"ni:///sha-256;{number:043d}", event) for number, event in enumerate(events)], CREATED
    )
    assert json.loads(json.dumps(document)) == document
    return list(document["epcisBody"]["eventList"])


@pytest.fixture(scope="module")
def valid() -> Callable[[Any], Any]:
    need_schema()
    return schema_check()


def test_every_row_of_the_table_is_a_valid_document(valid: Callable[[Any], Any]) -> None:
    document = EpcisExport(lambda _t: "+08:00", lambda _id: None).document(
        [(f"ni:///sha-256;{number:043d}", event) for number, event in enumerate(EVERY)], CREATED
    )

    valid(json.loads(json.dumps(document)))
    assert len(document["epcisBody"]["eventList"]) == len(EVERY)


@pytest.mark.parametrize(
    ("key", "value"), [("eventTime", "banana"), ("bizStep", "customs_hold"), ("type", "FooEvent")]
)
def test_the_check_is_not_blind(valid: Callable[[Any], Any], key: str, value: str) -> None:
    document = EpcisExport(lambda _t: "+08:00", lambda _id: None).document(
        [("ni:///sha-256;x", EVERY[0])], CREATED
    )
    document["epcisBody"]["eventList"][0][key] = value

    with pytest.raises(fastjsonschema.JsonSchemaException):
        valid(document)


def test_steps_and_dispositions_are_those_of_the_contract() -> None:
    steps = [
        (event["bizStep"].rpartition("/")[2], event["disposition"].rpartition("/")[2])
        for event in export(*EVERY)
    ]

    assert steps == [
        ("arriving", "in_progress"), ("inspecting", "in_progress"), ("inspecting", "in_progress"),
        ("presenting_to_customs", "in_progress"), *[("holding", "held_by_customs")] * 4, ("inspecting", "conformant"),
        ("inspecting", "non_conformant"), ("holding", "available"), ("shipping", "returned"),
        ("holding", "in_customs_custody"), ("packing", "in_progress"), ("departing", "in_transit"),
        ("holding", "in_progress"),
    ]  # fmt: skip


def test_a_measurement_has_kilograms_and_metres_made_by_shifting_the_point() -> None:
    (event,) = export(EVERY[2])
    mass, dims = event["sensorElementList"]

    assert event["epcList"] == [f"urn:uuid:{VISIT}", "https://ehub.invalid/id/s10/RR473124829MY"]
    assert event["eventTimeZoneOffset"] == "+08:00"
    assert mass["sensorReport"] == [
        {"type": "Mass", "value": 1.2345, "uom": "KGM", "sDev": 0.0025, "ehub:expandedUncertainty": 0.005}
    ]
    assert mass["sensorMetadata"]["deviceMetadata"] == "https://ehub.invalid/cal/c-2026-03"
    assert mass["sensorMetadata"]["rawData"] == "https://ehub.invalid/rec/scale-1/88213"
    assert [(r["component"], r["value"]) for r in dims["sensorReport"]] == [
        ("x", 0.3012),
        ("y", 0.2001),
        ("z", 0.0998),
    ]


@pytest.mark.parametrize("mode", ["practice", "replay"])
def test_practice_is_never_exported(mode: str) -> None:
    assert export(*(event | {"mode": mode} for event in EVERY)) == []
    assert [code for event in EVERY for code in EmsevtLog().take("id", event | {"mode": mode})] == []


@pytest.mark.parametrize("kind", ["parcel.diverted", "parcel.lost_track", "drill.recall", "device.changed"])
def test_what_the_table_has_no_row_for_is_not_exported(kind: str) -> None:
    assert (
        export(data(kind), decided("reweigh", "mass_inconclusive"), decided("recirculate", "no_time")) == []
    )


def test_a_correction_exports_the_wrong_event_again_with_its_declaration(valid: Callable[[Any], Any]) -> None:
    wrong = data("parcel.measured", mass=MASS)
    right = data("parcel.corrected", mass=MASS | {"mg": 1_500_000}, note={"corrects": "ni:///sha-256;wrong"})
    again, corrective = export(right, original={"ni:///sha-256;wrong": wrong}.get)

    assert again["eventID"] == "ni:///sha-256;wrong"
    assert again["errorDeclaration"]["correctiveEventIDs"] == [corrective["eventID"]]
    assert corrective["sensorElementList"][0]["sensorReport"][0]["value"] == 1.5
    assert again["sensorElementList"][0]["sensorReport"][0]["value"] == 1.2345
    valid(
        EpcisExport(lambda _t: "+08:00", {"ni:///sha-256;wrong": wrong}.get).document(
            [("ni:///sha-256;x", right)], CREATED
        )
    )


def test_text_of_labels_never_leaves_its_place_in_a_uri() -> None:
    (event,) = export(data("parcel.identified", codes=(S10 | {"data": "A/../B?#\u00e9 "},)))

    assert event["epcList"][1] == "https://ehub.invalid/id/s10/A%2F..%2FB%3F%23%C3%A9%20"


# Tracking codes


def codes(
    *events: dict[str, Any], direction: Direction = "import", log: EmsevtLog | None = None
) -> list[str]:
    log = log or EmsevtLog(direction)
    return [one.code for event in events for one in log.take("id", event)]


ARRIVED, PRESENTED, DEPARTED = data("parcel.arrived"), data("parcel.presented"), data("parcel.departed")
HELD, INSPECTED, RELEASED = (
    decided("hold", "no_declaration"),
    decided("inspect", "sampled"),
    decided("release"),
)


@pytest.mark.parametrize(
    ("direction", "told"),
    [
        ("import", ["EMD", "EDB", "EME", "EDC", "EMF"]),
        ("export", ["EMB", "EXA", "EXB", "EXC", "EMC"]),
        ("transit", ["EMJ", "EMK"]),
    ],
)
def test_a_stay_in_each_direction(direction: Direction, told: list[str]) -> None:
    assert codes(ARRIVED, PRESENTED, HELD, RELEASED, DEPARTED, direction=direction) == told


def test_an_item_is_presented_once_until_customs_gives_it_back() -> None:
    """Put back into its bay and brought again, customs' clock stands all the while; then it is another control."""
    own = data("parcel.decided", flags=["sampled"])
    told = codes(INSPECTED, PRESENTED, own, PRESENTED, RELEASED, INSPECTED, PRESENTED, RELEASED, DEPARTED)

    assert told == ["EME", "EDB", "EDA", "EDC", "EME", "EDB", "EDC", "EMF"]


def test_one_whose_flow_has_ended_is_presented_anew_where_customs_has_it_after_all() -> None:
    told = codes(PRESENTED, decided("return", "duty_unpaid"), PRESENTED, RELEASED, DEPARTED)

    assert told == ["EDB", "EDX", "EDB", "EDC", "EMF"]


def test_an_item_of_two_visits_that_turn_out_to_be_one_is_presented_once() -> None:
    log = EmsevtLog()
    older = codes(data("parcel.arrived", visit=OLDER), data("parcel.presented", visit=OLDER), log=log)
    minted = codes(data("parcel.arrived", codes=()), data("parcel.presented", codes=()), log=log)
    joined = codes(data("parcel.identified"), RELEASED, DEPARTED, log=log)

    assert (older, minted, joined) == (["EMD", "EDB"], [], ["EDC", "EMF"])


def test_a_direction_without_customs_leaves_nothing_with_it() -> None:
    log = EmsevtLog("transit")

    assert codes(ARRIVED, PRESENTED, log=log) == ["EMJ"]
    assert log.open_items() == []


def test_a_hold_by_customs_carries_its_reason_and_one_without_is_the_hubs() -> None:
    log = EmsevtLog(retention={"no_declaration": "50"})
    held = log.take("id", HELD)
    unexplained = log.take("id", decided("hold"))

    assert [(one.code, one.retention, one.item) for one in held] == [("EME", "50", "RR473124829MY")]
    assert [(one.code, one.retention) for one in unexplained] == [("EDA", None)]


def test_the_hubs_own_hold_stops_no_clock() -> None:
    own = data("parcel.decided", flags=["no_read"])

    assert codes(ARRIVED, own, decided("hold", "no_time", authority="hub"), DEPARTED) == ["EMD", "EDA", "EMF"]


def test_what_customs_had_is_closed_before_the_item_leaves() -> None:
    assert codes(ARRIVED, HELD, DEPARTED) == ["EMD", "EME", "EDC", "EMF"]
    assert codes(ARRIVED, HELD, decided("refuse", "prohibited")) == ["EMD", "EME", "EDX"]


def test_a_new_reason_is_news_and_the_same_again_is_not() -> None:
    failed = data("parcel.inspected", note={"outcome": "failed"}, flags=["prohibited"])

    assert codes(HELD, HELD, INSPECTED, failed) == ["EME", "EME", "EME"]


def test_what_is_still_with_customs_at_the_end_is_told_by_name() -> None:
    log = EmsevtLog()
    codes(ARRIVED, HELD, data("parcel.lost_track"), log=log)

    assert log.open_items() == ["RR473124829MY"]


def test_what_happened_before_the_number_was_read_is_told_with_its_own_time() -> None:
    log = EmsevtLog()
    assert codes(data("parcel.arrived", codes=()), log=log) == []
    told = log.take("id", data("parcel.identified") | {"t": "2026-11-22T00:15:09.000000Z"})

    assert [(one.code, one.t, one.item) for one in told] == [("EMD", T, "RR473124829MY")]


def test_parcels_without_a_number_have_no_codes_and_are_counted() -> None:
    log = EmsevtLog()

    assert codes(data("parcel.arrived", codes=()), data("parcel.departed", codes=()), log=log) == []
    assert log.without_number == 1


def test_an_item_that_is_lost_track_of_and_fed_again_has_arrived_before() -> None:
    """It has not left, so customs' clock is one and the same, whatever its visit is called now."""
    log = EmsevtLog()
    first = codes(ARRIVED, HELD, data("parcel.lost_track"), log=log)
    again = codes(
        data("parcel.arrived", visit=OLDER, codes=()), data("parcel.identified", visit=OLDER), log=log
    )
    assert log.open_items() == ["RR473124829MY"]
    free = codes(decided("release", visit=OLDER), data("parcel.departed", visit=OLDER), log=log)

    assert (first, again, free, log.open_items()) == (["EMD", "EME"], [], ["EDC", "EMF"], [])
    assert codes(ARRIVED, log=log) == ["EMD"]  # another one, once it has left


def test_a_visit_that_is_joined_after_its_number_was_read_arrives_once_and_stays_with_customs() -> None:
    log = EmsevtLog()
    older = codes(data("parcel.arrived", visit=OLDER), log=log)
    minted = codes(data("parcel.arrived", codes=()), data("parcel.identified"), PRESENTED, log=log)
    joined = codes(data("visit.joined", note={"from": VISIT, "into": OLDER}), log=log)
    free = codes(data("parcel.departed", visit=OLDER), log=log)

    assert (older, minted, joined, free) == (["EMD"], ["EDB"], [], ["EDC", "EMF"])


def test_what_a_visit_without_a_number_had_is_kept_when_it_is_joined() -> None:
    log = EmsevtLog()
    older = codes(data("parcel.arrived", visit=OLDER, codes=()), log=log)
    held = codes(data("parcel.arrived", codes=()), decided("hold", "no_declaration", codes=()), log=log)
    joined = data("visit.joined", note={"from": VISIT, "into": OLDER})
    named = codes(joined, data("parcel.identified", visit=OLDER), log=log)

    assert (older, held, named, log.open_items()) == ([], [], ["EMD", "EME"], ["RR473124829MY"])


def test_a_joined_visit_arrives_once() -> None:
    log = EmsevtLog()
    first = codes(
        data("parcel.arrived", visit=OLDER), decided("hold", "no_declaration", visit=OLDER), log=log
    )
    begun = codes(data("parcel.arrived", codes=()), log=log)
    joined = data("visit.joined", note={"from": VISIT, "into": OLDER})
    after = codes(joined, decided("release", visit=OLDER), data("parcel.departed", visit=OLDER), log=log)

    assert (first, begun, after) == (["EMD", "EME"], [], ["EDC", "EMF"])


def test_codes_that_wait_for_a_number_are_bounded_and_counted() -> None:
    log = EmsevtLog()
    for number in range(WAITING_MAX + 5):
        assert log.take("id", decided("hold", f"reason-{number}", codes=())) == []

    assert log.left_out == 5
    assert len(log.take("id", data("parcel.identified"))) == WAITING_MAX
