"""`hub replay TRACE`: runs a recorded gateway again, input by input, and compares what came of it.

A folder that `hub why --save-test` made is replayed too: there the outcome for its parcel decides.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from edge.commands import EXIT_FAULTS, EXIT_OK
from edge.rim.incident import Checked, check
from edge.rim.trace import TraceFault, replay


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="hub replay", description=__doc__)
    parser.add_argument(
        "trace", type=Path, help="made by `hub run --record` or `hub simulate --record`; or a folder"
    )
    parser.add_argument("--json", action="store_true", help="the outcome as JSON")
    args = parser.parse_args(argv)
    try:
        if args.trace.is_dir():
            return _incident(check(args.trace), as_json=args.json)
        told = replay(args.trace)
    except TraceFault as fault:
        print(f"hub replay: {fault}", file=sys.stderr)
        return EXIT_FAULTS
    same = told.recorded is None or told.recorded == told.digest
    if args.json:
        print(
            json.dumps(
                {"inputs": told.inputs, "digest": told.digest, "recorded": told.recorded, "same": same}
            )
        )
    elif told.recorded is None:
        print(
            f"{told.inputs} inputs, {told.digest}; the trace was cut off and names no digest to compare with"
        )
    else:
        print(
            f"{told.inputs} inputs, {told.digest}: {'the same' if same else f'recorded was {told.recorded}'}"
        )
    return EXIT_OK if same else EXIT_FAULTS


def _incident(told: Checked, *, as_json: bool) -> int:
    facts = {
        "inputs": told.inputs, "digest": told.digest, "recorded": told.expected.digest, "same": told.same,
        "outcome": told.outcome, "holds": told.holds,
    }  # fmt: skip
    effects = "every effect the same" if told.same else f"other effects ({told.digest})"
    end = "the outcome holds" if told.holds else f"another outcome: {told.difference}"
    print(json.dumps(facts) if as_json else f"{told.inputs} inputs, {effects}; {end}")
    return EXIT_OK if told.holds else EXIT_FAULTS
