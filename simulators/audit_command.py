"""`hub audit sampling|evidence|disclosure`: a hub's word checked with its log. Exit 0 good, 1 not, 2 wrong use."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from edge.commands import EXIT_FAULTS, EXIT_OK, EXIT_WRONG_USE
from simulators import audit_disclosure, audit_evidence
from simulators.audit import AuditFault, audit, read_database, read_log, read_seeds, told


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="hub audit", description="Check a hub's word with its own log.")
    kinds = parser.add_subparsers(dest="kind", required=True)
    sampling = kinds.add_parser("sampling", help="were the random checks fair?")
    source = sampling.add_mutually_exclusive_group(required=True)
    source.add_argument("--log", metavar="FILE", type=Path, help="what `hub journal export` has written")
    source.add_argument("--db", metavar="FILE", type=Path, help="the coordinator's database")
    sampling.add_argument(
        "--seeds", metavar="FILE", type=Path, required=True, help="published commitments and seeds"
    )
    sampling.add_argument("--json", action="store_true", help="for machines")
    audit_evidence.add(kinds)
    audit_disclosure.add(kinds)
    args = parser.parse_args(argv)
    if args.kind == "evidence":
        return audit_evidence.act(args)
    if args.kind == "disclosure":
        return audit_disclosure.act(args)
    try:
        log = read_log(args.log) if args.log is not None else read_database(args.db)
        outcome = audit(log, read_seeds(args.seeds))
    except AuditFault as fault:
        print(f"hub audit sampling: {fault}", file=sys.stderr)
        return EXIT_WRONG_USE
    if args.json:
        print(json.dumps(asdict(outcome), indent=1))
    else:
        print("\n".join(told(outcome)))
    return EXIT_FAULTS if outcome.contradictions else EXIT_OK
