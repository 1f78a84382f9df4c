"""The story of a parcel from a recorded trace: its events by a replay, and what the replay alone can tell.

That is: readings near the parcel that were refused or went to another, and why; who else was in view of a reading that
it got; decisions that were not obeyed; orders to diverters and their answers. The trace is replayed twice, first to
find the parcel, then to watch only while it is there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from drivers.command import SwitchOn
from drivers.identifiers.choice import identify
from drivers.reading import BarcodeRead, DeviceFault, DimensionsRead, NoRead, WeightRead
from edge.core.effects import Effect, Record
from edge.core.event import Event
from edge.core.inputs import DecisionArrived
from edge.core.snapshot import BeltItem
from edge.rim.story import KG_MG, MM_UM, Data, Entry, Search, Story, in_order, story_of
from edge.rim.trace import Start, TraceReader, replay_context
from edge.rim.witness import JOINED, OBEYED, OPEN, Ordered, Sighting, Testimony, Witness
from edge.wire.canonical import ZERO_ID
from edge.wire.envelope import EventContext
from edge.wire.event_body import event_data
from hub_config.names import MICROSECOND, MILLISECOND, SECOND, Instant

BEFORE_NS: Final = 1 * SECOND
AFTER_NS: Final = 5 * SECOND
"""How long before a parcel's first event and after its last a replay is watched."""


def stories(path: Path, wanted: str | Search) -> list[Story]:
    """Of every parcel that this code or visit id is about; none if it is unknown. Raises TraceFault."""
    groups, times = _find(path, Search(wanted) if isinstance(wanted, str) else wanted)
    if not groups:
        return []
    events, told = _watch(path, {visit for group in groups for visit in group}, times)
    return [_with_rejected(story_of(group, _of(events, group)), told) for group in groups]


class Telling:
    """Events as the contract writes them, for people: without chain and signature. Texts of unknown symbols are
    digests under a key of this trace's own, so that who reads the story learns nothing of them."""

    def __init__(self, start: Start) -> None:
        key = sha256(b"story/" + start.entropy).digest()
        self._context: EventContext = replace(
            replay_context(start.config, start.edge_version), evidence_key=key
        )
        self._seq = 0

    def told(self, effects: Sequence[Effect]) -> Iterator[tuple[Event, Data]]:
        for effect in effects:
            if isinstance(effect, Record):
                self._seq += 1
                yield effect.event, event_data(effect.event, self._context, self._seq, ZERO_ID)


def _find(path: Path, search: Search) -> tuple[list[tuple[str, ...]], tuple[Instant, Instant]]:
    """The parcels, and when their first and last events are."""
    trace = TraceReader(path)
    gateway = trace.start.gateway()
    times: dict[str, tuple[Instant, Instant]] = {}
    for given in trace.inputs():
        for effect in gateway.step(given):
            if isinstance(effect, Record) and effect.event.visit is not None:
                event = effect.event
                search.take(_outline(event))
                first = times.get(effect.event.visit, (event.at, event.at))[0]
                times[effect.event.visit] = (first, event.at)
    groups = search.visits()
    spans = [times[visit] for group in groups for visit in group if visit in times]
    return groups, (
        min((first for first, _ in spans), default=Instant(0)), max((last for _, last in spans), default=Instant(0))
    )  # fmt: skip


def _outline(event: Event) -> dict[str, Any]:
    """As much as a search looks at. Here the text of an unknown symbol counts too: whoever asks for it knows it."""
    codes = [{"data": code.data, "type": code.type} for code in event.codes]
    return {"kind": event.kind, "visit": event.visit, "codes": codes, "note": dict(event.note)}


def _watch(path: Path, visits: set[str], times: tuple[Instant, Instant]) -> tuple[list[Data], Testimony]:
    since, until = Instant(times[0] - BEFORE_NS), Instant(times[1] + AFTER_NS)
    trace = TraceReader(path)
    telling = Telling(trace.start)
    witness = Witness(trace.start.gateway(), trace.start.config, since=since, until=until)
    events: list[Data] = []
    for given in trace.inputs():
        for event, data in telling.told(witness.step(given)):
            if event.visit is None or event.visit in visits:
                events.append(data)
        if given.at > until:
            break
    return events, witness.told


def _of(events: Sequence[Data], group: tuple[str, ...]) -> list[Data]:
    return [data for data in events if data["visit"] is None or data["visit"] in group]


# What only a replay knows -----------------------------------------------------------------------------


