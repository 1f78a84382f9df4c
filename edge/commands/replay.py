"""`hub replay TRACE`: runs a recorded gateway again, input by input, and compares what came of it."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from edge.commands import EXIT_FAULTS, EXIT_OK
from edge.rim.trace import TraceFault, replay


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="hub replay", description=__doc__)
    parser.add_argument("trace", type=Path, help="made by `hub run --record` or `hub simulate --record`")
    parser.add_argument("--json", action="store_true", help="the outcome as JSON")
    args = parser.parse_args(argv)
    try:
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
