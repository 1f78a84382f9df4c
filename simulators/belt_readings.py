"""Short trains of parcels on a belt, what the tracking believes of them, and what a reader tells: with the truth.

For measuring how honest stated probabilities are, apart from any line: no beams, no board, no core. Each train is drawn
anew. Where a parcel really is differs from where it is believed to be by an error of one of several kinds, most of
which nothing was tuned on, and now and then by a hand's push or by counts that the encoder left out for all. It shares
no formula with what it measures, only the values that are handed over. Lengths in µm, belt offsets as in `evidence`.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from edge.core.evidence import Candidate, Evidence, Look, Stamp, seen_between

Errors = Literal["gauss", "laplace", "uniform", "skewed", "bursts"]
"""How a parcel's believed place is off. `skewed`: it always lags; `bursts`: rarely three times as much."""

PUSH_UM: Final = 300_000
TOLERANCE_UM: Final = 50_000
"""A later beam sees that a parcel is off by more."""
TRAIN: Final = 6
LENGTH_UM: Final = (120_000, 480_000)
UM_PER_MS: Final = 2_000
"""2 m/s."""
DELAY_MS: Final = (30, 80)
"""From seeing a code to its last byte."""
READ_UM: Final = (20_000, 60_000)
"""How long a label must stay in view, as travel."""
CLOCK_UM: Final = 15_000
"""Of a place by the clock and the belt's set speed, 1 % over 1.5 m: what a rule without an encoder has to go by."""
CAMERA_UM: Final = 3_000
"""Of a code's place in a picture."""


@dataclass(frozen=True, slots=True)
class Habits:
    """One world. Shares are of parcels, in parts per million; what the tracking states of itself comes after."""

    errors: Errors = "gauss"
    stamp: Stamp = "exposure"
    gap_um: tuple[int, int] = (50_000, 500_000)
    window_um: int = 50_000
    error_um: int = 8_000
    """Standard deviation of the true error."""
    push_ppm: int = 40
    shift_ppm: int = 10
    """The belt's counts are wrong for a whole train."""
    no_read_ppm: int = 10_000
    look_miss_ppm: int = 2_000
    second_ppm: int = 30_000
    stray_ppm: int = 25
    """A labelled thing that nobody follows, for each parcel."""
    eager: bool = False
    """A reader that reads by itself tells a label in the first third of its view."""
    sigma_um: int = 9_000
    gross_ppm: int = 50
    """As stated by the tracking."""
    confirmed: bool = False
    """A later beam has seen every parcel: those that are far off are known to be, the others are stated at 1 ppm."""


@dataclass(slots=True)
class Train:
    """Keys count from the foremost parcel; -1 is something that nobody follows."""

    candidates: list[Candidate] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    owners: dict[str, int] = field(default_factory=dict)
    """Of each code that some reader told."""
    labels: dict[int, list[str]] = field(default_factory=dict)
    """Of each parcel, read or not."""
    faulty: set[int] = field(default_factory=set)
    """Parcels with a fault of their own: pushed, unread, of two names, or on a belt that lost counts."""
    answers: dict[str, int] = field(default_factory=dict)
    """trigger: the parcel whose trigger a code first answered."""
    clock_um: int = 0
    """How far a clock and the belt's set speed are off in this train."""

    def gap_um(self, key: int) -> int:
        """The smaller one beside this parcel, as believed."""
        one = self.candidates[key]
        ahead = _rear(self.candidates[key - 1]) - one.front_um if key > 0 else PUSH_UM * 2
        behind = (
            _rear(one) - self.candidates[key + 1].front_um if key + 1 < len(self.candidates) else PUSH_UM * 2
        )
        return min(ahead, behind)


def _rear(one: Candidate) -> int:
    assert one.rear_um is not None, "every parcel of a train has been seen to end"
    return one.rear_um


def trains(habits: Habits, count: int, seed: int) -> Iterator[Train]:
    rng = random.Random(f"trains/{seed}/{habits}")
    for _ in range(count):
        yield _train(habits, rng)


