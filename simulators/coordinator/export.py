"""`hub coordinator export epcis|emsevt|cloudevents`: the events of a whole hub in the standards' words.

Reads the database of a coordinator, also of a running one. A parcel whose journey crosses several gateways is told as
one: under its oldest visit, in the order in which it happened, its customs clock closed. Each run says where the next
one goes on (`--after`). Practice events are never exported as EPCIS or EMSEVT.
"""

import argparse
import sys
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import IO, Any, Final
from uuid import NAMESPACE_URL, uuid5

from edge.commands import EXIT_FAULTS, EXIT_OK
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
from edge.wire.emsevt import ARRIVED, PRESENTED, Emsevt, EmsevtLog
from edge.wire.envelope import event_payload
from edge.wire.epcis import Data, corrected_id
from simulators.coordinator.accounts import NAMING
from simulators.coordinator.journeys import JOINS, Journey, Journeys
from simulators.coordinator.kept_events import EventsFault, Kept, KeptEvents

UNREADABLE: Final = (KeyError, TypeError, AttributeError, ValueError, IndexError)
"""What the exporters raise for an event of another shape than the contract's: gateways are of several makers."""


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="hub coordinator", description="What a coordinator has in its database."
    )
    actions = parser.add_subparsers(dest="action", required=True)
    export = actions.add_parser(
        "export", help="the events of a whole hub in other systems' words", description=__doc__
    )
    add_formats(
        export,
        "data folder of the coordinator",
        "only what was stored after this event, as the run before said",
    )
    args = parser.parse_args(argv)
    try:
        with closing(KeptEvents(args.data)) as kept:
            if not 0 <= args.after <= kept.last:
                raise Wrong(
                    f"--after {args.after}: wanted is 0 to {kept.last}, its newest event; begin anew with "
                    "--after 0 where the database was restored or made anew"
                )
            with target(args.out) as out:
                told = _export(kept, args, out)
            print(told, file=sys.stderr)
    except (Wrong, EventsFault) as fault:
        print(f"hub coordinator export: {fault}", file=sys.stderr)
        return EXIT_FAULTS
    return EXIT_OK


def _export(kept: KeptEvents, args: argparse.Namespace, out: IO[str]) -> str:
    match args.format:
        case "epcis":
            told = _epcis(kept, args, out)
        case "emsevt":
            told = _emsevt(kept, args, out)
        case _:
            told = _cloudevents(kept, args, out)
    gone = 0 if args.after else kept.expired()
    if gone:
        told += f" ({gone} events are past their retention and missing)"
    if kept.mode != "live" and args.format != "cloudevents":
        told += f" (mode {kept.mode} is never exported as {args.format})"
    return f"{told} of {kept.read} events; the next: --after {kept.last}"


def _parcels(kept: KeptEvents, args: argparse.Namespace, *, by_number: bool) -> Iterator[list[Kept]]:
    yield from Journeys(kept, args.after, by_number=by_number) if kept.mode == "live" else ()


def _cloudevents(kept: KeptEvents, args: argparse.Namespace, out: IO[str]) -> str:
    """Without signatures, which the coordinator checks and does not keep; in the order in which they were stored."""
    count = 0
    for event in kept.all(args.after):
        out.write(event_payload(event.body, event.id, None, None).decode() + "\n")
        count += 1
    return f"{count} CloudEvents"


# EPCIS ----------------------------------------------------------------------------------------------


class _Parcels:
    """Journeys as EPCIS events. What an earlier run told under another visit is declared wrong, and told again."""

    def __init__(self, kept: KeptEvents, args: argparse.Namespace) -> None:
        self._kept = kept
        self._after = args.after
        self._originals: dict[str, Data] = {}
        self.export = epcis_export(args, self._originals.get)
        self.unreadable = 0

    def events(self, events: list[Kept]) -> Iterator[dict[str, Any]]:
        """Of one parcel: what is new of it."""
        now = Journey.of(events)
        before = Journey.of(event for event in events if event.row <= self._after)
        for event in now.events:
            try:
                if event.row > self._after:
                    yield from list(self._told(event, now))
                elif before.visit(event) != now.visit(event):
                    yield from list(self._corrected(event, before, now))
            except UNREADABLE:
                self.unreadable += 1

    def _told(self, event: Kept, journey: Journey) -> Iterator[dict[str, Any]]:
        identity, data = _named(event, journey)
        self._originals.clear()
        wrong_id = corrected_id(data) if data["kind"] == "parcel.corrected" else None
        wrong = None if wrong_id is None else self._kept.event(wrong_id)
        if wrong is not None:
            told_id, self._originals[told_id] = _named(wrong, journey)
            data["note"] = {**data["note"], "corrects": told_id}
        yield from self.export.events(identity, data)

    def _corrected(self, event: Kept, before: Journey, now: Journey) -> Iterator[dict[str, Any]]:
        """What was told of it, and what is told instead."""
        wrong, right = list(self._told(event, before)), list(self._told(event, now))
        if not wrong or not right:
            return
        renamed = [one for one in now.events if one.row > self._after and one.data["kind"] in JOINS]
        yield wrong[-1] | {
            "errorDeclaration": {
                "declarationTime": max(one.data["t"] for one in renamed or [event]),
                "reason": "incorrect_data",
                "correctiveEventIDs": [right[-1]["eventID"]],
            }
        }
        yield from right


