"""`hub why CODE [--data DIR | --trace FILE] [--save-test DIR]`: what happened to one parcel, and why.

CODE is any code of its label or its visit's id. A journal tells what the gateway has written down; a trace (of
`hub run --record` or `hub simulate --record`) tells as well what was refused on the way.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from edge.commands import DATA, EXIT_FAULTS, EXIT_OK
from edge.rim.incident import save
from edge.rim.journal import JOURNAL_FILE, JournalFault, JournalReader
from edge.rim.replayed import stories
from edge.rim.story import Entry, Search, Story, story_of
from edge.rim.trace import TraceFault

WHAT_CHARS: Final = 10
VISITS_MAX: Final = 64
"""Visits of one code that are told."""


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="hub why", description=__doc__)
    parser.add_argument("code", metavar="CODE", help="any code of the parcel, or its visit's id")
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--data", type=Path, default=DATA, help=f"data folder of the gateway (default {DATA})"
    )
    source.add_argument("--trace", type=Path, metavar="FILE", help="a recorded trace, which is replayed")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument(
        "--save-test",
        type=Path,
        metavar="DIR",
        help="turn the trace into a test in this new folder: cut to this parcel, texts redacted (needs --trace)",
    )
    args = parser.parse_args(argv)
    if args.save_test is not None and args.trace is None:
        parser.error("--save-test needs --trace FILE: a journal holds no inputs to replay")
    try:
        search = Search(args.code)
        found = stories(args.trace, search) if args.trace is not None else of_journal(args.data, search)
        if not found:
            source_name = args.trace or args.data / JOURNAL_FILE
            print(
                f"hub why: no parcel in {source_name} has the code or visit {args.code!r}; {_next(search, args.trace)}",
                file=sys.stderr,
            )
            return EXIT_FAULTS
        if args.save_test is not None:
            print(save(args.trace, found, args.save_test), file=sys.stderr)
        _print(args.code, found, as_json=args.json)
    except (JournalFault, TraceFault) as fault:
        print(f"hub why: {fault}", file=sys.stderr)
        return EXIT_FAULTS
    return EXIT_OK


def _next(search: Search, trace: Path | None) -> str:
    """What to try where nothing was found."""
    if search.near:
        return f"codes with that in them: {', '.join(search.near)}"
    if trace is not None:
        return "type a code of its label as the reader told it, or the end of one"
    return "hub journal tail shows the codes of the last events"


def of_journal(folder: Path, wanted: str | Search) -> list[Story]:
    """Every parcel that a journal tells of under this code or visit id."""
    reader = JournalReader(folder / JOURNAL_FILE)
    try:
        search = Search(wanted) if isinstance(wanted, str) else wanted
        return [_story(reader, visits) for visits in _visits(reader, search)]
    finally:
        reader.close()


def _visits(reader: JournalReader, search: Search) -> list[tuple[str, ...]]:
    """A visit that is found may have been joined to another, which is looked for in turn."""
    asked: dict[str, None] = {}
    waiting = sorted(search.texts)
    groups: list[tuple[str, ...]] = []
    while waiting and len(asked) <= VISITS_MAX:
        text = waiting.pop(0)
        asked[text] = None
        for row in reader.mentioning(text):
            search.take(json.loads(row.body))
        groups = search.visits()
        waiting += [
            visit for group in groups for visit in group if visit not in asked and visit not in waiting
        ]
    return groups


def _story(reader: JournalReader, visits: tuple[str, ...]) -> Story:
    rows = {row.seq: row for visit in visits for row in reader.mentioning(visit) if row.visit in visits}
    seqs = sorted(rows)
    rows |= {row.seq: row for row in reader.of_gateway(seqs[0], seqs[-1])}
    return story_of(visits, (json.loads(rows[seq].body) for seq in sorted(rows)))


def _print(code: str, found: Sequence[Story], *, as_json: bool) -> None:
    if as_json:
        told: dict[str, Any] = {"asked": code, "parcels": [story.as_json() for story in found]}
        print(json.dumps(told, indent=1))
        return
    print("\n\n".join(text_of(story) for story in found))


def text_of(story: Story) -> str:
    took = (story.ended_us - story.began_us) / 1e6
    head = [
        f"visit {', '.join(story.visits)}",
        f"arrived {story.events[0]['t']} on {story.line}; {story.end} after {took:.3f} s",
        "",
    ]
    lines = [_line(entry, story.began_us) for entry in story.entries]
    owners = ", ".join(f"{span['owner']} {span['us'] / 1e6:.3f} s" for span in story.dwell)
    return "\n".join([*head, *lines, *(["", f"dwell: {owners}"] if owners else [])])


def _line(entry: Entry, began_us: int) -> str:
    after = f"{(entry.mono_us - began_us) / 1e6:+10.3f} s"
    times = (
        "" if entry.count == 1 else f" ({entry.count} times, to {(entry.until_us - began_us) / 1e6:+.3f} s)"
    )
    return f"{after}  {entry.what:<{WHAT_CHARS}} {entry.text}{times}"
