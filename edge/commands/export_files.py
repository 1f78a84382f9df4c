"""What `hub export` (one gateway's journal) and `hub coordinator export` (a whole hub) have in common: their words on
the command line, the file that is written, and how documents and codes stand in it.
"""

import argparse
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any, Final, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from edge.rim import clock
from edge.wire.emsevt import Direction, Emsevt
from edge.wire.epcis import DEFAULT_BASE, EpcisExport, Original
from edge.wire.utc import parse_rfc3339, rfc3339

_OFFSET = re.compile(r"[+-](?:0\d|1[0-4]):[0-5]\d")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

OffsetAt = Callable[[str], str]
ITEMS_TOLD: Final = 10
"""Numbers in a closing sentence."""


class Wrong(Exception):  # noqa: N818  (said to the user, then exit 1)
    pass


def add_formats(parser: argparse.ArgumentParser, data: str, after: str, default: Path | None = None) -> None:
    """`epcis`, `emsevt`, `cloudevents` with their options; `data` and `after` say what `--data` and `--after` are."""
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
        one.add_argument("--data", type=Path, default=default, required=default is None, help=data)
        one.add_argument("--after", type=int, default=0, help=after)
        one.add_argument("--out", type=Path, help="file to write (default: standard output)")


@contextmanager
def target(path: Path | None) -> Iterator[IO[str]]:
    """The file is there whole or as it was before: it gets its name once all is written."""
    if path is None:
        yield sys.stdout
        return
    try:
        draft = None
        if path.is_file() or not path.exists():  # else a pipe or a device, or a folder, which is refused
            whole = Path(os.path.realpath(path))
            draft = whole.with_name(f".{whole.name}.{os.getpid()}")
        out = (draft or path).open("w", encoding="utf-8")
    except OSError as refused:
        raise Wrong(
            f"{path}: {refused.strerror}; name a file in a folder that exists and can be written"
        ) from refused
    try:
        with out:
            yield out
        if draft is not None:
            draft.replace(whole)
    finally:
        if draft is not None:
            draft.unlink(missing_ok=True)


def epcis_export(args: argparse.Namespace, original: Original) -> EpcisExport:
    return EpcisExport(offset_at(args.zone, args.offset), original, args.base.rstrip("/"))


def write_document(export: EpcisExport, events: Iterable[Mapping[str, Any]], out: IO[str]) -> int:
    """The frame of an empty document, and the events between its brackets: a day's events need no memory."""
    head, tail = json.dumps(export.document((), rfc3339(clock.wall_time().utc_us))).split("[]")
    out.write(head + "[")
    count = 0
    for event in events:
        out.write((",\n" if count else "\n") + json.dumps(event, ensure_ascii=False))
        count += 1
    out.write("\n]" + tail + "\n")
    return count


def write_code(code: Emsevt, out: IO[str]) -> None:
    facts = {name: value for name, value in asdict(code).items() if value is not None}
    out.write(json.dumps(facts) + "\n")


def retention_of(path: Path | None) -> Mapping[str, str]:
    if path is None:
        return {}
    try:
        table = json.loads(path.read_text())
    except (OSError, ValueError) as fault:
        raise Wrong(f"{path} can't be read: {fault}") from fault
    if not isinstance(table, dict) or not all(isinstance(code, str) for code in table.values()):
        raise Wrong(f'{path} is not a JSON object of texts, like {{"no_declaration": "…"}}')
    return table


def offset_at(zone: str | None, offset: str | None) -> OffsetAt:
    if zone is None:
        if not _OFFSET.fullmatch(offset or ""):
            raise Wrong(f"--offset {offset}: wanted like +08:00 or -03:30")
        return lambda _t: str(offset)
    try:
        found = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as unknown:
        raise Wrong(
            f"--zone {zone} is not known here; check its spelling, install Debian's tzdata, or give --offset"
        ) from unknown

    def at(t: str) -> str:
        local = (_EPOCH + timedelta(microseconds=parse_rfc3339(t))).astimezone(found)
        text = local.strftime("%z")
        return f"{text[:3]}:{text[3:5]}"

    return at


def codes_told(count: int, still: Sequence[str], without: int, left_out: int) -> str:
    """`still`: items that customs has; `without`: parcels that ended without an S10 number."""
    told = f"{count} codes"
    if still:
        told += f"; {len(still)} items still with customs: {', '.join(still[:ITEMS_TOLD])}"
    if without:
        told += f"; {without} parcels without an S10 number have no codes"
    if left_out:
        told += f"; {left_out} codes of parcels without a number were too many to keep"
    return told
