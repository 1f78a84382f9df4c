"""`hub run CONFIG`: the gateway on the real ports of a config, until it is told to stop."""

import argparse
import gc
import logging
import signal
import sqlite3
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from drivers.external import external_findings
from edge.app import App, IdentityTaken
from edge.commands import DATA, EXIT_BAD_CONFIG, EXIT_FAULTS, EXIT_OK, file_to_write, shadow
from edge.rim import clock
from edge.rim.journal import JOURNAL_FILE, JournalFault
from edge.rim.journal_check import cant_open
from edge.rim.journal_table import passes
from edge.rim.keys import DataFolderFault
from edge.rim.offered_config import OfferedConfig
from edge.rim.tls import TlsFault
from edge.rim.trace import TraceFault
from edge.web.serve import WebPortTaken
from edge.wire.signing import TrustStore
from edge.wire.topics import Topics
from hub_config.hub import HubConfig
from hub_config.load import ConfigFaults, load
from hub_config.names import SECOND, Instant

EXIT_OURS: Final = 70
"""A mistake of ours ended it; restart it, nothing committed is lost."""
ANEW_EVERY: Final = 600 * SECOND
"""At most so often the next epoch is begun by itself: a coordinator that contradicts each journal must not have the
gateway start for ever. Until then the line stands, and the screens say why."""
SWITCH_INTERVAL_S: Final = 0.001
"""After so long a thread that wants the interpreter asks for it. The journal's gives it up for some 30 us with each
signature, and has it again before another has woken up; that one asks only after this interval (Python's own: 5 ms)."""


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="hub run", description=__doc__)
    parser.add_argument("config", type=Path, help="hub config (TOML); `hub check` says what is wrong with it")
    parser.add_argument("--data", type=Path, default=DATA, help=f"journal and keys (default {DATA})")
    parser.add_argument("--verbose", action="store_true", help="log what the stations show")
    parser.add_argument(
        "--record",
        type=file_to_write,
        metavar="TRACE",
        help="keep every input in this file, for `hub replay`",
    )
    parser.add_argument(
        "--shadow",
        action="store_true",
        help="only listen to lines that a controller drives, and say where it and we disagree",
    )
    parser.add_argument(
        "--as-written",
        action="store_true",
        help="by this file, whatever the hub's IT has sent (docs/it-orders.md)",
    )
    args = parser.parse_args(argv)
    try:
        config = load(args.config, external_findings)
    except ConfigFaults as faults:
        for fault in faults.faults:
            print(fault, file=sys.stderr)
        return EXIT_BAD_CONFIG
    if config.hub.mode == "replay":
        print("hub run: mode replay is never published; set [hub] mode to practice or live", file=sys.stderr)
        return EXIT_BAD_CONFIG
    if args.shadow:
        try:
            config = shadow.listening(config)
        except ValueError as refused:
            print(f"hub run: {refused}", file=sys.stderr)
            return EXIT_BAD_CONFIG
    _log_to_stderr(verbose=args.verbose)
    return _run(config, args.data, args.record, as_written=args.as_written or args.shadow)


def _effective(written: HubConfig, data: Path) -> HubConfig:
    """The file's, or the one that the hub's IT has sent and this gateway has accepted."""
    topics = Topics(written.hub.mode, written.hub.id, written.gateway.id)
    accepted = OfferedConfig(data, written, TrustStore(written.trust), topics).accepted()
    if accepted is None:
        return written
    version, config = accepted
    print(f"configuration {version} of the hub's IT is used; --as-written uses the file itself")
    return config


def _run(written: HubConfig, data: Path, record: Path | None, *, as_written: bool) -> int:
    """One run after another, where the coordinator says that it holds what the journal does not: its epoch is over, and
    only a new start begins the next. No person has to come for that, and no message makes the line stop for ever."""
    stopping = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stopping.set())
    anew_from, trace, runs = Instant(0), record, 1
    while (ended := _one_run(written, data, trace, stopping, anew_from, as_written=as_written)) is None:
        gc.unfreeze()  # what the run before has made may go
        anew_from, runs = Instant(clock.now() + ANEW_EVERY), runs + 1
        trace = None if record is None else record.with_name(f"{record.name}.{runs}")
    return ended


def _one_run(
    written: HubConfig, data: Path, record: Path | None, stopping: threading.Event, anew_from: Instant, *,
    as_written: bool,
) -> int | None:  # fmt: skip
    """The exit code; None where the next epoch is to begin. Not before `anew_from`: until then the line stands."""
    try:
        config = written if as_written else _effective(written, data)
        app = App(config, data, record, written)
        address = app.start()
        # What the start has made stays: walking through it stops every thread for a tenth of a second, again and again.
        gc.freeze()
        sys.setswitchinterval(SWITCH_INTERVAL_S)
    except (
        DataFolderFault,
        IdentityTaken,
        JournalFault,
        TlsFault,
        TraceFault,
        WebPortTaken,
    ) as refused:
        print(f"hub run: {refused}", file=sys.stderr)
        return EXIT_FAULTS
    except sqlite3.DatabaseError as error:
        if not passes(error):
            raise
        print(f"hub run: {cant_open(data / JOURNAL_FILE, error)}", file=sys.stderr)
        return EXIT_FAULTS
    _tell_started(config, data, app, address)
    asked = app.wait(stopping, anew_from)
    for said in shadow.told(app.snapshot().plc_lines):
        print(said)
    unwritten = app.stop()
    if unwritten:
        print(f"hub run: {unwritten} events could not be written to {data}: free the disk", file=sys.stderr)
    if app.identity_taken is not None:
        print(f"hub run: {app.identity_taken}", file=sys.stderr)
        return EXIT_FAULTS
    if not asked and not unwritten and app.epoch_over is not None:
        print(f"hub run: {app.epoch_over}", file=sys.stderr)
        return None
    return EXIT_OK if asked and not unwritten else EXIT_OURS


def _tell_started(config: HubConfig, data: Path, app: App, address: str) -> None:
    print(
        f"gateway {config.gateway.id} runs in mode {config.hub.mode}; its public key is {app.public_key} "
        f"(kid {app.kid})"
    )
    for bench in config.benches:
        print(f"station {bench.id}: {address}station/{bench.id}")
    for line in config.plc_lines:
        print(f"line {line.id}: driven by {line.plc} at {config.device(line.plc).attach.place}")
    if config.lines:
        print(f"the floor: {address}floor")
    print(f"journal: {data}; stop with Ctrl-C", flush=True)


def _log_to_stderr(*, verbose: bool) -> None:
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    if not verbose:
        logging.getLogger("hub.core").setLevel(logging.WARNING)
