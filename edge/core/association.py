"""Which parcel a reading belongs to, and how sure that is: the joint probability over the parcels in reach.

Plain values in, plain values out. A parcel is an interval in belt offsets (offset + travel = position) whose place is
known with an error: a Gaussian core, a wider one for what a Gaussian forgets, and a small chance of something gross (a
hand, counts left out). A reading says between which offsets its label was, as its stamp allows. The label lies anywhere
along its parcel. All codes and all parcels in reach are weighed together, as in joint probabilistic data association:
a parcel normally has one identifier and is rarely missed, a code has one parcel, and it may come from something that
nobody follows (clutter). Every joint hypothesis is summed; there are few, and past the named bounds nobody is sure.

A stated probability is a promise about errors: it is rounded down, and never more than `P_MAX_PPM`. Floats stay inside.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, erfc, exp, pi, sqrt
from typing import Final, Literal

PPM: Final = 1_000_000
FLOOR_PPM: Final = 999_990
"""Surer than this is `joined` (contract §4: under the floor the visit may only be held)."""
P_MAX_PPM: Final = 999_999
"""Nothing is stated surer: the priors themselves are not known any better."""
CANDIDATES_MAX: Final = 12
CODES_MAX: Final = 6
LOOKS_MAX: Final = 16
HYPOTHESES_MAX: Final = 2_048
"""Joint hypotheses of one neighbourhood that are summed. More parcels, codes or hypotheses: nobody is sure."""
GROSS_SIGMA_UM: Final = 200_000
"""Of a gross error: a hand pushes by 300 mm at most, and counts are left out by as much; the tail goes on beyond."""
GATE_SIGMAS: Final = 3
"""A parcel farther from a reading than so many of its widest error is out of reach."""
WIDE_TIMES: Final = 3
"""The wide part of the core is so many times the core."""
SHIFTS_UM: Final = (-300_000, -225_000, -150_000, -75_000, 75_000, 150_000, 225_000, 300_000)
"""Errors of the belt that move every parcel alike, as they are tried where several codes are weighed together."""
CLUTTER_SPAN_UM: Final = 300_000
"""`Priors.clutter_ppm` is for this much belt: a parcel's length."""
NEGLIGIBLE: Final = 1e-10
"""A claim smaller than the best one on the same code by this is not followed up."""
FIT_MIN_PPM: Final = 100_000
"""Length and mass make a claim at most ten times as doubtful: the surest stays at the default floor."""
SATURATED: Final = 8.5
"""So many sigmas from an edge a Gaussian is 0 or 1 to the last bit that matters: no exponential is taken."""
_ROOT_HALF: Final = sqrt(0.5)
_ROOT_TWO_PI: Final = sqrt(2 * pi)

Stamp = Literal["trigger", "exposure", "arrival"]
Outcome = Literal["joined", "ambiguous_read", "orphan_read"]


@dataclass(frozen=True, slots=True)
class Priors:
    """What is believed of a line before anything is read, in parts per million. All of it errs towards doubt."""

    miss_ppm: int = 20_000
    """A parcel that has passed every reader, and no identifier of it was read."""
    look_miss_ppm: int = 20_000
    """A look that surely covered a label which another look has read, and did not tell it."""
    second_ppm: int = 50_000
    """A parcel has one more identifier than one."""
    clutter_ppm: int = 100
    """A label of something that nobody follows lies on `CLUTTER_SPAN_UM` of belt."""
    common_ppm: int = 20
    """The belt's travel is grossly wrong for all alike."""
    wide_ppm: int = 20_000
    """Share of the core that is `WIDE_TIMES` as wide."""
    margin_um: int = 5_000
    """The middle of a code is this far from either end of its parcel."""
    longest_um: int = 700_000
    """Length of a parcel whose rear nobody has seen yet."""
    floor_ppm: int = FLOOR_PPM


