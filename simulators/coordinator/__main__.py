"""`python -m simulators.coordinator`: the reference coordinator, one process on one SQLite file.

For practice it makes its own key. `--pilot` runs it in a hub in earnest: mode live, the live topic root, a key from a
file that only its owner may read. Prints one line when it is ready, `coordinator ID ready kid=… public=…`, and `page=…`
where it has one; ends on SIGTERM or SIGINT. Exit 0 after a clean stop, 1 where another works in its folder or has its
port, 2 on wrong arguments, 75 on a disk without room at its start (later it waits for room), 78 on a file it can't use.
"""

import argparse
import gc
import json
import logging
import secrets
import signal
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NoReturn

from nacl.signing import SigningKey

from edge.rim import clock
from edge.rim.tls import TlsFault, identity_in
from edge.web.serve import AppServer, WebPortTaken
from edge.wire.verifier import Refused, kid, load_key
from hub_config.broker import Address, parse_address
from hub_config.load import ConfigFaults
from hub_config.names import MILLISECOND
from hub_config.rule_book import RuleBook, load_rule_book
from simulators.coordinator.data_folder import FolderTaken, in_words, locked
from simulators.coordinator.declared import ManifestFault, declarations_of
from simulators.coordinator.desk import Desk
from simulators.coordinator.full_disk import is_full
from simulators.coordinator.issuing import Issuing, index_key
from simulators.coordinator.letters import KeyFault, Letters, Mode, pilot_key, practice_key
from simulators.coordinator.page.app import create_page
from simulators.coordinator.page.figures import About, Figures
from simulators.coordinator.parity_watch import ParityWatch
from simulators.coordinator.retention import Retention
from simulators.coordinator.sampling import Sampler
from simulators.coordinator.seed_file import SeedFile
from simulators.coordinator.service import NAK_AFTER, Coordinator
from simulators.coordinator.store import Store, StoreFault
from simulators.coordinator.tables import DATABASE

EXIT_BAD_FILE: Final = 78
EXIT_NO_ROOM: Final = 75
HOST: Final = "127.0.0.1"


def arguments(given: list[str] | None) -> argparse.Namespace:
    reader = argparse.ArgumentParser(prog="coordinator", description="Reference clearance coordinator.")
    reader.add_argument(
        "--broker",
        metavar="HOST:PORT",
        required=True,
        action="append",
        help="repeat it for the further nodes of a cluster",
    )
    reader.add_argument("--tls", metavar="DIR", type=Path, help="folder with ca.crt, ID.crt and ID.key")
    reader.add_argument("--tls-name", metavar="NAME", help="name in the broker's certificate, if not HOST")
    reader.add_argument("--hub", required=True)
    reader.add_argument("--id", required=True, help="its name, also its MQTT client id")
    reader.add_argument("--mode", help="practice, or live with --pilot; follows from it where it is not told")
    reader.add_argument("--pilot", action="store_true", help="in earnest: mode live, key from --key")
    reader.add_argument("--key", metavar="FILE", type=Path, help="private key of --pilot, hex, rights 0600")
    reader.add_argument("--data", metavar="DIR", type=Path, required=True)
    reader.add_argument(
        "--rules", metavar="FILE", type=Path, required=True, action="append",
        help="rule pack, TOML; several: the one in force at the hub's date counts",
    )  # fmt: skip
    reader.add_argument(
        "--manifest", metavar="FILE", type=Path, action="append", default=[],
        help="declarations, JSON: a list, or identifier to declaration; further ones may be posted to its page",
    )  # fmt: skip
    reader.add_argument(
        "--gateways", metavar="FILE", type=Path, required=True, help="JSON: gateway to public key"
    )
    reader.add_argument("--web", metavar="PORT", type=int, help="page of numbers on this port of 127.0.0.1")
    reader.add_argument(
        "--nak-after-ms", type=int, default=NAK_AFTER // MILLISECOND, help="how long a gap may stay"
    )
    return reader.parse_args(given)


def main(given: list[str] | None = None) -> int:
    told = arguments(given)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    mode = mode_of(told)
    brokers: list[Address] = []
    for said in told.broker:
        address = parse_address(said)
        if address is None:
            refuse(2, f"--broker {said!r} is not HOST:PORT, like 127.0.0.1:1883")
        brokers.append(address)
    book = rules_of(told)
    try:
        with locked(told.data):
            return run(told, book, brokers, mode)
    except FolderTaken as taken:
        refuse(1, str(taken))
    except (sqlite3.DatabaseError, OSError) as fault:
        sentence = in_words(fault, told.data)
        if sentence is None:
            raise
        refuse(EXIT_NO_ROOM if is_full(fault) else EXIT_BAD_FILE, sentence)


