"""`hub audit sampling|seed|evidence|disclosure`: a hub's word checked with its log. Exit 0 good, 1 not, 2 wrong use."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from edge.commands import EXIT_FAULTS, EXIT_OK, EXIT_WRONG_USE
from hub_config.load import ConfigFaults
from hub_config.rule_book import load_rule_book
from simulators import audit_disclosure, audit_evidence, audit_seeds
from simulators.audit import AuditFault, audit, read_database, read_log, read_seeds, read_witness, told


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
    sampling.add_argument(
        "--rules", metavar="FILE", type=Path, action="append", default=[],
        help="rule packs of the hub: makes rates again that findings have raised",
    )  # fmt: skip
    sampling.add_argument(
        "--witness", metavar="FILE", type=Path, action="append", default=[],
        help="what another party has published of its own seeds",
    )  # fmt: skip
    sampling.add_argument("--json", action="store_true", help="for machines")
    audit_seeds.add(kinds)
    audit_evidence.add(kinds)
    audit_disclosure.add(kinds)
    args = parser.parse_args(argv)
    others = {"seed": audit_seeds.act, "evidence": audit_evidence.act, "disclosure": audit_disclosure.act}
    if args.kind in others:
        return others[args.kind](args)
    try:
        log = read_log(args.log) if args.log is not None else read_database(args.db)
        rules = load_rule_book(args.rules) if args.rules else None
        outcome = audit(log, read_seeds(args.seeds), rules)
        for witness in args.witness:
            read_witness(witness, args.seeds, outcome)
    except (AuditFault, ConfigFaults) as fault:
        print(f"hub audit sampling: {fault}", file=sys.stderr)
        return EXIT_WRONG_USE
    if args.json:
        print(json.dumps(asdict(outcome), indent=1))
    else:
        print("\n".join(told(outcome)))
    return EXIT_FAULTS if outcome.contradictions else EXIT_OK