PRIORS: Final = Priors()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A parcel whose the reading may be, where it is believed to have been at that time."""

    key: int
    front_um: int
    rear_um: int | None
    """None while it still covers its first beam."""
    sigma_um: int
    gross_ppm: int
    """Chance that it was anywhere near but there: see `Drift`."""
    looked: bool = False
    """It has passed every reader, and what they had to say has come: no code of its own means that it was missed."""
    labels: int = 0
    """Identifiers that are its own already and are not in this evidence."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reading of a code: its label was between these belt offsets."""

    code: str
    device: str
    stamp: Stamp
    lo_um: int
    hi_um: int
    sigma_um: int = 2_000
    """Of either end: window, pixel, clock."""
    identifier: bool = True
    """A parcel normally has one. False for the further codes of a label."""


@dataclass(frozen=True, slots=True)
class Look:
    """A stretch of belt that a device surely looked at, and all the codes that it told of it."""

    device: str
    lo_um: int
    hi_um: int
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    key: int
    p_ppm: int


@dataclass(frozen=True, slots=True)
class Assignment:
    """Whose a code is. `key` is None unless that is sure enough."""

    code: str
    key: int | None
    p_ppm: int
    """That it is the first claim's."""
    claims: tuple[Claim, ...]
    """Every parcel in reach, the likeliest first."""
    outcome: Outcome

    @property
    def rivals(self) -> int:
        """Other parcels within reach (contract §4)."""
        return max(0, len(self.claims) - 1)


@dataclass(frozen=True, slots=True)
class Drift:
    """How the error of a parcel's place grows with the belt's travel since a beam saw it."""

    edge_um: int = 3_000
    """Of the edge itself: sensor, count, clock."""
    slip_ppm: int = 10_000
    """Of the travel."""
    gross_ppm_per_m: int = 50
    """Hands and lost counts, for each metre."""
    confirmed_gross_ppm: int = 1
    """A later beam has seen it where it should be: a hand would have had to put it back."""

    def spread(self, since_um: int, until_um: int | None = None) -> tuple[int, int]:
        """`sigma_um` and `gross_ppm` after so much travel since the last beam; `until_um`: travel from the reading
        to the next beam, once that has seen it where it was expected (the nearer beam then holds it)."""
        way_um = since_um if until_um is None else min(since_um, until_um)
        slip_um = way_um * self.slip_ppm // PPM
        sigma_um = ceil(sqrt(self.edge_um * self.edge_um + slip_um * slip_um))
        if until_um is not None:
            return sigma_um, self.confirmed_gross_ppm
        return sigma_um, self.confirmed_gross_ppm + since_um * self.gross_ppm_per_m // 1_000_000


def seen_between(
    code: str, device: str, stamp: Stamp, position_um: int, window_um: int, first_um: int, last_um: int,
    *, sigma_um: int = 2_000, identifier: bool = True,
) -> Evidence:  # fmt: skip
    """A label seen at `position_um` ± `window_um` while the belt's travel was between `first_um` and `last_um`.

    trigger: travel from its on to its off and the device's latency; arrival: travel between the longest and the shortest
    delay before the last byte; exposure: the travel of one instant, the code's own place, and a window of 0."""
    lo_um, hi_um = position_um - window_um - last_um, position_um + window_um - first_um
    return Evidence(code, device, stamp, lo_um, hi_um, sigma_um, identifier)


# One label and one parcel -------------------------------------------------------------------------


def _ramp(z: float) -> float:
    """Integral of the normal distribution up to z."""
    if z > SATURATED:
        return z
    if z < -SATURATED:
        return 0.0
    return 0.5 * z * erfc(-z * _ROOT_HALF) + exp(-0.5 * z * z) / _ROOT_TWO_PI


def _inside(lo: float, hi: float, rear: float, front: float, sigma: float) -> float:
    """Chance that a label anywhere in [rear, front] is in [lo, hi], when their distance is off by sigma."""
    far = SATURATED * sigma
    if lo - front > far or rear - hi > far:
        return 0.0
    if rear - lo > far and hi - front > far:
        return 1.0
    whole = _ramp((hi - rear) / sigma) - _ramp((hi - front) / sigma)
    whole -= _ramp((lo - rear) / sigma) - _ramp((lo - front) / sigma)
    return max(0.0, whole * sigma / (front - rear))


