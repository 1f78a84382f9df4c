"""`hub trace save DEVICE FILE [--data DIR]`: keeps what passed between a running gateway and one device, for replay.

The gateway remembers the last minutes of every device; the file holds them with the device's config, so that
`hub replay FILE` makes the same calls of the same driver again. It holds the codes of labels: 0600.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from drivers.bytes_trace import TraceFault, with_readings
from edge.commands import DATA, EXIT_FAULTS, EXIT_OK, file_to_write
from edge.commands.control import Unreachable, lines


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="hub trace", description=__doc__)
    parser.add_argument("what", choices=["save"])
    parser.add_argument(
        "device", metavar="DEVICE", help="a device of the gateway's config, for example scale-1"
    )
    parser.add_argument("file", type=file_to_write, metavar="FILE")
    parser.add_argument(
        "--data", type=Path, default=DATA, help=f"data folder of the gateway (default {DATA})"
    )
    args = parser.parse_args(argv)
    try:
        text, outcome = with_readings(lines(args.data, f"/devices/{args.device}/trace"))
        _write(args.file, text)
    except (Unreachable, TraceFault, ValueError, OSError) as fault:
        print(f"hub trace: {fault}", file=sys.stderr)
        return EXIT_FAULTS
    begins = "; it begins within an opening, older calls are forgotten" if outcome.catching_up else ""
    print(
        f"{args.file}: {outcome.calls} calls, {outcome.readings} readings{begins}; play it: hub replay {args.file}"
    )
    return EXIT_OK


def _write(file: Path, text: Sequence[bytes]) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        for line in text:
            out.write(line)