def run(told: argparse.Namespace, book: RuleBook, brokers: Sequence[Address], mode: Mode) -> int:
    """Until it is told to stop. Raises sqlite3.DatabaseError and OSError of the data folder."""
    coordinator, letters = build(told, book, brokers, mode)
    page, where = page_of(told, book, coordinator, letters)
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, lambda *_: coordinator.stop())
    ready = f"coordinator {told.id} ready kid={letters.kid} public={letters.public}"
    print(ready + ("" if page is None else f" page={where}"), flush=True)
    watch = ParityWatch(told.data / DATABASE, coordinator.submit)
    watch.start()
    gc.freeze()  # what the start has made stays, and need not be walked through again
    try:
        coordinator.run()
    finally:
        watch.stop()
        if page is not None:
            page.stop()
        coordinator.close()
    return 0


def page_of(
    told: argparse.Namespace, book: RuleBook, coordinator: Coordinator, letters: Letters
) -> tuple[AppServer | None, str]:
    if told.web is None:
        return None, ""
    about = About(told.hub, told.id, letters.mode, letters.kid, book)
    database = told.data / DATABASE
    figures = Figures(database, about, coordinator.gauges, lambda: (clock.now(), clock.wall_time().utc_us))
    page = AppServer(create_page(figures, database, coordinator.submit, HOST, told.web), HOST, told.web)
    try:
        return page, page.start()
    except WebPortTaken as taken:
        refuse(1, f"--web {told.web}: {taken}")


def mode_of(told: argparse.Namespace) -> Mode:
    mode: Mode = "live" if told.pilot else "practice"
    if told.mode not in (None, mode):
        why = "without --pilot it is for practice only" if mode == "practice" else "--pilot is for live"
        refuse(2, f"this coordinator runs in mode {mode}, not {told.mode}: {why}")
    if told.pilot != (told.key is not None):
        refuse(
            2, "--pilot and --key go together: a practice coordinator makes its own key, a pilot never does"
        )
    return mode


def rules_of(told: argparse.Namespace) -> RuleBook:
    try:
        book = load_rule_book(told.rules)
    except ConfigFaults as faults:
        refuse(EXIT_BAD_FILE, str(faults))
    if book.packs[0].hub != told.hub:
        refuse(EXIT_BAD_FILE, f"{told.rules[0]} is the rule pack of {book.packs[0].hub}, not of {told.hub}")
    return book


def build(
    told: argparse.Namespace, book: RuleBook, brokers: Sequence[Address], mode: Mode
) -> tuple[Coordinator, Letters]:
    try:
        declarations = [
            one for path in told.manifest for one in declarations_of(json.loads(path.read_bytes()))
        ]
        gateways = gateways_of(told.gateways)
        key: SigningKey = pilot_key(told.key) if told.pilot else practice_key(told.data)
        identity = None if told.tls is None else identity_in(told.tls, told.id, told.tls_name)
        store = Store(told.data / DATABASE, mode)
        voucher_key = index_key(told.data)
        seeds = SeedFile(told.data, told.hub, lambda: clock.wall_time().utc_us)
    except (KeyFault, StoreFault, TlsFault) as faults:
        refuse(EXIT_BAD_FILE, str(faults))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as fault:
        if isinstance(fault, OSError) and in_words(fault, told.data) is not None:
            raise
        refuse(EXIT_BAD_FILE, f"can't use a file: {fault!r}")
    store.set_targets(targets_us(book))
    letters = Letters(told.hub, told.id, key, mode)
    desk = Desk(book, store, told.hub, mode, secrets.token_bytes(32), Sampler(seeds))
    issuing = Issuing(store, letters, book, Sampler(seeds), voucher_key, seeds)
    session = f"{told.id}-{secrets.token_hex(8)}"
    nak_after = told.nak_after_ms * MILLISECOND
    coordinator = Coordinator(
        brokers[0], store, desk, letters, told.id, session, gateways, issuing, nak_after,
        others=tuple(brokers[1:]), identity=identity, retention=Retention(store, book, mode, clock.now()),
    )  # fmt: skip
    try:
        coordinator.file(declarations)
    except ManifestFault as fault:
        refuse(EXIT_BAD_FILE, f"can't use a file: {fault}")
    return coordinator, letters


def gateways_of(path: Path) -> dict[str, str]:
    """Each with its public key. Raises OSError, ValueError, AttributeError."""
    gateways = {str(name): str(key) for name, key in json.loads(path.read_bytes()).items()}
    for name, key in gateways.items():
        try:
            kid(key)
            load_key(key)
        except (Refused, ValueError):
            refuse(
                EXIT_BAD_FILE,
                f"{path}: {name} has no public key but {key[:60]!r}; 43 characters of base64url are wanted, as "
                "`hub run` prints them at its start",
            )
    return gateways


def targets_us(book: RuleBook) -> dict[str, int]:
    """Dwell targets by lane of the pack in force, else of the first."""
    pack = book.in_force(clock.wall_time().utc_us) or book.packs[0]
    return {target.lane: target.dwell_s * 1_000_000 for target in pack.dwell_targets}


def refuse(status: int, sentence: str) -> NoReturn:
    print(f"coordinator: {sentence}", file=sys.stderr)
    raise SystemExit(status)


if __name__ == "__main__":
    sys.exit(main())
