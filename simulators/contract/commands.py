"""`hub contract`: the contract for other vendors. Its messages as schemas, and a check of any coordinator or gateway.

`hub contract asyncapi` prints the AsyncAPI 3 document, `hub contract schema NAME` one JSON Schema, and
`hub contract check` tries what is at a broker and prints a table: exit 0 where all of it conforms, 1 where not.
`hub contract key FILE` makes the practice key that the check works with. `hub contract wrong` is a coordinator that is
wrong on purpose, to see what the check finds.
"""

import argparse
import json
import os
import re
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from nacl.signing import SigningKey
from rich.console import Console

from edge.commands import EXIT_FAULTS, EXIT_OK, EXIT_WRONG_USE
from edge.rim import clock
from edge.rim.tls import BrokerIdentity, TlsFault, identity_in
from edge.wire.asyncapi import document, schemas
from edge.wire.canonical import b64u_bytes
from edge.wire.signing import KEY_BYTES, Signer, kid_of
from hub_config.names import GatewayId, HubId, LineId
from simulators.contract.coordinator_check import QUIET_S, CoordinatorCheck, Tried
from simulators.contract.gateway_check import GatewayCheck
from simulators.contract.peer import PeerFault
from simulators.contract.table import Results
from simulators.contract.wrong_coordinator import WrongCoordinator
from simulators.coordinator.letters import Letters

PORTS: Final = {"mqtt": 1883, "mqtts": 8883}
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


class _Wrong(Exception):  # noqa: N818  (said to the user)
    pass


def main(argv: Sequence[str]) -> int:
    args = _parser().parse_args(_joined(argv))
    try:
        return _run(args)
    except (_Wrong, PeerFault) as fault:
        print(f"hub contract: {fault}", file=sys.stderr)
        return EXIT_WRONG_USE if isinstance(fault, _Wrong) else EXIT_FAULTS


def _run(args: argparse.Namespace) -> int:
    match args.action:
        case "asyncapi":
            print(json.dumps(document(), indent=2))
            return EXIT_OK
        case "schema":
            print(json.dumps(schemas()[args.name], indent=2))
            return EXIT_OK
        case "key":
            return _key(args.file)
        case "wrong":
            return _wrong(args)
        case _:
            return _check(args)


def _joined(argv: Sequence[str]) -> list[str]:
    """`--public` with its key as one word: one key in 64 begins with "-" and would be taken for an option."""
    words = list(argv)
    if "--public" in words[:-1]:
        place = words.index("--public")
        words[place : place + 2] = [f"--public={words[place + 1]}"]
    return words


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hub contract", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("asyncapi", help="print the AsyncAPI 3 document of the contract")
    schema = actions.add_parser("schema", help="print the JSON Schema of one message")
    schema.add_argument("name", choices=sorted(schemas()))
    key = actions.add_parser("key", help="make a practice key, or read one, and print its public half")
    key.add_argument("file", type=Path, metavar="FILE", help="64 hex digits, 0600; kept if it is there")
    check = actions.add_parser("check", help="try a coordinator or a gateway, and print a table")
    wrong = actions.add_parser("wrong", help="a coordinator that is wrong on purpose, until Ctrl-C")
    for one in (check, wrong):
        one.add_argument(
            "--broker", required=True, metavar="URL", help="mqtt://HOST:PORT or mqtts://HOST:PORT"
        )
        one.add_argument(
            "--tls",
            type=Path,
            metavar="DIR",
            help="of mqtts: folder with ca.crt, and ID.crt, ID.key of the kit",
        )
        one.add_argument("--tls-name", metavar="NAME", help="name in the broker's certificate, if not HOST")
        one.add_argument("--hub", required=True, help="id of the hub, such as MY-KUL-1")
        one.add_argument(
            "--coordinator", default="co-1", help="name of the coordinator: the tried one, or the kit's"
        )
        one.add_argument(
            "--key", type=Path, required=True, help="file with the kit's private practice key, 64 hex digits"
        )
    check.add_argument(
        "--role", choices=("coordinator", "gateway"), default="coordinator", help="what is tried"
    )
    check.add_argument(
        "--public", required=True, metavar="KEY", help="its public key, 43 characters of base64url"
    )
    check.add_argument("--gateway", required=True, help="name of the gateway: the kit's, or the tried one")
    check.add_argument("--line", default="b1", help="a line of that gateway")
    check.add_argument("--seconds", type=float, default=60, help="how long a gateway is watched (default 60)")
    check.add_argument(
        "--quiet", type=float, default=QUIET_S, metavar="S",
        help=f"how long an ack that must not come is waited for (default {QUIET_S:g} s)",
    )  # fmt: skip
    check.add_argument("--json", action="store_true", help="for machines")
    return parser


