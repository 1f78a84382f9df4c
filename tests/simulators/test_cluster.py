"""Three nodes on loopback as one broker: what the loss of one costs, and the command that runs them."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from brokers import need

from edge.commands import broker as broker_command
from simulators import cluster_command
from simulators.broker import BrokerError, answers_connect, free_ports
from simulators.campaign import main as campaign
from simulators.cluster import NatsCluster, nodes_on_loopback
from simulators.coordinator import report
from simulators.coordinator.store import Store
from simulators.coordinator.tables import DATABASE
from simulators.hub_under_load import HubUnderLoad, Outcome
from simulators.scan_hub import ScanHub


@pytest.mark.system
def test_the_command_prints_three_addresses_tells_of_a_lost_node_and_ends_on_ctrl_c(tmp_path: Path) -> None:
    need("nats")
    words = [
        "-c",
        "import sys; from simulators.cluster_command import main; sys.exit(main(sys.argv[1:]))",
        "--dir", str(tmp_path), "--port", "0", "--certs", "--gateway", "gw-09",
    ]  # fmt: skip
    with subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE, text=True) as command:
        assert command.stdout is not None
        lines = [command.stdout.readline() for _ in range(5)]
        processes = [int(line.split()[-1]) for line in lines[:3]]
        ports = [int(line.split()[1].rpartition(":")[2]) for line in lines[:3]]

        os.kill(processes[1], signal.SIGKILL)
        told = command.stdout.readline()
        command.send_signal(signal.SIGINT)
        code = command.wait(20)

    assert "node-2 ended (-9), 2 left: the cluster works on" in told
    assert code == 0
    assert len({*ports}) == 3
    assert not any(answers_connect("127.0.0.1", port) for port in ports)
    assert (tmp_path / "practice" / "gw-09.key").stat().st_mode & 0o77 == 0


def test_a_cluster_whose_port_is_taken_says_which_and_starts_nothing(tmp_path: Path) -> None:
    cluster = NatsCluster.on_loopback(tmp_path, "MY-KUL-1")
    port = cluster.nodes[1].port
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(BrokerError, match=f"port {port} of node-2 is taken"),
    ):
        cluster.start()

    assert not cluster.log(cluster.nodes[0]).exists()


@pytest.mark.system
def test_a_node_that_can_not_read_its_settings_is_named_and_the_others_are_ended(tmp_path: Path) -> None:
    need("nats")
    cluster = NatsCluster.on_loopback(tmp_path, "MY-KUL-1")
    (cluster.folder / "node-3.conf").write_text("mqtt {")

    with pytest.raises(BrokerError, match=r"node-3 did not start on port \d+ .* its words are in"):
        cluster.start()
    assert not any(answers_connect(node.host, node.port) for node in cluster.nodes)


@pytest.mark.system
def test_one_node_gone_and_both_move_to_another_two_gone_and_all_waits_until_one_is_back(
    tmp_path: Path,
) -> None:
    need("nats")
    cluster = NatsCluster.on_loopback(tmp_path / "cluster", "MY-KUL-1")
    one, two, _ = cluster.nodes
    cluster.start()
    outcome = Outcome(seed=1)
    load = HubUnderLoad(ScanHub(tmp_path, 4, cluster=cluster), 20, outcome)
    try:
        load.start()
        first = stored(tmp_path)
        cluster.kill(one)  # both dial the first address first
        wait_for_more(tmp_path, first)
        cluster.kill(two)
        load.end_load()
        cluster.launch(one)
        load.drain()
        said = (tmp_path / "gateway.log").read_text()
    finally:
        load.stop()
    load.judge()

    assert (outcome.lost, outcome.doubled, outcome.wrong_release, outcome.faults) == (0, 0, 0, [])
    assert outcome.events > first > 0
    assert said.index(f"connected to broker 127.0.0.1:{one.port}") < max(
        said.find(f"connected to broker 127.0.0.1:{node.port}") for node in cluster.nodes[1:]
    )


def stored(folder: Path) -> int:
    return report.counts(folder / "coordinator" / DATABASE)["stored"]


def wait_for_more(folder: Path, than: int, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while stored(folder) < than + 20:
        assert time.monotonic() < deadline, "no events over another node"
        time.sleep(0.1)


@pytest.mark.system
def test_a_node_killed_under_load_costs_nothing(tmp_path: Path) -> None:
    need("nats")
    told = tmp_path / "cluster.json"
    code = campaign(["cluster", "--minutes", "0.2", "--seed", "3", "--json", str(told)])
    outcome = json.loads(told.read_text())

    assert code == 0, outcome
    assert (outcome["lost"], outcome["doubled"], outcome["wrong_release"], outcome["faults"]) == (0, 0, 0, [])
    assert sum(outcome["kills"].values()) == 1
    assert outcome["events"] > 50
    assert outcome["longest_silence_s"] > 0
    assert outcome["seed"] == 3


@pytest.mark.parametrize("minutes", ["0", "many", "1441", "nan"])
def test_minutes_that_make_no_sense_are_wrong_use(minutes: str) -> None:
    with pytest.raises(SystemExit) as ended:
        campaign(["cluster", "--minutes", minutes])

    assert ended.value.code == 2


def test_the_command_of_the_simulators_is_found_below_hub_broker(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    group, name = broker_command.SIMULATED
    point = EntryPoint(name, "simulators.cluster_command:main", group)
    monkeypatch.setattr(broker_command, "entry_points", lambda **_which: (point,))

    with pytest.raises(SystemExit):
        broker_command.main(["cluster", "--help"])
    assert "hub broker cluster" in capsys.readouterr().out

    monkeypatch.setattr(broker_command, "entry_points", lambda **_which: ())
    assert broker_command.main(["cluster", "--dir", "x"]) == 2


@pytest.mark.parametrize("words", [["--port", "65535"], ["--gateway", "a b"], []])
def test_wrong_use_of_the_command_is_refused_before_anything_starts(words: list[str], tmp_path: Path) -> None:
    folder = ["--dir", str(tmp_path)] if words else []
    with pytest.raises(SystemExit) as ended:
        cluster_command.main([*folder, *words])

    assert ended.value.code == 2
    assert list(tmp_path.iterdir()) == []


def test_a_gateway_with_a_nodes_name_gets_no_certificate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cluster_command.main(["--dir", str(tmp_path), "--certs", "--gateway", "node-2"]) == 1
    assert "node-2 bears the name of another party" in capsys.readouterr().err


def test_ports_are_counted_up_from_the_first() -> None:
    nodes = nodes_on_loopback(1883)

    assert [(node.port, node.route_port) for node in nodes] == [(1883, 1886), (1884, 1887), (1885, 1888)]
    assert len({*free_ports(6)}) == 6


def test_the_longest_silence_counts_both_ends_of_the_span(tmp_path: Path) -> None:
    Store(tmp_path / "db").close()

    assert report.longest_silence_us(tmp_path / "db", 1_000, 5_000) == 4_000
