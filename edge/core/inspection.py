"""What staff do at a bench beside scanning and weighing: say what an inspection has found, undo a wrong join.

Both change what customs knows, so each takes two scans: what is wanted, and within `BADGE_NS` the badge of who says so
(ST-12); else nothing happens. Neither opens a lane: the parcel is measured again, or held, and only a new signed
decision lets it go. Events name the badge by its digest (contract §4, `op`), never a person.
"""

from collections.abc import Mapping
from typing import Final

from edge.core.decision import REASONS, Reason
from edge.core.event import Operator
from edge.core.handling import Handling
from edge.core.parcel import Parcel
from edge.core.presenting import LOOKED_AT, present
from edge.core.snapshot import Refusal
from edge.core.visits import HeldVisit
from hub_config.badges import COMMANDS, FINDINGS, PUT_BACK, SPLIT, badge_digest, is_badge
from hub_config.names import SECOND, Instant

BADGE_NS: Final = 15 * SECOND
INSPECT_NS: Final = 2 * 3_600 * SECOND
"""An inspection that nobody ends by then is broken off: the parcel goes back to where it waited."""


class Inspection:
    """Of one bench. Every answer is a refusal and the reason under which the scan is counted; or None."""

    def __init__(self, work: Handling, badges: Mapping[str, str]) -> None:
        """`badges`: whose staff the holder of each is, by digest."""
        self._work = work
        self._badges = badges
        self._inspects = work.bench.inspects
        self._wanted: tuple[str, Parcel] | None = None
        """The command that waits for its badge, and for which parcel it was given."""
        self._due = Instant(0)
        self._begun = Instant(0)

    @property
    def waits_for_badge(self) -> bool:
        return self._wanted is not None and self._fits(*self._wanted)

    def wanted_for(self, held: HeldVisit) -> bool:
        """Somebody is to look at a parcel that has been brought here from its bay."""
        asked = any(word.action in LOOKED_AT for word in held.stay.standing.words)
        return self._inspects and (asked or held.place == "inspected")

    def may_begin(self, parcel: Parcel) -> bool:
        """It lies here with a decision that somebody is to look at it: the same label again begins it."""
        decision = None if parcel.verdict is None else parcel.verdict.decision
        return (
            self._inspects
            and parcel.phase == "placing"
            and decision is not None
            and decision.action in LOOKED_AT
        )

    def begin(self, parcel: Parcel, at: Instant) -> None:
        parcel.verdict = None
        parcel.enter("inspecting", at)
        present(self._work, parcel, at)
        self._wanted, self._begun = None, at

    def scanned(self, text: str, at: Instant) -> tuple[Refusal, str] | None:
        """A command's code or a badge was scanned."""
        return self._badge(text, at) if is_badge(text) else self._command(text, at)

    def _command(self, text: str, at: Instant) -> tuple[Refusal, str] | None:
        parcel = self._work.parcel
        if text not in COMMANDS:
            return "unknown_code", "unknown_command"
        if parcel is None or not self._fits(text, parcel):
            return "not_now", "command_not_now"
        if text == PUT_BACK:
            self._put_back(parcel, at)
        else:
            self._wanted, self._due = (text, parcel), Instant(at + BADGE_NS)
        return None

    def _fits(self, text: str, parcel: Parcel) -> bool:
        """The parcel is the one in work, and this can be said of it now."""
        if parcel is not self._work.parcel:
            return False
        if text != SPLIT:
            return parcel.phase == "inspecting"
        # It goes on under a visit of before, and has not been seen to go anywhere.
        return parcel.phase != "placed" and (parcel.again or parcel.minted is not None)

    def _badge(self, text: str, at: Instant) -> tuple[Refusal, str] | None:
        digest, wanted = badge_digest(text), self._wanted
        role = self._badges.get(digest)
        if role is None:
            return "unknown_badge", "unknown_badge"
        if wanted is None or at >= self._due or not self._fits(*wanted):
            return "not_now", "badge_not_now"
        self._wanted = None
        command, parcel = wanted
        operator = Operator(digest[:32], self._work.bench.id)
        if command == SPLIT:
            self._work.split(parcel, operator, at)
        else:
            self._tell(parcel, command, operator, role, at)
        return None

    def forget(self) -> None:
        """The parcel has gone on without it."""
        self._wanted = None

    @property
    def wake_at(self) -> Instant | None:
        parcel = self._work.parcel
        ends = Instant(self._begun + INSPECT_NS) if parcel and parcel.phase == "inspecting" else None
        if self._wanted is None:
            return ends
        return self._due if ends is None else min(self._due, ends)

    def wake(self, at: Instant) -> None:
        parcel = self._work.parcel
        if self._wanted is not None and at >= self._due:
            self._wanted = None
        if parcel is not None and parcel.phase == "inspecting" and at >= self._begun + INSPECT_NS:
            self._put_back(parcel, at)

    def _put_back(self, parcel: Parcel, at: Instant) -> None:
        """Nothing was found out: it waits on, for whoever looks at it next."""
        self._wanted = None
        words = (word for word in parcel.standing.words if word.action in LOOKED_AT)
        asked = next(words, None)
        reason: Reason = asked.decision.reasons[0] if asked and asked.decision.reasons else "risk_profile"
        self._work.hold(parcel, reason, at, lane=None if asked is None else asked.route)

    def _tell(self, parcel: Parcel, wanted: str, operator: Operator, role: str, at: Instant) -> None:
        found = FINDINGS.get(wanted)
        flags = tuple(reason for reason in REASONS if reason == found)
        outcome = "passed" if found is None else "failed"
        note = (("outcome", outcome), ("seconds", (at - self._begun) // SECOND), ("role", role))
        parcel.clock.hand_over("hub", at)
        self._work.record(
            "parcel.inspected", parcel, at, flags=flags, clock="hub", note=note, operator=operator
        )
        self._work.start_again(parcel, at)