def _key(file: Path) -> int:
    try:
        with open(file, "x", opener=lambda path, flags: os.open(path, flags, 0o600)) as fresh:
            fresh.write(bytes(SigningKey.generate()).hex() + "\n")
    except FileExistsError:
        pass  # somebody may be told its public half already
    signer = _signer(file)
    print(f"kid={signer.kid} public={signer.public_b64}")
    return EXIT_OK


def _check(args: argparse.Namespace) -> int:
    public = b64u_bytes(args.public, KEY_BYTES)
    if public is None:
        raise _Wrong(f"--public {args.public:.50}: wanted 43 characters of base64url")
    _named(args, "hub", "coordinator", "gateway", "line")
    ours = args.gateway if args.role == "coordinator" else args.coordinator
    host, port, identity = _broker(args, ours)
    tried = Tried(
        host, port, HubId(args.hub), "practice", args.coordinator, args.public, GatewayId(args.gateway),
        LineId(args.line), _signer(args.key), args.quiet, identity,
    )  # fmt: skip
    kid = kid_of(public)
    if args.role == "coordinator":
        results = CoordinatorCheck(tried, kid).run()
    else:
        results = GatewayCheck(tried, kid, args.seconds).run()
    _tell(results, args)
    return EXIT_OK if results.conforms else EXIT_FAULTS


def _wrong(args: argparse.Namespace) -> int:
    """It believes everything and releases all of it, so it has no place but practice."""
    _named(args, "hub", "coordinator")
    host, port, identity = _broker(args, args.coordinator)
    letters = Letters(args.hub, args.coordinator, _private(args.key))
    wrong = WrongCoordinator(host, port, letters, clock.wall_time().utc_us, identity)
    print(
        f"wrong on purpose, practice: kid={letters.kid} public={letters.public} (Ctrl-C ends it)", flush=True
    )
    try:
        signal.pause()
    except KeyboardInterrupt:
        return EXIT_OK
    finally:
        wrong.close()
    return EXIT_OK


def _tell(results: Results, args: argparse.Namespace) -> None:
    if args.json:
        print(json.dumps(results.as_json(), indent=2))
        return
    who = args.coordinator if args.role == "coordinator" else args.gateway
    results.show(Console(), f"{args.role} {who} of {args.hub}, practice")


def _named(args: argparse.Namespace, *options: str) -> None:
    for option in options:
        if not _NAME.fullmatch(getattr(args, option)):
            raise _Wrong(f"--{option} {getattr(args, option)!r}: letters, digits, _ and - are allowed")


def _broker(args: argparse.Namespace, ours: str) -> tuple[str, int, BrokerIdentity | None]:
    """Where it is, and the certificate of `ours`, the kit's name, with mqtts."""
    url = args.broker
    parts = urlsplit(url)
    try:
        port = parts.port or PORTS.get(parts.scheme, 0)
    except ValueError as fault:
        raise _Wrong(f"--broker {url}: {fault}") from fault
    if parts.scheme not in PORTS or not parts.hostname:
        raise _Wrong(f"--broker {url}: wanted like mqtt://127.0.0.1:1883 or mqtts://broker.hub:8883")
    if (parts.scheme == "mqtts") != (args.tls is not None):
        raise _Wrong(
            "mqtts:// and --tls DIR go together: DIR as hub broker config --certs writes it (practice/)"
        )
    if args.tls is None:
        return parts.hostname, port, None
    try:
        return parts.hostname, port, identity_in(args.tls, ours, args.tls_name)
    except TlsFault as fault:
        raise _Wrong(str(fault)) from fault


def _signer(path: Path) -> Signer:
    return Signer(_private(path))


def _private(path: Path) -> SigningKey:
    try:
        raw = bytes.fromhex(path.read_text().strip())
    except (OSError, ValueError) as fault:
        said = fault.strerror if isinstance(fault, OSError) else "it is no hex"
        raise _Wrong(
            f"key {path}: {said}; 64 hex digits are wanted, as hub contract key writes them"
        ) from fault
    if len(raw) != KEY_BYTES:
        raise _Wrong(
            f"key {path} has {len(raw)} bytes; {KEY_BYTES} are wanted, as hub contract key writes them"
        )
    return SigningKey(raw)
