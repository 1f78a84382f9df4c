"""`python -m simulators.coordinator`: the reference coordinator. Practice only, with keys of its own making.

Prints one line when it is ready, `coordinator ID ready kid=… public=…`; ends on SIGTERM or SIGINT. Exit 0 after a
clean stop, 2 on wrong arguments, 78 on a file it can't use.
"""

import argparse
import json
import logging
import secrets
import signal
import sys
from pathlib import Path
from typing import Any, Final, NoReturn

from edge.rim import clock
from hub_config.load import ConfigFaults
from hub_config.names import MILLISECOND
from hub_config.rules import load_rules
from simulators.coordinator.desk import Declared, Desk
from simulators.coordinator.letters import Letters, practice_key
from simulators.coordinator.sampling import Sampler
from simulators.coordinator.seed_file import SeedFile
from simulators.coordinator.service import NAK_AFTER, Coordinator
from simulators.coordinator.store import Store

EXIT_BAD_FILE: Final = 78
DATABASE: Final = "coordinator.sqlite"


def arguments(given: list[str] | None) -> argparse.Namespace:
    reader = argparse.ArgumentParser(prog="coordinator", description="Reference clearance coordinator.")
    reader.add_argument("--broker", metavar="HOST:PORT", required=True)
    reader.add_argument("--hub", required=True)
    reader.add_argument("--id", required=True, help="its name, also its MQTT client id")
    reader.add_argument("--mode", default="practice")
    reader.add_argument("--data", metavar="DIR", type=Path, required=True)
    reader.add_argument("--rules", metavar="FILE", type=Path, required=True, help="rule pack, TOML")
    reader.add_argument(
        "--manifest", metavar="FILE", type=Path, required=True, help="JSON: code to declaration"
    )
    reader.add_argument(
        "--gateways", metavar="FILE", type=Path, required=True, help="JSON: gateway to public key"
    )
    reader.add_argument(
        "--nak-after-ms", type=int, default=NAK_AFTER // MILLISECOND, help="how long a gap may stay"
    )
    return reader.parse_args(given)


def main(given: list[str] | None = None) -> int:
    told = arguments(given)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    if told.mode != "practice":
        refuse(
            2,
            f"this coordinator runs in mode practice only, not {told.mode}: it has no keys for anything else",
        )
    host, _, port = told.broker.rpartition(":")
    if not host or not port.isdecimal():
        refuse(2, f"--broker {told.broker!r} is not HOST:PORT, like 127.0.0.1:1883")
    coordinator, letters = build(told, (host, int(port)))
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, lambda *_: coordinator.stop())
    print(f"coordinator {told.id} ready kid={letters.kid} public={letters.public}", flush=True)
    coordinator.run()
    return 0


def build(told: argparse.Namespace, broker: tuple[str, int]) -> tuple[Coordinator, Letters]:
    try:
        told.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        rules = load_rules(told.rules)
        manifest = read_manifest(told.manifest)
        gateways = {str(name): str(key) for name, key in json.loads(told.gateways.read_bytes()).items()}
        letters = Letters(told.hub, told.id, practice_key(told.data))
        seeds = SeedFile(told.data, told.hub, lambda: clock.wall_time().utc_us)
    except ConfigFaults as faults:
        refuse(EXIT_BAD_FILE, str(faults))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as fault:
        refuse(EXIT_BAD_FILE, f"can't use a file: {fault!r}")
    if rules.hub != told.hub:
        refuse(EXIT_BAD_FILE, f"{told.rules} is the rule pack of {rules.hub}, not of {told.hub}")
    desk = Desk(rules, manifest, told.hub, "practice", secrets.token_bytes(32), Sampler(seeds))
    session = f"{told.id}-{secrets.token_hex(8)}"
    store = Store(told.data / DATABASE)
    nak_after = told.nak_after_ms * MILLISECOND
    return (
        Coordinator(broker, store, desk, letters, told.id, told.hub, session, gateways, nak_after),
        letters,
    )


def read_manifest(path: Path) -> dict[str, Declared]:
    """`{code: {"mass_mg": …, "value_minor": …, "currency": …, "description": …}}`"""
    return {code: _declared(code, told) for code, told in json.loads(path.read_bytes()).items()}


def _declared(code: str, told: dict[str, Any]) -> Declared:
    declared = Declared(**told)
    if not (type(declared.mass_mg) is type(declared.value_minor) is int and declared.mass_mg > 0):
        raise ValueError(f"declaration of {code}: mass_mg and value_minor are integers, mass_mg above 0")
    return declared


def refuse(status: int, sentence: str) -> NoReturn:
    print(f"coordinator: {sentence}", file=sys.stderr)
    raise SystemExit(status)


if __name__ == "__main__":
    sys.exit(main())
