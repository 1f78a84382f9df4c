"""`hub journal verify|export|tail`: what a gateway has written down. Works beside a running gateway."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from edge.commands import DATA, EXIT_FAULTS, EXIT_OK
from edge.rim.journal import JOURNAL_FILE, JournalFault, JournalReader


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="hub journal", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    verify = actions.add_parser("verify", help="check every row, the chain and all signatures")
    export = actions.add_parser(
        "export", help="write a file that edge/wire/verifier.py checks without this project"
    )
    export.add_argument("file", type=Path)
    tail = actions.add_parser("tail", help="show the last events")
    tail.add_argument("-n", type=int, default=10, help="how many (default 10)")
    for action in (verify, export, tail):
        action.add_argument(
            "--data", type=Path, default=DATA, help=f"data folder of the gateway (default {DATA})"
        )
    verify.add_argument("--json", action="store_true")
    args = parser.parse_args(argv)
    try:
        reader = JournalReader(args.data / JOURNAL_FILE)
        try:
            return _act(reader, args)
        finally:
            reader.close()
    except BrokenPipeError:
        raise  # the reader of a pipe has seen enough: no fault of the journal
    except (JournalFault, OSError) as fault:
        print(f"hub journal: {fault}", file=sys.stderr)
        return EXIT_FAULTS


def _act(reader: JournalReader, args: argparse.Namespace) -> int:
    match args.action:
        case "verify":
            verified = reader.verify()
            through = reader.acknowledged().seq
            facts = {"events": verified.events, "signed": verified.signed, "acknowledged": through}
            good = f"{verified.events} events, chain whole, {verified.signed} signatures good"
            print(json.dumps(facts) if args.json else f"ok: {good}, acknowledged to {through}")
        case "export":
            try:
                out = args.file.open("wb")
            except OSError as refused:
                raise JournalFault(
                    f"{args.file}: {refused.strerror}; name a file in a folder that exists and can be written"
                ) from refused
            with out:
                count = reader.export(out)
            print(
                f"{args.file}: {count} events; check it with: .venv/bin/python edge/wire/verifier.py {args.file}"
            )
        case _:
            for row in reader.tail(max(1, args.n)):
                print(row.seq, row.kind, row.visit or "-", row.body.decode())
    return EXIT_OK
