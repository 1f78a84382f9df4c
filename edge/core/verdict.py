"""From a decision to a bay, and back: which lane a parcel is told to take, and whether that still holds.

Rule 1 of the house: only a valid, committed release for this very parcel opens the free lane. Whatever is
contradictory (a release to another lane, an order to the free lane that is no release) ends in the fail-safe lane.
"""

from collections.abc import Sequence
from typing import Final, Protocol

from edge.core.decision import Action, Band, Decision, Reason, stricter
from edge.core.event import Dims, Mass, WallTime
from edge.core.snapshot import BenchState, Instruction, Place
from hub_config.layout import Exit
from hub_config.names import LaneId, LineId
from hub_config.value import value

STATES: Final[dict[Action, BenchState]] = {
    "release": "release",
    "hold": "hold",
    "recirculate": "hold",
    "return": "hold",
    "inspect": "inspect",
    "screen": "inspect",
    "refuse": "inspect",
    "reweigh": "ask",
    "info": "ask",
}
"""The band of station-and-ops ST-04 for each action."""


EARLY_MAX_US: Final = 2_000_000
"""A release may come this long before its `valid_from`: the coordinator's clock is ahead of ours. It waits."""

PENDING: Final[tuple[Reason, ...]] = ("agency_pending",)
"""Why a parcel is held that somebody releases and another does not, or not yet."""


class Exits(Protocol):
    """A bench or a line: where a parcel can go from there."""

    @property
    def id(self) -> LineId: ...
    @property
    def identifiers(self) -> tuple[str, ...]: ...
    @property
    def weak_formats(self) -> tuple[str, ...]: ...
    @property
    def free_lane(self) -> LaneId: ...
    @property
    def fail_safe(self) -> LaneId: ...
    @property
    def bays(self) -> Sequence[Exit]: ...


@value
class Verdict:
    """What is to be done with a parcel: what the operator of a bench is told, where a belt diverts it."""

    state: BenchState
    instruction: Instruction
    bay: Exit
    reasons: tuple[Reason, ...]
    decision: Decision | None = None
    """None: the gateway's own hold."""
    retry: bool = False
    """Scanning the same label again starts a new measurement instead."""

    @property
    def releases(self) -> bool:
        return self.decision is not None and self.decision.action == "release" and self.state == "release"


def bay_of(lane: str, exits: Exits) -> Exit | None:
    return next((bay for bay in exits.bays if bay.lane == lane), None)


def fail_safe_bay(exits: Exits) -> Exit:
    bay = bay_of(exits.fail_safe, exits)
    assert bay is not None, f"{exits.id}: config without a fail-safe bay got past its check"
    assert bay.lane != exits.free_lane, f"{exits.id}: doubt would lead to the free lane"
    return bay


def own_hold(reason: Reason, exits: Exits, *, retry: bool = False, lane: LaneId | None = None) -> Verdict:
    """The gateway's own exception: to the fail-safe lane or `lane` (never the free one), or once more from the scan."""
    wanted = None if lane is None or lane == exits.free_lane else bay_of(lane, exits)
    return Verdict(
        state="ask" if retry else "hold",
        instruction="rescan_or_bay" if retry else "put_in_bay",
        bay=wanted or fail_safe_bay(exits),
        reasons=(reason,),
        retry=retry,
    )


def verdict_of(decision: Decision, exits: Exits) -> Verdict:
    """What obeying this decision means at this bench or line."""
    bay = bay_of(decision.route, exits) or fail_safe_bay(exits)
    free = bay.lane == exits.free_lane
    if decision.action == "release" and decision.needs:
        return Verdict("hold", "put_in_bay", fail_safe_bay(exits), PENDING, decision)
    if free != (decision.action == "release"):
        return Verdict("hold", "put_in_bay", fail_safe_bay(exits), decision.reasons, decision)
    retry = decision.action == "reweigh"
    instruction: Instruction = "rescan_or_bay" if retry else "put_in_bay"
    return Verdict(STATES[decision.action], instruction, bay, decision.reasons, decision, retry=retry)


