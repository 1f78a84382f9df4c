"""`hub broker cluster --dir DIR`: three NATS nodes on this machine as one MQTT broker, until Ctrl-C; an entry point.

For trying out what a cluster does, not for a hub: three nodes on one machine all go with it.
"""

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from edge.commands import EXIT_FAULTS, EXIT_OK
from edge.rim.authority import CA, AuthorityFault
from edge.rim.nats import NODES, Node, Parties
from hub_config.values import is_name
from simulators.broker import BrokerError
from simulators.cluster import NatsCluster, nodes_on_loopback
from simulators.practice import COORDINATOR, GATEWAY, HUB

PORT: Final = 1_883
LOOK_S: Final = 0.2


def main(argv: Sequence[str]) -> int:
    args = _parser().parse_args(argv)
    gateways = tuple(dict.fromkeys(args.gateway or (GATEWAY,)))
    nodes = nodes_on_loopback(args.port or None)
    taken = (args.coordinator, CA, *(node.name for node in nodes))
    try:
        for gateway in gateways:
            if args.certs and gateway in taken:
                raise AuthorityFault(f"gateway {gateway} bears the name of another party; rights go by name")
        parties = Parties(gateways, args.coordinator) if args.certs else None
        cluster = NatsCluster.on_loopback(args.dir, args.hub, parties, nodes)
        return _run(cluster, args.certs)
    except (AuthorityFault, BrokerError, OSError) as fault:
        print(f"hub broker cluster: {fault}", file=sys.stderr)
        return EXIT_FAULTS


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hub broker cluster",
        description="Runs three NATS nodes on this machine as one MQTT broker, in practice, until Ctrl-C.",
    )
    parser.add_argument("--dir", type=Path, required=True, metavar="DIR", help="settings, stores and logs")
    parser.add_argument(
        "--certs", action="store_true", help="TLS with certificates on both sides, and rights by name"
    )
    parser.add_argument("--hub", type=_name, default=HUB, metavar="ID", help=f"default {HUB}")
    parser.add_argument(
        "--gateway",
        type=_name,
        action="append",
        metavar="ID",
        help=f"with --certs: who is let in ({GATEWAY})",
    )
    parser.add_argument(
        "--coordinator",
        type=_name,
        default=COORDINATOR,
        metavar="ID",
        help=f"with --certs (default {COORDINATOR})",
    )
    parser.add_argument(
        "--port", type=_port, default=PORT, metavar="PORT",
        help=f"first of {2 * NODES}: MQTT, then routes; 0 takes free ones (default {PORT})",
    )  # fmt: skip
    return parser


def _name(text: str) -> str:
    if not is_name(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no name: 1 to 32 of the characters A-Z a-z 0-9 _ -")
    return text


def _port(text: str) -> int:
    last = 65_535 - 2 * NODES + 1
    if not text.isdecimal() or int(text) > last:
        raise argparse.ArgumentTypeError(f"{text!r}: 0 to {last} are wanted")
    return int(text)


def _run(cluster: NatsCluster, certs: bool) -> int:
    stopping = threading.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, lambda _sign, _frame: stopping.set())
    cluster.start()
    try:
        for node in cluster.nodes:
            print(f"{node.name}  mqtt://{node.host}:{node.port}  process {cluster.pid(node)}")
        if certs:
            print(f"certificates: {cluster.folder}")
        print("Ctrl-C ends it; kill -9 PROCESS tries what it survives.", flush=True)
        return _watch(cluster, stopping)
    finally:
        cluster.stop()


def _watch(cluster: NatsCluster, stopping: threading.Event) -> int:
    """Says once of each node that it ended by itself."""
    gone: list[Node] = []
    while not stopping.wait(LOOK_S):
        for node in cluster.nodes:
            code = cluster.ended(node)
            if code is None or node in gone:
                continue
            gone.append(node)
            left = NODES - len(gone)
            verdict = "the cluster works on" if left > NODES // 2 else "nothing is accepted any more"
            print(
                f"{node.name} ended ({code}), {left} left: {verdict}; its words: {cluster.log(node)}",
                flush=True,
            )
        if len(gone) == NODES:
            return EXIT_FAULTS
    return EXIT_OK
