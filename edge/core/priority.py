"""Which held parcel is brought back next (contract §10): least slack first, with ageing so that nothing starves.

Slack is the time left to the first of two ends: the promise that the coordinator tells in `slack_us` (dwell target or
flight cut-off, whichever is sooner), and the target for the time that the hub itself answers for. A promise that has
passed no longer hurries: the flight has left, and the next one's parcels must not miss theirs for it.

A place in the queue is a sum of µs, the smallest first: slack, not below 0; a quarter of an hour for each time the
parcel was brought and held again, so that one hopeless parcel does not block the bench; less six hours for relief
goods; less a quarter of the time it has waited. So a parcel is never passed over by one that came into its bay
`PASSED_OVER_MAX_US` after it, whatever that one is. Those whose turn is somebody else's (customs, a merchant) come
behind; after `ASK_AGAIN_US` they are brought all the same, because the word that frees them may have been lost.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from heapq import nsmallest
from operator import itemgetter
from typing import Final, Literal

from edge.core.decision import Decision, Owner, Reason
from edge.core.standing import NOTHING_SAID, Standing
from hub_config.names import MICROSECOND, Instant, LaneId, VisitId
from hub_config.value import value

HOUR_US: Final = 3_600_000_000
DWELL_TARGET_US: Final = 3 * HOUR_US
"""Default of the contract §10 for what the hub itself answers for."""
RELIEF: Final = "relief"
"""Tier of relief goods (`basis.tier` of a decision)."""
RELIEF_LEAD_US: Final = 6 * HOUR_US
"""Twice the target: relief goods go before any standard parcel that has not waited a day."""
TRY_US: Final = HOUR_US // 4
TRIES_COUNTED_MAX: Final = 4
AGEING: Final = 4
"""One µs of priority for so many µs of waiting. Smaller would put old parcels before flights that leave now."""
ASK_AGAIN_US: Final = 4 * HOUR_US
PASSED_OVER_MAX_US: Final = AGEING * (DWELL_TARGET_US + RELIEF_LEAD_US + TRIES_COUNTED_MAX * TRY_US)
"""40 hours, and 16 between parcels of one tier: within the promise of 72 h, end to end."""
QUEUE_SHOWN_MAX: Final = 32

Cause = Literal["promise", "dwell", "missed"]
"""What the slack counts to: the promise, the hub's own target, or that target after the promise was missed."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What the coordinator last told of a visit's hurry."""

    due_us: int | None = None
    """UTC µs; None: it told none."""
    tier: str = "standard"


NO_PROMISE: Final = Promise()


@value
class Stay:
    """A parcel's stay in a bay: since when, where and why."""

    since: Instant = Instant(0)
    bay: str | None = None
    """None after a restart, which remembers the visit and not the bay."""
    lane: LaneId | None = None
    reason: Reason | None = None
    promise: Promise = NO_PROMISE
    tries: int = 0
    """How often it was brought back and held again, with nothing new from the coordinator."""
    answered: bool = False
    """A release has come since: it moves nothing, but the parcel's next pass will not be in vain."""
    standing: Standing = NOTHING_SAID


NOT_KNOWN: Final = Stay()


@value
class Waiting:
    visit: VisitId
    code: str
    """By which staff find it, and whose scan takes it up again."""
    arrived_at: Instant
    owner: Owner
    hub_us: int
    """Dwell the hub itself answers for, so far."""
    stay: Stay


@dataclass(frozen=True, slots=True)
class Moment:
    """Now, by both clocks; `away`: the coordinator can't be asked."""

    at: Instant
    utc_us: int
    away: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """One place of the queue, as people are shown it."""

    visit: VisitId
    code: str
    bay: str | None
    reason: Reason | None
    tier: str
    slack_us: int
    cause: Cause
    waited_us: int
    waits_for: Owner | None
    """Whose turn it is; None: bring it."""


@dataclass(frozen=True, slots=True)
class Queue:
    """The first `QUEUE_SHOWN_MAX` places, and how many there are."""

    places: tuple[Place, ...] = ()
    to_bring: int = 0
    waiting: int = 0
    """For somebody else than the hub."""


NO_QUEUE: Final = Queue()


def promise_of(decision: Decision, before: Promise) -> Promise:
    """A decision that tells no slack leaves the one before."""
    told = decision.slack_us
    due_us = before.due_us if told is None else decision.valid_from_us + told
    return Promise(due_us, decision.tier or before.tier)


def slack_of(one: Waiting, now: Moment) -> tuple[int, Cause]:
    """µs left, and until what; less than 0 once the hub's own target has passed."""
    own_us = DWELL_TARGET_US - one.hub_us
    due_us = one.stay.promise.due_us
    if due_us is None:
        return own_us, "dwell"
    left_us = due_us - now.utc_us
    if left_us < 0:
        return own_us, "missed"
    return (left_us, "promise") if left_us <= own_us else (own_us, "dwell")


def waits_for(one: Waiting, now: Moment) -> Owner | None:
    """Who must act before it is worth bringing; None: it is the hub's turn."""
    if now.away:
        return "force"
    if one.stay.lane == "recirculate":
        return "belt"  # it comes round by itself
    if one.owner in ("hub", "force") or one.stay.answered or _waited_us(one, now) >= ASK_AGAIN_US:
        return None
    return one.owner


def rank(one: Waiting, now: Moment) -> tuple[bool, int, Instant, VisitId]:
    """A total order: ties go by arrival, then by visit."""
    stay = one.stay
    pressing_us = max(0, slack_of(one, now)[0]) - _waited_us(one, now) // AGEING
    if stay.tries:
        pressing_us += min(stay.tries, TRIES_COUNTED_MAX) * TRY_US
    if stay.promise.tier == RELIEF:
        pressing_us -= RELIEF_LEAD_US
    return waits_for(one, now) is not None, pressing_us, one.arrived_at, one.visit


def queue_of(waiting: Iterable[Waiting], now: Moment) -> Queue:
    ranked = [(rank(one, now), one) for one in waiting]
    behind = sum(place[0] for place, _ in ranked)
    first = nsmallest(QUEUE_SHOWN_MAX, ranked, key=itemgetter(0))
    return Queue(tuple(_shown(one, now) for _, one in first), len(ranked) - behind, behind)


def _waited_us(one: Waiting, now: Moment) -> int:
    return max(0, now.at - one.stay.since) // MICROSECOND


def _shown(one: Waiting, now: Moment) -> Place:
    slack_us, cause = slack_of(one, now)
    return Place(
        one.visit, one.code, one.stay.bay, one.stay.reason, one.stay.promise.tier,
        slack_us, cause, _waited_us(one, now), waits_for(one, now),
    )  # fmt: skip
