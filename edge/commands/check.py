"""`hub check FILE`: every fault of a hub config at once."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from drivers.external import external_findings
from edge.commands import EXIT_FAULTS, EXIT_OK
from hub_config.lingering import notes
from hub_config.load import ConfigFaults, Fault, load


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="hub check", description=__doc__)
    parser.add_argument("file", type=Path, help="hub config (TOML), for example examples/bench.toml")
    parser.add_argument("--json", action="store_true", help="faults as JSON")
    args = parser.parse_args(argv)
    faults: Sequence[Fault] = ()
    told: Sequence[str] = ()
    try:
        told = tuple(notes(load(args.file, external_findings)))
    except ConfigFaults as refused:
        faults = refused.faults
    if args.json:
        keys = ("file", "line", "where", "what", "limit", "todo")
        print(
            json.dumps(
                [{key: getattr(fault, key) for key in keys} for fault in faults], indent=1, default=str
            )
        )
    else:
        for fault in faults:
            print(fault)
        for note in told:
            print(note)
        print(f"{args.file}: {len(faults)} fault{'s' * (len(faults) != 1)}" if faults else f"{args.file}: ok")
    return EXIT_FAULTS if faults else EXIT_OK
