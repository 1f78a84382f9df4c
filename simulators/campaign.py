"""`hub campaign NAME`: many seeded runs that look for what a single one does not show; an entry point of `hub`.

Exit codes: 0 ok, 1 faults found, 2 wrong use, 130 stopped by Ctrl-C before a fault was found.
"""

import argparse
import json
import re
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from edge.commands import EXIT_FAULTS, EXIT_OK, EXIT_WRONG_USE, file_to_write
from edge.rim.trace import TraceFault
from hub_config.load import ConfigFaults
from simulators.broker import BrokerError
from simulators.fault_parts import PARTS
from simulators.fault_trial import FULL, SHORT
from simulators.fuzz_command import add_fuzz
from simulators.mixes import KNOWN, SCENARIOS, MixFault, read_mix
from simulators.parcels import MAX_PARCELS
from simulators.scenario import ScenarioError
from simulators.swarm import Progress, again, default_jobs, swarm
from simulators.sweep import sweep

SEEDS: Final = range(1, 101)
SEEDS_MAX: Final = 1_000_000
JOBS_MAX: Final = 64
KILLS: Final = 900
"""Three hundred of each; about twenty minutes."""
KILLS_SHORT: Final = 6
KILLS_MAX: Final = 10_000
OUTAGE_S: Final = (1.0, 86_400.0)
MINUTES: Final = (0.1, 1_440.0)
EXIT_STOPPED: Final = 130
KEEP: Final = Path("swarm-failures")
_SPAN: Final = re.compile(r"(\d{1,12})\.\.(\d{1,12})")
_VISIT: Final = re.compile(r"under visit ([0-9a-f-]{36})")


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="hub campaign", description="Many seeded runs under simulated time."
    )
    campaigns = parser.add_subparsers(title="campaigns", metavar="NAME", required=True)
    _add_swarm(campaigns.add_parser(
        "swarm", help="another mix of faults for each seed",
        description="For each seed another mix of line faults, lines and parcels, watched by every checker and judged "
        "by the truth. A run that fails is made small and kept, with the one command that repeats it.",
    ))  # fmt: skip
    _add_sweep(campaigns.add_parser(
        "sweep", help="one scenario over many seeds, summed",
        description="Runs a scenario once for each seed and sums what came of it: what is wrong, what was released of "
        "what could have been, how many undisturbed parcels were held, and how true p_ppm is.",
    ))  # fmt: skip
    _add_faults(campaigns.add_parser(
        "faults", help="killed, cut, hung, full, unplugged, doubled: in real time, under load",
        description="A hub of processes under a load of scans. First SIGKILLs of gateway, broker and coordinator at "
        "random moments; then one part for each other fault, on a hub of its own (docs/faults.md). In the end of each, "
        "journal and coordinator are compared event by event.",
    ))  # fmt: skip
    _add_cluster(campaigns.add_parser(
        "cluster", help="a node of the broker's cluster killed every 20 s in real time, under load",
        description="A hub of processes under a load of scans, its broker three NATS nodes, one of which after the "
        "other is killed and started again. In the end journal and coordinator are compared event by event.",
    ))  # fmt: skip
    add_fuzz(campaigns.add_parser(
        "fuzz", help="every parser of the drivers on millions of bytes that no device should send",
        description="Noise, and frames of the manuals changed, cut, doubled, spliced and with the parity of another "
        "line setting: nothing may raise, grow, tell what was not sent, or stay out of step.",
    ))  # fmt: skip
    args = parser.parse_args(argv)
    code: int = args.run(args)
    return code


