"""`hub journal verify|balance|records|tail|prove|export`: what a gateway wrote down. Works beside a running gateway."""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO, Final

from edge.commands import DATA, EXIT_FAULTS, EXIT_OK
from edge.rim.balance import balance_text, balance_told
from edge.rim.capsule import make_capsule
from edge.rim.journal import JOURNAL_FILE, JournalFault, JournalReader, Stored
from edge.rim.journal_check import PAGE_ROWS
from edge.rim.keys import DataFolderFault, load_identity
from edge.wire.disclosure import Choice, DisclosureFault, hide_fields
from edge.wire.record_numbers import RecordNumbers, numbers_text

FOLLOW_EVERY_S: Final = 0.2
FOLLOWED_MAX: Final = 500
"""Events shown at a time while following."""


def main(argv: Sequence[str]) -> int:
    args = _parser().parse_args(argv)
    try:
        reader = JournalReader(args.data / JOURNAL_FILE)
        try:
            return _act(reader, args)
        finally:
            reader.close()
    except (JournalFault, DisclosureFault, DataFolderFault) as fault:
        print(f"hub journal: {fault}", file=sys.stderr)
        return EXIT_FAULTS


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hub journal", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    verify = actions.add_parser("verify", help="check every row, the chain, signatures and checkpoints")
    balance = actions.add_parser(
        "balance", help="read = journalled + rejected; journalled = acknowledged + pending"
    )
    records = actions.add_parser(
        "records", help="record numbers of scales and dimensioners (alibi memory), and those in no event"
    )
    tail = actions.add_parser("tail", help="show the last events")
    tail.add_argument("-n", type=int, default=10, help="how many (default 10)")
    tail.add_argument("--follow", action="store_true", help="and those that come, until Ctrl-C")
    prove = actions.add_parser("prove", help="write the evidence capsule of one visit, which proves itself")
    prove.add_argument("visit", help="as hub why names it")
    prove.add_argument(
        "--hide",
        metavar="FIELD",
        action="append",
        default=[],
        help="not to be seen, such as codes or mass.mg",
    )
    prove.add_argument(
        "--show", metavar="FIELD", action="append", default=[], help="nothing but these is to be seen"
    )
    prove.add_argument("-o", "--out", type=Path, help="file (default: VISIT.capsule.json)")
    export = actions.add_parser(
        "export", help="write a file that edge/wire/verifier.py checks without this project"
    )
    export.add_argument("file", type=Path, metavar="FILE", help="to write; /dev/stdout for a pipe")
    for action in (verify, balance, records, tail, prove, export):
        action.add_argument(
            "--data", type=Path, default=DATA, help=f"data folder of the gateway (default {DATA})"
        )
    for action in (verify, balance, records, tail):
        action.add_argument("--json", action="store_true", help="for machines")
    return parser


def _act(reader: JournalReader, args: argparse.Namespace) -> int:
    match args.action:
        case "verify":
            return _verify(reader, args.json)
        case "balance":
            counted = reader.balance()
            told = balance_told(*counted)
            print(json.dumps(told) if args.json else balance_text(*counted))
            return EXIT_OK if told["holds"] else EXIT_FAULTS
        case "records":
            return _records(reader, args.json)
        case "prove":
            return _prove(reader, args, args.out or Path(f"{args.visit}.capsule.json"))
        case "export":
            return _export(reader, args.file)
        case _:
            return _tail(reader, max(1, args.n), args.follow, args.json)


def _verify(reader: JournalReader, as_json: bool) -> int:
    try:
        verified = reader.verify()
    except JournalFault as fault:
        if not as_json:
            raise
        print(json.dumps({"holds": False, "fault": str(fault)}))
        return EXIT_FAULTS
    through = reader.acknowledged().seq
    if as_json:
        print(json.dumps({"holds": True} | asdict(verified) | {"acknowledged": through}))
        return EXIT_OK
    kept = f" (the {verified.pruned} before them are pruned)" if verified.pruned else ""
    print(
        f"ok: {verified.events} events{kept}, chain whole, {verified.signed} signatures good, "
        f"acknowledged to {through}; {verified.checkpoints} checkpoints good, "
        f"countersigned to {verified.countersigned}; decisions of {verified.words} visits kept"
    )
    return EXIT_OK


def _records(reader: JournalReader, as_json: bool) -> int:
    numbers, last = RecordNumbers(), reader.pruned().seq
    while page := reader.pending(last, PAGE_ROWS):
        for row in page:
            numbers.take(row.seq, json.loads(row.body))
            last = row.seq
    series = numbers.series()
    print(json.dumps([one.as_json() for one in series]) if as_json else numbers_text(series))
    return EXIT_OK


def _prove(reader: JournalReader, args: argparse.Namespace, file: Path) -> int:
    capsule = make_capsule(reader, args.visit)
    if args.hide or args.show:
        keys = load_identity(args.data, "live" if reader.meta.mode == "live" else "practice")
        capsule = hide_fields(capsule, Choice(tuple(args.hide), tuple(args.show)), keys.signer)
    with _opened(file) as out:
        out.write(json.dumps(capsule, ensure_ascii=False, indent=1).encode() + b"\n")
    print(f"{file}: check it with: .venv/bin/python edge/wire/capsule_verifier.py {file}")
    if args.hide or args.show:
        print(f"for the coordinator to compare it: hub audit disclosure {file} --data DIR")
    return EXIT_OK


def _opened(file: Path) -> BinaryIO:
    try:
        return file.open("wb")
    except OSError as refused:
        raise JournalFault(
            f"{file}: {refused.strerror}; name a file in a folder that exists and can be written"
        ) from refused


def _export(reader: JournalReader, file: Path) -> int:
    with _opened(file) as out:
        count = reader.export(out)
    print(f"{file}: {count} events; check it with: .venv/bin/python edge/wire/verifier.py {file}")
    return EXIT_OK


def _tail(reader: JournalReader, count: int, follow: bool, as_json: bool) -> int:
    rows = reader.tail(count)
    last = reader.last_seq() if not rows else rows[-1].seq
    while True:
        for row in rows:
            print(_line(row, as_json), flush=follow)
            last = row.seq
        if not follow:
            return EXIT_OK
        time.sleep(FOLLOW_EVERY_S)
        rows = reader.pending(last, FOLLOWED_MAX)


def _line(row: Stored, as_json: bool) -> str:
    """JSON: the CloudEvent as it is published, one a line."""
    return row.payload.decode() if as_json else f"{row.seq} {row.kind} {row.visit or '-'} {row.body.decode()}"
