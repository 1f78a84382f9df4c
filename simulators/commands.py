"""`hub demo` and `hub simulate`, found by `hub` as entry points."""

import argparse
import json
import shlex
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Any, Final

from edge.commands import EXIT_FAULTS, EXIT_OK, EXIT_WRONG_USE, file_to_write
from simulators.parcels import MAX_PARCELS
from simulators.report import whole

WEB_PORT: Final = 8040
WEB_PORT_TRIES: Final = 50
SIMULATED_PARCELS: Final = 200
DEMO_PARCELS: Final = 1_000
DEMO_PACE: Final = 0.5
"""About one parcel a second."""
PACE_MIN: Final = 0.05
PACE_MAX: Final = 100
LOOK_EVERY_S: Final = 0.25
MINUTES_MIN: Final = 0.01
FAULTS_SHOWN_MAX: Final = 10
"""Faults of the truth that are told in full; the report counts all."""
MINUTES_MAX: Final = 60_000


def simulate(argv: Sequence[str]) -> int:
    from edge.rim.trace import TraceFault
    from hub_config.load import ConfigFaults
    from simulators.burst import BURSTS
    from simulators.plots.album import PictureFault
    from simulators.plots.options import add_options, album_of
    from simulators.scenario import ScenarioError, find
    from simulators.simulate import simulate as run

    parser = argparse.ArgumentParser(prog="hub simulate", description="A seeded run under simulated time.")
    parser.add_argument(
        "scenario", nargs="?", help="a name of --list, or the path of a scenario file (docs/scenarios.md)"
    )
    parser.add_argument("--list", action="store_true", help="tell the shipped scenarios and end")
    parser.add_argument("--seed", type=int, default=1, help="the same gives the same run (default 1)")
    parser.add_argument("--parcels", type=int, metavar="N", help="how many pass; default: the scenario's own")
    parser.add_argument(
        "--minutes",
        type=float,
        metavar="M",
        help="how long the feeders run in simulated time, if --parcels does not say how many; outages shrink with it",
    )
    parser.add_argument(
        "--report", type=file_to_write, metavar="FILE", help="write the report here (else it is printed)"
    )
    parser.add_argument(
        "--record",
        type=file_to_write,
        metavar="TRACE",
        help="keep every input in this file, for `hub replay`",
    )
    parser.add_argument(
        "--sign-all", action="store_true", help="sign and check every event, not one visit in 1,000"
    )
    parser.add_argument(
        "--over-bytes",
        action="store_true",
        help="run the I/O boards' firmware, serial lines and drivers byte for byte, to see what spoilt bytes, drifting "
        "clocks and restarts do to parcels; several times slower than the board model, so use it for short runs",
    )
    add_options(parser)
    args = parser.parse_args(argv)
    if args.list:
        return _list()
    if args.scenario is None:
        parser.error("name a scenario, or see --list")
    if args.parcels is not None and not 1 <= args.parcels <= MAX_PARCELS:
        parser.error(f"--parcels is {args.parcels}; 1 to {MAX_PARCELS} are wanted")
    if args.minutes is not None and not MINUTES_MIN <= args.minutes <= MINUTES_MAX:
        parser.error(f"--minutes is {args.minutes:g}; {MINUTES_MIN:g} to {MINUTES_MAX:g} are wanted")
    if args.scenario in BURSTS:
        return _rush(parser, args)
    album = album_of(parser, args)
    try:
        lines = replace(find(args.scenario).lines, over_bytes=args.over_bytes)
        report, details = run(
            args.seed, args.parcels, scenario=args.scenario, minutes=args.minutes, sign_all=args.sign_all,
            record=args.record, lines=lines, album=album,
        )  # fmt: skip
    except ConfigFaults as refused:
        for fault in refused.faults:
            print(f"hub simulate: {fault}", file=sys.stderr)
        return EXIT_WRONG_USE
    except (TraceFault, ScenarioError, PictureFault) as fault:
        parser.error(str(fault))
    for drawn in album.draw() if album is not None else ():
        print(f"drawn: {drawn}", file=sys.stderr)
    return _tell(report, details, args.report)


