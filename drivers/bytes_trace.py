"""A trace of the bytes of one device as text: a first line that says what it is, then one JSON line a call.

`{"trace": "bytes", "v": 1, …}` has the device's config, so that a replay needs nothing else. A line
`{"gap": true}` stands where calls between the beginning of an opening and the rest were forgotten.
"""

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, get_args

from pydantic import TypeAdapter, ValidationError

from drivers.bytes_replay import Again, again
from drivers.reading import Reading
from drivers.tap import Call, Kept, Record
from hub_config.devices import Device
from hub_config.names import Instant

VERSION: Final = 1
LINE_BYTES_MAX: Final = 1_000_000

_DEVICE: Final[TypeAdapter[Device]] = TypeAdapter(Device)
_CALLS: Final = get_args(Call)


class TraceFault(Exception):  # noqa: N818  (the fault is the file's)
    """The text is no trace of bytes; it says which line."""


@dataclass(frozen=True, slots=True)
class BytesTrace:
    device: Device
    edge_version: str
    parts: tuple[tuple[Record, ...], ...]
    """With a gap between each two."""


def told(reading: Reading) -> dict[str, Any]:
    """A reading as JSON."""
    return {type(reading).__name__: {key: _plain(value) for key, value in asdict(reading).items()}}


def call_line(record: Record, readings: Iterable[Reading] = ()) -> dict[str, Any]:
    line: dict[str, Any] = {"at": record.at, "call": record.call}
    if record.data:
        line["in"] = record.data.hex()
    if record.out:
        line["out"] = record.out.hex()
    if any(record.told):
        line["told"] = record.told.hex()
    shown = [told(reading) for reading in readings]
    return line | ({"readings": shown} if shown else {})


def header(device: Device, edge_version: str, at: Instant, utc_us: int) -> dict[str, Any]:
    """`at` and `utc_us`: the same moment by both clocks."""
    return {
        "trace": "bytes", "v": VERSION, "device": json.loads(_DEVICE.dump_json(device)), "edge": edge_version,
        "at": at, "utc_us": utc_us,
    }  # fmt: skip


def lines(first: Mapping[str, Any], kept: Kept) -> Iterator[dict[str, Any]]:
    """The whole trace, without readings."""
    yield dict(first)
    for record in kept.head:
        yield call_line(record)
    if kept.cut:
        yield {"gap": True}
    for record in kept.calls:
        yield call_line(record)


def is_bytes_trace(first_line: bytes) -> bool:
    try:
        head = json.loads(first_line)
    except ValueError:
        return False
    return isinstance(head, dict) and head.get("trace") == "bytes"


def read(text: Iterable[bytes]) -> BytesTrace:
    """Raises TraceFault."""
    numbered = iter(enumerate(text, start=1))
    head = _json(*next(numbered, (1, b"")))
    device, edge = _head(head)
    parts: list[list[Record]] = [[]]
    for number, line in numbered:
        if not line.endswith(b"\n"):
            break  # it was cut off while it was written
        value = _json(number, line)
        if value.get("gap"):
            parts.append([])
        else:
            parts[-1].append(_record(number, value))
    return BytesTrace(device, edge, tuple(tuple(part) for part in parts if part))


def _head(head: Mapping[str, Any]) -> tuple[Device, str]:
    if head.get("trace") != "bytes":
        raise TraceFault("1: this is no trace of bytes; its first line must say so")
    if head.get("v") != VERSION:
        raise TraceFault(f"1: a trace of version {head.get('v')}; this program reads {VERSION}")
    try:
        return _DEVICE.validate_json(json.dumps(head["device"])), str(head["edge"])
    except (KeyError, ValidationError) as fault:
        raise TraceFault(f"1: {str(fault).splitlines()[0]}; was it made by another version?") from None


def _record(number: int, value: Mapping[str, Any]) -> Record:
    try:
        call = value["call"]
        if call not in _CALLS:
            raise ValueError(f"there is no call {call!r:.40}")
        return Record(
            number, Instant(int(value["at"])), call, bytes.fromhex(value.get("in", "")),
            bytes.fromhex(value.get("out", "")), bytes.fromhex(value.get("told", "")).rjust(16, b"\0"),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as fault:
        raise TraceFault(f"{number}: no call of a trace ({fault}); was the file edited?") from None


def _json(number: int, line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line) if len(line) <= LINE_BYTES_MAX else None
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise TraceFault(f"{number}: no line of a trace; was the file edited?")
    return value


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return value


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a replay came to."""

    calls: int = 0
    readings: int = 0
    differing: int = 0
    """Calls that told or wrote something else than then."""
    catching_up: int = 0
    """Of those, calls after a gap before the driver was in step again: no fault of anybody."""

    @property
    def same(self) -> bool:
        return self.differing == self.catching_up


def replay(trace: BytesTrace) -> Iterator[Again]:
    """Every call of the trace made again. Raises ValueError for calls that no pump makes."""
    return again(trace.device, (record for part in trace.parts for record in part))


def outcome(trace: BytesTrace, made: Iterable[Again]) -> Outcome:
    gaps = set(itertools.accumulate(len(part) for part in trace.parts[:-1]))
    in_step, calls, readings, differing, catching_up = True, 0, 0, 0, 0
    for one in made:
        in_step = (in_step and calls not in gaps) or (one.same and bool(one.readings))
        calls += 1
        readings += len(one.readings)
        if not one.same:
            differing += 1
            catching_up += not in_step
    return Outcome(calls, readings, differing, catching_up)


def with_readings(raw: Iterable[bytes]) -> tuple[list[bytes], Outcome]:
    """A trace as a gateway gives it, with the readings beside the bytes they came from, as a replay tells them now.
    A call that told something else then keeps only the digest of it. Raises TraceFault, ValueError."""
    text = list(raw)
    trace = read(text)
    made = list(replay(trace))
    told_now = {one.record.position: one.readings for one in made if one.same}
    filled = [
        _encoded(call_line(_record(number, value), told_now[number])) if told_now.get(number) else line
        for number, (line, value) in enumerate(((line, json.loads(line)) for line in text), start=1)
    ]
    return filled, outcome(trace, made)


def _encoded(line: Mapping[str, Any]) -> bytes:
    return json.dumps(line, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
