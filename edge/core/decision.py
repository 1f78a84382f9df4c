"""A decision of the clearance coordinator as the core sees it (contract §5), already verified by the rim.

The rim has checked signature, key role, hub, gateway and mode before a `Decision` exists. What depends on the
moment (validity, which parcel it answers, its conditions) is checked here and again when a parcel moves.
"""

from dataclasses import replace
from typing import Final, Literal, get_args

from hub_config.names import LaneId, VisitId
from hub_config.value import value

Action = Literal["release", "hold", "inspect", "screen", "reweigh", "info", "return", "refuse", "recirculate"]
STRICTNESS: Final[tuple[Action, ...]] = (
    "refuse", "return", "screen", "inspect", "info", "reweigh", "hold", "recirculate", "release",
)  # fmt: skip
"""Strictest first: standing decisions of different authorities resolve to the strictest (contract §5)."""


def stricter(one: Action, other: Action) -> bool:
    return STRICTNESS.index(one) < STRICTNESS.index(other)


Reason = Literal[
    "no_read", "bad_check_digit", "two_labels", "unknown_item", "no_declaration", "decl_incomplete", "decl_late",
    "value_over_lane", "mass_over_lane", "mass_mismatch", "mass_inconclusive", "dims_mismatch", "mass_not_legal",
    "assoc_low", "sampled", "risk_profile", "agency_pending", "duty_unpaid", "prohibited", "dangerous_goods",
    "damaged", "wet_or_leaking", "tamper", "parcel_removed", "scale_not_zero", "not_isolated", "device_fault",
    "voucher_used", "voucher_elsewhere", "offline_default", "no_time", "decision_late", "clock_untrusted",
    "lost_track", "swap_suspected", "drill",
]  # fmt: skip
"""The closed list of the contract §5."""
REASONS: Final[tuple[Reason, ...]] = get_args(Reason)

Owner = str
"""Who answers for the dwell clock: hub, customs, agency:<code>, merchant, carrier or force."""


Band = tuple[int, int]
"""Lowest and highest."""


@value
class Conditions:
    """What must still hold at the point of diversion."""

    code: str | None = None
    mass_mg: Band | None = None
    not_after_us: int | None = None
    dims_um: tuple[Band, Band, Band] | None = None
    """Of the longest, the middle and the shortest side."""


@value
class Decision:
    dec: str
    """UUIDv7 of the decision."""
    dec_seq: int
    visit: VisitId
    was: VisitId | None
    answers: str
    """Id of the event it answers (`for` on the wire)."""
    action: Action
    reasons: tuple[Reason, ...]
    route: LaneId
    authority: str
    conditions: Conditions
    needs: tuple[str, ...]
    valid_from_us: int
    valid_until_us: int
    clock: Owner
    wire: str
    """The signed canonical `data`, byte for byte, for the gateway's copy in `parcel.decided`."""
    kid: str
    sig: str
    slack_us: int | None = None
    """Time left to the promise at `valid_from`; orders the hold queue."""
    tier: str | None = None
    voucher: bool = False
    """It is no decision of the moment but a voucher, given in advance (contract §11)."""

    @property
    def as_named(self) -> "tuple[Decision, ...]":
        """As it names its parcel: by `was`. What holds it also without: one that was joined in an earlier pass is in
        work under its older id alone."""
        stops = self.was is not None and (self.action != "release" or bool(self.needs))
        return (self, replace(self, was=None)) if stops else (self,)

    def is_about(self, visit: VisitId, minted: VisitId | None) -> bool:
        """The parcel that `was`, or else `visit`, names (contract §5); also where it goes on under the older id
        already, and `minted` is what it was here before."""
        wanted = self.was or self.visit
        return wanted == visit or (wanted == minted and self.visit == visit)
