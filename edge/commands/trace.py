"""`hub trace`: keeps what passed between a running gateway and one device, for replay.

  hub trace save DEVICE FILE                what the gateway still remembers: the last minutes
  hub trace record DEVICE FILE [--mib N]    the same, and on from there, up to so much or Ctrl-C

The file holds the device's config too, so that `hub replay FILE` makes the same calls of the same driver again, and
`hub simulated-device --trace FILE` plays the device. It holds the codes of labels: 0600.
"""

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from drivers.bytes_trace import TraceFault, with_readings
from edge.commands import DATA, EXIT_FAULTS, EXIT_OK, file_to_write
from edge.commands.control import Unreachable, lines

MIB: Final = 1024 * 1024
MIB_DEFAULT: Final = 256
"""Days of a bench scale; hours of an I/O board."""


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="hub trace", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["save", "record"])
    parser.add_argument(
        "device", metavar="DEVICE", help="a device of the gateway's config, for example scale-1"
    )
    parser.add_argument("file", type=file_to_write, metavar="FILE", help="written anew")
    parser.add_argument(
        "--data", type=Path, default=DATA, help=f"data folder of the gateway (default {DATA})"
    )
    parser.add_argument(
        "--mib", type=int, metavar="N", help=f"of record: largest file (default {MIB_DEFAULT} MiB)"
    )
    parser.add_argument("--seconds", type=float, metavar="S", help="of record: end after so long")
    args = parser.parse_args(argv)
    if args.what == "save" and (args.mib is not None or args.seconds is not None):
        parser.error("--mib and --seconds go with record; save ends with what is remembered")
    if args.mib is not None and args.mib < 1:
        parser.error(f"--mib is {args.mib}; 1 or more is wanted")
    try:
        if args.what == "save":
            return _save(args.data, args.device, args.file)
        return _record(args.data, args.device, args.file, (args.mib or MIB_DEFAULT) * MIB, args.seconds)
    except (Unreachable, TraceFault, ValueError, OSError) as fault:
        print(f"hub trace: {fault}", file=sys.stderr)
        return EXIT_FAULTS


def _save(data: Path, device: str, file: Path) -> int:
    text, outcome = with_readings(lines(data, f"/devices/{device}/trace"))
    _write(file, text, None)
    begins = "; it begins within an opening, older calls are forgotten" if outcome.catching_up else ""
    print(f"{file}: {outcome.calls} calls, {outcome.readings} readings{begins}; play it: hub replay {file}")
    return EXIT_OK


def _record(data: Path, device: str, file: Path, bytes_max: int, seconds: float | None) -> int:
    coming = lines(data, f"/devices/{device}/trace?follow=1", seconds)
    print(f"recording {device} into {file}; Ctrl-C ends it", flush=True)
    try:
        whole = _write(file, coming, bytes_max)
    except KeyboardInterrupt:
        whole = True
    if not whole:
        print(f"{file} is full ({bytes_max // MIB} MiB, --mib): it ends here", file=sys.stderr)
    print(f"play it: hub replay {file}")
    return EXIT_OK


def _write(file: Path, text: Iterable[bytes], bytes_max: int | None) -> bool:
    """Whether all of it fitted."""
    size = 0
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        for line in text:
            size += len(line)
            if bytes_max is not None and size > bytes_max:
                return False
            out.write(line)
    return True
