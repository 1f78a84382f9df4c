"""`hub export epcis|emsevt|cloudevents`: a gateway's events in the standards' words. Works beside a running gateway.

Reads the journal only, so it costs the running gateway nothing. Each run says where the next one goes on (`--after`).
Practice events are never exported as EPCIS or EMSEVT. A parcel that crosses several gateways of a hub is exported as
one by `hub coordinator export`.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any

from edge.commands import DATA, EXIT_FAULTS, EXIT_OK
from edge.commands.export_files import (
    Wrong,
    add_formats,
    codes_told,
    epcis_export,
    retention_of,
    target,
    write_code,
    write_document,
)
from edge.rim.journal import JOURNAL_FILE, JournalFault, JournalReader, Stored
from edge.rim.journal_check import PAGE_ROWS
from edge.wire.emsevt import EmsevtLog


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="hub export", description=__doc__)
    add_formats(parser, f"data folder of the gateway (default {DATA})", "only events after this seq", DATA)
    args = parser.parse_args(argv)
    try:
        reader = JournalReader(args.data / JOURNAL_FILE)
        try:
            with target(args.out) as out:
                told = _export(reader, args, out)
            print(told, file=sys.stderr)
        finally:
            reader.close()
    except (Wrong, JournalFault) as fault:
        print(f"hub export: {fault}", file=sys.stderr)
        return EXIT_FAULTS
    return EXIT_OK


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

    export = epcis_export(args, original)
    made = (event for row in rows for event in export.events(row.id, json.loads(row.body)))
    return write_document(export, made, out)


def _emsevt(rows: _Rows, args: argparse.Namespace, out: IO[str]) -> str:
    """What was told before is gone through as well: which items customs still has, and which codes are no news."""
    log, count, without, left_out = EmsevtLog(args.direction, retention_of(args.retention)), 0, 0, 0
    for row in rows:
        codes = log.take(row.id, json.loads(row.body))
        if not rows.is_new(row):
            without, left_out = log.without_number, log.left_out
            continue
        for one in codes:
            write_code(one, out)
            count += 1
    return codes_told(count, log.open_items(), log.without_number - without, log.left_out - left_out)