def _named(event: Kept, journey: Journey) -> tuple[str, dict[str, Any]]:
    """Id and data of the event under its parcel's visit. Under another than its own it has an id of its own: two events
    of one id are one and the same."""
    visit = journey.visit(event)
    if visit == event.data["visit"]:
        return event.id, dict(event.data)
    return f"urn:uuid:{uuid5(NAMESPACE_URL, f'{event.id} {visit}')}", {**event.data, "visit": visit}


def _epcis(kept: KeptEvents, args: argparse.Namespace, out: IO[str]) -> str:
    parcels = _Parcels(kept, args)
    made = (event for events in _parcels(kept, args, by_number=False) for event in parcels.events(events))
    count = write_document(parcels.export, made, out)
    return f"{count} EPCIS events{_unreadable(parcels.unreadable)}"


def _unreadable(count: int) -> str:
    return f"; {count} events are not as the contract has them and were left out" if count else ""


# Postal codes ---------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Codes:
    """What is told of parcels, summed over all of them."""

    count: int = 0
    without: int = 0
    left_out: int = 0
    otherwise: int = 0
    """Codes of earlier runs that late events have made untrue."""
    unreadable: int = 0


def _emsevt(kept: KeptEvents, args: argparse.Namespace, out: IO[str]) -> str:
    """Each parcel is gone through twice: what was told of it before is no news, and what closes it is."""
    retention, sums = retention_of(args.retention), _Codes()
    still: list[str] = []
    for events in _parcels(kept, args, by_number=True):
        before, now = EmsevtLog(args.direction, retention), EmsevtLog(args.direction, retention)
        told, old = _codes(before, [event for event in events if event.row <= args.after])
        codes, unreadable = _codes(now, events)
        once = {ARRIVED[args.direction], PRESENTED.get(args.direction, "")}
        for one in _news(told, codes, once):
            write_code(one, out)
            sums.count += 1
        still += now.open_items()
        sums.without += max(0, now.without_number - before.without_number)
        sums.left_out += max(0, now.left_out - before.left_out)
        sums.otherwise += len(set(told) - set(codes))
        sums.unreadable += max(0, unreadable - old)
    told_all = codes_told(sums.count, sorted(still), sums.without, sums.left_out)
    if sums.otherwise:
        told_all += f"; {sums.otherwise} codes told before would be others now: events came late"
    return told_all + _unreadable(sums.unreadable)


def _codes(log: EmsevtLog, events: list[Kept]) -> tuple[list[Emsevt], int]:
    """In the order of the journey; how many events could not be read."""
    journey, found, unreadable = Journey.of(events), list[Emsevt](), 0
    for event in journey.events:
        if event.data["kind"] in JOINS:
            continue  # the journey has it in already
        visit = journey.visit(event)
        data = {**event.data, "visit": visit, "codes": _sure(event, visit, journey)}
        try:
            found += log.take(event.id, data)
        except UNREADABLE:
            unreadable += 1
    return found, unreadable


def _sure(event: Kept, visit: str, journey: Journey) -> list[Mapping[str, Any]]:
    """Codes that name the item: by those of other events its journeys would not find one another. A parcel that was
    split off bears a number that another one bears: whose it is nobody knows, so it has no codes by it, and the other
    one's customs clock is not closed by it."""
    if event.data["kind"] not in NAMING:
        return []
    doubtful = journey.doubtful(visit)
    return [code for code in event.data.get("codes", ()) if code.get("data") not in doubtful]


def _news(told: list[Emsevt], codes: list[Emsevt], once: Container[str]) -> Iterator[Emsevt]:
    """Codes that no run has told. What is told `once` is not told again because it was earlier than was known then."""
    known, now = set(told), set(codes)
    early = [(one.item, one.code) for one in told if one.code in once and one not in now]
    for one in codes:
        if one in known:
            continue
        if (one.item, one.code) in early:
            early.remove((one.item, one.code))
            continue
        yield one
