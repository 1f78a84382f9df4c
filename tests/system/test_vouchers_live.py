"""Two gateways without their coordinator: each voucher is used once, at its own line, within the budget; and what is
told of it afterwards is right (contract §11)."""

import json
import sqlite3
import urllib.request
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest
from live_hub import LABELS, LiveHub, wait_for
from serial_peers import HEAVY_MG, LIGHT_MG

from simulators.broker import free_port
from simulators.contract.peer import Peer

CAP: Final = "\n[offline]\ncap_year_ppm = 400_000\n"
"""Of ten parcels four."""
FIRST, SECOND, THIRD, LATER, OTHERS, HEAVY, NONE = LABELS
MANIFEST: Final = "ehub-practice/v1/MY-KUL-1/pre/manifest"


def declared(label: str, expected: str | None, mass_mg: int = LIGHT_MG) -> dict[str, Any]:
    told = {"consignment": label, "identifiers": [label], "mass_mg": mass_mg, "value_minor": 4_000,
            "currency": "MYR", "description": "Cotton T-shirt"}  # fmt: skip
    return told if expected is None else told | {"expected": expected}


class Hub:
    """One coordinator, two gateways with a bench each."""

    def __init__(self, folder: Path) -> None:
        self.web = free_port()
        self.one = LiveHub(folder)
        second = folder / "second"
        second.mkdir()
        self.two = LiveHub(second, changes={'id = "gw-01"': 'id = "gw-02"'}, broker_port=self.one.broker_port)
        for hub in (self.one, self.two):
            hub.gateway.config.write_text(hub.gateway.config.read_text() + CAP)
        here, there = "gw-01/b1", "gw-02/b1"
        coordinator = self.one.coordinator
        coordinator.command += ["--web", str(self.web)]
        coordinator.gateways.write_text(
            json.dumps({"gw-01": self.one.gateway.public_key, "gw-02": self.two.gateway.public_key})
        )
        coordinator.manifest.write_text(
            json.dumps([
                *(declared(label, here) for label in (FIRST, SECOND, THIRD, LATER)), declared(OTHERS, there),
                declared(HEAVY, here, HEAVY_MG), declared(NONE, None),
            ])
        )  # fmt: skip

    def start(self) -> None:
        """The coordinator first: its vouchers are older than the gateways' journals, and it issues them anew."""
        self.one.start()
        self.two.start_gateway()
        self.two.wait_online()
        for hub in (self.one, self.two):
            hub.wait_settled()
        began = max(data["t"] for data in self.one.coordinator.events() if data["seq"] == 1)
        peer = Peer("127.0.0.1", self.one.broker_port, "watch", (MANIFEST,))
        wait_for(
            lambda: any(one.data["issued"] > began for one in peer.heard()), "vouchers younger than both"
        )
        peer.close()
        for hub, count in ((self.one, 5), (self.two, 1)):
            self.wait_offline(hub, lambda view, count=count: view["vouchers"] == count)

    @staticmethod
    def wait_offline(hub: LiveHub, true: Any) -> None:
        def seen() -> bool:
            return hub.gateway.page is not None and bool(true(hub.gateway.page["offline"]))

        try:
            wait_for(seen, "the offline strip")
        except AssertionError as late:
            raise AssertionError(f"{late}: {hub.gateway.page and hub.gateway.page['offline']}") from late

    def alone(self, *hubs: LiveHub) -> None:
        for hub in hubs:
            self.wait_offline(hub, lambda view: view["level"] == 2)

    def stop_consignment(self, label: str) -> None:
        """An agency's word, handed in at the coordinator's page."""
        told = {
            "consignment": label, "party": "agency:plants", "action": "hold", "reasons": ["risk_profile"],
            "source": {"system": "plants", "mrn": "1"},
        }  # fmt: skip
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.web}/answers",
            json.dumps(told).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
            assert answer.status == 200

    def conflicts(self) -> dict[str, str]:
        """Visit and why."""
        with closing(sqlite3.connect(self.one.coordinator.database)) as connection:
            return {
                visit: json.loads(told)["why"]
                for visit, told in connection.execute("SELECT visit, told FROM conflicts")
            }


def verdict(hub: LiveHub, label: str) -> Mapping[str, Any]:
    """What the screen says of it; it is taken where the screen says."""
    hub.measure(label)
    shown = hub.wait_state("release", "hold", "inspect", "ask", "screen")
    hub.take_to("HUBXGREEN" if shown["state"] == "release" else "HUBXHOLD")
    return shown


def said(shown: Mapping[str, Any]) -> tuple[str, list[str]]:
    return shown["state"], list(shown["reasons"])


@pytest.mark.system
def test_vouchers_of_two_gateways_over_two_outages(tmp_path: Path) -> None:
    hub = Hub(tmp_path)
    one, two = hub.one, hub.two
    with one, two:
        hub.start()
        one.coordinator.stop()
        hub.alone(one, two)

        assert said(verdict(one, NONE)) == ("hold", ["offline_default"])
        assert said(verdict(one, OTHERS)) == ("hold", ["voucher_elsewhere"])
        assert said(verdict(one, HEAVY)) == ("hold", ["mass_mismatch"])
        used = [verdict(one, label) for label in (FIRST, SECOND)]
        assert [said(shown) for shown in used] == [("release", [])] * 2
        assert said(verdict(one, THIRD)) == ("hold", ["offline_default"]), (
            "three of six are more than the cap"
        )
        assert said(verdict(one, FIRST)) == ("hold", ["voucher_used"])
        one.gateway.kill()
        one.gateway.start()
        hub.alone(one)
        assert said(verdict(one, SECOND)) == ("hold", ["voucher_used"]), "known after a kill too"
        assert said(verdict(two, FIRST)) == ("hold", ["voucher_elsewhere"])
        assert said(verdict(two, NONE)) == ("hold", ["offline_default"])
        assert said(verdict(two, OTHERS)) == ("release", []), (
            "its own, though another gateway has seen that parcel"
        )

        one.start_coordinator()
        for each in (one, two):
            each.wait_settled()
        assert hub.conflicts() == {}

        assert one.broker is not None
        one.broker.stop()
        hub.stop_consignment(LATER)
        hub.alone(one)
        late = verdict(one, LATER)
        assert said(late) == ("release", []), "nobody could tell it of the stop"
        one.start_broker()
        one.wait_settled()

        wait_for(hub.conflicts, "the conflict")
        assert hub.conflicts() == {late["visit"]: "stopped_meanwhile"}
