"""`hub bench NAME [--short] [--json FILE]`: figures of one family, each beside a baseline of the same run.

The scripts are `bench/NAME.py` of the source tree; each has `measure(short) -> figures`.
"""

import argparse
import importlib.util
import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from edge.commands import EXIT_OK, EXIT_WRONG_USE, file_to_write

EVENTS_MIN: Final = 6
"""One parcel."""
SCRIPTS: Final = Path(__file__).resolve().parents[2] / "bench"


def main(argv: Sequence[str]) -> int:
    names = sorted(path.stem.replace("_", "-") for path in SCRIPTS.glob("*.py"))
    parser = argparse.ArgumentParser(prog="hub bench", description=__doc__)
    parser.add_argument("name", help=f"one of: {', '.join(names)}")
    parser.add_argument("--short", action="store_true", help="fewer runs, for a quick look")
    parser.add_argument("--events", type=int, metavar="N", help="of drain: events in the backlog")
    parser.add_argument("--json", type=file_to_write, metavar="FILE", help="write the figures here")
    args = parser.parse_args(argv)
    if args.name not in names:
        print(f"hub bench: no {args.name!r}; there are: {', '.join(names)}", file=sys.stderr)
        return EXIT_WRONG_USE
    given: dict[str, int] = {}
    if args.events is not None:
        if args.name != "drain" or args.events < EVENTS_MIN:
            wanted = f"goes with drain, and {EVENTS_MIN} or more are wanted"
            print(f"hub bench: --events {args.events} {wanted}", file=sys.stderr)
            return EXIT_WRONG_USE
        given["events"] = args.events
    figures = _measure(SCRIPTS / f"{args.name.replace('-', '_')}.py", short=args.short, **given)
    print(_table(figures))
    if args.json is not None:
        machine = {
            "python": platform.python_version(),
            "system": platform.platform(),
            "cores": os.cpu_count(),
        }
        args.json.write_text(json.dumps({"figures": figures, "machine": machine}, indent=1) + "\n")
    return EXIT_OK


def _measure(script: Path, *, short: bool, **given: int) -> dict[str, dict[str, float | str | int]]:
    spec = importlib.util.spec_from_file_location(f"bench_{script.stem}", script)
    assert spec is not None, f"{script} can't be loaded"
    assert spec.loader is not None, f"{script} has no loader"
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    figures: dict[str, dict[str, float | str | int]] = module.measure(short, **given)
    return figures


def _table(figures: Mapping[str, Mapping[str, float | str | int]]) -> str:
    keys = ("ours", "baseline", "ratio", "unit", "runs")
    rows = [["figure", *keys]]
    rows += [[name, *(str(one.get(key, "-")) for key in keys)] for name, one in figures.items()]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows
    )
