"""`hub broker config HUB.toml --kind nats --out DIR`: settings and certificates of a NATS cluster, one file per node.

The nodes are the addresses of `[broker]`, so that what a gateway dials and what listens can't differ. One cluster
serves one mode, the config's own; its files are in DIR/live or DIR/practice.
"""

import argparse
import os
import pwd
import shutil
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from edge.commands import EXIT_OK
from edge.rim.authority import Authority, AuthorityFault
from edge.rim.nats import ROUTES, Cluster, Node, Parties, settings
from edge.wire.topics import Mode
from hub_config.broker import Address
from hub_config.hub import HubConfig

ANYWHERE: Final = "0.0.0.0"
"""Where a host is a name: it may stand for several addresses."""


def write_cluster(hub: HubConfig, out: Path, args: argparse.Namespace) -> int:
    """Raises AuthorityFault."""
    addresses = hub.broker.addresses
    if len(addresses) != args.nodes:
        raise AuthorityFault(
            f"[broker] names {len(addresses)} of {args.nodes} nodes; `host` and `port` are the first, and `others` "
            f'lists the rest, like others = ["broker-2.hub:8883", "broker-3.hub:8883"]'
        )
    mode: Mode = "practice" if hub.hub.mode == "practice" else "live"
    nodes = nodes_at(addresses, args.route_port)
    cluster = Cluster(hub.hub.id, mode, out / mode, nodes)
    gateways = tuple(dict.fromkeys((hub.gateway.id, *args.gateway)))
    for gateway in gateways:
        if gateway in [node.name for node in nodes]:
            raise AuthorityFault(f"gateway {gateway} bears the name of a node; rights go by name")
    parties = Parties(gateways, hub.coordinator.id, args.it)
    tls = hub.broker.tls
    write(cluster, parties, () if tls is None or tls.server_name is None else (tls.server_name,), args.certs)
    if args.user is not None:
        _give_to(cluster, args.user)
    _print_next_steps(cluster, args.certs, gateways[0])
    return EXIT_OK


def nodes_at(addresses: Sequence[Address], route_port: int) -> tuple[Node, ...]:
    """On one host each node has a route port of its own, counted up from `route_port`."""
    made: list[Node] = []
    for host, port in addresses:
        route = route_port + sum(node.host == host for node in made)
        if not 1 <= route <= 65_535 or (host, route) in addresses:
            raise AuthorityFault(
                f"port {route} of {host} can't be a node's route port; give another with --route-port"
            )
        made.append(Node(f"node-{len(made) + 1}", host, port, route))
    return tuple(made)


def write(cluster: Cluster, parties: Parties | None, server_names: Sequence[str], certs: bool) -> None:
    """What exists of certificates is kept. Without `parties` it is a cluster for loopback that lets anybody in."""
    cluster.folder.mkdir(parents=True, exist_ok=True)
    for node in cluster.nodes:
        cluster.store(node).mkdir(exist_ok=True)
        cluster.settings_file(node).write_text(settings(cluster, node, parties, _bind(node.host)))
    if not certs or parties is None:
        return
    clients = Authority(cluster.folder, f"{cluster.hub} {cluster.mode}")
    # Another authority: with a certificate that opens a route, a gateway could say anything to anybody.
    routes = Authority(cluster.folder / ROUTES, f"{cluster.hub} {cluster.mode} routes")
    for node in cluster.nodes:
        clients.issue(node.name, server_names=list(dict.fromkeys((node.host, *server_names))))
        routes.issue(node.name, server_names=[node.host], dials=True)
    for name in (*parties.gateways, parties.coordinator, *([] if parties.it is None else [parties.it])):
        clients.issue(name)


def _bind(host: str) -> str:
    try:
        return str(ip_address(host))
    except ValueError:
        return ANYWHERE


def _give_to(cluster: Cluster, user: str) -> None:
    """Stores and keys of the nodes, for a nats-server that is not started by root."""
    if os.geteuid() != 0:
        return
    try:
        pwd.getpwnam(user)
    except KeyError:
        raise AuthorityFault(f"there is no user {user} here; give another --user") from None
    for node in cluster.nodes:
        for path in (
            cluster.store(node),
            cluster.folder / f"{node.name}.key",
            cluster.folder / ROUTES / f"{node.name}.key",
        ):
            if path.exists():
                shutil.chown(path, user, -1)


def _print_next_steps(cluster: Cluster, certs: bool, gateway: str) -> None:
    folder = cluster.folder
    for node in cluster.nodes:
        print(
            f"{node.host}: nats-server -c {cluster.settings_file(node)}   "
            f"(MQTT {node.port}, routes {node.route_port})"
        )
    if not certs:
        return
    print(
        "keep both ca.key (here and in routes/) off every machine of the hub. At the same paths, each node gets its"
    )
    print(
        "own .conf, .crt and .key, routes/NODE.crt and .key, and both ca.crt; each gateway ca.crt and its own pair:"
    )
    print("[broker.tls]")
    print(f'ca = "{folder / "ca.crt"}"')
    print(f'cert = "{folder / f"{gateway}.crt"}"')
    print(f'key = "{folder / f"{gateway}.key"}"')
