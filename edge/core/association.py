"""Which parcel a reading belongs to, and how sure that is: the joint probability over the parcels in reach.

All codes and all parcels in reach are weighed together, as in joint probabilistic data association: a parcel normally
has one identifier and is rarely missed, a code has one parcel, and it may come from something that nobody follows
(clutter). Every joint hypothesis is summed; there are few, and past the named bounds nobody is sure. `evidence` has the
values, `likelihood` one label and one parcel.

A stated probability is a promise about errors: it is rounded down, and never more than `P_MAX_PPM`. Floats stay inside.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final, Literal

from edge.core.evidence import PPM, Candidate, Evidence, Look, Priors
from edge.core.likelihood import Box, Zone, box, in_reach, zone

PRIORS: Final = Priors()
P_MAX_PPM: Final = 999_999
"""Nothing is stated surer: the priors themselves are not known any better."""
CANDIDATES_MAX: Final = 12
CODES_MAX: Final = 6
LOOKS_MAX: Final = 16
HYPOTHESES_MAX: Final = 2_048
"""Joint hypotheses of one neighbourhood that are summed. More parcels, codes or hypotheses: nobody is sure."""
SHIFTS_UM: Final = (-300_000, -225_000, -150_000, -75_000, 75_000, 150_000, 225_000, 300_000)
"""Errors of the belt that move every parcel alike, as they are tried where several codes are weighed together."""
NEGLIGIBLE: Final = 1e-10
"""A claim smaller than the best one on the same code by this is not followed up."""

Outcome = Literal["joined", "ambiguous_read", "orphan_read"]


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


def _evidence_order(one: Evidence) -> tuple[str, int, int, str, str]:
    return one.code, one.lo_um, one.hi_um, one.device, one.stamp


def _place_order(one: Candidate) -> tuple[int, int]:
    return one.front_um, one.key


def _claim_order(claim: Claim) -> tuple[int, int]:
    return -claim.p_ppm, claim.key


def _sums(near: Sequence[Candidate], boxes: Sequence[Box], priors: Priors) -> list[list[float]] | None:
    """For each code the weight of every parcel, and last that of clutter; None: there are too many hypotheses."""
    first = (PPM - priors.miss_ppm) / max(1, priors.miss_ppm)
    """One identifier against none, of a parcel that every reader has looked at."""
    second = priors.second_ppm / PPM
    firsts = [second if one.labels else first if one.looked else 1.0 for one in near] + [1.0]
    if len(boxes) == 1:
        # The belt's error is one more error of each parcel.
        row = _row(boxes[0], [zone(one, priors, priors.common_ppm) for one in near], priors)
        return [[value * by for value, by in zip(row, firsts, strict=True)] if boxes[0].identifier else row]
    zones = [zone(one, priors, 0) for one in near]
    sums = [[0.0] * (len(near) + 1) for _ in boxes]
    common = priors.common_ppm / PPM
    scenes = [(0, 1.0 - common)] + [(shift, common / len(SHIFTS_UM)) for shift in SHIFTS_UM if common]
    labels = [one.labels for one in near]
    for shift_um, weight in scenes:
        rows = [_row(seen, zones, priors, shift_um) for seen in boxes]
        if not _add_hypotheses(boxes, rows, firsts, second, labels, weight, sums):
            return None
    return sums


def _row(seen: Box, zones: Sequence[Zone], priors: Priors, shift_um: int = 0) -> list[float]:
    row = [seen.likelihood(one, priors, shift_um) for one in zones]
    row.append(seen.clutter(priors))
    return row


def _add_hypotheses(
    boxes: Sequence[Box], rows: Sequence[Sequence[float]], firsts: Sequence[float], second: float,
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
    whose it was said to be. corrected: with it a decided code is no longer surely that parcel's, or it is a second
    identifier of a decided one."""
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
