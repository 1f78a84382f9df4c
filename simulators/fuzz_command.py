"""`hub campaign fuzz [--protocols A,B] [--bytes N] [--seed S] [--jobs N] [--json FILE]`."""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final

from edge.commands import EXIT_FAULTS, EXIT_OK, EXIT_WRONG_USE, file_to_write

BYTES: Final = 10_000_000
"""Per parser; all of them take about twenty minutes of two cores."""
BYTES_MAX: Final = 10_000_000_000
JOBS_MAX: Final = 64


def add_fuzz(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--protocols", default="", metavar="A,B", help="as `hub decode` names them; default: all"
    )
    parser.add_argument(
        "--bytes", type=int, default=BYTES, metavar="N", help=f"for each parser; default: {BYTES}"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="S")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="processes at a time"
    )
    parser.add_argument("--json", type=file_to_write, metavar="FILE", help="write the report here")
    parser.set_defaults(run=_fuzz)


def _fuzz(args: argparse.Namespace) -> int:
    from simulators.fuzz_campaign import VECTORS, Tried, as_json, run
    from simulators.fuzz_subjects import subjects

    names = [name for name in args.protocols.split(",") if name]
    if (refused := _refusal(names, [one.name for one in subjects()], args)) is not None:
        print(f"hub campaign fuzz: {refused}", file=sys.stderr)
        return EXIT_WRONG_USE
    if not VECTORS.is_dir():
        print(
            f"hub campaign fuzz: {VECTORS} is not there (an installed package has no tests), so no frames of manuals "
            "are changed: only noise and numbers of labels are tried",
            file=sys.stderr,
        )
    tried: list[Tried] = []
    for one in run(names, args.bytes, args.seed, args.jobs):
        tried.append(one)
        print(f"{one.name}: {'good' if one.good else 'FAILED'}", file=sys.stderr, flush=True)
        if args.json is not None:  # what is known so far: a run takes long
            args.json.write_text(json.dumps(as_json(tried, args.bytes, args.seed), indent=1) + "\n")
    report = as_json(tried, args.bytes, args.seed)
    print(_table(report))
    for one in tried:
        for fault in one.faults:
            print(f"{one.name}: {fault}", file=sys.stderr)
    if report["failed"]:
        print(f"again: {report['again']}", file=sys.stderr)
    return EXIT_FAULTS if report["failed"] else EXIT_OK


def _refusal(names: Sequence[str], known: Sequence[str], args: argparse.Namespace) -> str | None:
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            return f"--protocols {name!r} is unknown{hint}; known: {', '.join(known)}"
    if not 1 <= args.bytes <= BYTES_MAX:
        return f"--bytes is {args.bytes}; 1 to {BYTES_MAX} are wanted"
    if not 1 <= args.jobs <= JOBS_MAX:
        return f"--jobs is {args.jobs}; 1 to {JOBS_MAX} are wanted"
    return None


def _table(report: Mapping[str, Any]) -> str:
    """A line for each parser."""
    heads = ("MB", "MB/s", "frames", "garbled", "wrong", "raised", "kept")
    lines = [f"{'parser':28}" + "".join(f"{head:>9}" for head in heads) + "   not back in step"]
    for name, row in report["parsers"].items():
        cells = (
            f"{row['bytes'] / 1e6:.1f}", row["mb_per_s"], row["frames"], row["garbled"], row["wrong"], row["raised"],
            row["kept_max"],
        )  # fmt: skip
        back = "exempt" if row["back"] == "none" else f"{row['not_back']} of {row['resyncs']} ({row['back']})"
        lines.append(f"{name:28}" + "".join(f"{cell:>9}" for cell in cells) + f"   {back}")
    lines.append(
        f"{report['bytes'] / 1e6:.0f} MB, {report['frames']} frames understood; raised {report['raised']}, wrong "
        f"{report['wrong']} (one-bit faults tried: {report['flips']}), not back in step {report['not_back']} of "
        f"{report['resyncs']}, kept at most {report['kept_max']} bytes; seed {report['seed']}"
    )
    return "\n".join(lines)
