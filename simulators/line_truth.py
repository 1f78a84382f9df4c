"""What really happened on a belt, beside what the gateway told of it: each body with the visit it left under.

A body and a visit are matched by the instant and the lane of the beam that saw the body leave; one that was taken off
the belt, or left while no gateway was watching, by the instants at which beams saw it before.
"""

from bisect import bisect_left
from collections.abc import Hashable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from hub_config.lines import Line as LineConfig
from hub_config.names import MICROSECOND, Instant
from simulators.bench import Happened
from simulators.bodies import Body
from simulators.parcels import Parcel
from simulators.task import Placed

Data = Mapping[str, Any]


Key = TypeVar("Key", bound=Hashable)


def pair(
    seen: Iterable[tuple[int, str]], happened: Iterable[tuple[Key, Instant]], within_us: int
) -> dict[Key, str]:
    """Which visit the gateway saw (at its µs) when something happened: the nearest pairs first, each once."""
    stamps = sorted(seen)
    pairs: list[tuple[int, int, Key, str]] = []
    for order, (key, at) in enumerate(happened):
        at_us = at // MICROSECOND
        for stamp, visit in stamps[bisect_left(stamps, (at_us - within_us, "")) :]:
            if stamp > at_us + within_us:
                break
            pairs.append((abs(stamp - at_us), order, key, visit))
    found: dict[Key, str] = {}
    taken: set[str] = set()
    for _, _, key, visit in sorted(pairs, key=lambda one: one[:2]):
        if key not in found and visit not in taken:
            found[key] = visit
            taken.add(visit)
    return found


@dataclass(slots=True)
class Sightings:
    """What the gateway told of where it saw each visit on one line."""

    arrived: list[tuple[int, str]] = field(default_factory=list)
    """Its µs and the visit."""
    strays: set[str] = field(default_factory=set)
    """Visits that began somewhere on the belt."""
    lost: set[str] = field(default_factory=set)
    """Of which the gateway lost track: one of these may have begun there as well, and not have been told as a stray."""
    left: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    """By lane, as its beam saw them."""

    def add(self, data: Data) -> None:
        if "unknown_item" in data["flags"]:
            self.strays.add(data["visit"])
        if "lost_track" in data["flags"]:
            self.lost.add(data["visit"])
        if data["kind"] == "parcel.arrived":
            self.arrived.append((data["mono_us"], data["visit"]))
        elif data["kind"] == "parcel.diverted" and data["act"]["confirmed"]:
            self.left.setdefault(data["act"]["lane"], []).append((data["mono_us"], data["visit"]))

    def forget(self, visits: Set[str]) -> None:
        self.arrived = [one for one in self.arrived if one[1] not in visits]
        self.strays -= visits
        self.lost -= visits
        self.left = {lane: [one for one in seen if one[1] not in visits] for lane, seen in self.left.items()}


def line_happened(
    bodies: Sequence[Body], events: Iterable[Data], line: LineConfig, within_us: int
) -> tuple[Happened, ...]:
    """One for each body, in the order of feeding. `within_us`: how far the gateway's stamps may be off."""
    sightings = Sightings()
    for data in events:
        if data["line"] == line.id:
            sightings.add(data)
    return happened_on(bodies, sightings, line, within_us)


def happened_on(
    bodies: Sequence[Body], sightings: Sightings, line: LineConfig, within_us: int
) -> tuple[Happened, ...]:
    """The same from what is known of the events."""
    groups = _groups(bodies)
    left: dict[int, str] = {}
    for exit_ in line.bays:
        seen = sightings.left.get(exit_.lane, ())
        gone = [
            (place, group[0].left_at)
            for place, group in enumerate(groups)
            if group[0].lane == exit_.lane and group[0].left_at is not None
        ]
        left |= pair(seen, gone, within_us)
    known = _last_known(groups, sightings, line, within_us)
    for place in _told_as_others(bodies, groups, left, known):
        del known[place]
    parted = _parted(bodies)
    return tuple(
        replace(one, once_beside=parted.get(one.number, ()))
        for place, group in enumerate(groups)
        for one in _happened(group, left.get(place), known.get(place))
    )


