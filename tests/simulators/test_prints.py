"""Labels on the faces of parcels, and which readers of a tunnel see them."""

from dataclasses import replace

import pytest

from simulators.conveyor import Conveyor
from simulators.line_faults import line_plan
from simulators.parcels import MILLION, Goods, stream
from simulators.practice import practice_signer
from simulators.prints import Print, prints
from simulators.reader_stand import usual
from simulators.scenario import find
from simulators.traffic import USUAL, Face, Sight, Traffic
from simulators.world import World

N = 400
LEFT = Sight(faces=("left",))
TOP = Sight(faces=("top",), rates=((30, MILLION), (60, 500_000)))


def printed(traffic: Traffic, goods: Goods | None = None, readers: int = 2) -> list[tuple[Print, ...]]:
    parcels = stream(3, N, Goods((), 0, 0, 0) if goods is None else goods)
    return [prints(3, one, line_plan(3, one, {}, traffic), one.labels, traffic, readers) for one in parcels]


def test_without_faces_every_reader_sees_every_label() -> None:
    assert all([one.seen_by for one in labels] == [(0, 1)] for labels in printed(USUAL))


def test_a_reader_sees_the_faces_that_are_turned_to_it() -> None:
    traffic = Traffic(faces=(("left", 500_000),), sights=(replace(TOP, rates=((90, MILLION),)), LEFT))
    seen = [labels[0].seen_by for labels in printed(traffic)]

    assert set(seen) == {(0,), (1,)}
    assert 0.4 * N < seen.count((1,)) < 0.6 * N


def test_a_label_that_lies_askew_is_read_less_and_past_the_last_angle_never() -> None:
    """A third of all angles each: all, half, none."""
    seen = [bool(labels) for labels in printed(Traffic(askew_deg=90, sights=(TOP, LEFT)))]

    assert 0.42 * N < seen.count(True) < 0.58 * N


@pytest.mark.parametrize(("face", "share"), [("front", 0), ("rear", 1)])
def test_a_label_at_an_end_stands_at_that_end(face: Face, share: int) -> None:
    traffic = Traffic(faces=((face, MILLION),))
    plans = [line_plan(3, one, {}, traffic) for one in stream(3, N, Goods((), 0, 0, 0))]

    assert [labels[0].place_um for labels in printed(traffic)] == [share * one.length_um for one in plans]


def test_two_item_numbers_are_on_two_labels_and_each_is_seen_by_some_reader() -> None:
    """Else no device could know of the second."""
    traffic = Traffic(faces=(("bottom", 900_000),), sights=(TOP, LEFT))
    two = printed(traffic, Goods((("two_labels", MILLION),), 0, 0, 0))

    assert all(len(labels) == 2 and all(one.seen_by for one in labels) for labels in two)
    assert any(labels[0].place_um != labels[1].place_um for labels in two)


def test_further_codes_are_printed_beside_the_first_item_number() -> None:
    goods = Goods((("two_labels", MILLION),), sscc_ppm=MILLION, ean_ppm=MILLION, qr_ppm=MILLION)

    assert all(
        [len(one.codes) for one in labels] == [4, 1]
        for labels in printed(Traffic(faces=(("left", MILLION),)), goods)
    )


def test_a_reader_that_fails_is_one_of_the_tunnels_but_all_where_two_item_numbers_are() -> None:
    """Else no device could know of the second."""
    line = find("line-tunnel").config(practice_signer("coordinator")).lines[0]
    parcels = stream(1, N, Goods((("two_labels", 500_000),), 0, 0, 0))
    stands = [usual(one, USUAL.read_ns) for one in line.readers]
    belt = Conveyor(World(), line, parcels, 1, {"mute_reader": MILLION}, USUAL, stands)
    belt.feed()
    while belt.world.run_next():
        pass
    spoilt = {len(belt._spoilt(body)) for body in belt.bodies if len(body.parcel.items) == 1}

    assert spoilt == {1}
    assert {len(belt._spoilt(body)) for body in belt.bodies if len(body.parcel.items) == 2} == {3}


def test_the_shipped_tunnel_has_three_readers_that_see_different_parcels() -> None:
    plan = find("line-tunnel")
    parcels = stream(1, N, plan.goods)
    seen = {
        one.seen_by
        for parcel in parcels
        for one in prints(
            1, parcel, line_plan(1, parcel, {}, plan.lines.traffic), parcel.labels, plan.lines.traffic, 3
        )
    }

    assert {(0,), (1,), (2,), (0, 1, 2)} <= seen
