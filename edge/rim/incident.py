"""An incident as a test: a folder with a trace and what became of one parcel in it (`hub why --save-test`,
`hub replay FOLDER`).

`trace.jsonl` begins as shortly before the parcel as the same becomes of it (`shortened.py`), and ends when its story
does. Texts of unknown symbols are replaced by placeholders of their length, one
for each text, which are unknown symbols too: what is equal stays equal, and nobody can read them. Item numbers and
barcodes of bays stay as they are. `expected.json` has the outcome, which must hold, and the digest, which tells whether
every effect is the same to the byte: a later program may word or stamp things otherwise.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Final

from drivers.identifiers.choice import identify
from drivers.reading import BarcodeRead, DeviceFault
from drivers.scanners.aim import split_aim
from edge.core.inputs import Input, JournalTrouble, MessageRejected
from edge.rim.replayed import Telling
from edge.rim.shortened import cuts, shortened
from edge.rim.story import Data, Story, outcome
from edge.rim.trace import EffectDigest, Start, TraceFault, TraceReader, TraceWriter
from hub_config.hub import HubConfig
from hub_config.names import MICROSECOND, MILLISECOND, Instant, VisitId

TRACE_FILE: Final = "trace.jsonl"
EXPECTED_FILE: Final = "expected.json"
VERSION: Final = 1
INPUTS_MAX: Final = 500_000
"""Of one test: some minutes of replay. Beyond it the run must be recorded from nearer to the incident."""
SETTLE_NS: Final = 500 * MILLISECOND
"""After a parcel's last event: until that is on disk."""
REDACTED: Final = "redacted"
LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Expected:
    visits: tuple[str, ...]
    digest: str
    outcome: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Checked:
    """An incident replayed, beside what is expected of it."""

    expected: Expected
    inputs: int
    digest: str
    outcome: list[dict[str, Any]]

    @property
    def holds(self) -> bool:
        return self.outcome == self.expected.outcome

    @property
    def same(self) -> bool:
        """Every effect, to the byte."""
        return self.digest == self.expected.digest

    @property
    def difference(self) -> str:
        """The first step of the outcome that is another."""
        ours, wanted = self.outcome, self.expected.outcome
        place = next(
            (n for n, pair in enumerate(zip(ours, wanted, strict=False)) if pair[0] != pair[1]), None
        )
        place = min(len(ours), len(wanted)) if place is None else place
        told = [json.dumps(one[place]) if place < len(one) else "nothing" for one in (wanted, ours)]
        return f"step {place + 1} was {told[0]} and is {told[1]}"


def save(trace: Path, stories: Sequence[Story], folder: Path) -> str:
    """Makes the folder; returns a sentence on what is in it. Raises TraceFault."""
    if len(stories) != 1:
        named = ", ".join(one.visits[0] for one in stories)
        raise TraceFault(f"{len(stories)} parcels have this code; name one of their visits instead: {named}")
    story = stories[0]
    try:
        folder.mkdir(parents=True)
    except OSError as refused:
        raise TraceFault(f"{folder}: {refused.strerror}; name a new folder") from refused
    start, inputs, visits = _case(trace, story)
    digest, told = _replayed(start, inputs, visits)
    writer = TraceWriter(folder / TRACE_FILE, start)
    for given in inputs:
        writer.write(given)
    writer.close(digest)
    expected = {"incident": VERSION, "visits": list(visits), "digest": digest, "outcome": told}
    (folder / EXPECTED_FILE).write_text(json.dumps(expected, indent=1) + "\n")
    return f"{folder}: {len(inputs)} inputs, texts redacted; check it with: hub replay {folder}"


