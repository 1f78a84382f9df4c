"""A broker that is not there yet, and one that goes away: the bench works on, parcels are held, nothing is lost."""

import time
from pathlib import Path

import pytest
from live_hub import LABELS, LiveHub, wait_for

pytestmark = pytest.mark.system

AWAY_S = 5.0


def hold_for_want_of_network(hub: LiveHub, label: str) -> str:
    hub.measure(label)
    bench = hub.wait_state("release", "hold", "inspect", "ask")
    assert (bench["state"], bench["bay"], bench["reasons"]) == ("hold", "H1", ["offline_default"])
    hub.take_to("HUBXHOLD")
    return str(bench["visit"])


def test_a_gateway_without_a_broker_holds_parcels_and_tells_all_once_there_is_one(tmp_path: Path) -> None:
    with LiveHub(tmp_path) as hub:
        hub.start_gateway()
        hub.wait_screen("it says that the network is away", lambda bench: bench["network_away"] is True)
        held = [hold_for_want_of_network(hub, label) for label in LABELS[:2]]
        events = hub.gateway.figures()["events"]
        assert events["acknowledged"] == 0
        assert events["pending"] == events["journalled"] > 0

        hub.start_broker()
        hub.start_coordinator()
        hub.wait_online()
        hub.release(LABELS[2])
        hub.wait_settled()
        assert [hub.coordinator.kinds(visit)[-1] for visit in held] == ["parcel.diverted"] * 2
        hub.assert_each_once()
        said = hub.gateway.said()
        assert said.count(f"no broker at 127.0.0.1:{hub.broker_port}") == 1


@pytest.mark.parametrize("wipe", [False, True], ids=["store_kept", "store_wiped"])
def test_a_broker_gone_for_five_seconds_loses_and_doubles_nothing(wipe: bool, tmp_path: Path) -> None:
    with LiveHub(tmp_path) as hub:
        hub.start()
        hub.release(LABELS[0])
        assert hub.broker is not None
        hub.broker.kill()
        gone_at = time.monotonic()
        hub.measure(LABELS[1])  # in the middle of asking, as likely as not
        bench = hub.wait_state("hold")
        assert set(bench["reasons"]) <= {"offline_default", "decision_late"}
        hub.take_to("HUBXHOLD")
        wait_for(lambda: time.monotonic() - gone_at >= AWAY_S, "five seconds have passed", AWAY_S + 1)
        hub.wait_screen("it says that the network is away", lambda bench: bench["network_away"] is True)
        hold_for_want_of_network(hub, LABELS[2])

        hub.broker.restart(wipe=wipe)
        hub.wait_online()
        hub.release(LABELS[3])
        hub.wait_settled()
        hub.assert_each_once()
        assert hub.gateway.said().count("no broker at") == 1
