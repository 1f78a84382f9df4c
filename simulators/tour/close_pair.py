"""Two parcels 60 mm apart, the first with a label that can't be read: which, how they travel, and what the rule by time
makes of them (`simulators.fifo`, the baseline of `bench/fifo.py`).

They are the two parcels of the stream that weigh most alike, brought together: so the weight does not show which of
them the one code belongs to, and who guesses wrong releases a parcel on another one's clearance.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final

from edge.core.evidence import Candidate, Evidence
from hub_config.lines import Line
from hub_config.names import Instant
from hub_config.rules import RulePack
from simulators.belt_readings import Train
from simulators.bench import Happened
from simulators.bodies import Body
from simulators.coordinator.declared import Declared
from simulators.coordinator.visits import MemoryBook
from simulators.fifo import fifo
from simulators.line_faults import LinePlan, line_plan
from simulators.oracle import oracle_releases
from simulators.parcels import Parcel

GAP_UM: Final = 60_000
LABEL_UM: Final = 30_000
"""Of the second parcel, behind its front: the reader sees it while the first one is still in its view."""
LENGTH_UM: Final = 160_000
"""Of both: small parcels, as most are."""
MASS_LEAST_MG: Final = 150_000


@dataclass(frozen=True, slots=True)
class ClosePair:
    first: Parcel
    second: Parcel
    plans: Mapping[int, LinePlan]


def arranged(
    seed: int, parcels: Sequence[Parcel], places: Sequence[tuple[int, int]]
) -> tuple[list[Parcel], tuple[ClosePair, ...]]:
    """The same parcels in another order: at each of these places, two numbers, two that are most alike."""
    order, pairs = {one.number: one for one in parcels}, list[ClosePair]()
    taken: set[int] = set()
    for numbers in places:
        alike = _most_alike([one for number, one in sorted(order.items()) if number not in taken])
        for number, chosen in zip(numbers, alike, strict=True):
            place = next(key for key, one in order.items() if one.items == chosen.items)
            here, there = order[number], order[place]
            order[number], order[place] = replace(there, number=number), replace(here, number=place)
        taken.update(numbers)
        pairs.append(_planned(seed, order[numbers[0]], order[numbers[1]]))
    return [order[number] for number in sorted(order)], tuple(pairs)


def _planned(seed: int, first: Parcel, second: Parcel) -> ClosePair:
    # Without rates there are no faults but those asked for.
    ahead, behind = line_plan(seed, first, {}), line_plan(seed, second, {})
    plans = {
        first.number: replace(ahead, length_um=LENGTH_UM, label_um=LENGTH_UM // 2, faults=("no_read",)),
        second.number: replace(behind, length_um=LENGTH_UM, label_um=LABEL_UM, gap_um=GAP_UM),
    }
    return ClosePair(first, second, plans)


def _most_alike(parcels: Sequence[Parcel]) -> tuple[Parcel, Parcel]:
    """Nothing is wrong with either, and each has one name only."""
    plain = [one for one in parcels if one.releasable and len(one.items) == 1 and not one.extras]
    by_mass = sorted((one for one in plain if one.mass_mg >= MASS_LEAST_MG), key=lambda one: one.mass_mg)
    return min(pairwise(by_mass), key=lambda both: both[1].mass_mg - both[0].mass_mg)


# By time ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ByTime:
    """What a gateway that goes by time would have made of one parcel."""

    number: int
    codes: tuple[str, ...]
    """Those it would have called this parcel's."""
    released: bool
    right: bool
    """They are its own."""


def by_time(
    bodies: Sequence[Body], wanted: Sequence[int], line: Line, u_mg: int, rules: RulePack,
    manifest: Mapping[str, Declared], hub: str, now_us: int,
) -> list[ByTime]:  # fmt: skip
    """Of the parcels with these numbers; the coordinator's rules say what it would have released."""
    given = fifo(train_of(bodies, line))
    told = []
    for body in bodies:
        if body.parcel.number in wanted:
            codes = tuple(code for code, number in given.items() if number == body.parcel.number)
            sent = [one for other in bodies for one in other.scans if one.data in codes]
            what = Happened(body.parcel.number, tuple(sent), tuple(body.weights), None)
            released = oracle_releases([what], line, u_mg, rules, manifest, hub, now_us, MemoryBook())
            own = {label.data for label in body.parcel.labels}
            told.append(
                ByTime(body.parcel.number, codes, bool(released), bool(codes) and own.issuperset(codes))
            )
    return told


def train_of(bodies: Sequence[Body], line: Line) -> Train:
    """As `fifo` takes it. A reader answers when its trigger ends, just after the rear of the parcel that it was
    triggered for has passed it; by time, that is whose answer it is."""
    reader = line.readers[0]
    train = Train()
    for body in bodies:
        train.candidates.append(Candidate(body.parcel.number, 0, -body.plan.length_um, 0, 0))
    passed = sorted((body.rear_at(reader.position_um), body.parcel.number) for body in bodies)
    for at, code in sorted((one.at, one.data) for body in bodies for one in body.scans):
        owner = _last_before(passed, at)
        if owner is not None:
            train.evidence.append(Evidence(code, reader.device, "trigger", 0, 0))
            train.answers.setdefault(code, owner)
    return train


def _last_before(passed: Sequence[tuple[Instant, int]], at: Instant) -> int | None:
    return next((number for rear_at, number in reversed(passed) if rear_at <= at), None)


def drawing_of(pair: ClosePair, line: Line, claims: Mapping[str, Mapping[int, int]]) -> dict[str, Any]:
    """`claims`: of each code, parcel numbers with p in ppm."""
    reader = line.readers[0]
    parcels = [
        {
            "number": one.number,
            "length_um": pair.plans[one.number].length_um,
            "label_um": pair.plans[one.number].label_um,
            "code": one.items[0].data,
            "legible": "no_read" not in pair.plans[one.number].faults,
            "mass_mg": one.mass_mg,
        }
        for one in (pair.first, pair.second)
    ]
    told = [{"code": code, "claims": [list(one) for one in of.items()]} for code, of in claims.items()]
    return {"gap_um": GAP_UM, "window_um": reader.window_um, "parcels": parcels, "claims": told}