def tightens(decision: Decision, standing: Verdict | None) -> bool:
    """A newer, stricter word about a parcel that is already decided but not yet placed. Of two decisions under one
    number the stricter counts."""
    if standing is None:
        return False
    obeyed = standing.decision
    if obeyed is None:
        return stricter(decision.action, "hold")
    newer = decision.authority != obeyed.authority or _is_later(decision, obeyed)
    return newer and stricter(decision.action, obeyed.action)


def _is_later(decision: Decision, obeyed: Decision) -> bool:
    """Of one authority. The older visit numbers its decisions on its own: a number under it says nothing beside one
    under the visit that was joined."""
    return decision.visit != obeyed.visit or decision.dec_seq >= obeyed.dec_seq


def replaces(decision: Decision, standing: Verdict | None) -> bool:
    """A newer word of the authority whose decision was obeyed, or another under the same number; or a release, where
    nothing held the parcel but that authorities did not agree. What the gateway itself has noticed no word of theirs
    lifts on this pass."""
    if standing is None:
        return False
    obeyed = standing.decision
    if standing.reasons == PENDING and (obeyed is None or obeyed.action == "release"):
        return decision.action == "release"
    if obeyed is None or obeyed.voucher:
        return False
    if decision.authority != obeyed.authority or decision == obeyed or not _is_later(decision, obeyed):
        return False
    one_number = decision.visit == obeyed.visit and decision.dec_seq == obeyed.dec_seq
    return not (one_number and stricter(obeyed.action, decision.action))


def ends_us(decision: Decision) -> int:
    """The last moment at which it may move a parcel."""
    not_after_us = decision.conditions.not_after_us
    return decision.valid_until_us if not_after_us is None else min(decision.valid_until_us, not_after_us)


def over(decision: Decision, now: WallTime) -> bool:
    """Its validity has surely ended. For a word that stops a parcel the pessimistic clock is the slow one, and one
    that is not valid yet is heeded already."""
    return now.utc_us - now.unc_us > decision.valid_until_us


def untimely(decision: Decision, now: WallTime) -> Reason | None:
    """Why a release counts as absent at this moment, whatever parcel it is about (contract §5): it lifts no stop, joins
    no visit. One that comes shortly before its `valid_from` waits for it. Of a stop: None."""
    if decision.action != "release":
        return None
    latest_us = now.utc_us + now.unc_us
    if latest_us + EARLY_MAX_US < decision.valid_from_us:
        return "clock_untrusted"
    return "decision_late" if latest_us > ends_us(decision) else None


def void_reason(
    decision: Decision, code: str | None, mass: Mass | None, dims: Dims | None, now: WallTime
) -> Reason | None:  # fmt: skip
    """Why a decision no longer bounds this move (contract §5), by the pessimistic clock; None if it holds."""
    latest_us = now.utc_us + now.unc_us
    if latest_us < decision.valid_from_us:
        return "clock_untrusted"
    if latest_us > ends_us(decision):
        return "decision_late"
    conditions = decision.conditions
    if conditions.code is not None and conditions.code != code:
        return "swap_suspected"
    if conditions.mass_mg is not None:
        reason = _outside(conditions.mass_mg, mass)
        if reason is not None:
            return reason
    if conditions.dims_um is not None and not _are_within(conditions.dims_um, dims):
        return "dims_mismatch"
    return None


def _outside(band_mg: Band, mass: Mass | None) -> Reason | None:
    """By the guard band of the contract §5: bare numbers are never compared. A band from 0 has no lower edge."""
    if mass is None:
        return "mass_mismatch"
    low, high = band_mg
    least, most = mass.mg - mass.u_mg, mass.mg + mass.u_mg
    if most < low or least > high:
        return "mass_mismatch"
    return "mass_inconclusive" if (low > 0 and least < low) or most > high else None


def _are_within(bands: tuple[Band, Band, Band], dims: Dims | None) -> bool:
    """Every side surely, by the same guard band; what was not measured is in no band."""
    if dims is None:
        return False
    u_um = dims.u_um
    return all(
        side + u_um <= high and (low == 0 or side - u_um >= low)
        for side, (low, high) in zip(dims.sides_um, bands, strict=True)
    )


def place_of(lane: str, exits: Exits) -> Place:
    """Where a parcel is once its bay has been scanned."""
    if lane == exits.free_lane:
        return "departed"
    if lane in ("return", "custody"):
        return "returned"
    return "inspected" if lane in ("xray", "manual") else "held"
