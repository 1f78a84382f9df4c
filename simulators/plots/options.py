"""What `hub simulate` is asked about its pictures."""

import argparse
import math
from pathlib import Path

from simulators.plots.album import WINDOW_S, Album, Wanted, can_draw


def add_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "pictures (PNG and SVG; they need matplotlib: ./hub --plots simulate …)"
    )
    group.add_argument(
        "--plot", type=Path, metavar="DIR", help="draw the belt, the exceptions and the calibration of p_ppm"
    )
    group.add_argument(
        "--plot-from",
        type=float,
        metavar="S",
        help="simulated second at which the belt is drawn (else chosen)",
    )
    group.add_argument("--plot-seconds", type=float, default=WINDOW_S, metavar="S", help="(default 20)")
    group.add_argument("--plot-line", metavar="LINE", help="which line (default: where the exception is)")


def album_of(parser: argparse.ArgumentParser, args: argparse.Namespace) -> Album | None:
    """None: no pictures are wanted. Ends the program with one sentence where they can't be drawn."""
    if args.plot is None:
        return None
    if not can_draw():
        parser.error("--plot draws with matplotlib, which is not installed; type ./hub --plots simulate …")
    if not (math.isfinite(args.plot_seconds) and args.plot_seconds > 0):
        parser.error(f"--plot-seconds is {args.plot_seconds:g}; more than 0 is wanted")
    if args.plot_from is not None and not (math.isfinite(args.plot_from) and args.plot_from >= 0):
        parser.error(f"--plot-from is {args.plot_from:g}; 0 or more is wanted")
    try:
        args.plot.mkdir(parents=True, exist_ok=True)
    except OSError as refused:
        parser.error(f"--plot {args.plot}: {refused.strerror}; name a folder")
    return Album(Wanted(args.plot, args.plot_from, args.plot_seconds, args.plot_line))
