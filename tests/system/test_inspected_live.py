"""An inspection at a real gateway over a real broker: by scans alone, told signed, and only a new decision frees."""

import json
from collections.abc import Iterator
from queue import Empty
from typing import Any

import pytest
from live_hub import LABELS, LiveHub
from serial_peers import LIGHT
from test_bad_decisions import CUSTOMS, Desk, release
from test_stops_after_kill import stop

from edge.wire.envelope import open_cloudevent
from edge.wire.event_schema import EventEnvelope
from hub_config.badges import PASSED, badge_digest

pytestmark = pytest.mark.system

BADGE = "HUBXBCDEFGHIJKLNOPRSTUVXBCDE"


@pytest.fixture
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveHub]:
    badge = f'[[badges]]\ndigest = "{badge_digest(BADGE)}"\nrole = "customs"\n\n'
    changes = {
        'answer_timeout = "5 s"': 'answer_timeout = "60 s"',
        'same_code = "2 s"': 'same_code = "10 ms"',
        "[[benches]]\n": f"{badge}[[benches]]\ninspects = true\n",
    }
    with LiveHub(tmp_path_factory.mktemp("hub"), changes=changes) as live:
        live.start_broker()
        live.start_gateway()
        yield live


def next_of(desk: Desk, kind: str) -> dict[str, Any]:
    while True:
        try:
            event = desk.events.get(timeout=10)
        except Empty:
            raise AssertionError(f"no {kind} within 10 s") from None
        if event["data"]["kind"] == kind:
            return event


def test_what_an_inspection_has_found_reaches_the_coordinator_and_frees_nothing(hub: LiveHub) -> None:
    desk = Desk(hub.broker_port)
    hub.wait_online()
    hub.measure(LABELS[0])
    asked = desk.measured()
    look = stop(asked, 1, "customs") | {"action": "inspect", "route": "manual"}
    desk.decide(CUSTOMS.decision(look))
    hub.wait_state("inspect")
    hub.take_to("HUBXOPEN")

    hub.scan(LABELS[0])
    hub.wait_screen("it is to be looked at", lambda bench: bench["instruction"] == "inspect_it")
    handed = next_of(desk, "parcel.presented")
    EventEnvelope.model_validate_json(json.dumps(handed))
    assert (handed["data"]["visit"], handed["data"]["clock"]) == (asked["data"]["visit"], "customs")
    assert handed["data"]["note"] == {"action": "inspect", "dec": look["dec"]}
    hub.scan(PASSED)
    hub.wait_screen("a badge is wanted", lambda bench: bench["instruction"] == "scan_badge")
    hub.scan(BADGE)
    told = next_of(desk, "parcel.inspected")
    EventEnvelope.model_validate_json(json.dumps(told))
    assert open_cloudevent(json.dumps(told).encode()).sig is not None
    assert told["data"]["visit"] == asked["data"]["visit"]
    assert told["data"]["note"]["outcome"] == "passed"
    assert told["data"]["clock"] == "hub"
    assert told["data"]["op"] == {"badge": badge_digest(BADGE)[:32], "station": "b1"}
    assert BADGE not in json.dumps(told)

    hub.wait_screen("it is weighed again", lambda bench: bench["instruction"] == "put_on_scale")
    hub.scan("HUBXGREEN")
    hub.wait_screen("the free bay is refused", lambda bench: bench["refused"] == "not_now")
    hub.scale.show(LIGHT)
    desk.decide(CUSTOMS.decision(release(next_of(desk, "parcel.measured"), dec_seq=2)))
    assert hub.wait_state("release")["bay"] == "G1"
    desk.close()
