"""A running gateway looked at from beside it: tap, trace, replay, unplugging and plugging in, `hub devices`."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_hub import LABELS, LiveHub, run_hub, wait_for
from serial_peers import LIGHT

pytestmark = pytest.mark.system


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[LiveHub]:
    """Without a broker: devices don't need one."""
    with LiveHub(tmp_path) as hub:
        hub.start_gateway()
        hub.scale.show(LIGHT)
        wait_for(lambda: hub.scale.is_seen, "the scale is asked")
        yield hub


def tapped(hub: LiveHub, device: str, *options: str) -> str:
    told = run_hub("tap", device, "--data", str(hub.gateway.data), "--all", "--seconds", "1", *options)
    assert told.returncode == 0, told.stderr
    return told.stdout


def test_what_passes_is_seen_traced_and_replayed_to_the_same_readings(hub: LiveHub, tmp_path: Path) -> None:
    hub.scan(LABELS[0])
    wait_for(lambda: "BarcodeRead" in tapped(hub, "scan-1", "--decoded"), "the code is seen")
    both, hexes = tapped(hub, "scale-1"), tapped(hub, "scale-1", "--hex")
    trace = tmp_path / "scale.trace"
    saved = run_hub("trace", "save", "scale-1", str(trace), "--data", str(hub.gateway.data))
    again = run_hub("replay", str(trace), "--json", "--readings")

    assert "> 53 49 0d 0a  |SI··|" in both
    assert '= WeightRead mass_mg=256000 text="0.256" unit="kg" stable=true' in both
    assert "WeightRead" not in hexes
    assert saved.returncode == 0, saved.stderr
    assert trace.stat().st_mode & 0o777 == 0o600
    outcome = json.loads(again.stdout)
    assert (again.returncode, outcome["same"], outcome["catching_up"]) == (0, True, 0)
    written = [one for line in trace.read_text().splitlines() for one in json.loads(line).get("readings", ())]
    assert outcome["told"] == written
    assert outcome["readings"] == len(written) > 3


def test_a_frame_that_is_refused_says_why(hub: LiveHub) -> None:
    hub.scale.instead.append(b"S S      1.2?0 kg\r\n")
    wait_for(lambda: not hub.scale.instead, "it was sent")

    assert "! rejected, garbled: " in tapped(hub, "scale-1")


def test_a_scale_unplugged_and_plugged_in_again_is_watched_in_the_tap(hub: LiveHub) -> None:
    hub.scale.line.unplug()
    wait_for(lambda: "scale-1: " in hub.gateway.said(), "the gateway says so")
    hub.scale.line.plug()
    wait_for(lambda: tapped(hub, "scale-1").count("= DeviceUp") == 2, "it is up again")

    calls = [line.split(" ", 2)[2] for line in tapped(hub, "scale-1").splitlines()]

    assert calls.count("- port opened") == 2
    assert calls.count("- port closed") == 1
    opened_again = calls.index("- port opened", calls.index("- port closed"))
    weighed_again = next(place for place in range(opened_again, len(calls)) if "WeightRead" in calls[place])
    proven_again = next(place for place in range(opened_again, len(calls)) if "DeviceUp" in calls[place])
    assert opened_again < proven_again < weighed_again


def test_hub_devices_runs_beside_a_gateway(hub: LiveHub) -> None:
    told = run_hub("devices", "--json", "--data", str(hub.gateway.data))

    assert told.returncode == 0, told.stderr
    assert isinstance(json.loads(told.stdout), list)
