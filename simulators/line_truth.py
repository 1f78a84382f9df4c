"""What really happened on a belt, beside what the gateway told of it: each body with the visit it left under.

A body and a visit are matched by the instant and the lane of the beam that saw the body leave; one that was taken off
the belt, or left while no gateway was watching, by the instants at which beams saw it before.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hub_config.lines import Line as LineConfig
from hub_config.names import MICROSECOND, Instant
from simulators.bench import Happened
from simulators.conveyor import Body
from simulators.task import Placed

Data = Mapping[str, Any]


class Sightings:
    """Instants at which the gateway says it saw something, each of one visit."""

    def __init__(self, seen: Iterable[tuple[int, str]], within_us: int) -> None:
        self._seen = sorted(seen)
        self._within_us = within_us

    def take(self, at: Instant) -> str | None:
        """The visit seen nearest to this instant, once."""
        at_us = at // MICROSECOND
        first = bisect_left(self._seen, (at_us - self._within_us, ""))
        near = [one for one in self._seen[first:] if one[0] <= at_us + self._within_us][:8]
        if not near:
            return None
        best = min(near, key=lambda one: abs(one[0] - at_us))
        self._seen.remove(best)
        return best[1]


def line_happened(
    bodies: Sequence[Body], events: Sequence[Data], line: LineConfig, within_us: int
) -> tuple[Happened, ...]:
    """One for each body, in the order of feeding. `within_us`: how far the gateway's stamps may be off."""
    ours = [data for data in events if data["line"] == line.id]
    exits: dict[str, list[tuple[int, str]]] = {exit_.lane: [] for exit_ in line.bays}
    for data in ours:
        if data["kind"] == "parcel.diverted" and data["act"]["confirmed"]:
            exits[data["act"]["lane"]].append((data["mono_us"], data["visit"]))
    left = {lane: Sightings(seen, within_us) for lane, seen in exits.items()}
    arrived = [(data["mono_us"], data["visit"]) for data in ours if data["kind"] == "parcel.arrived"]
    entered = Sightings(arrived, within_us)
    told: list[Happened] = []
    for group in _groups(bodies):
        told += _happened(group, left, _last_known(group[0], line, entered))
    return tuple(told)


def _last_known(body: Body, line: LineConfig, entered: Sightings) -> str | None:
    """The visit under which a beam first, or after a restart again, saw it."""
    known = None
    for beam in line.belt_beams:
        at = body.front_at(beam.position_um)
        if at is not None:
            known = entered.take(at) or known
    return known


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


def _happened(group: list[Body], left: Mapping[str, Sightings], known: str | None) -> list[Happened]:
    first = group[0]
    visit = None
    if first.left_at is not None and first.lane is not None:
        visit = left[first.lane].take(first.left_at)
    told = []
    for body in group:
        placed = None
        if body.left_at is not None and body.lane is not None and body.bay is not None:
            placed = Placed(body.bay, body.lane, visit or known or "", body.left_at)
        beside = tuple(other.parcel for other in group if other is not body)
        told.append(
            Happened(
                number=body.parcel.number,
                # What is taken off a belt nobody can release there: its readings entitle it to nothing.
                scans=() if body.taken else tuple(body.scans),
                weights=() if body.taken else tuple(body.weights),
                placed=placed,
                taken=known if placed is None or visit is None else None,
                beside=beside,
            )
        )
    return told