def _parted(bodies: Sequence[Body]) -> dict[int, tuple[Parcel, ...]]:
    """By number: the parcels that it touched, at once or by others between, until somebody took one of them off."""
    return {
        body.parcel.number: tuple(other.parcel for other in row if other is not body)
        for row in _parted_rows(bodies)
        for body in row
    }


def hidden(bodies: Sequence[Body]) -> set[int]:
    """Parcels of which no gateway can tell: they touched others, so to every beam they were one, and somebody took one
    of them off. What is left of it is one object with a hole."""
    return {body.parcel.number for row in _parted_rows(bodies) for body in row}


def _parted_rows(bodies: Sequence[Body]) -> list[list[Body]]:
    """Parcels each of which touches the one before it, where somebody took one of them off."""
    rows: list[list[Body]] = []
    for body in bodies:
        if body.touches and rows:
            rows[-1].append(body)
        else:
            rows.append([body])
    return [row for row in rows if len(row) > 1 and any(body.taken for body in row)]


def _told_as_others(
    bodies: Sequence[Body],
    groups: Sequence[Sequence[Body]],
    left: Mapping[int, str],
    known: Mapping[int, str],
) -> list[int]:
    """Groups that were taken off, and whose visit went on with what they had touched: to every beam they were one, so
    what is told of it is told of what was left on the belt."""
    row_of = {body.parcel.number: n for n, row in enumerate(_parted_rows(bodies)) for body in row}
    rows = [row_of.get(group[0].parcel.number) for group in groups]
    went_on = {(rows[place], visit) for place, visit in left.items() if rows[place] is not None}
    return [
        place
        for place, group in enumerate(groups)
        if group[0].taken and place in known and (rows[place], known[place]) in went_on
    ]


def _last_known(
    groups: Sequence[Sequence[Body]], sightings: Sightings, line: LineConfig, within_us: int
) -> dict[int, str]:
    """The visit under which the first beam saw each; or a later one, after a restart, as a stray. A stray of which the
    gateway loses track at once, as its board restarts once more, was not yet told to be one."""
    crossings = [
        ((place, position), at)
        for place, group in enumerate(groups)
        for position, at in group[0].crossed.items()
    ]
    first_um = line.belt_beams[0].position_um
    entries = {(place, group[0].enters_um or first_um) for place, group in enumerate(groups)}
    entered = [one for one in sightings.arrived if one[1] not in sightings.strays]
    known = _by_place(pair(entered, [one for one in crossings if one[0] in entries], within_us))
    others = sightings.strays | (sightings.lost - set(known.values()))
    strayed = [one for one in sightings.arrived if one[1] in others]
    return known | _by_place(pair(strayed, [one for one in crossings if one[0] not in entries], within_us))


def _by_place(pairs: Mapping[tuple[int, int], str]) -> dict[int, str]:
    """Of several, where it was farthest along."""
    return {place: visit for (place, _), visit in sorted(pairs.items())}


def _groups(bodies: Sequence[Body]) -> list[list[Body]]:
    """Bodies that touch are one object as long as they go one way."""
    groups: list[list[Body]] = []
    for body in bodies:
        before = groups[-1][-1] if groups else None
        one_way = before is not None and body.lane == before.lane and not body.taken and not before.taken
        if body.touches and one_way:
            groups[-1].append(body)
        else:
            groups.append([body])
    return groups


def _happened(group: list[Body], left: str | None, known: str | None) -> list[Happened]:
    """`left`: the visit that was seen to leave; `known`: the last one it had on the belt, which is another if it was
    lost track of in between."""
    told = []
    for body in group:
        placed = None
        if body.left_at is not None and body.lane is not None and body.bay is not None:
            placed = Placed(body.bay, body.lane, left or known or "", body.left_at)
        beside = tuple(other.parcel for other in group if other is not body)
        told.append(
            Happened(
                number=body.parcel.number,
                # What is taken off a belt nobody can release there: its readings entitle it to nothing.
                scans=() if body.taken else tuple(body.scans),
                weights=() if body.taken else tuple(body.weights),
                sizes=tuple(body.sizes),
                placed=placed,
                taken=known if placed is None or known != left else None,
                beside=beside,
            )
        )
    return told
