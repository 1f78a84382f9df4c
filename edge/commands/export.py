"""`hub export epcis|emsevt|cloudevents`: a gateway's events in the standards' words. Works beside a running gateway.

Reads the journal only, so it costs the running gateway nothing. Each run says where the next one goes on (`--after`).
Practice events are never exported as EPCIS or EMSEVT.
"""

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from edge.commands import DATA, EXIT_FAULTS, EXIT_OK
from edge.rim import clock
from edge.rim.journal import JOURNAL_FILE, JournalFault, JournalReader, Stored
from edge.rim.journal_check import PAGE_ROWS
from edge.wire.emsevt import Direction, EmsevtLog
from edge.wire.epcis import DEFAULT_BASE, EpcisExport
from edge.wire.utc import parse_rfc3339, rfc3339

_OFFSET = re.compile(r"[+-](?:0\d|1[0-4]):[0-5]\d")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

OffsetAt = Callable[[str], str]


class _Wrong(Exception):  # noqa: N818  (said to the user, then exit 1)
    pass


def main(argv: Sequence[str]) -> int:
    args = _parser().parse_args(argv)
    try:
        reader = JournalReader(args.data / JOURNAL_FILE)
        try:
            with _target(args.out) as out:
                print(_export(reader, args, out), file=sys.stderr)
        finally:
            reader.close()
    except BrokenPipeError:
        raise  # the reader of a pipe has seen enough: no fault of the journal
    except (_Wrong, JournalFault, OSError) as fault:
        print(f"hub export: {fault}", file=sys.stderr)
        return EXIT_FAULTS
    return EXIT_OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hub export", description=__doc__)
    formats = parser.add_subparsers(dest="format", required=True)
    epcis = formats.add_parser("epcis", help="one EPCIS 2.0 document (JSON-LD)")
    place = epcis.add_mutually_exclusive_group(required=True)
    place.add_argument("--zone", help="time zone of the hub, like Europe/Brussels")
    place.add_argument("--offset", help="its UTC offset, where it never changes, like +08:00")
    epcis.add_argument("--base", default=DEFAULT_BASE, help=f"what URIs begin with (default {DEFAULT_BASE})")
    emsevt = formats.add_parser("emsevt", help="postal tracking codes, one JSON object a line")
    emsevt.add_argument(
        "--direction", choices=get_args(Direction), default="import", help="which way the parcels go"
    )
    emsevt.add_argument(
        "--retention", type=Path, help="JSON file: our reason codes to the retention codes of the post"
    )
    events = formats.add_parser("cloudevents", help="the events as they were published, one a line")
    for one in (epcis, emsevt, events):
        one.add_argument(
            "--data", type=Path, default=DATA, help=f"data folder of the gateway (default {DATA})"
        )
        one.add_argument("--after", type=int, default=0, help="only events after this seq")
        one.add_argument("--out", type=Path, help="file to write (default: standard output)")
    return parser


def _target(path: Path | None) -> AbstractContextManager[IO[str]]:
    if path is None:
        return nullcontext(sys.stdout)
    try:
        return path.open("w", encoding="utf-8")
    except OSError as refused:
        raise _Wrong(
            f"{path}: {refused.strerror}; name a file in a folder that exists and can be written"
        ) from refused


def _export(reader: JournalReader, args: argparse.Namespace, out: IO[str]) -> str:
    begins = reader.pruned().seq
    rows = _Rows(reader, begins if args.format == "emsevt" else max(args.after, begins), args.after)
    match args.format:
        case "epcis":
            count = _epcis(reader, rows, args, out)
            told = f"{count} EPCIS events"
        case "emsevt":
            told = _emsevt(rows, args, out)
        case _:
            count = sum(out.write(row.payload.decode() + "\n") > 0 for row in rows)
            told = f"{count} CloudEvents"
    if 0 < args.after < begins:
        told += f" (seq {args.after + 1} to {begins} have been pruned and are missing)"
    if reader.meta.mode != "live" and args.format != "cloudevents":
        told += f" (mode {reader.meta.mode} is never exported as {args.format})"
    return f"{told} of {rows.read} events; the next: --after {rows.last}"