def _case(trace: Path, story: Story) -> tuple[Start, list[Input], tuple[VisitId, ...]]:
    """The shortest part of the trace in which the same becomes of the parcel; its visits may be called otherwise."""
    start, wanted = TraceReader(trace).start, outcome(story.events)
    redactor = Redactor(start.config)
    began = Instant(story.began_us * MICROSECOND)
    until = Instant(story.ended_us * MICROSECOND + SETTLE_NS)
    visits = tuple(VisitId(visit) for visit in story.visits)

    def inputs() -> Iterator[Input]:
        for given in TraceReader(trace).inputs():
            if given.at > until:
                return
            yield redactor.redacted(given)

    for cut in cuts(start, inputs(), began):
        kept, names = shortened(start, inputs(), cut)
        named = tuple(names[visit] for visit in visits if visit in names)
        bare = replace(start, recovered=(), last={})
        if len(named) == len(visits) and _replayed(bare, kept, named)[1] == wanted:
            return bare, kept, named
    whole = list(islice(inputs(), INPUTS_MAX + 1))
    if len(whole) > INPUTS_MAX:
        raise TraceFault(f"{trace}: only all of more than {INPUTS_MAX} inputs show it; keep the whole trace")
    if _replayed(start, whole, visits)[1] != wanted:
        raise TraceFault(f"{trace}: with its texts redacted another outcome; keep the whole trace")
    return start, whole, visits


def check(folder: Path) -> Checked:
    """Replays an incident. Raises TraceFault for a folder that holds none."""
    expected = _expected(folder / EXPECTED_FILE)
    trace = TraceReader(folder / TRACE_FILE)
    inputs = list(islice(trace.inputs(), INPUTS_MAX))
    digest, told = _replayed(trace.start, inputs, expected.visits)
    return Checked(expected, len(inputs), digest, told)


def _expected(path: Path) -> Expected:
    try:
        told = json.loads(path.read_bytes())
        if told["incident"] != VERSION:
            raise TraceFault(
                f"{path}: an incident of version {told['incident']}; this program reads {VERSION}"
            )
        return Expected(tuple(told["visits"]), str(told["digest"]), list(told["outcome"]))
    except OSError as refused:
        raise TraceFault(f"{path}: {refused.strerror}; name a trace, or a folder of --save-test") from refused
    except (ValueError, KeyError, TypeError) as fault:
        raise TraceFault(f"{path}: {fault}; this is no incident of --save-test") from None


def _replayed(
    start: Start, inputs: Sequence[Input], visits: Sequence[str]
) -> tuple[str, list[dict[str, Any]]]:
    digest, telling = EffectDigest(start), Telling(start)
    events: list[Data] = []
    gateway = start.gateway()
    for given in inputs:
        effects = gateway.step(given)
        for effect in effects:
            digest.add(effect)
        events += [data for event, data in telling.told(effects) if event.visit in visits]
    return digest.told(), outcome(events)


# Redacting --------------------------------------------------------------------------------------------


class Redactor:
    """Takes out what people may have written: texts of unknown symbols, bytes and words of devices' faults."""

    def __init__(self, config: HubConfig) -> None:
        self._bays = {bay.barcode for bench in config.benches for bay in bench.bays}
        accepted = [
            *(one.weak_formats for one in config.benches),
            *(one.weak_formats for one in config.lines),
            *(one.weak_formats for one in config.plc_lines),
        ]
        self._weak: tuple[str, ...] = tuple(name for formats in accepted for name in formats)
        self._placeholders: dict[str, str] = {}

    def redacted(self, given: Input) -> Input:
        match given:
            case BarcodeRead():
                return self._code(given)
            case DeviceFault():
                return replace(given, detail=REDACTED, raw=b"x" * len(given.raw))
            case MessageRejected() | JournalTrouble():
                return replace(given, detail=REDACTED)
            case _:
                return given

    def _code(self, read: BarcodeRead) -> BarcodeRead:
        if read.data in self._bays or identify(read.data, read.aim, self._weak).type != "unknown":
            return read
        _, text = split_aim(read.data)
        if text in self._bays:
            return read
        placeholder = self._placeholder(text)
        data = read.data[: len(read.data) - len(text)] + placeholder
        old, new = text.encode(), placeholder.encode()
        known = bool(old) and old in read.raw and len(old) == len(new)
        raw = read.raw.replace(old, new) if known else b"x" * len(read.raw)
        return replace(read, data=data, raw=raw)

    def _placeholder(self, text: str) -> str:
        """Of the same length; another for each text, as far as the length has room for that."""
        if text not in self._placeholders:
            number, letters = len(self._placeholders), ""
            while number:
                number, rest = divmod(number, len(LETTERS))
                letters = LETTERS[rest] + letters
            self._placeholders[text] = letters.rjust(len(text), LETTERS[0])[-len(text) :] if text else ""
        return self._placeholders[text]