def _add_swarm(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seeds", type=_seeds, default=SEEDS, metavar="A..B", help="default: 1..100")
    parser.add_argument("--seed", type=_seed, dest="seeds", metavar="S", help="only this one")
    parser.add_argument("--jobs", type=_jobs, default=default_jobs(), metavar="N", help="processes at a time")
    parser.add_argument(
        "--json", type=file_to_write, metavar="FILE", help="write the report here (else it is printed)"
    )
    parser.add_argument(
        "--keep", type=Path, default=KEEP, metavar="DIR",
        help=f"folder for what repeats failed runs: a mix and a trace of each (default: {KEEP})",
    )  # fmt: skip
    parser.add_argument(
        "--scenario", action="append", choices=KNOWN, metavar="NAME", dest="scenarios",
        help=f"only this one; more than once: any of these. One of {', '.join(KNOWN)} (default: those with a belt)",
    )  # fmt: skip
    parser.add_argument(
        "--mix", type=Path, metavar="FILE", help="repeat the run of this mix, and nothing else"
    )
    parser.add_argument("--record", type=file_to_write, metavar="TRACE", help="with --mix: keep every input")
    parser.set_defaults(run=_swarm)


def _add_faults(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--part", action="append", choices=("kills", *PARTS), metavar="NAME", dest="parts",
        help=f"only this; may be given again. One of kills, {', '.join(PARTS)}",
    )  # fmt: skip
    parser.add_argument(
        "--kills",
        type=_kills,
        metavar="N",
        help=f"of the part kills, and without --part only it; default: {KILLS}",
    )
    parser.add_argument(
        "--broker-gone", type=_outage, metavar="S",
        help=f"seconds, of the part broker-gone, and without --part only it; default: {FULL.gone_s:g}",
    )  # fmt: skip
    parser.add_argument("--short", action="store_true", help="each fault once or twice, for a quick look")
    parser.add_argument("--seed", type=int, default=1, metavar="S")
    parser.add_argument(
        "--json", type=file_to_write, metavar="FILE", help="write the report here (else it is printed)"
    )
    parser.set_defaults(run=_faults)


def _faults(args: argparse.Namespace) -> int:
    from simulators.fault_campaign import campaign

    parts = args.parts or [
        name for name, given in (("kills", args.kills), ("broker-gone", args.broker_gone)) if given
    ]
    kills = args.kills or (KILLS_SHORT if args.short else KILLS)
    sizes = SHORT if args.short else FULL
    if args.broker_gone is not None:
        sizes = replace(sizes, gone_s=args.broker_gone)
    with _progress(kills) as tell:
        report = campaign(parts or ("kills", *PARTS), kills, args.seed, sizes, tell)
    for name, told in report["parts"].items():
        if "skipped" in told:
            print(f"hub campaign faults: {name} skipped: {told['skipped']}", file=sys.stderr)
    code = _write(report, args.json, report["good"])
    return EXIT_STOPPED if report["stopped"] and code == EXIT_OK else code


def _add_cluster(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--minutes", type=_minutes, default=5.0, metavar="M", help="default: 5")
    parser.add_argument("--seed", type=int, default=1, metavar="S")
    parser.add_argument(
        "--json", type=file_to_write, metavar="FILE", help="write the report here (else it is printed)"
    )
    parser.set_defaults(run=_cluster)


def _cluster(args: argparse.Namespace) -> int:
    from simulators.cluster_campaign import kills_in, run

    try:
        with _progress(kills_in(args.minutes)) as tell:
            outcome = run(args.minutes, args.seed, tell)
    except BrokerError as fault:
        print(f"hub campaign cluster: {fault}", file=sys.stderr)
        return EXIT_FAULTS
    return _write(outcome.as_json(), args.json, outcome.good)


def _write(report: Mapping[str, Any], file: Path | None, good: bool) -> int:
    text = json.dumps(report, indent=1)
    if file is not None:
        file.write_text(text + "\n")
    else:
        print(text)
    return EXIT_OK if good else EXIT_FAULTS


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = 0.0
    if not MINUTES[0] <= minutes <= MINUTES[1]:
        raise argparse.ArgumentTypeError(f"{text!r}: {MINUTES[0]:g} to {MINUTES[1]:g} minutes are wanted")
    return minutes


def _outage(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not OUTAGE_S[0] <= seconds <= OUTAGE_S[1]:
        raise argparse.ArgumentTypeError(f"{text!r}: {OUTAGE_S[0]:g} to {OUTAGE_S[1]:g} seconds are wanted")
    return seconds


def _kills(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= KILLS_MAX:
        raise argparse.ArgumentTypeError(f"{text!r}: 1 to {KILLS_MAX} are wanted")
    return int(text)


def _swarm(args: argparse.Namespace) -> int:
    if args.record is not None and args.mix is None:
        return _refuse("--record goes with --mix; failed runs of a swarm leave traces anyway")
    if args.keep.exists() and not args.keep.is_dir():
        return _refuse(f"--keep {args.keep} is a file; name a folder")
    scenarios = tuple(args.scenarios or SCENARIOS)
    try:
        if args.mix is not None:
            report = again(read_mix(args.mix), args.record)
        else:
            with _progress(len(args.seeds)) as tell:
                report = swarm(args.seeds, jobs=args.jobs, keep=args.keep, tell=tell, scenarios=scenarios)
    except (MixFault, TraceFault) as fault:
        return _refuse(str(fault))
    _tell(report, args.json)
    if report["failed"]:
        return EXIT_FAULTS
    return EXIT_STOPPED if report["stopped"] else EXIT_OK


def _add_sweep(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("scenario", help="a name of hub simulate --list, or the path of a scenario file")
    parser.add_argument("--seeds", type=_seeds, default=SEEDS, metavar="A..B", help="default: 1..100")
    parser.add_argument("--parcels", type=int, metavar="N", help="of each seed; default: the scenario's own")
    parser.add_argument("--jobs", type=_jobs, default=default_jobs(), metavar="N", help="processes at a time")
    parser.add_argument(
        "--json", type=file_to_write, metavar="FILE", help="write the report here (else it is printed)"
    )
    parser.set_defaults(run=_sweep)


def _sweep(args: argparse.Namespace) -> int:
    if args.parcels is not None and not 1 <= args.parcels <= MAX_PARCELS:
        return _refuse(f"--parcels is {args.parcels}; 1 to {MAX_PARCELS} are wanted", "sweep")
    try:
        with _progress(len(args.seeds)) as tell:
            report = sweep(args.scenario, args.seeds, parcels=args.parcels, jobs=args.jobs, tell=tell)
    except (ConfigFaults, ScenarioError) as fault:
        return _refuse(str(fault), "sweep")
    text = json.dumps(report, indent=1) + "\n"
    if args.json is None:
        print(text, end="")
    else:
        args.json.write_text(text)
        print(_sentence(report))
    if report["failed"]:
        return EXIT_FAULTS
    return EXIT_STOPPED if report["stopped"] else EXIT_OK


def _refuse(why: str, campaign: str = "swarm") -> int:
    print(f"hub campaign {campaign}: {why}", file=sys.stderr)
    return EXIT_WRONG_USE


def _tell(report: Mapping[str, Any], file: Path | None) -> None:
    text = json.dumps(report, indent=1) + "\n"
    if file is None:
        print(text, end="")
    else:
        file.write_text(text)
        print(_sentence(report))
    for one in report["failures"]:
        print(f"seed {one['seed']}: {one['kind']}\n  {one['text']}", file=sys.stderr)
        if "command" in one:
            small = f"; shrunk to {one['shrunk']} in {one['tries']} runs" if one["shrunk"] is not None else ""
            print(f"  drawn with {one['drawn']}{small}\n  {one['command']}", file=sys.stderr)
            if (visit := _VISIT.search(one["text"])) is not None:
                told = f"{visit[1]} --trace {shlex.quote(one['trace'])}"
                print(f"  what the gateway did: ./hub why {told}", file=sys.stderr)


def _sentence(report: Mapping[str, Any]) -> str:
    first, last = report["seeds"]
    wrong = ", ".join(f"{name} {count}" for name, count in report["truth"].items())
    entered = report["parcels"].get("entered", 0)
    shares = (
        "" if report["share"] is None
        else f"; released {report['share']:.1%} of {report['oracle_share']:.1%} possible"
    )  # fmt: skip
    return (
        f"{report['runs']} runs of seeds {first}..{last}{' (stopped)' if report['stopped'] else ''}: "
        f"{report['failed']} failed; {entered} parcels; {wrong or 'nothing judged'}{shares}; "
        f"{report['speed']['wall_s']:.0f} s"
    )


@contextmanager
def _progress(count: int) -> Iterator[Progress]:
    """A bar where somebody watches."""
    if not sys.stderr.isatty():
        yield lambda _told: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("campaign"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.fields[told]}"), console=Console(stderr=True)) as bar:
        task = bar.add_task("campaign", total=count, told="")
        yield lambda told: bar.update(task, advance=1, told=told)


def _seeds(text: str) -> range:
    found = _SPAN.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no span of seeds; write 1..100")
    first, last = int(found[1]), int(found[2])
    if not 1 <= last - first + 1 <= SEEDS_MAX:
        raise argparse.ArgumentTypeError(
            f"{text} holds {last - first + 1} seeds; 1 to {SEEDS_MAX} are wanted"
        )
    return range(first, last + 1)


def _seed(text: str) -> range:
    return _seeds(f"{text}..{text}")


def _jobs(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= JOBS_MAX:
        raise argparse.ArgumentTypeError(f"{text} processes; 1 to {JOBS_MAX} are wanted")
    return int(text)
