"""The running gateway on two serial lines, fed with frames byte for byte from manuals (`tests/vectors`)."""

from pathlib import Path

import pytest
from live_hub import LiveHub
from serial_peers import LIGHT, LIGHT_MG, frame

from simulators.coordinator import report

pytestmark = pytest.mark.system


def test_frames_from_manuals_become_a_decided_and_departed_parcel_at_the_coordinator(tmp_path: Path) -> None:
    with LiveHub(tmp_path) as hub:
        hub.start()
        hub.wait_empty()
        hub.scanner.send(frame("line-crlf-02"))  # two more codes of the label, in one go
        hub.scanner.send(frame("line-crlf-01"))
        hub.scale.show(LIGHT)
        bench = hub.wait_state("release", "hold", "inspect", "ask")
        shown = (bench["state"], bench["bay"], bench["code"], bench["mass_mg"])
        assert shown == ("release", "G1", "RB123456785GB", LIGHT_MG)
        visit = bench["visit"]
        hub.take_to("HUBXGREEN")
        hub.wait_settled()

        events = [data for data in hub.coordinator.events() if data["visit"] == visit]
        assert [data["kind"] for data in events][-3:] == [
            "parcel.decided",
            "parcel.diverted",
            "parcel.departed",
        ]
        decided, diverted, departed = events[-3:]
        (decision,) = report.stored_decisions(hub.coordinator.database)
        assert decision["action"] == "release"
        assert decided["decision"]["data"] == diverted["decision"]["data"] == decision
        assert departed["mass"]["mg"] == LIGHT_MG
        assert departed["act"] == {"lane": "green", "bay": "G1", "confirmed": True}
        # A carrier's number is an identifier too; what is none leaves the gateway as a digest only.
        assert [code.get("data") for code in departed["codes"]] == [
            "1Z879E930346834440",
            None,
            "RB123456785GB",
        ]
        hub.assert_each_once()

        assert hub.gateway.stop() == 0
        assert "Traceback" not in hub.gateway.said()