class _Rows:
    """Every event after `begins`, a page at a time; those after the seq `after` are new, and counted."""

    def __init__(self, reader: JournalReader, begins: int, after: int) -> None:
        self._reader = reader
        self._begins = begins
        self._after = after
        self.last = max(begins, after)
        self.read = 0

    def __iter__(self) -> Iterator[Stored]:
        at = self._begins
        while page := self._reader.pending(at, PAGE_ROWS):
            for row in page:
                at = row.seq
                self.last = max(self.last, at)
                self.read += self.is_new(row)
                yield row

    def is_new(self, row: Stored) -> bool:
        return row.seq > self._after


def _epcis(reader: JournalReader, rows: _Rows, args: argparse.Namespace, out: IO[str]) -> int:
    def original(identity: str) -> Mapping[str, Any] | None:
        row = reader.event(identity, rows.last)
        return None if row is None else dict(json.loads(row.body))

    export = EpcisExport(_offset_at(args.zone, args.offset), original, args.base.rstrip("/"))
    # The frame of an empty document, and the events between its brackets: a day's events need no memory.
    head, tail = json.dumps(export.document((), rfc3339(clock.wall_time().utc_us))).split("[]")
    out.write(head + "[")
    count = 0
    for row in rows:
        for event in export.events(row.id, json.loads(row.body)):
            out.write((",\n" if count else "\n") + json.dumps(event, ensure_ascii=False))
            count += 1
    out.write("\n]" + tail + "\n")
    return count


def _emsevt(rows: _Rows, args: argparse.Namespace, out: IO[str]) -> str:
    """What was told before is gone through as well: which items customs still has, and which codes are no news."""
    log, count, without, left_out = EmsevtLog(args.direction, _retention(args.retention)), 0, 0, 0
    for row in rows:
        codes = log.take(row.id, json.loads(row.body))
        if not rows.is_new(row):
            without, left_out = log.without_number, log.left_out
            continue
        for one in codes:
            facts = {name: value for name, value in asdict(one).items() if value is not None}
            out.write(json.dumps(facts) + "\n")
            count += 1
    still = log.open_items()
    told = f"{count} codes"
    if still:
        told += f"; {len(still)} items still with customs: {', '.join(still[:10])}"
    if log.without_number > without:
        told += f"; {log.without_number - without} parcels without an S10 number have no codes"
    if log.left_out > left_out:
        told += f"; {log.left_out - left_out} codes of parcels without a number were too many to keep"
    return told


def _retention(path: Path | None) -> Mapping[str, str]:
    if path is None:
        return {}
    try:
        table = json.loads(path.read_text())
    except (OSError, ValueError) as fault:
        raise _Wrong(f"{path} can't be read: {fault}") from fault
    if not isinstance(table, dict) or not all(isinstance(code, str) for code in table.values()):
        raise _Wrong(f'{path} is not a JSON object of texts, like {{"no_declaration": "…"}}')
    return table


def _offset_at(zone: str | None, offset: str | None) -> OffsetAt:
    if zone is None:
        if not _OFFSET.fullmatch(offset or ""):
            raise _Wrong(f"--offset {offset}: wanted like +08:00 or -03:30")
        return lambda _t: str(offset)
    try:
        found = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as unknown:
        raise _Wrong(
            f"--zone {zone} is not known here; check its spelling, install Debian's tzdata, or give --offset"
        ) from unknown

    def at(t: str) -> str:
        local = (_EPOCH + timedelta(microseconds=parse_rfc3339(t))).astimezone(found)
        text = local.strftime("%z")
        return f"{text[:3]}:{text[3:5]}"

    return at