def _train(habits: Habits, rng: random.Random) -> Train:
    train = Train(clock_um=round(rng.gauss(0, CLOCK_UM)))
    places: list[tuple[str, int]] = []
    shift = rng.randint(-PUSH_UM, PUSH_UM) if _happens(rng, habits.shift_ppm) else 0
    front = 0
    for key in range(TRAIN):
        length = rng.randint(*LENGTH_UM)
        rear = front - length
        off = shift + _error(habits, rng)
        pushed = _happens(rng, habits.push_ppm)
        if pushed:
            off += rng.randint(-PUSH_UM, PUSH_UM)
        gross_ppm = habits.gross_ppm
        if habits.confirmed:
            gross_ppm = 1 if abs(off) <= TOLERANCE_UM else 1_000_000
            pushed = pushed or abs(off) > TOLERANCE_UM
        train.candidates.append(Candidate(key, front, rear, habits.sigma_um, gross_ppm, looked=True))
        unread = _happens(rng, habits.no_read_ppm)
        two = _happens(rng, habits.second_ppm)
        names = [f"p{key}{side}" for side in ("a", "b")[: 1 + two]]
        train.labels[key] = names
        if pushed or unread or two or shift:
            train.faulty.add(key)
        for name in names:
            inset = min(10_000, length // 3)
            places.append((name, 0 if unread else rng.randint(rear + inset, front - inset) + off))
            train.owners[name] = key
            if unread:
                places.pop()
        gap = rng.randint(*habits.gap_um)
        if _happens(rng, habits.stray_ppm):
            name = f"s{key}"
            places.append((name, rear - rng.randint(0, gap)))
            train.owners[name] = -1
        front = rear - gap
    _read(train, places, habits, rng)
    told = {one.code for one in train.evidence}
    train.faulty.update(key for key, names in train.labels.items() if not told.issuperset(names))
    train.owners = {name: key for name, key in train.owners.items() if name in told}
    return train


def _happens(rng: random.Random, ppm: int) -> bool:
    return rng.random() * 1_000_000 < ppm


def _error(habits: Habits, rng: random.Random) -> int:
    """Standard deviation `error_um` in each world but the last two, whose mean or tail is off as well."""
    size = habits.error_um
    match habits.errors:
        case "gauss":
            return round(rng.gauss(0, size))
        case "laplace":
            return round(rng.choice((-1, 1)) * rng.expovariate(1.4142 / size))
        case "uniform":
            return round(rng.uniform(-1.732 * size, 1.732 * size))
        case "skewed":
            return round(-rng.expovariate(1 / (0.7 * size)))
        case "bursts":
            return round(rng.gauss(0, 3 * size if rng.random() < 0.01 else size))


# Readers ------------------------------------------------------------------------------------------


def _read(train: Train, places: list[tuple[str, int]], habits: Habits, rng: random.Random) -> None:
    match habits.stamp:
        case "trigger":
            _read_triggered(train, places, habits, rng)
        case "exposure":
            for name, place in places:
                seen = place + round(rng.gauss(0, CAMERA_UM))
                train.evidence.append(
                    seen_between(name, "cam", "exposure", seen, 0, 0, 0, sigma_um=CAMERA_UM)
                )
        case "arrival":
            for name, place in places:
                train.evidence.append(_arrived(name, place, habits, rng))


def _arrived(name: str, place: int, habits: Habits, rng: random.Random) -> Evidence:
    window = habits.window_um
    # Where in the view it was read, towards where labels come into view.
    view = -window + rng.uniform(0, 2 * window * (0.33 if habits.eager else 1))
    travel = round(view) - place
    shortest, longest = DELAY_MS
    delay = rng.uniform(shortest, longest)
    first = travel - round((longest - delay) * UM_PER_MS)
    last = travel + round((delay - shortest) * UM_PER_MS)
    return seen_between(name, "self", "arrival", 0, window, first, last)


def _read_triggered(train: Train, places: list[tuple[str, int]], habits: Habits, rng: random.Random) -> None:
    """One trigger for each parcel, as `belt_readers` sets them; its answer has all codes that were in view for long
    enough."""
    window = habits.window_um
    for key, one in enumerate(train.candidates):
        ahead = _rear(train.candidates[key - 1]) - one.front_um if key > 0 else 2 * window
        behind = _rear(one) - train.candidates[key + 1].front_um if key + 1 < TRAIN else 2 * window
        on = -min(window, ahead // 2) - one.front_um
        off = min(window, behind // 2) - _rear(one)
        codes = []
        for name, place in places:
            in_view = min(off, window - place) - max(on, -window - place)
            if in_view >= rng.uniform(*READ_UM) and not _happens(rng, habits.look_miss_ppm):
                codes.append(name)
                train.evidence.append(seen_between(name, "fixed", "trigger", 0, window - READ_UM[0], on, off))
                train.answers.setdefault(name, key)
        low, high = -window - off + READ_UM[1], window - on - READ_UM[1]
        train.looks.append(Look("fixed", low, high, tuple(codes)))
