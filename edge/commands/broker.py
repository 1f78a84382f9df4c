"""`hub broker config HUB.toml --out DIR`: the settings of the hub's Mosquitto, and with --certs its certificates.

With `--kind nats` it is a NATS cluster. `hub broker revoke DIR MODE NAME` takes a certificate back.
`hub broker cluster` runs a cluster on this machine, to try it out. Guides: docs/brokers.md, docs/scale.md.
"""

import argparse
import os
import pwd
import shutil
import sys
from collections.abc import Sequence
from importlib.metadata import entry_points
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from edge.commands import EXIT_BAD_CONFIG, EXIT_FAULTS, EXIT_OK, EXIT_WRONG_USE
from edge.commands.broker_nats import write_cluster
from edge.rim import nats
from edge.rim.authority import CA, Authority, AuthorityFault
from edge.rim.mosquitto import MODES, SETTINGS_FILE, STORE, Listener, acl, settings
from hub_config.hub import HubConfig
from hub_config.load import ConfigFaults, load
from hub_config.values import is_name

USER: Final = "mosquitto"
BROKER: Final = "broker"
"""CN and file name of the broker's own certificate."""
SIMULATED: Final = ("ehub_edge.commands", "cluster")
"""Entry point of `hub broker cluster`: servers for trying out are a matter of the simulators."""


def main(argv: Sequence[str]) -> int:
    if argv[:1] == ["cluster"]:
        return _run_cluster(argv[1:])
    args = _parser().parse_args(argv)
    try:
        return _config(args) if args.command == "config" else _revoke(args)
    except ConfigFaults as faults:
        print(faults, file=sys.stderr)
        return EXIT_BAD_CONFIG
    except (AuthorityFault, OSError) as fault:
        print(f"hub broker: {fault}", file=sys.stderr)
        return EXIT_FAULTS


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hub broker", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    config = commands.add_parser("config", help="write the broker's settings and ACLs")
    config.add_argument("config", type=Path, metavar="HUB.toml")
    config.add_argument("--out", type=Path, required=True, metavar="DIR", help="made if it is missing")
    config.add_argument("--certs", action="store_true", help="make the certificates that are missing")
    config.add_argument(
        "--gateway",
        action="append",
        default=[],
        type=_name,
        metavar="ID",
        help="a certificate for this gateway too",
    )
    config.add_argument(
        "--it", type=_name, metavar="ID", help="who may send configurations and orders (docs/it-orders.md)"
    )
    config.add_argument(
        "--second-port", type=int, metavar="PORT", help="of the other mode (default: the next); mosquitto"
    )
    config.add_argument("--user", help=f"who the broker runs as (default {USER}; nats: whoever starts it)")
    config.add_argument(
        "--kind",
        choices=("mosquitto", "nats"),
        default="mosquitto",
        help="nats: a cluster of the config's mode",
    )
    config.add_argument(
        "--nodes",
        type=int,
        choices=(nats.NODES,),
        default=nats.NODES,
        help="nats: how many; 3 is what was tried",
    )
    config.add_argument(
        "--route-port", type=int, default=nats.ROUTE_PORT, metavar="PORT",
        help=f"nats: the nodes' port among themselves (default {nats.ROUTE_PORT}; the next on the same host)",
    )  # fmt: skip
    commands.add_parser("cluster", help="run three nats nodes on this machine until Ctrl-C")
    revoke = commands.add_parser("revoke", help="take a certificate back")
    revoke.add_argument("folder", type=Path, metavar="DIR", help="what --out was")
    revoke.add_argument("mode", choices=MODES)
    revoke.add_argument("name", type=_name, metavar="NAME")
    return parser


def _run_cluster(argv: Sequence[str]) -> int:
    group, name = SIMULATED
    for point in entry_points(group=group, name=name):
        code: int = point.load()(argv)
        return code
    print("hub broker cluster: the simulators are not installed here", file=sys.stderr)
    return EXIT_WRONG_USE


