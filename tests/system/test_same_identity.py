"""Two gateways with one identity: the second refuses to start, the first goes on unharmed (contract §6)."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from live_hub import GatewayProcess, free_port, run_hub, wait_for, write_config

from edge.rim.keys import load_identity
from simulators.broker import Broker

pytestmark = pytest.mark.system


class Twins:
    """One broker; a running gateway, and the config of another computer's under the same name."""

    def __init__(self, folder: Path) -> None:
        self.broker_port = free_port()
        self.first_folder, self.second_folder = folder / "first", folder / "second"
        web = {self.first_folder: free_port(), self.second_folder: free_port()}
        for each, port in web.items():
            each.mkdir()
            write_config(each, broker_port=self.broker_port, web_port=port)
        self.first = GatewayProcess(self.first_folder, self.first_folder / "hub.toml", web[self.first_folder])
        load_identity(self.second_folder / "gateway", "practice")

    def second_words(self) -> list[str]:
        return ["run", str(self.second_folder / "hub.toml"), "--data", str(self.second_folder / "gateway")]


def test_the_second_refuses_in_one_sentence_and_the_first_is_unharmed(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    broker = Broker.start(tmp_path / "broker", prefer="mosquitto", port=twins.broker_port)
    try:
        twins.first.start()
        wait_for(lambda: "connected to broker" in twins.first.said(), "the first is connected")

        second = run_hub(*twins.second_words())

        assert second.returncode == 1
        refusals = [line for line in second.stderr.splitlines() if line.startswith("hub run: ")]
        assert len(refusals) == 1
        assert "another gateway gw-01 is online (session " in refusals[0]
        assert "give this one another id" in refusals[0]
        assert "no broker at" not in twins.first.said()
        assert twins.first.said().count("connected to broker") == 1
        assert twins.first.stop() == 0
        third = subprocess.Popen(
            [sys.executable, "-P", "-m", "edge.cli", *twins.second_words()],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert third.stdout is not None
        with third.stdout as out:
            assert "gateway gw-01 runs" in out.readline()  # the name is free again
        third.terminate()
        third.wait(10)
    finally:
        twins.first.stop()
        broker.stop()


def test_a_twin_that_shows_only_when_the_broker_is_back_ends_the_second(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    with (tmp_path / "second.log").open("wb") as log:
        broker = Broker.start(tmp_path / "broker", prefer="mosquitto", port=twins.broker_port)
        second: subprocess.Popen[bytes] | None = None
        try:
            twins.first.start()
            wait_for(lambda: "connected to broker" in twins.first.said(), "the first is connected")
            assert broker.pid is not None
            broker.stop()
            words = [sys.executable, "-P", "-m", "edge.cli", *twins.second_words()]
            second = subprocess.Popen(words, stdout=log, stderr=log)
            wait_for(
                lambda: b"stop with Ctrl-C" in (tmp_path / "second.log").read_bytes(),
                "the second runs offline",
            )
            os.kill(second.pid, signal.SIGSTOP)  # so that the first is surely back before it
            broker.restart()
            wait_for(lambda: twins.first.said().count("connected to broker") == 2, "the first is back")

            os.kill(second.pid, signal.SIGCONT)

            assert second.wait(20) == 1
            assert b"another gateway gw-01 is online" in (tmp_path / "second.log").read_bytes()
            assert twins.first.said().count("connected to broker") == 2
        finally:
            if second is not None:
                second.kill()
                second.wait()
            assert twins.first.stop() == 0
            broker.stop()
