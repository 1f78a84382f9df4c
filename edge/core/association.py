"""Which parcel a reading belongs to, and how sure that is: the joint probability over the parcels in reach.

All codes and all parcels in reach are weighed together, as in joint probabilistic data association: a parcel normally
has one identifier and is rarely missed, a code has one parcel, and it may come from something that nobody follows
(clutter). Every joint hypothesis is summed; there are few, and past the named bounds nobody is sure. `evidence` has the
values, `likelihood` one label and one parcel.

A stated probability is a promise about errors: it is rounded down, and never more than `P_MAX_PPM`. Floats stay inside.
"""

from collections.abc import Sequence
from math import ceil
from typing import Final, Literal

from edge.core.evidence import PPM, PRIORS, Candidate, Evidence, Look, Priors
from edge.core.likelihood import Box, Zone, box, in_reach, zone
from hub_config.value import value

P_MAX_PPM: Final = 999_999
"""Nothing is stated surer: the priors themselves are not known any better."""
CANDIDATES_MAX: Final = 12
CODES_MAX: Final = 6
LOOKS_MAX: Final = 16
HYPOTHESES_MAX: Final = 2_048
"""Steps in summing the hypotheses of one neighbourhood. More parcels, codes or steps than that: nobody is sure."""
SHIFTS_UM: Final = (-300_000, -225_000, -150_000, -75_000, 75_000, 150_000, 225_000, 300_000)
"""Errors of the belt that move every parcel alike, as they are tried where several codes are weighed together."""
NEGLIGIBLE: Final = 3e-9
"""A branch of hypotheses that weighs less than this share of those summed so far is not followed up."""
COMMON_LEAST_PPM: Final = 1
"""The belt's error is not tried out if it is as rare as this: all of it counts as doubt."""
BELIEVED_PPM: Final = 990_000
"""What was decided stands while it is at least so likely: a late reading nearby makes all a little less sure."""
NEAR_UM: Final = 400_000
"""Readings so far before and behind a parcel are weighed with its own; fewer where there are too many."""

Outcome = Literal["joined", "ambiguous_read", "orphan_read"]


@value
class Claim:
    key: int
    p_ppm: int


@value
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

    def share_ppm(self, key: int) -> int:
        """That it is this parcel's."""
        return next((one.p_ppm for one in self.claims if one.key == key), 0)

    def may_be(self, key: int) -> bool:
        """This parcel's, by a share of a millionth or more."""
        return self.share_ppm(key) > 0


def assign(
    candidates: Sequence[Candidate],
    evidence: Sequence[Evidence],
    looks: Sequence[Look] = (),
    priors: Priors = PRIORS,
) -> tuple[Assignment, ...]:
    """Whose each code is, in the order of the codes. The order of what is given does not matter."""
    by_code: dict[str, list[Evidence]] = {}
    for one in sorted(evidence, key=_evidence_order) if len(evidence) > 1 else evidence:
        by_code.setdefault(one.code, []).append(one)
    boxes = [box(code, parts, looks) for code, parts in by_code.items()]
    near = [one for one in candidates if in_reach(one, evidence, priors)]
    near.sort(key=_place_order)
    assert len({one.key for one in near}) == len(near), "two candidates with one key"
    if len(near) > CANDIDATES_MAX or len(boxes) > CODES_MAX or len(looks) > LOOKS_MAX:
        return tuple(_unsure(seen.code, near) for seen in boxes)
    sums = _sums(near, boxes, priors)
    if sums is None:
        return tuple(_unsure(seen.code, near) for seen in boxes)
    return tuple(_assignment(seen.code, near, row, priors) for seen, row in zip(boxes, sums, strict=True))


def assign_near(
    key: int, candidates: Sequence[Candidate], evidence: Sequence[Evidence], looks: Sequence[Look] = (),
    priors: Priors = PRIORS,
) -> tuple[Assignment, ...]:  # fmt: skip
    """What one parcel of a long belt may call its own, weighed with the codes near it and all parcels those may be of.

    A neighbour whose own codes are farther off counts as one without any, so its claims are too strong, and this
    parcel's never are. So no code is `joined` to another one here: ask for that one."""
    own = next(one for one in candidates if one.key == key)
    rear = own.front_um - priors.longest_um if own.rear_um is None else own.rear_um
    near_um = NEAR_UM
    while True:
        low, high = rear - near_um, own.front_um + near_um
        seen = [one for one in evidence if low <= one.hi_um and one.lo_um <= high]
        if near_um < NEAR_UM // 8 or len({one.code for one in seen}) <= CODES_MAX:
            break
        near_um //= 2
    around = [one for one in looks if any(one.lo_um < box.hi_um and box.lo_um < one.hi_um for box in seen)]
    found = assign(candidates, seen, around, priors)
    return tuple(one if one.key in (key, None) else _refused(one) for one in found)


def _refused(one: Assignment) -> Assignment:
    return Assignment(one.code, None, one.p_ppm, one.claims, "ambiguous_read")


def _evidence_order(one: Evidence) -> tuple[str, int, int, str, str]:
    return one.code, one.lo_um, one.hi_um, one.device, one.stamp


def _place_order(one: Candidate) -> tuple[int, int]:
    return one.front_um, one.key


def _claim_order(claim: Claim) -> tuple[int, int]:
    return -claim.p_ppm, claim.key