def _rush(parser: argparse.ArgumentParser, args: argparse.Namespace) -> int:
    from simulators.burst import BURSTS, simulate_burst, table

    burst = BURSTS[args.scenario]
    others = (args.record, args.minutes, args.plot)
    if args.sign_all or args.over_bytes or any(one is not None for one in others):
        parser.error(f"{args.scenario} takes --seed, --parcels and --report only")
    report, details = simulate_burst(burst, args.seed, args.parcels or burst.parcels)
    print(table(report), file=sys.stderr if args.report is None else sys.stdout)
    return _tell(report, details, args.report)


def _list() -> int:
    from simulators.burst import BURSTS
    from simulators.scenario import find, shipped

    known = shipped()
    told = {name: find(name).about for name in known} | {name: burst.about for name, burst in BURSTS.items()}
    width = max(len(name) for name in told)
    for name, about in sorted(told.items()):
        print(f"{name:{width}}  {about}")
    return EXIT_OK


def demo(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="hub demo", description="A practice hub on this computer: watch a bench and a belt line."
    )
    parser.add_argument("--headless", action="store_true", help="end when all parcels have left")
    parser.add_argument(
        "--parcels", type=int, default=DEMO_PARCELS, metavar="N", help="of --headless (default %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=1, help="of parcels and faults (default 1)")
    parser.add_argument("--report", type=file_to_write, metavar="FILE", help="write the report here")
    parser.add_argument(
        "--pace", type=float, default=DEMO_PACE, help="below 1 the operator is quicker (default %(default)s)"
    )
    parser.add_argument(
        "--broker", choices=("mosquitto", "nats"), help="default: Mosquitto where it is installed"
    )
    parser.add_argument("--cameras", action="store_true", help="a camera over the belt as well")
    parser.add_argument(
        "--tour",
        action="store_true",
        help="two minutes in seven chapters, on a page of its own and in this terminal (with --headless: here only); "
        "ends by itself, with 0 if every chapter's claim came true (docs/tour.md)",
    )
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="keep journal, keys and logs in this new folder"
    )
    args = parser.parse_args(argv)
    if args.parcels < 1:
        parser.error(f"--parcels is {args.parcels}; 1 or more are wanted")
    if not PACE_MIN <= args.pace <= PACE_MAX:  # so written, not-a-number is refused too
        parser.error(f"--pace is {args.pace:g}; {PACE_MIN:g} to {PACE_MAX:g} is wanted")
    if args.tour and (args.cameras or args.report is not None or args.parcels != DEMO_PARCELS):
        parser.error(
            "--tour brings its own parcels and tells its own outcome: leave out --parcels, --report and --cameras"
        )
    if args.cameras and not _cameras_are_set_up():
        todo = f"type ./hub --cameras demo {shlex.join(argv)}"
        print(f"hub demo: the camera packages are not installed; {todo}", file=sys.stderr)
        return EXIT_WRONG_USE
    if args.keep is not None:
        try:
            args.keep.mkdir(parents=True, exist_ok=False)
        except OSError as refused:
            print(f"hub demo: --keep {args.keep}: {refused.strerror}; name a new folder", file=sys.stderr)
            return EXIT_WRONG_USE
    stopping = threading.Event()
    with _stop_on_signals(stopping):
        with _folder(args.keep) as folder, _web_port() as port:
            code = _tour_or_demo(args, folder, port, stopping)
        if stopping.is_set():
            with suppress(OSError):  # the terminal may be gone
                print("stopped; nothing is left running", flush=True)
    return code


def _tour_or_demo(args: argparse.Namespace, folder: Path, port: int, stopping: threading.Event) -> int:
    if not args.tour:
        return _demo(args, folder, port, stopping)
    from simulators.tour.run import tour

    return tour(args, folder, port, stopping)


def _cameras_are_set_up() -> bool:
    from drivers.transports.worker_port import PACKAGES

    return all(find_spec(name) is not None for name in PACKAGES)


