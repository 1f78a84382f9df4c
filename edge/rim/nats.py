"""The settings of a NATS JetStream cluster as the hub's MQTT broker: one text per node, rights by identity.

Follows event-path-facts §4 and the ACL of the clearance contract §6, said in NATS's own subjects: `/` becomes `.`,
`+` `*`, `#` `>`. A cluster serves one mode, since a NATS server has one MQTT listener; live and practice are two
clusters. Only text; nothing is opened.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.rim import rights
from edge.wire.topics import Mode, root
from hub_config.names import HubId

NODES: Final = 3
"""Each of them holds a replica of everything: more nodes would not survive more losses without more replicas."""
ROUTE_PORT: Final = 6_222
ROUTES: Final = "routes"
"""Folder of the nodes' own authority: whoever may join the routes may say anything to anybody."""

_NODE: Final = """\
# Node {name} of the MQTT cluster of hub {hub}, mode {mode}. Written by `hub broker config`; see docs/scale.md.
server_name: {name}
# For nats clients, which nobody uses: a free port that only this machine reaches.
listen: "127.0.0.1:-1"
max_payload: 256KB
jetstream {{ store_dir: {store}, sync_interval: always, max_file_store: 2GB }}
cluster {{
  name: {cluster}
  listen: {route_listen}
  routes: {routes}{route_tls}
}}
mqtt {{
  listen: {listen}
  stream_replicas: {replicas}
  ack_wait: "10s"
  max_ack_pending: 1000
  js_api_timeout: "2s"{tls}
}}
"""
_TLS: Final = """
  tls {{
    cert_file: {cert}
    key_file: {key}
    ca_file: {ca}
    {verify}: true
    timeout: 5
  }}"""
# `$MQTT.sub` is where NATS hands out QoS 1; an MQTT client can't subscribe there itself.
_DELIVERY: Final = "$MQTT.sub.>"


@dataclass(frozen=True, slots=True)
class Node:
    name: str
    host: str
    """As gateways and the other nodes dial it."""
    port: int
    """For MQTT."""
    route_port: int
    """For the other nodes."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """What all nodes have in common. `folder` is absolute, and the same on every machine."""

    hub: HubId
    mode: Mode
    folder: Path
    nodes: tuple[Node, ...]

    def settings_file(self, node: Node) -> Path:
        return self.folder / f"{node.name}.conf"

    def store(self, node: Node) -> Path:
        return self.folder / f"{node.name}-store"


@dataclass(frozen=True, slots=True)
class Parties:
    """Who has a certificate; nobody else is let in."""

    gateways: tuple[str, ...]
    coordinator: str
    it: str | None = None
    """Who sends configurations and orders for devices."""


def settings(cluster: Cluster, node: Node, parties: Parties | None, bind: str) -> str:
    """`bind`: the address of this machine that it listens on. Without `parties` anybody may do anything: loopback
    alone."""
    peers = [other for other in cluster.nodes if other != node]
    scheme = "nats-route" if parties is None else "tls"
    text = _NODE.format(
        name=quoted(node.name),
        hub=cluster.hub,
        mode=cluster.mode,
        store=quoted(str(cluster.store(node))),
        cluster=quoted(f"{cluster.hub}-{cluster.mode}"),
        route_listen=quoted(_address(bind, node.route_port)),
        routes=json.dumps([f"{scheme}://{_address(peer.host, peer.route_port)}" for peer in peers]),
        route_tls="" if parties is None else _tls(cluster.folder / ROUTES, node.name, "verify"),
        listen=quoted(_address(bind, node.port)),
        replicas=NODES,
        tls="" if parties is None else _tls(cluster.folder, node.name, "verify_and_map"),
    )
    return text if parties is None else text + _rights(cluster, parties)


def _rights(cluster: Cluster, parties: Parties) -> str:
    """A user's name is the subject of its certificate. Each may come by MQTT only: a nats client could listen where
    the broker hands out what is for others."""
    top = root(cluster.mode, cluster.hub)
    users = [
        _user(top, name, rights.gateway_writes(name), rights.gateway_reads(name)) for name in parties.gateways
    ]
    co = parties.coordinator
    users.append(_user(top, co, rights.coordinator_writes(co), rights.COORDINATOR_READS))
    if parties.it is not None:
        users.append(_user(top, parties.it, rights.IT_WRITES, rights.IT_READS))
    return "authorization {\n  users: [\n" + ",\n".join(users) + "\n  ]\n}\n"


def _user(top: str, name: str, writes: Sequence[str], reads: Sequence[str]) -> str:
    writing = [subject for topic in writes for subject in subjects(f"{top}/{topic}")]
    reading = [subject for topic in reads for subject in subjects(f"{top}/{topic}")] + [_DELIVERY]
    return (
        f'    {{ user: {quoted(f"CN={name}")}, allowed_connection_types: ["MQTT"], permissions: {{\n'
        f"        publish: {{ allow: {json.dumps(writing)} }},\n"
        f"        subscribe: {{ allow: {json.dumps(reading)} }} }} }}"
    )


def subjects(topic: str) -> list[str]:
    """An MQTT topic or filter as NATS subjects; two for one that ends in `/#`, which covers its parent as well."""
    parent = topic.removesuffix("/#")
    subject = parent.replace("/", ".").replace("+", "*")
    return [subject] if parent == topic else [subject, f"{subject}.>"]


def quoted(text: str) -> str:
    """A string of NATS's own configuration language, which takes JSON's."""
    return json.dumps(text)


def is_cluster(folder: Path) -> bool:
    """Whether `hub broker config --kind nats` has written there."""
    return (folder / "node-1.conf").exists()


def _tls(folder: Path, name: str, verify: str) -> str:
    cert, key, ca = (quoted(str(folder / file)) for file in (f"{name}.crt", f"{name}.key", "ca.crt"))
    return _TLS.format(cert=cert, key=key, ca=ca, verify=verify)


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
