"""When a parcel is handed to customs control (clearance contract §4, `parcel.presented`).

At the scan that begins an inspection which customs has asked for. Its label, read at a bench that inspects, says that
it lies before those who look; customs' own standing word says for whom they do. Neither alone is a hand-over: a
decision moves nothing, a bay has no owner, and what security or an agency looks into is not handed to customs. From
this event until the finding, or until it goes back into its bay, customs answers for the parcel's time (§10).
"""

from typing import Final

from edge.core.decision import Decision, Owner
from edge.core.handling import Handling
from edge.core.parcel import Parcel
from hub_config.names import Instant

CUSTOMS: Final[Owner] = "customs"
"""The authority (contract §5), and the owner of its time."""
LOOKED_AT: Final = ("inspect", "screen")
"""Decisions that want somebody to look."""


def present(work: Handling, parcel: Parcel, at: Instant) -> None:
    """An inspection of this parcel begins: tells that customs has it, if it is theirs. Told once for each hand-over,
    as an inspection begins once; with what is known of the parcel by then and the decision that it follows."""
    asked = _asked_by_customs(parcel)
    if asked is None or parcel.doubted:
        return  # of two labels on the bench nobody has said which is the parcel's
    parcel.clock.hand_over(CUSTOMS, at)
    note = (("action", asked.action), ("dec", asked.dec))
    work.record("parcel.presented", parcel, at, clock=CUSTOMS, note=note)


def _asked_by_customs(parcel: Parcel) -> Decision | None:
    """Their latest word on this visit, where it wants somebody to look and nobody's stricter one goes first."""
    looks = [word for word in parcel.standing.words if word.action in LOOKED_AT]
    first = [word for word in looks if word.action == looks[0].action]
    return next((word.decision for word in first if word.authority == CUSTOMS), None)
