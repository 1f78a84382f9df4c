"""The order of the hold queue: least slack first, nothing starves, and the same parcels give the same order."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from edge.core.priority import (
    AGEING,
    ASK_AGAIN_US,
    DWELL_TARGET_US,
    HOUR_US,
    PASSED_OVER_MAX_US,
    QUEUE_SHOWN_MAX,
    RELIEF,
    TRIES_COUNTED_MAX,
    TRY_US,
    Moment,
    Promise,
    Stay,
    Waiting,
    queue_of,
    rank,
    slack_of,
    waits_for,
)
from hub_config.names import MICROSECOND, Instant, LaneId, VisitId

DAY_US = 24 * HOUR_US
UTC_US = 1_795_305_600_000_000
"""UTC where the monotonic clock shows 0."""


def moment(us: int, *, away: bool = False) -> Moment:
    return Moment(Instant(us * MICROSECOND), UTC_US + us, away)


def parcel(
    visit: str = "v1", *, since_us: int = 0, due_us: int | None = None, hub_us: int = 0, owner: str = "hub",
    tier: str = "standard", tries: int = 0, answered: bool = False, lane: str = "hold",
) -> Waiting:  # fmt: skip
    """`since_us`, `due_us`: by the clock of `moment`."""
    promise = Promise(None if due_us is None else UTC_US + due_us, tier)
    since = Instant(since_us * MICROSECOND)
    stay = Stay(since, "H1", LaneId(lane), "no_declaration", promise, tries, answered)
    return Waiting(VisitId(visit), f"code-{visit}", since, owner, hub_us, stay)


def order(*parcels: Waiting, at_us: int = 0) -> list[str]:
    return [place.visit for place in queue_of(parcels, moment(at_us)).places]


moments = st.integers(0, 4 * DAY_US)
parcels = st.builds(
    parcel,
    visit=st.uuids().map(str),
    since_us=st.integers(0, 4 * DAY_US),
    due_us=st.none() | st.integers(-DAY_US, 7 * DAY_US),
    hub_us=st.integers(0, 4 * DAY_US),
    owner=st.sampled_from(["hub", "customs", "merchant", "force", "agency:fda"]),
    tier=st.sampled_from(["standard", RELIEF, "trusted"]),
    tries=st.integers(0, 20),
    answered=st.booleans(),
    lane=st.sampled_from(["hold", "manual", "recirculate"]),
)


@given(st.lists(parcels, max_size=40, unique_by=lambda one: one.visit), moments, st.randoms())
def test_the_order_does_not_depend_on_the_order_of_asking(
    waiting: list[Waiting], us: int, rng: object
) -> None:
    shuffled = list(waiting)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]  # random.Random
    now = moment(us)

    assert queue_of(waiting, now) == queue_of(shuffled, now)
    assert len({rank(one, now) for one in waiting}) == len(waiting)


@given(parcels, parcels, st.integers(0, 4 * DAY_US))
def test_nobody_who_comes_later_than_the_bound_goes_ahead(
    first: Waiting, rival: Waiting, later_us: int
) -> None:
    came_us = first.stay.since // MICROSECOND + PASSED_OVER_MAX_US + AGEING
    rival = replace(rival, stay=replace(rival.stay, since=Instant(came_us * MICROSECOND)))
    now = moment(came_us + later_us)
    if waits_for(first, now) is not None:
        return

    assert rank(first, now) < rank(rival, now)


@given(parcels, st.integers(0, 2 * DAY_US))
def test_whoever_it_waits_for_it_is_brought_in_the_end(one: Waiting, later_us: int) -> None:
    if one.stay.lane == "recirculate":
        return
    now = moment(one.stay.since // MICROSECOND + ASK_AGAIN_US + later_us)

    assert waits_for(one, now) is None


@given(st.lists(parcels, max_size=60, unique_by=lambda one: one.visit), moments)
def test_the_queue_counts_everyone_and_shows_the_first(waiting: list[Waiting], us: int) -> None:
    queue = queue_of(waiting, moment(us))
    shown = [place.waits_for is not None for place in queue.places]

    assert queue.to_bring + queue.waiting == len(waiting)
    assert len(queue.places) == min(len(waiting), QUEUE_SHOWN_MAX)
    assert shown == sorted(shown)


@given(parcels, moments, st.integers(0, HOUR_US))
def test_time_alone_never_moves_a_parcel_back_while_it_is_the_hubs_turn(
    one: Waiting, us: int, later_us: int
) -> None:
    now, then = moment(us), moment(us + later_us)
    due = one.stay.promise.due_us
    flight_left = due is not None and now.utc_us <= due < then.utc_us
    if waits_for(one, now) is not None or flight_left:
        return
    later = replace(one, hub_us=one.hub_us + later_us)

    assert rank(later, then) <= rank(one, now)


def test_the_sooner_flight_goes_first_whoever_came_first() -> None:
    early = parcel("early", since_us=0, due_us=90 * 60_000_000)
    late = parcel("late", since_us=600_000_000, due_us=40 * 60_000_000)

    assert order(early, late, at_us=900_000_000) == ["late", "early"]


def test_a_flight_that_has_left_hurries_nobody() -> None:
    missed = parcel("missed", due_us=60_000_000)
    caught = parcel("caught", due_us=HOUR_US)

    assert order(missed, caught, at_us=120_000_000) == ["caught", "missed"]
    assert slack_of(missed, moment(120_000_000)) == (DWELL_TARGET_US, "missed")


def test_the_hubs_own_target_counts_where_it_ends_sooner() -> None:
    assert slack_of(parcel(due_us=HOUR_US, hub_us=DWELL_TARGET_US - 1), moment(0)) == (1, "dwell")


def test_relief_goods_go_before_a_flight_but_not_before_one_that_waited_for_a_day() -> None:
    relief = parcel("relief", tier=RELIEF, since_us=2 * DAY_US)
    flight = parcel("flight", due_us=2 * DAY_US + 600_000_000, since_us=2 * DAY_US)
    old = parcel("old", hub_us=2 * DAY_US)

    assert order(flight, relief, old, at_us=2 * DAY_US) == ["old", "relief", "flight"]


def test_a_parcel_held_again_lets_others_go_first_but_not_for_ever() -> None:
    tried = [parcel(f"{tries}", tries=tries, due_us=HOUR_US) for tries in (TRIES_COUNTED_MAX, 9, 1, 0)]

    assert order(*tried) == ["0", "1", "4", "9"]
    assert (
        rank(tried[0], moment(0))[1] == rank(tried[1], moment(0))[1] == HOUR_US + TRIES_COUNTED_MAX * TRY_US
    )


def test_a_parcel_that_waits_for_the_merchant_comes_behind_until_word_has_come() -> None:
    waits = parcel("waits", owner="merchant", due_us=1_000_000)
    answered = parcel("answered", owner="merchant", due_us=HOUR_US, answered=True)
    own = parcel("own", due_us=2 * HOUR_US)

    assert order(waits, answered, own) == ["answered", "own", "waits"]


def test_while_customs_cannot_be_asked_nothing_is_worth_bringing() -> None:
    assert queue_of([parcel()], moment(0, away=True)).places[0].waits_for == "force"


def test_a_recirculating_parcel_comes_by_itself() -> None:
    assert queue_of([parcel(lane="recirculate")], moment(DAY_US)).places[0].waits_for == "belt"
