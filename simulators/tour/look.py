"""One look at the running hub: where each parcel really is, what the gateway says of it, and the truth strip.

The bodies are the simulator's truth, so they go on moving while the gateway is dead. What the gateway believes is laid
over them by place, since it knows no parcel numbers.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from edge.rim.journal import JOURNAL_FILE, JournalFault, JournalReader
from hub_config.lines import Line
from hub_config.names import SECOND, Instant
from simulators.bodies import Body
from simulators.coordinator.report import counts, event_ids
from simulators.demo_hub import DemoHub, Gone
from simulators.parcels import Parcel
from simulators.serve import real_now
from simulators.tour.stage import Json, Truth

NEAR_UM: Final = 90_000
"""A body and an item of the gateway whose fronts are so near are one; less than a parcel's length."""
FREE_LANE: Final = "green"
CHOSEN_LANES: Final = ("manual", "xray")
"""Somebody chose to look at these parcels, be it by lot."""


@dataclass(frozen=True, slots=True)
class BodyNow:
    """One parcel of the belt, at this instant."""

    number: int
    code: str
    front_um: int
    length_um: int
    lane: str | None
    """Where it has gone; None while it is on the belt."""
    bay: str | None
    branch_um: int | None
    """Where a diverter took it off the belt."""
    entered: Instant | None
    """When its front was at the first beam."""
    item: Json | None = None
    """What the gateway says of it."""


@dataclass(frozen=True, slots=True)
class Books:
    """The journal on disk and the coordinator's book; None: not there yet, or not readable now."""

    journalled: int | None = None
    acknowledged: int | None = None
    stored: int | None = None


@dataclass(frozen=True, slots=True)
class Look:
    page: Json | None
    """The gateway's own page state; None while it says nothing."""
    bodies: tuple[BodyNow, ...]
    gone: tuple[Gone, ...]
    books: Books

    def body(self, number: int) -> BodyNow | None:
        return next((one for one in self.bodies if one.number == number), None)

    @property
    def on_belt(self) -> tuple[BodyNow, ...]:
        return tuple(one for one in self.bodies if one.entered is not None and one.lane is None)

    @property
    def bench(self) -> Json | None:
        return None if self.page is None else self.page["benches"][0]

    @property
    def linked(self) -> bool:
        return self.page is not None and bool(self.page["link"]["coordinator"])


def look(hub: DemoHub) -> Look:
    assert hub.line is not None, "the tour's hub has a belt"
    conveyor, page = hub.line.conveyor, hub.page
    now, bodies = hub.devices.ask(lambda: (real_now(), _bodies(conveyor.bodies, conveyor.speed_um_s)))
    found = matched(bodies, page, now)
    return Look(page, found, tuple(hub.gone()), books(hub.gateway_data, hub.coordinator_database))


def _bodies(bodies: Sequence[Body], speed_um_s: int) -> list[BodyNow]:
    """None of them is moved by hands here, so each goes with the belt."""
    now = real_now()
    return [_now(body, (now - body.starts) * speed_um_s // SECOND) for body in bodies]


def _now(body: Body, front_um: int) -> BodyNow:
    labels = body.parcel.labels
    return BodyNow(
        number=body.parcel.number,
        code=labels[0].data if labels else "no label",
        front_um=front_um,
        length_um=body.plan.length_um,
        lane=body.lane,
        bay=body.bay,
        branch_um=None if body.path is None else body.path.position_um,
        entered=next(iter(body.crossed.values()), None),
    )


def matched(bodies: Sequence[BodyNow], page: Json | None, now: Instant) -> tuple[BodyNow, ...]:
    """Each body on the belt with the gateway's item at its place."""
    if page is None or not page["lines"]:
        return tuple(bodies)
    line = page["lines"][0]
    moved_um = line["speed_um_s"] * (now - line["at_ns"]) // SECOND
    return tuple(_with_item(body, line["items"], moved_um) for body in bodies)


def _with_item(body: BodyNow, items: Sequence[Json], moved_um: int) -> BodyNow:
    if body.lane is not None or not items:
        return body
    item = min(items, key=lambda one: abs(one["front_um"] + moved_um - body.front_um))
    near = abs(item["front_um"] + moved_um - body.front_um) < NEAR_UM
    return replace(body, item=item) if near else body


# The books ------------------------------------------------------------------------------------------


def books(gateway: Path, coordinator: Path) -> Books:
    """Acknowledged first, so that the coordinator's count is never the older one."""
    journalled = acknowledged = stored = None
    try:
        reader = JournalReader(gateway / JOURNAL_FILE)
        try:
            acknowledged = reader.acknowledged().seq
            journalled = max((row.seq for row in reader.tail(1)), default=0)
        finally:
            reader.close()
        stored = counts(coordinator)["distinct"]
    except (JournalFault, sqlite3.Error):
        pass  # being made, or being written at this instant
    return Books(journalled, acknowledged, stored)


def missing(gateway: Path, coordinator: Path) -> list[int]:
    """Sequence numbers of acknowledged events that the coordinator does not have, id by id."""
    reader = JournalReader(gateway / JOURNAL_FILE)
    try:
        through = reader.acknowledged().seq
        known = set(event_ids(coordinator).values())
        return [row.seq for row in reader.pending(0, through) if row.id not in known]
    finally:
        reader.close()


def truth_of(found: Look, parcels: Mapping[int, Parcel]) -> Truth:
    free = [one for one in found.gone if one.lane == FREE_LANE]
    right = sum(parcels[one.number].releasable for one in free)
    told = found.books
    pending = lost = None
    if told.journalled is not None and told.acknowledged is not None:
        pending = max(0, told.journalled - told.acknowledged)
    if told.acknowledged is not None and told.stored is not None:
        lost = max(0, told.acknowledged - told.stored)
    possible = sum(parcels[one.number].releasable and one.lane not in CHOSEN_LANES for one in found.gone)
    return Truth(len(free) - right, lost, pending, right, possible)


# The belt as it is drawn ----------------------------------------------------------------------------


def belt_of(line: Line, found: Look) -> Json:
    parts = [("beam", beam.position_um, beam.id) for beam in line.belt_beams]
    parts += [("reader", one.position_um, one.device) for one in line.readers]
    parts += [("diverter", one.position_um, f"{one.lane} {one.bay}") for one in line.diverters]
    return {
        "length_um": line.belt.length_um,
        "speed_um_s": line.belt.speed_mm_s * 1_000,
        "parts": [{"kind": kind, "um": um, "name": name} for kind, um, name in parts],
        "end": f"{line.end.lane} {line.end.bay}",
        "gateway": found.page is not None,
        "items": [_drawn(one) for one in found.bodies if one.lane is None and one.front_um > 0],
    }


def _drawn(one: BodyNow) -> Json:
    item = one.item
    return {
        "number": one.number,
        "front_um": one.front_um,
        "length_um": one.length_um,
        "branch_um": one.branch_um,
        "state": "unseen" if item is None else item["state"],
        "code": one.code,
    }