def _sums(near: Sequence[Candidate], boxes: Sequence[Box], priors: Priors) -> list[list[float]] | None:
    """For each code the weight of every parcel, then that of clutter, and last what was left out; None: there are too
    many hypotheses."""
    first = (PPM - priors.miss_ppm) / max(1, priors.miss_ppm)
    """One identifier against none, of a parcel that every reader has looked at."""
    second = priors.second_ppm / PPM
    firsts = [second if one.labels else first if one.looked else 1.0 for one in near] + [1.0]
    common = priors.common_ppm / PPM
    if len(boxes) == 1:
        # The belt's error is one more error of each parcel.
        row = _row(boxes[0], [zone(one, priors, priors.common_ppm) for one in near], priors)
        if boxes[0].identifier:
            row = [value * factor for value, factor in zip(row, firsts, strict=True)]
        return [[*row, 0.0]]
    zones = [zone(one, priors, 0) for one in near]
    hypotheses = _Hypotheses(boxes, firsts, second)
    hypotheses.add(1.0 - common, [_row(seen, zones, priors) for seen in boxes])
    if priors.common_ppm <= COMMON_LEAST_PPM:
        hypotheses.lost += common * hypotheses.total
    else:
        _add_shifted(hypotheses, common / len(SHIFTS_UM), boxes, zones, max(firsts), priors)
    if hypotheses.steps > HYPOTHESES_MAX:
        return None
    return [[*row, hypotheses.lost] for row in hypotheses.sums]


def _row(seen: Box, zones: Sequence[Zone], priors: Priors, shift_um: int = 0) -> list[float]:
    row = [seen.likelihood(one, priors, shift_um) for one in zones]
    row.append(seen.clutter(priors))
    return row


def _add_shifted(
    hypotheses: "_Hypotheses", scene: float, boxes: Sequence[Box], zones: Sequence[Zone], factor: float, priors: Priors,
) -> None:  # fmt: skip
    """The belt's errors, each as one more scene, unless it leaves some code where no parcel is."""
    mosts = [(seen.most(zones) + seen.clutter(priors)) * factor * (len(zones) + 1) for seen in boxes]
    for shift_um in SHIFTS_UM:
        rows: list[list[float]] = []
        bound = scene
        for most in mosts:
            bound *= most
        for seen, most in zip(boxes, mosts, strict=True):
            rows.append(_row(seen, zones, priors, shift_um))
            bound *= sum(rows[-1]) * factor / most
            if bound < hypotheses.total * NEGLIGIBLE:
                hypotheses.lost += bound
                break
        else:
            hypotheses.add(scene, rows)


class _Hypotheses:
    """Sums over who may own which code, the likeliest first. What is cut off is counted as lost."""

    def __init__(self, boxes: Sequence[Box], firsts: Sequence[float], second: float) -> None:
        self._names = [seen.identifier for seen in boxes]
        self._firsts = firsts
        self._second = second
        self._clutter = len(firsts) - 1
        self.sums = [[0.0] * len(firsts) for _ in boxes]
        self.total = 0.0
        self.lost = 0.0
        """At the most: the weight of all that was cut off."""
        self.steps = 0
        self._options: list[list[tuple[float, int, float]]] = []
        self._rest: list[float] = []
        """The most that the codes from here on can weigh."""
        self._taken = [0] * len(firsts)
        self._chosen = [0] * len(boxes)

    def add(self, scene: float, rows: Sequence[Sequence[float]]) -> None:
        """All of one scene, which has this weight."""
        self._options.clear()
        for named, row in zip(self._names, rows, strict=True):
            factors = self._firsts if named else [1.0] * len(row)
            options = [
                (value * max(factors[at], 1.0), at, value) for at, value in enumerate(row) if value > 0.0
            ]
            self._options.append(sorted(options, reverse=True))
        self._rest = [1.0]
        for one in reversed(self._options):
            self._rest.append(self._rest[-1] * sum(option[0] for option in one))
        self._rest.reverse()
        self._walk(0, scene)

    def _walk(self, depth: int, weight: float) -> None:
        self.steps += 1
        if self.steps > HYPOTHESES_MAX:
            return
        if depth == len(self._chosen):
            self.total += weight
            for row, place in zip(self.sums, self._chosen, strict=True):
                row[place] += weight
            return
        rest = self._rest[depth + 1]
        named = self._names[depth]
        for _, place, likelihood in self._options[depth]:
            mine = weight * likelihood
            counted = named and place != self._clutter
            if counted:
                mine *= self._second if self._taken[place] else self._firsts[place]
            if mine * rest < self.total * NEGLIGIBLE:
                self.lost += mine * rest
                continue
            self._chosen[depth] = place
            self._taken[place] += counted
            self._walk(depth + 1, mine)
            self._taken[place] -= counted


def _assignment(code: str, near: Sequence[Candidate], row: Sequence[float], priors: Priors) -> Assignment:
    total = sum(row)
    claims = [Claim(one.key, _p_ppm(row, place, total)) for place, one in enumerate(near)]
    claims.sort(key=_claim_order)
    best = claims[0].p_ppm if claims else 0
    if best >= max(priors.floor_ppm, PPM // 2 + 1):
        return Assignment(code, claims[0].key, best, tuple(claims), "joined")
    orphan = _p_ppm(row, len(near), total) > best
    return Assignment(code, None, best, tuple(claims), "orphan_read" if orphan else "ambiguous_read")


def _p_ppm(row: Sequence[float], place: int, total: float) -> int:
    """Rounded down."""
    if total <= 0.0:
        return 0
    others = sum(row[:place]) + sum(row[place + 1 :])
    return max(0, min(P_MAX_PPM, PPM - ceil(others / total * PPM)))


def _unsure(code: str, near: Sequence[Candidate]) -> Assignment:
    return Assignment(code, None, 0, tuple(Claim(one.key, 0) for one in near), "ambiguous_read")