def _name(text: str) -> str:
    if not is_name(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no name: 1 to 32 of the characters A-Z a-z 0-9 _ -")
    return text


def _config(args: argparse.Namespace) -> int:
    hub = load(args.config)
    for gateway in (hub.gateway.id, *args.gateway, *(() if args.it is None else (args.it,))):
        if gateway in (hub.coordinator.id, BROKER, CA):
            raise AuthorityFault(f"gateway {gateway} bears the name of another party; rights go by name")
    folder: Path = args.out.absolute()
    if args.kind == "nats":
        return write_cluster(hub, folder, args)
    (folder / STORE).mkdir(parents=True, exist_ok=True)
    ports = _ports(hub, args.second_port)
    listeners = [Listener(mode, ports[mode], _bind(hub.broker.host)) for mode in MODES]
    user, others = args.user or USER, [*args.gateway, *([] if args.it is None else [args.it])]
    (folder / SETTINGS_FILE).write_text(settings(hub.hub.id, folder, listeners, user))
    for mode in MODES:
        (folder / f"{mode}.acl").write_text(acl(mode, hub.hub.id, hub.coordinator.id, args.it))
        if args.certs:
            _make_certificates(hub, folder / mode, mode, others)
    _give_to(folder, user)
    print(f"{folder / SETTINGS_FILE}: " + ", ".join(f"{mode} on port {ports[mode]}" for mode in MODES))
    if args.certs:
        _print_next_steps(hub, folder)
    return EXIT_OK


def _revoke(args: argparse.Namespace) -> int:
    folder = args.folder / args.mode
    if nats.is_cluster(folder):
        raise AuthorityFault(
            f"{folder} is of a NATS cluster, which reads no list of revoked certificates: run hub broker config "
            f"again without {args.name}, restart the nodes, and let no other gateway have this name"
        )
    if not (folder / "ca.crt").exists():
        raise AuthorityFault(f"{folder} holds no authority; name the folder given with --out")
    Authority(folder, "").revoke(args.name)
    print(
        f"{args.name} is revoked in mode {args.mode}; restart the broker, which reads the list at its start"
    )
    return EXIT_OK


def _ports(hub: HubConfig, second: int | None) -> dict[str, int]:
    """The config's own mode has the port that it dials."""
    first = hub.broker.port
    other = second if second is not None else first + 1
    if other == first or not 1 <= other <= 65_535:
        raise AuthorityFault(f"port {other} can't be the second listener's; give another with --second-port")
    own = "practice" if hub.hub.mode == "practice" else "live"
    return {mode: first if mode == own else other for mode in MODES}


def _bind(host: str) -> str | None:
    """An address is listened on alone; a name may stand for several."""
    try:
        return str(ip_address(host))
    except ValueError:
        return None


def _make_certificates(hub: HubConfig, folder: Path, mode: str, gateways: Sequence[str]) -> None:
    authority = Authority(folder, f"{hub.hub.id} {mode}")
    tls = hub.broker.tls
    names = [host for host, _ in hub.broker.addresses]
    if tls is not None and tls.server_name is not None:
        names.append(tls.server_name)
    authority.issue(BROKER, server_names=list(dict.fromkeys(names)))
    for name in dict.fromkeys((hub.gateway.id, *gateways, hub.coordinator.id)):
        authority.issue(name)
    authority.write_crl()


def _give_to(folder: Path, user: str) -> None:
    """Mosquitto drops root: its own key and store must be that user's. Without root there is nothing to give."""
    if os.geteuid() != 0:
        return
    try:
        pwd.getpwnam(user)
    except KeyError:
        raise AuthorityFault(f"there is no user {user} here; install mosquitto or give --user") from None
    shutil.chown(folder / STORE, user, -1)
    for mode in MODES:
        key = folder / mode / f"{BROKER}.key"
        if key.exists():
            shutil.chown(key, user, -1)


def _print_next_steps(hub: HubConfig, folder: Path) -> None:
    mode = "practice" if hub.hub.mode == "practice" else "live"
    own = folder / mode
    print(f"start it:  mosquitto -c {folder / SETTINGS_FILE}")
    print("keep ca.key of both modes off the gateways; each gateway gets ca.crt and its own pair, and this:")
    print("[broker.tls]")
    print(f'ca = "{own / "ca.crt"}"')
    print(f'cert = "{own / f"{hub.gateway.id}.crt"}"')
    print(f'key = "{own / f"{hub.gateway.id}.key"}"')
