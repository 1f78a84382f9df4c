"""A parcel in the hands of customs, as everybody is told: coordinator, post, EPCIS, and whoever asks why."""

import json
from typing import Any

import fastjsonschema
import pytest
from bench_driver import GREEN, S10, BenchDriver, config
from coordinator_hall import Hall
from line_driver import LineDriver, entered
from line_driver import config as line_config
from test_three_gateways import HUB, SIGNER, TO_END_S, TO_MEASURED_S, Node, hall, kinds, measure

from edge.core.gateway import Gateway
from edge.rim.story import story_of
from edge.wire.asyncapi import schemas
from edge.wire.chain import Chain
from edge.wire.emsevt import Direction, EmsevtLog
from edge.wire.envelope import EventContext
from edge.wire.epcis import EpcisExport
from edge.wire.topics import Mode
from hub_config.badges import PASSED, Badge, badge_digest
from hub_config.names import GatewayId
from simulators.coordinator.dwell_report import stays
from simulators.coordinator.well_formed import misfit

__all__ = ["hall"]
BADGE = "HUBXBCDEFGHIJKLNOPRSTUVXBCDE"


def inspecting_bench() -> BenchDriver:
    badge = Badge(digest=badge_digest(BADGE), role="customs")
    return BenchDriver(
        Gateway(config(inspects=True).model_copy(update={"badges": (badge,)}), b"b" * 16)
    ).start()


def answered(node: Node) -> dict[str, Any]:
    """The coordinator's answer to the latest measurement, given at once and obeyed."""
    node.hall.now_us = node.driver.events[-1].wall.utc_us
    return measure(node)


@pytest.fixture
def stay(hall: Hall) -> BenchDriver:
    """A parcel's whole stay: looked into at once, passed, weighed again and released."""
    node = Node("gw-02", inspecting_bench(), hall)
    bench = node.driver
    assert isinstance(bench, BenchDriver)
    bench.measured(S10)
    answered(node)
    bench.later(5).scan(S10).later(300).scan(PASSED).later(1).scan(BADGE)
    bench.weigh(0).weigh(500_000)
    answered(node)
    return bench.later(1).scan(GREEN)


def as_told(bench: BenchDriver, mode: Mode = "live") -> list[tuple[str, dict[str, Any]]]:
    """Id and `data` of each event."""
    context = EventContext(HUB, GatewayId("gw-02"), mode, 1, "0.1.0", "0" * 64, {}, b"e" * 32)
    chain = Chain(context, SIGNER)
    links = [chain.append(event) for event in bench.events]
    return [(link.id, json.loads(link.body)) for link in links]


def test_inspected_at_a_bench_of_another_gateway_it_is_customs_under_its_first_visit(hall: Hall) -> None:
    belt = Node("gw-01", LineDriver(Gateway(line_config(), b"a" * 16)).start(), hall)
    bench = Node("gw-02", inspecting_bench(), hall)
    on_belt, at_bench = belt.driver, bench.driver
    assert isinstance(on_belt, LineDriver)
    assert isinstance(at_bench, BenchDriver)
    on_belt.measure(entered(on_belt))
    on_belt.later(TO_MEASURED_S)
    visit = answered(belt)["visit"]
    on_belt.later(TO_END_S - TO_MEASURED_S)
    belt.exchange()

    at_bench.later(600).measured(S10)
    assert answered(bench)["action"] == "inspect"
    at_bench.later(5).scan(S10).later(300).scan(PASSED).later(1).scan(BADGE).weigh(0).weigh(500_000)
    last = answered(bench)
    at_bench.later(1).scan(GREEN)
    bench.exchange()

    assert last["action"] == "release"
    assert kinds(at_bench.events, visit) == [
        f"parcel.{kind}" for kind in (
            "identified", "decided", "presented", "inspected", "identified", "measured", "decided", "diverted",
            "departed",
        )
    ]  # fmt: skip
    found = hall.store.visit(visit)
    assert found is not None
    assert (found.departed, found.passed) == (True, ("low-value",))
    connection = hall.store._connection
    stored = connection.execute("SELECT visit FROM events WHERE kind = 'parcel.presented'").fetchall()
    assert stored == [(visit,)]
    (stay,) = stays(connection)
    assert stay.intervals[-1].owner == "hub"  # it is measured again, and carried out
    assert stay.intervals[-2].owner == "customs"
    assert stay.intervals[-2].us >= 301_000_000


def test_it_fits_the_schema_and_the_coordinators_check(stay: BenchDriver) -> None:
    schema = schemas()["event"]
    check = fastjsonschema.compile(schema["$defs"]["EventData"] | {"$defs": schema["$defs"]})
    for _, data in as_told(stay):
        assert misfit(data) is None, data
        check(data)


@pytest.mark.parametrize(
    ("direction", "wanted"),
    [
        ("import", ["EMD", "EME", "EDB", "EDC", "EMF"]),
        ("export", ["EMB", "EXB", "EXA", "EXC", "EMC"]),
        ("transit", ["EMJ", "EMK"]),
    ],
)
def test_the_post_is_told_that_it_is_presented_and_has_it_back(
    stay: BenchDriver, direction: Direction, wanted: list[str]
) -> None:
    log = EmsevtLog(direction)
    codes = [one for identity, data in as_told(stay) for one in log.take(identity, data)]

    assert [one.code for one in codes] == wanted
    assert log.open_items() == []
    assert [c for i, data in as_told(stay, "practice") for c in EmsevtLog().take(i, data)] == []


def test_epcis_has_the_step_of_the_contract_with_the_events_own_id(stay: BenchDriver) -> None:
    export = EpcisExport(lambda _t: "+08:00", lambda _id: None)
    ((identity, data),) = [one for one in as_told(stay) if one[1]["kind"] == "parcel.presented"]
    (event,) = export.events(identity, data)

    assert event["eventID"] == identity
    assert event["bizStep"] == "https://ehub.invalid/bizstep/presenting_to_customs"
    assert (event["action"], event["disposition"]) == ("OBSERVE", "in_progress")
    assert event["epcList"] == [f"urn:uuid:{data['visit']}", f"https://ehub.invalid/id/s10/{S10}"]
    assert list(export.events(identity, data | {"mode": "practice"})) == []


def test_its_story_says_on_whose_word_and_whose_time_it_is(stay: BenchDriver) -> None:
    told = [data for _, data in as_told(stay)]
    dec = next(data["decision"]["data"]["dec"] for data in told if "decision" in data)
    story = story_of((told[0]["visit"],), told)
    (said,) = [entry for entry in story.entries if entry.what == "presented"]

    assert said.text == f"to customs (inspect, decision {dec}); clock: customs"