@dataclass(slots=True)
class _Zone:
    """Where on the belt a parcel's labels may be."""

    rear: float
    front: float
    own: int
    """Sigma of its place."""
    gross: float
    wide: float

    def likelihood(self, lo: int, hi: int, sigma_um: int) -> float:
        """That one of its labels is in [lo, hi]."""
        rear, front = self.rear, self.front
        core = self.core(lo, hi, sigma_um)
        if core < 1.0:
            own = WIDE_TIMES * self.own
            core += self.wide * (
                _inside(lo, hi, rear, front, sqrt(own * own + sigma_um * sigma_um) or 1.0) - core
            )
        return core + self.gross * (_inside(lo, hi, rear, front, GROSS_SIGMA_UM) - core)

    def core(self, lo: int, hi: int, sigma_um: int) -> float:
        """The same without any gross error."""
        own = self.own
        return _inside(lo, hi, self.rear, self.front, sqrt(own * own + sigma_um * sigma_um) or 1.0)


def _zone(one: Candidate, priors: Priors, common_ppm: int) -> _Zone:
    front = one.front_um
    rear = one.rear_um if one.rear_um is not None else front - priors.longest_um
    margin = min(priors.margin_um, (front - rear) // 4)
    gross = min(PPM, one.gross_ppm + common_ppm) / PPM
    return _Zone(
        rear + margin, max(front - margin, rear + margin + 1), one.sigma_um, gross, priors.wide_ppm / PPM
    )


@dataclass(slots=True)
class _Box:
    """Where a code's label was: all that was seen of it, and what should have been seen and was not."""

    code: str
    identifier: bool
    lo: int
    hi: int
    sigma_um: int
    parts: tuple[tuple[int, int, int], ...]
    """Each reading's own bounds and sigma, where there are several."""
    silent: tuple[tuple[int, int], ...]
    """Disjoint stretches inside [lo, hi] that were looked at without telling it."""

    def likelihood(self, zone: _Zone, priors: Priors, shift_um: int) -> float:
        """`shift_um`: the error of the belt; it leaves no other gross one."""
        chance = zone.core if shift_um else zone.likelihood
        seen = 0.0
        if self.lo < self.hi:
            seen = chance(self.lo - shift_um, self.hi - shift_um, self.sigma_um)
            for lo, hi in self.silent:
                told = 1 - priors.look_miss_ppm / PPM
                seen -= told * chance(lo - shift_um, hi - shift_um, self.sigma_um)
            seen = max(0.0, seen)
        if not self.parts:
            return seen
        apart = 1.0  # the same code on two labels of one parcel, each somewhere else
        for lo, hi, sigma_um in self.parts:
            apart *= chance(lo - shift_um, hi - shift_um, sigma_um)
        return seen + priors.second_ppm / PPM * (apart - seen)

    def clutter(self, priors: Priors) -> float:
        width = max((hi - lo for lo, hi, _ in self.parts), default=self.hi - self.lo)
        return priors.clutter_ppm / PPM * min(1.0, width / CLUTTER_SPAN_UM)


def _bounds(one: Evidence) -> tuple[int, int]:
    """At least four sigmas wide, so that two sharp readings of one label meet."""
    spare = max(0, 4 * one.sigma_um - (one.hi_um - one.lo_um) + 1) // 2
    return one.lo_um - spare, max(one.hi_um + spare, one.lo_um - spare + 1)


def _box(code: str, parts: Sequence[Evidence], looks: Iterable[Look]) -> _Box:
    bounds = [(*_bounds(one), one.sigma_um) for one in parts]
    lo, hi, sigma_um = bounds[0]
    for low, high, sigma in bounds[1:]:
        lo, hi, sigma_um = max(lo, low), min(hi, high), max(sigma_um, sigma)
    silent: list[tuple[int, int]] = []
    for low, high in sorted(
        (max(lo, one.lo_um), min(hi, one.hi_um)) for one in looks if code not in one.codes
    ):
        if silent and low <= silent[-1][1]:
            silent[-1] = (silent[-1][0], max(silent[-1][1], high))
        elif low < high:
            silent.append((low, high))
    several = tuple(bounds) if len(bounds) > 1 else ()
    return _Box(code, parts[0].identifier, lo, hi, sigma_um, several, tuple(silent))


# All codes and all parcels ------------------------------------------------------------------------


def assign(
    candidates: Sequence[Candidate],
    evidence: Sequence[Evidence],
    looks: Sequence[Look] = (),
    priors: Priors = PRIORS,
) -> tuple[Assignment, ...]:
    """Whose each code is, in the order of the codes. The order of what is given does not matter."""
    by_code: dict[str, list[Evidence]] = {}
    for seen in sorted(evidence, key=_evidence_order) if len(evidence) > 1 else evidence:
        by_code.setdefault(seen.code, []).append(seen)
    boxes = [_box(code, parts, looks) for code, parts in by_code.items()]
    near = [one for one in candidates if _in_reach(one, evidence, priors)]
    near.sort(key=_place_order)
    assert len({one.key for one in near}) == len(near), "two candidates with one key"
    if len(near) > CANDIDATES_MAX or len(boxes) > CODES_MAX or len(looks) > LOOKS_MAX:
        return tuple(_unsure(box.code, near) for box in boxes)
    sums = _sums(near, boxes, priors)
    if sums is None:
        return tuple(_unsure(box.code, near) for box in boxes)
    return tuple(_assignment(box.code, near, row, priors) for box, row in zip(boxes, sums, strict=True))


def _evidence_order(one: Evidence) -> tuple[str, int, int, str, str]:
    return one.code, one.lo_um, one.hi_um, one.device, one.stamp


def _place_order(one: Candidate) -> tuple[int, int]:
    return one.front_um, one.key


def _claim_order(claim: Claim) -> tuple[int, int]:
    return -claim.p_ppm, claim.key


def _in_reach(one: Candidate, evidence: Sequence[Evidence], priors: Priors) -> bool:
    gate = GATE_SIGMAS * max(GROSS_SIGMA_UM, WIDE_TIMES * one.sigma_um)
    rear = one.rear_um if one.rear_um is not None else one.front_um - priors.longest_um
    low, high = rear - gate, one.front_um + gate
    for seen in evidence:
        if low <= seen.hi_um and seen.lo_um <= high:
            return True
    return False


def _sums(near: Sequence[Candidate], boxes: Sequence[_Box], priors: Priors) -> list[list[float]] | None:
    """For each code the weight of every parcel, and last that of clutter; None: there are too many hypotheses."""
    first = (PPM - priors.miss_ppm) / max(1, priors.miss_ppm)
    """One identifier against none, of a parcel that every reader has looked at."""
    second = priors.second_ppm / PPM
    firsts = [second if one.labels else first if one.looked else 1.0 for one in near] + [1.0]
    if len(boxes) == 1:
        # The belt's error is one more error of each parcel.
        row = _row(boxes[0], [_zone(one, priors, priors.common_ppm) for one in near], priors, 0)
        return [[value * by for value, by in zip(row, firsts, strict=True)] if boxes[0].identifier else row]
    zones = [_zone(one, priors, 0) for one in near]
    sums = [[0.0] * (len(near) + 1) for _ in boxes]
    common = priors.common_ppm / PPM
    scenes = [(0, 1.0 - common)] + [(shift, common / len(SHIFTS_UM)) for shift in SHIFTS_UM if common]
    labels = [one.labels for one in near]
    for shift_um, weight in scenes:
        rows = [_row(box, zones, priors, shift_um) for box in boxes]
        if not _add_hypotheses(boxes, rows, firsts, second, labels, weight, sums):
            return None
    return sums


def _row(box: _Box, zones: Sequence[_Zone], priors: Priors, shift_um: int) -> list[float]:
    row = [box.likelihood(zone, priors, shift_um) for zone in zones]
    row.append(box.clutter(priors))
    return row


def _add_hypotheses(
    boxes: Sequence[_Box], rows: Sequence[Sequence[float]], firsts: Sequence[float], second: float,
    labels: Sequence[int], scene: float, sums: list[list[float]],
) -> bool:  # fmt: skip
    """Adds the weight of every joint hypothesis to each claim that is part of it."""
    options: list[list[tuple[int, float]]] = []
    size = 1
    for row in rows:
        least = max(row) * NEGLIGIBLE
        options.append([(place, value) for place, value in enumerate(row) if value > least])
        size *= len(options[-1])
    if size > HYPOTHESES_MAX:
        return False
    taken = [0] * (len(labels) + 1)
    chosen = [0] * len(boxes)
    last, clutter = len(boxes), len(labels)

    def walk(depth: int, weight: float) -> None:
        if depth == last:
            for row, place in zip(sums, chosen, strict=True):
                row[place] += weight
            return
        for place, value in options[depth]:
            chosen[depth] = place
            if place == clutter or not boxes[depth].identifier:
                walk(depth + 1, weight * value)
                continue
            factor = second if taken[place] else firsts[place]
            taken[place] += 1
            walk(depth + 1, weight * value * factor)
            taken[place] -= 1

    walk(0, scene)
    return True


def _assignment(code: str, near: Sequence[Candidate], row: Sequence[float], priors: Priors) -> Assignment:
    claims = tuple(
        sorted([Claim(one.key, _p_ppm(row, place)) for place, one in enumerate(near)], key=_claim_order)
    )
    best = claims[0].p_ppm if claims else 0
    if best >= max(priors.floor_ppm, PPM // 2 + 1):
        return Assignment(code, claims[0].key, best, claims, "joined")
    return Assignment(
        code, None, best, claims, "orphan_read" if _p_ppm(row, len(near)) > best else "ambiguous_read"
    )


def _p_ppm(row: Sequence[float], place: int) -> int:
    """Rounded down."""
    total = sum(row)
    if total <= 0.0:
        return 0
    others = sum(row[:place]) + sum(row[place + 1 :])
    return max(0, min(P_MAX_PPM, PPM - ceil(others / total * PPM)))


def _unsure(code: str, near: Sequence[Candidate]) -> Assignment:
    return Assignment(code, None, 0, tuple(Claim(one.key, 0) for one in near), "ambiguous_read")


# Length and mass ----------------------------------------------------------------------------------


def fit_ppm(declared: int, seen: int, tolerance: int) -> int:
    """How well a declared length or mass fits the one seen: `PPM` within the tolerance, `FIT_MIN_PPM` at twice that."""
    beyond = abs(declared - seen) - tolerance
    if beyond <= 0:
        return PPM
    return max(FIT_MIN_PPM, PPM - beyond * (PPM - FIT_MIN_PPM) // max(1, tolerance))


def lowered(p_ppm: int, fit: int) -> int:
    """A probability in the light of length or mass: never more, and at most ten times as doubtful. So they change
    nobody's rank, assign nothing by themselves, and refuse nothing that is otherwise as sure as can be."""
    fit = min(PPM, max(FIT_MIN_PPM, fit))
    return max(0, PPM - -(-(PPM - p_ppm) * PPM // fit))


# Late readings ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Late:
    """What a reading that comes after decisions means for them. It never changes them by itself."""

    outcome: Literal["joined", "known", "corrected", "refused"]
    assignment: Assignment
    keys: tuple[int, ...]
    """joined, known: whose it is. corrected: whose decision it contradicts. refused: who may have been meant."""


def late(
    code: str, decided: Mapping[str, int], candidates: Sequence[Candidate], evidence: Sequence[Evidence],
    looks: Sequence[Look] = (), priors: Priors = PRIORS,
) -> Late:  # fmt: skip
    """Weighs a late `code` together with the earlier evidence. `decided`: each identifier that was decided by, and
    whose it was said to be.

    corrected: with it a decided code is no longer surely that parcel's, or it is a second identifier of a decided one."""
    found = {one.code: one for one in assign(candidates, evidence, looks, priors)}
    mine = found[code]
    upset = {key for other, key in decided.items() if other in found and found[other].key != key}
    names = any(one.code == code and one.identifier for one in evidence)
    if mine.key is not None and names and code not in decided and mine.key in decided.values():
        upset.add(mine.key)
    if upset:
        return Late("corrected", mine, tuple(sorted(upset)))
    if mine.key is None:
        doubt = PPM - priors.floor_ppm
        return Late("refused", mine, tuple(one.key for one in mine.claims if one.p_ppm > doubt))
    return Late("known" if decided.get(code) == mine.key else "joined", mine, (mine.key,))
