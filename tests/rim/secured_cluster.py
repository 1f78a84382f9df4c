"""A NATS cluster run with what `hub broker config --kind nats --certs` wrote."""

from pathlib import Path

from brokers import need
from hub_rig import ROOT
from paho.mqtt.enums import MQTTProtocolVersion
from secured_broker import HOST

from edge.commands.broker import main
from edge.commands.broker_nats import nodes_at
from edge.rim.nats import Cluster, Parties
from hub_config.broker import Broker as BrokerEntry
from hub_config.broker import BrokerTls
from hub_config.names import HubId
from simulators.broker import free_ports
from simulators.cluster import NatsCluster


class SecuredCluster:
    """Of hub MY-KUL-1 in practice, with gateways gw-01 and gw-02 and coordinator co-1."""

    version = MQTTProtocolVersion.MQTTv311

    def __init__(self, folder: Path) -> None:
        need("nats")
        self.folder = folder / "broker"
        self.ports = free_ports(3)
        self.route_port = free_ports(1)[0]
        self.practice_port = self.live_port = self.ports[0]
        self.toml = folder / "cluster-hub.toml"
        example = (ROOT / "examples" / "bench.toml").read_text()
        others = ", ".join(f'"{HOST}:{port}"' for port in self.ports[1:])
        self.toml.write_text(example.replace("port = 1883", f"port = {self.ports[0]}\nothers = [{others}]"))
        self.write("--gateway", "gw-02")
        addresses = [(HOST, port) for port in self.ports]
        cluster = Cluster(
            HubId("MY-KUL-1"), "practice", self.folder / "practice", nodes_at(addresses, self.route_port)
        )
        self.cluster = NatsCluster(cluster, Parties(("gw-01", "gw-02"), "co-1"))

    def write(self, *more: str) -> None:
        words = [
            "config",
            str(self.toml),
            "--kind",
            "nats",
            "--nodes",
            "3",
            "--out",
            str(self.folder),
            "--certs",
        ]
        assert main([*words, "--route-port", str(self.route_port), *more]) == 0

    def restart(self) -> None:
        self.cluster.stop()
        self.cluster.start()

    def entry(self, name: str) -> BrokerEntry:
        folder = self.folder / "practice"
        ca, cert, key = (str(folder / file) for file in ("ca.crt", f"{name}.crt", f"{name}.key"))
        others = tuple(f"{HOST}:{port}" for port in self.ports[1:])
        return BrokerEntry(
            host=HOST, port=self.ports[0], others=others, tls=BrokerTls(ca=ca, cert=cert, key=key)
        )
