"""`hub tap DEVICE [--hex | --decoded | --both] [--data DIR]`: what passes between a running gateway and one device.

Each line: UTC, the gateway's monotonic clock in seconds, `<` for bytes that came and `>` for bytes that went, the
bytes, and what the driver made of them or why it refused them. Looking on never holds up the driver.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from edge.commands import DATA, EXIT_FAULTS, EXIT_OK
from edge.commands.control import Unreachable, lines

SHOWN_BYTES: Final = 32
"""In one line; the rest follows below."""
_ENDS: Final = {"open": "port opened", "close": "port closed", "order": "order"}
_LEFT_OUT: Final = ("device", "at", "raw")
_FLAGS: Final = ("overload", "underload", "out_of_range", "invalid")
"""Not worth a word while they are false."""


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="hub tap", description=__doc__)
    parser.add_argument(
        "device", metavar="DEVICE", help="a device of the gateway's config, for example scale-1"
    )
    parser.add_argument(
        "--data", type=Path, default=DATA, help=f"data folder of the gateway (default {DATA})"
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--hex", action="store_const", const="hex", dest="how", help="bytes only")
    how.add_argument("--decoded", action="store_const", const="decoded", dest="how", help="readings only")
    how.add_argument("--both", action="store_const", const="both", dest="how", help="both (default)")
    how.add_argument("--json", action="store_const", const="json", dest="how", help="one JSON line a call")
    parser.add_argument("--all", action="store_true", help="begin with what the gateway still remembers")
    parser.add_argument("--seconds", type=float, metavar="S", help="end after so long (default: Ctrl-C)")
    args = parser.parse_args(argv)
    path = f"/devices/{args.device}/tap" + ("?from=start" if args.all else "")
    try:
        for text in _told(lines(args.data, path, args.seconds), args.how or "both"):
            print(text, flush=True)
    except Unreachable as nothing:
        print(f"hub tap: {nothing}", file=sys.stderr)
        return EXIT_FAULTS
    except KeyboardInterrupt:
        pass
    return EXIT_OK


def _told(answer: Iterator[bytes], how: str) -> Iterator[str]:
    first = json.loads(next(answer, b"{}"))
    offset_us = int(first.get("utc_us", 0)) - int(first.get("at", 0)) // 1_000
    if how == "json":
        yield json.dumps(first)
    for line in answer:
        call = json.loads(line)
        if how == "json":
            yield json.dumps(call, ensure_ascii=False)
        elif call.get("gap"):
            yield "… the gateway has forgotten what stood here: this terminal is too slow"
        else:
            yield from _lines(call, how, offset_us)


def _lines(call: Mapping[str, Any], how: str, offset_us: int) -> Iterator[str]:
    at = int(call["at"])
    utc = datetime.fromtimestamp((at // 1_000 + offset_us) / 1e6, UTC)
    stamp = f"{utc:%H:%M:%S.%f} {at / 1e9:.6f}"
    if call["call"] in _ENDS:
        data = "" if call["call"] != "order" else " " + bytes.fromhex(call.get("in", "")).decode()
        yield f"{stamp} - {_ENDS[call['call']]}{data}"
    if how != "decoded":
        if call["call"] == "in":
            yield f"{stamp} < {_shown(call.get('in', ''))}"
        if "out" in call:
            yield f"{stamp} > {_shown(call['out'])}"
    if how != "hex":
        for reading in call.get("readings", ()):
            yield f"{stamp} {_reading(reading)}"
        if "told" in call and not call.get("readings"):
            yield f"{stamp} = readings that are no longer kept; hub trace save and hub replay show them"


def _shown(digits: str) -> str:
    data = bytes.fromhex(digits)
    text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "·" for byte in data)
    return f"{data[:SHOWN_BYTES].hex(' ')}{' …' if len(data) > SHOWN_BYTES else ''}  |{text}|"


def _reading(reading: Mapping[str, Any]) -> str:
    ((kind, fields),) = reading.items()
    if kind == "DeviceFault":
        return f"! rejected, {fields['code']}: {fields['detail']}"
    kept = {
        key: value for key, value in fields.items() if key not in _LEFT_OUT and value not in (None, False)
    }
    return f"= {kind} " + " ".join(
        f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in kept.items()
    )