def _with_rejected(story: Story, told: Testimony) -> Story:
    began, ended = story.began_us * MICROSECOND - BEFORE_NS, story.ended_us * MICROSECOND + AFTER_NS
    for sighting in told.sightings:
        at = sighting.given.at
        if began <= at <= ended:
            entry = _entry(sighting, story)
            if entry is not None:
                story.entries.append(entry)
    story.entries += [_order(one) for one in told.orders if one.visit in story.visits]
    story.entries = _merged(in_order(story.entries))
    return story


def _entry(sighting: Sighting, story: Story) -> Entry | None:
    given, ours = sighting.given, sighting.visit in story.visits
    at_us, where = given.at // MICROSECOND, _where(sighting)
    if isinstance(given, DecisionArrived):
        if not ours or sighting.outcome == OBEYED:
            return None
        decision = given.decision
        return Entry(at_us, "refused", f"decision {decision.dec_seq} ({decision.action}): {sighting.outcome}")
    in_view = any(item.visit in story.visits for item in sighting.in_view)
    others = [item for item in sighting.in_view if item.visit not in story.visits]
    if ours:
        rivals = f"; {where} too: {_names(others)}" if others else f"; alone {where}" if in_view else ""
        return Entry(at_us, "reading", f"{_reading(sighting)}: its own{rivals}")
    near = any(item.visit in story.visits for item in sighting.around)
    at_bench = sighting.line == story.line and not sighting.around
    inside = story.began_us <= at_us <= story.ended_us
    if sighting.visit is not None:
        return _to_another(sighting, at_us) if in_view else None
    polled = sighting.outcome == OPEN and isinstance(
        given, WeightRead
    )  # one of many of a scale that is asked
    if polled or sighting.outcome == JOINED or not (near or (at_bench and inside)):
        return None
    seen = f"; this parcel {where}" if in_view else ""
    also = f"; {where}: {_names(others)}" if others else ""
    why = "told in no event" if sighting.outcome == OPEN else sighting.outcome
    return Entry(at_us, "refused", f"{_reading(sighting)}: {why}{seen}{also}")


def _to_another(sighting: Sighting, at_us: int) -> Entry:
    went = f"went to visit {sighting.visit}; this parcel {_where(sighting)} too"
    return Entry(at_us, "rival", f"{_reading(sighting)}: {went}")


def _where(sighting: Sighting) -> str:
    """In view of a reader; due at a scale or dimensioner, by the time for its record."""
    return "due" if isinstance(sighting.given, WeightRead | DimensionsRead) else "in view"


def _reading(sighting: Sighting) -> str:
    given = sighting.given
    match given:
        case BarcodeRead():
            known = identify(given.data, given.aim)
            what = f"an unknown symbol of {len(given.raw)} bytes" if known.type == "unknown" else known.value
            return f"{what} by {given.device}"
        case NoRead():
            return f"no code seen by {given.device}"
        case DeviceFault():
            return f"a fault of {given.device}"
        case DecisionArrived():
            return f"decision {given.decision.dec_seq}"
        case DimensionsRead():
            sides = (given.l_um, given.w_um, given.h_um)
            box = (
                "no dimensions"
                if None in sides
                else " x ".join(f"{(side or 0) / MM_UM:g}" for side in sides) + " mm"
            )
            record = "" if given.record is None else f", record {given.record},"
            return f"{box}{record} by {given.device}"
        case _:
            mass = "no weight" if given.mass_mg is None else f"{given.mass_mg / KG_MG:.3f} kg"
            record = "" if given.record is None else f", record {given.record},"
            return f"{mass}{record} by {given.device}"


def _names(items: Sequence[BeltItem]) -> str:
    return ", ".join(f"visit {item.visit}" for item in items)


def _order(one: Ordered) -> Entry:
    command, at_us = one.command, one.at // MICROSECOND
    answer = "no answer" if one.answer is None else one.answer
    fires = f"+{(command.at - one.at) / MILLISECOND:.0f} ms"
    if isinstance(command, SwitchOn):
        lasts = f"for {command.for_ns / MILLISECOND:.0f} ms"
        text = f"output {command.channel} of {command.device} at {fires} {lasts}; the board: {answer}"
        return Entry(at_us, "ordered", text)
    return Entry(at_us, "recalled", f"output {command.channel} of {command.device}; the board: {answer}")


def _merged(entries: Sequence[Entry]) -> list[Entry]:
    """The same words in a row are one line: a scale on a bench is polled many times a second."""
    merged: list[Entry] = []
    for entry in entries:
        last = merged[-1] if merged else None
        if last is not None and (last.what, last.text) == (entry.what, entry.text):
            last.count, last.until_us = last.count + 1, entry.mono_us
        else:
            merged.append(entry)
    return merged
