"""The close pair of the tour: which two, how they travel, and what the rule by time makes of what the reader says."""

import time

import pytest
from byte_line import one_line

from edge.core.effects import Effect
from edge.core.inputs import Input
from hub_config.names import Instant
from hub_config.rules import load_rules
from simulators.conveyor import Conveyor
from simulators.line_plant import LineOptions
from simulators.parcels import stream
from simulators.practice import HUB, RULES, declarations, practice_signer, shared_out
from simulators.scenario import find
from simulators.simulate import prepare
from simulators.tour.close_pair import GAP_UM, arranged, by_time, drawing_of
from simulators.world import World

LINE = one_line().lines[0]
READER = LINE.readers[0]
U_MG = 20_000


@pytest.mark.parametrize("seed", [1, 2, 7])
def test_the_pair_are_two_of_the_same_parcels_and_the_rest_are_as_they_were(seed: int) -> None:
    before = stream(seed, 400)
    after, (pair,) = arranged(seed, before, [(17, 18)])

    assert [one.number for one in after] == [one.number for one in before]
    assert sorted(map(str, (one.labels for one in after))) == sorted(map(str, (one.labels for one in before)))
    assert sum(one != other for one, other in zip(before, after, strict=True)) <= 4
    assert (after[16], after[17]) == (pair.first, pair.second)
    assert pair.first.releasable
    assert pair.second.releasable
    assert abs(pair.first.mass_mg - pair.second.mass_mg) < 8_000


def test_several_pairs_do_not_disturb_each_other() -> None:
    after, pairs = arranged(1, stream(1, 400), [(17, 18), (29, 30), (41, 42)])

    placed = [(after[pair.first.number - 1], after[pair.second.number - 1]) for pair in pairs]
    assert placed == [(pair.first, pair.second) for pair in pairs]
    assert len({one.items for both in placed for one in both}) == 6


def test_given_parcels_travel_as_planned_and_the_others_as_they_are_drawn() -> None:
    parcels, (pair,) = arranged(1, stream(1, 40), [(5, 6)])
    planned, drawn = (Conveyor(World(), LINE, parcels, 1, {}, plans=plans) for plans in (pair.plans, {}))
    for belt in (planned, drawn):
        belt.feed()
        while belt.world.run_next():
            pass
    first, second = planned.bodies[4:6]

    apart_ns = second.front_at(READER.position_um) - first.rear_at(READER.position_um)
    assert apart_ns * LINE.belt.speed_mm_s // 1_000_000 == pytest.approx(GAP_UM, abs=2)
    assert first.legible == ()
    assert [one.plan for one in planned.bodies[6:]] == [one.plan for one in drawn.bodies[6:]]


def test_by_time_the_one_code_goes_to_the_first_parcel_which_is_released_wrongly() -> None:
    parcels, (pair,) = arranged(1, stream(1, 40), [(5, 6)])
    belt = Conveyor(World(), LINE, parcels[4:6], 1, {}, plans=pair.plans)
    belt.feed()
    world, stand, half = belt.world, belt.readers[0], GAP_UM // 2
    first = belt.bodies[0]

    def say(words: bytes) -> None:
        stand.device.receive(words, world.now)
        world.call_after(10_000_000, lambda: None)  # its answer is fetched then

    # The gateway's triggers: each parcel's own, and half the gap between the two.
    world.call_at(first.front_at(READER.position_um - READER.window_um), lambda: say(b"LON\r"))
    world.call_at(first.rear_at(READER.position_um + half), lambda: say(b"LOFF\r"))
    world.call_at(Instant(first.rear_at(READER.position_um + half) + 1), lambda: say(b"LON\r"))
    ends = Instant(first.rear_at(READER.position_um + half) + 300_000_000)
    world.call_at(ends, lambda: say(b"LOFF\r"))
    while world.run_next():
        stand.output(world.now)

    told = by_time(
        belt.bodies, (5, 6), LINE, U_MG, load_rules(RULES), declarations(parcels), HUB,
        time.time_ns() // 1_000,
    )  # fmt: skip

    own = pair.second.items[0].data
    assert [(one.number, one.codes, one.released, one.right) for one in told] == [
        (5, (own,), True, False),
        (6, (), False, False),
    ]


def test_the_gateway_holds_both_and_its_page_tells_whose_the_code_may_be() -> None:
    plan = find("demo")
    config = plan.config(practice_signer("coordinator"))
    parcels = stream(1, 24)
    share = shared_out(config, parcels)[LINE.id]
    parcels, (pair,) = arranged(1, parcels, [(share[6].number, share[7].number)])
    hub = prepare(
        config, parcels, 1, "demo", lines=LineOptions(rates_ppm={}, plans=pair.plans), mistakes_ppm={}
    ).hub  # fmt: skip
    told: dict[str, dict[int, int]] = {}

    def noted(given: Input) -> list[Effect]:
        effects = hub.gateway.step(given)
        for item in hub.gateway.snapshot().lines[0].items:
            for one in item.in_doubt:
                told[one.code] = {claim.key: claim.p_ppm for claim in one.claims if claim.p_ppm > 0}
        return effects

    hub.step = noted
    hub.run()

    lanes = {body.parcel.number: body.lane for body in hub.lines[0].conveyor.bodies}
    assert [lanes[one.number] for one in (pair.first, pair.second)] == ["hold", "hold"]
    (claims,) = told.values()
    assert list(told) == [pair.second.items[0].data]
    assert sorted(claims) == [7, 8]  # its own numbers: the seventh and the eighth that the line has seen
    assert all(400_000 < p_ppm < 600_000 for p_ppm in claims.values())


def test_the_drawing_names_both_and_their_claims() -> None:
    _, (pair,) = arranged(1, stream(1, 40), [(5, 6)])
    told = drawing_of(pair, LINE, {"CODE": {6: 510_000, 5: 480_000}})

    assert [(one["number"], one["legible"]) for one in told["parcels"]] == [(5, False), (6, True)]
    assert told["claims"] == [{"code": "CODE", "claims": [[6, 510_000], [5, 480_000]]}]
