"""`hub contract check --role gateway`: the kit as coordinator of a real gateway at a simulated bench."""

import json
from pathlib import Path

import pytest

from simulators.broker import free_port
from simulators.contract import commands
from simulators.demo_hub import COORDINATOR, GATEWAY, HUB, DemoHub

pytestmark = pytest.mark.system


def test_the_gateway_conforms(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hub = DemoHub(tmp_path, 5, 60, web_port=free_port(), pace=0.3, scenario="bench")
    hub.start()
    try:
        hub.stop_coordinator()
        code = commands.main(
            [
                "check", "--role", "gateway", "--broker", f"mqtt://127.0.0.1:{hub.broker.port}", "--hub", HUB,
                "--coordinator", COORDINATOR, "--gateway", GATEWAY, "--public", hub.gateway_key.public_b64,
                "--key", str(hub.coordinator_key_file), "--seconds", "24", "--json",
            ]
        )  # fmt: skip
    finally:
        hub.stop()
    told = json.loads(capsys.readouterr().out)
    outcomes = {row["what"]: row["outcome"] for row in told["checks"]}

    assert [row for row in told["checks"] if row["outcome"] == "FAIL"] == []
    assert code == 0
    assert outcomes["answered with a valid release"] == "pass"
    assert outcomes["what no ack covers within 10 s is sent again"] == "pass"
