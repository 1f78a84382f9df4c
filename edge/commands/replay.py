"""`hub replay TRACE`: runs a recorded gateway again, input by input, and compares what came of it.

A trace of one device's bytes (`hub trace save`) goes through the device's driver again, call by call. A folder that
`hub why --save-test` made is replayed too: there the outcome for its parcel decides.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from drivers.bytes_trace import LINE_BYTES_MAX, is_bytes_trace, outcome, read, told
from drivers.bytes_trace import TraceFault as BytesFault
from drivers.bytes_trace import replay as replay_bytes
from edge.commands import EXIT_FAULTS, EXIT_OK
from edge.rim.incident import Checked, check
from edge.rim.trace import TraceFault, replay


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="hub replay", description=__doc__)
    parser.add_argument(
        "trace",
        type=Path,
        help="made by `hub run --record`, `hub simulate --record` or `hub trace save`; or a folder",
    )
    parser.add_argument("--readings", action="store_true", help="of a device's bytes: tell every reading")
    parser.add_argument("--json", action="store_true", help="the outcome as JSON")
    args = parser.parse_args(argv)
    try:
        if args.trace.is_dir():
            return _incident(check(args.trace), as_json=args.json)
        if _is_of_bytes(args.trace):
            return _bytes(args.trace, as_json=args.json, each=args.readings)
        ran = replay(args.trace)
    except (TraceFault, BytesFault, ValueError) as fault:
        print(f"hub replay: {fault}", file=sys.stderr)
        return EXIT_FAULTS
    same = ran.recorded is None or ran.recorded == ran.digest
    if args.json:
        print(
            json.dumps({"inputs": ran.inputs, "digest": ran.digest, "recorded": ran.recorded, "same": same})
        )
    elif ran.recorded is None:
        print(f"{ran.inputs} inputs, {ran.digest}; the trace was cut off and names no digest to compare with")
    else:
        print(f"{ran.inputs} inputs, {ran.digest}: {'the same' if same else f'recorded was {ran.recorded}'}")
    return EXIT_OK if same else EXIT_FAULTS


def _is_of_bytes(file: Path) -> bool:
    try:
        with file.open("rb") as trace:
            return is_bytes_trace(trace.readline(LINE_BYTES_MAX))
    except OSError:
        return False  # the reader of the other kind says why


def _bytes(file: Path, *, as_json: bool, each: bool) -> int:
    with file.open("rb") as lines:
        trace = read(iter(lambda: lines.readline(LINE_BYTES_MAX), b""))
    made = list(replay_bytes(trace))
    came = outcome(trace, made)
    readings = [told(reading) for one in made for reading in one.readings]
    if as_json:
        facts = {"device": trace.device.id, **asdict(came), "same": came.same}
        print(json.dumps(facts | ({"told": readings} if each else {}), ensure_ascii=False))
    else:
        for reading in readings if each else ():
            print(json.dumps(reading, ensure_ascii=False))
        late = f"; in step after {came.catching_up} calls" if came.catching_up else ""
        same = "the same" if came.same else f"{came.differing - came.catching_up} calls told something else"
        print(f"{trace.device.id}: {came.calls} calls, {came.readings} readings: {same}{late}")
    return EXIT_OK if came.same else EXIT_FAULTS


def _incident(told: Checked, *, as_json: bool) -> int:
    facts = {
        "inputs": told.inputs, "digest": told.digest, "recorded": told.expected.digest, "same": told.same,
        "outcome": told.outcome, "holds": told.holds,
    }  # fmt: skip
    effects = "every effect the same" if told.same else f"other effects ({told.digest})"
    end = "the outcome holds" if told.holds else f"another outcome: {told.difference}"
    print(json.dumps(facts) if as_json else f"{told.inputs} inputs, {effects}; {end}")
    return EXIT_OK if told.holds else EXIT_FAULTS
