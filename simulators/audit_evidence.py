"""`hub audit evidence`: is what a coordinator keeps whole, and does what it let go still follow from what it keeps?

Exit 0 whole, 1 a fault, or an event that was shown and never stored; 2 wrong use.
"""

import argparse
import json
import sqlite3
import sys
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from edge.commands import EXIT_FAULTS, EXIT_OK, EXIT_WRONG_USE
from edge.wire.verifier import Refused, parse
from simulators.coordinator.evidence import LogProof, prove, shown
from simulators.coordinator.tables import DATABASE

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add(kinds: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    evidence = kinds.add_parser("evidence", help="do all logs lead to their countersigned checkpoints?")
    evidence.add_argument("--data", metavar="DIR", type=Path, required=True, help="the coordinator's folder")
    evidence.add_argument(
        "--gateways", metavar="FILE", type=Path, help="JSON, gateway to public key: checks signatures as well"
    )
    evidence.add_argument(
        "--event", metavar="FILE", type=Path, help="an event as published: was it ever stored here?"
    )
    evidence.add_argument("--json", action="store_true", help="for machines")


def act(args: argparse.Namespace) -> int:
    path = args.data / DATABASE
    try:
        keys = None if args.gateways is None else json.loads(args.gateways.read_bytes())
        event = None if args.event is None else parse(args.event.read_bytes())
        if not path.is_file():
            raise OSError(f"no {DATABASE} in {args.data}; name the coordinator's --data folder")
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            told = None if event is None else shown(connection, event)
            logs = list(prove(connection, keys))
    except (OSError, ValueError, KeyError, AttributeError, sqlite3.Error, Refused) as fault:
        print(f"hub audit evidence: {fault}", file=sys.stderr)
        return EXIT_WRONG_USE
    if args.json:
        print(json.dumps({"logs": [asdict(log) for log in logs], "event": told and asdict(told)}, indent=1))
    else:
        print("\n".join([*map(_line, logs), *([] if told is None else [told.words])]))
    whole = all(log.fault is None for log in logs) and (told is None or told.known)
    return EXIT_OK if whole else EXIT_FAULTS


def _line(log: LogProof) -> str:
    verdict = "whole" if log.fault is None else f"FAULT: {log.fault}"
    return (
        f"{log.gw} epoch {log.epoch}: {log.kept} events kept, {log.expired} expired, {log.checkpoints} checkpoints "
        f"through seq {log.through}: {verdict}"
    )
