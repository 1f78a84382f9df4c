"""SIGKILL of the gateway: a stop of another authority from before it is not lifted by a release that comes after."""

import time
from typing import Any

import pytest
from live_hub import LABELS, LiveHub, wait_for
from serial_peers import EMPTY
from test_bad_decisions import CUSTOMS, SECOND_US, Desk, desk, hub, release
from test_gateway_killed import nothing_written

from edge.rim.journal import JOURNAL_FILE
from simulators.coordinator.stamps import utc_text, uuid7

pytestmark = pytest.mark.system
__all__ = ["desk", "hub"]


def stop(event: dict[str, Any], dec_seq: int, authority: str, **changes: object) -> dict[str, Any]:
    data = release(event, action="hold", reasons=["risk_profile"], route="hold", dec_seq=dec_seq, **changes)
    data["dec"] = uuid7(time.time_ns() // 1_000, f"{authority} {dec_seq}".encode().ljust(10))
    return data | {"basis": data["basis"] | {"authority": authority}}


def held(hub: LiveHub, desk: Desk) -> dict[str, Any]:
    """A parcel in the hold bay, by customs' word."""
    hub.wait_online()
    hub.measure(LABELS[0])
    event = desk.measured()
    desk.decide(CUSTOMS.decision(stop(event, 1, "customs")))
    hub.wait_state("hold")
    hub.take_to("HUBXHOLD")
    return event


def again(hub: LiveHub, desk: Desk, dec_seq: int) -> None:
    """It comes back, and customs lets it go. What was measured before is sent again meanwhile: nobody acknowledges."""
    before_us = time.time_ns() // 1_000
    hub.scale.show(EMPTY)
    hub.wait_online()
    hub.measure(LABELS[0])
    event = desk.measured()
    while event["data"]["t"] < utc_text(before_us):
        event = desk.measured()
    desk.decide(CUSTOMS.decision(release(event, dec_seq=dec_seq)))


def heard(hub: LiveHub, count: int) -> None:
    wait_for(
        lambda: hub.gateway.figures()["rejected_messages"].get("no_such_parcel", 0) >= count,
        "the decision about a parcel in a bay has come",
    )


def test_a_stop_from_before_the_kill_stands_until_its_authority_lifts_it(hub: LiveHub, desk: Desk) -> None:
    event = held(hub, desk)
    desk.decide(CUSTOMS.decision(stop(event, 2, "agency:health")))
    heard(hub, 1)
    hub.gateway.kill()
    hub.gateway.start()
    again(hub, desk, 3)
    bench = hub.wait_state("release", "hold")
    assert (bench["state"], bench["reasons"]) == ("hold", ["agency_pending"])
    hub.take_to("HUBXHOLD")

    lift = stop(event, 4, "agency:health")
    desk.decide(CUSTOMS.decision(lift | {"action": "release", "reasons": [], "route": "green"}))
    heard(hub, 1)
    hub.gateway.kill()
    hub.gateway.start()
    again(hub, desk, 5)
    assert hub.wait_state("release", "hold")["bay"] == "G1"


def test_a_stop_that_the_kill_kept_from_the_disk_comes_again(hub: LiveHub, desk: Desk) -> None:
    """The broker has no PUBACK for it."""
    event = held(hub, desk)
    with nothing_written(hub.gateway.data / JOURNAL_FILE):
        desk.decide(CUSTOMS.decision(stop(event, 2, "agency:health")))
        heard(hub, 1)
        hub.gateway.kill()
    hub.gateway.start()
    heard(hub, 1)
    again(hub, desk, 3)
    assert hub.wait_state("release", "hold")["state"] == "hold"


def test_a_stop_for_a_parcel_that_left_before_the_kill_is_a_recall(hub: LiveHub, desk: Desk) -> None:
    hub.wait_online()
    hub.measure(LABELS[0])
    event = desk.measured()
    desk.decide(CUSTOMS.decision(release(event)))
    hub.wait_state("release")
    hub.take_to("HUBXGREEN")
    hub.gateway.kill()
    hub.gateway.start()
    hub.wait_online()
    now_us = time.time_ns() // 1_000
    times = {"valid_from": utc_text(now_us), "valid_until": utc_text(now_us + 60 * SECOND_US)}
    desk.decide(CUSTOMS.decision(stop(event, 2, "customs", **times)))

    wait_for(lambda: "recall of visit" in hub.gateway.said(), "the recall is told")
    hub.gateway.kill()
    hub.gateway.start()
    wait_for(lambda: hub.gateway.said().count("recall of visit") >= 2, "and told again")