def _demo(args: argparse.Namespace, folder: Path, port: int, stopping: threading.Event) -> int:
    from simulators.broker import BrokerError
    from simulators.demo_hub import DemoFailedError, DemoHub

    if port != WEB_PORT:
        print(f"port {WEB_PORT} is taken; using {port}")
    hub = DemoHub(
        folder,
        args.seed,
        args.parcels,
        web_port=port,
        pace=args.pace,
        broker=args.broker,
        camera=args.cameras,
    )
    try:
        hub.start()
        line = "a belt with a camera" if args.cameras else "a belt"
        print(
            f"practice hub: broker {hub.broker.kind}, coordinator, gateway, a bench and {line} are starting"
        )
        print(f"watch the floor:   http://127.0.0.1:{port}/floor   (Ctrl-C ends it)")
        print(f"watch the station: http://127.0.0.1:{port}/station/b1", flush=True)
        told = _watch(hub, stopping)
        if not stopping.is_set() and not args.headless:
            print("all parcels have left; the pages stay until Ctrl-C", flush=True)
            stopping.wait()
        if told < args.parcels:
            return EXIT_OK if not args.headless else EXIT_FAULTS
        report, details = hub.report(hub.settle(stopping.wait))
        return _tell(report, details, args.report)
    except (BrokerError, DemoFailedError) as failed:
        print(f"hub demo: {failed}", file=sys.stderr)
        return EXIT_FAULTS
    finally:
        hub.stop()


def _watch(hub: Any, stopping: threading.Event) -> int:  # noqa: ANN401 - DemoHub, imported late
    """Prints a line for each parcel placed; returns how many were."""
    labels = {parcel.number: parcel.items[0].data if parcel.items else "no label" for parcel in hub.parcels}
    masses = {parcel.number: parcel.mass_mg for parcel in hub.parcels}
    told: set[int] = set()
    while not stopping.is_set():
        hub.check_alive()
        hub.write_truth()
        for one in hub.gone():
            if one.number in told:
                continue
            told.add(one.number)
            kilograms = f"{masses[one.number] / 1e6:.3f}"
            print(
                f"{one.number:5}  {labels[one.number]:14} {kilograms:>7} kg  -> {one.bay} ({one.lane})",
                flush=True,
            )
        if len(told) == len(hub.parcels) and hub.done:
            break
        stopping.wait(LOOK_EVERY_S)
    return len(told)


def _tell(report: Mapping[str, Any], details: Sequence[str], file: Path | None) -> int:
    text = json.dumps(report, indent=1) + "\n"
    if file is None:
        print(text, end="")
    else:
        file.write_text(text)
        print(_sentence(report))
    for line in details[:FAULTS_SHOWN_MAX]:
        print(line, file=sys.stderr)
    if len(details) > FAULTS_SHOWN_MAX:
        print(f"and {len(details) - FAULTS_SHOWN_MAX} more: the report counts them all", file=sys.stderr)
    return EXIT_OK if whole(report) else EXIT_FAULTS


def _sentence(report: Mapping[str, Any]) -> str:
    parcels, truth, events = report["parcels"], report["truth"], report["events"]
    places = ", ".join(f"{count} {name}" for name, count in parcels.items() if name != "entered")
    wrong = ", ".join(f"{name} {count}" for name, count in truth.items())
    share = report["release"]
    return (
        f"{parcels['entered']} parcels: {places}; {wrong}; released {share['share']:.1%} of {share['oracle_share']:.1%}"
        f" possible; {events['journalled']} events, {events['pending']} pending, {events['duplicates']} doubled, "
        f"chain {events['chain']}"
    )


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="hub-demo-", ignore_cleanup_errors=True) as folder:
            yield Path(folder)
    else:
        yield keep.resolve()


@contextmanager
def _stop_on_signals(stopping: threading.Event) -> Iterator[None]:
    """Ctrl-C and a polite kill end the demo the same way: everything it started is stopped."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    before: dict[int, Callable[..., Any] | int | None] = {}
    for caught in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        before[caught] = signal.signal(caught, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _web_port() -> Iterator[int]:
    """A free port that no other demo picks while this one lasts: the gateway takes it only a second later."""
    for port in range(WEB_PORT, WEB_PORT + WEB_PORT_TRIES):
        with socket.socket(socket.AF_UNIX) as claim:
            if _is_claimed(claim, port) and _is_free(port):
                yield port
                return
    raise SystemExit(f"hub demo: ports {WEB_PORT} to {WEB_PORT + WEB_PORT_TRIES - 1} are all taken")


def _is_claimed(claim: socket.socket, port: int) -> bool:
    """By an abstract name of Linux: no file stands for it, and it ends with the process."""
    if sys.platform != "linux":
        return True
    try:
        claim.bind(f"\0hub-demo-web-{port}")
    except OSError:
        return False
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
