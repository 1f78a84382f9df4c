"""The rule by time on a line: whose each answer of the reader would be."""

from pathlib import Path

import pytest

from drivers.reading import BarcodeRead
from hub_config.lines import Line
from hub_config.load import load
from hub_config.names import MILLISECOND, DeviceId, Instant
from simulators.by_time import Listener, Passed, Times, assign, outcomes, passed_by
from simulators.parcels import stream
from simulators.practice import practice_signer
from simulators.scenario import find
from simulators.simulate import prepare

DENSE = Path(__file__).parents[2] / "simulators" / "scenarios" / "layouts" / "dense.toml"
ONE, TWO, SSCC = "RB123456785GB", "RA473124829GB", "00340000000000000007"
TO_READER_MS = 500
"""1 m at 2 m/s."""
TIMES = Times(10 * MILLISECOND, 30 * MILLISECOND)


@pytest.fixture(scope="module")
def line() -> Line:
    return load(DENSE).lines[0]


def passed(*spans_ms: tuple[int, int]) -> list[Passed]:
    return [Passed(Instant(on * MILLISECOND), Instant(off * MILLISECOND)) for on, off in spans_ms]


def read(at_ms: int, code: str) -> BarcodeRead:
    aim = "]C1" if code == SSCC else "]C0"
    return BarcodeRead(
        DeviceId("tunnel-1"), Instant(at_ms * MILLISECOND), code, "code128", aim, code.encode(), 1
    )


def names(parcels: list[Passed], line: Line) -> list[set[str]]:
    return [one.names(line) for one in parcels]


def test_an_answer_is_of_the_parcel_whose_rear_has_just_left_the_reader(line: Line) -> None:
    parcels = passed((0, 100), (150, 250))

    off_ns = assign(parcels, [read(TO_READER_MS + 112, ONE), read(TO_READER_MS + 255, TWO)], line, TIMES)

    assert names(parcels, line) == [{ONE}, {TWO}]
    assert off_ns == 7 * MILLISECOND


def test_an_answer_out_of_reach_is_nobodys_and_a_name_told_twice_stays_with_the_first(line: Line) -> None:
    parcels = passed((0, 100), (150, 250))

    assign(
        parcels,
        [read(TO_READER_MS + 110, ONE), read(TO_READER_MS + 180, TWO), read(TO_READER_MS + 260, ONE)],
        line,
        TIMES,
    )

    assert names(parcels, line) == [{ONE}, set()]


def test_codes_told_together_are_one_label_and_two_labels_two_names(line: Line) -> None:
    parcels = passed((0, 100))

    assign(parcels, [read(TO_READER_MS + 110, SSCC), read(TO_READER_MS + 110, ONE)], line, TIMES)
    assert names(parcels, line) == [{ONE}]
    assign(parcels, [read(TO_READER_MS + 115, TWO)], line, TIMES)
    assert names(parcels, line) == [{ONE, TWO}]


def test_a_short_gap_is_none_and_a_short_parcel_too(line: Line) -> None:
    edges = [(0, True), (100, False), (105, True), (110, False), (300, True), (310, False)]

    found = passed_by([(Instant(at * MILLISECOND), covered) for at, covered in edges], line)

    assert [(one.at // MILLISECOND, one.until // MILLISECOND) for one in found] == [(0, 110)]


def test_what_a_run_told_is_judged_by_what_is_really_on_each_parcel(line: Line) -> None:
    plan = find("line-dense")
    config = plan.config(practice_signer("coordinator"))
    simulation = prepare(config, stream(5, 40, plan.goods), 5, plan.name, lines=plan.lines)
    heard = Listener(simulation.hub)
    simulation.run()
    bodies = simulation.hub.lines[0].conveyor.bodies

    def told(reads: list[BarcodeRead]) -> tuple[int, int, int]:
        parcels = passed_by(heard.edges, line)
        assign(parcels, reads, line, TIMES)
        of = outcomes(parcels, bodies, line)
        return len(of), sum(one.goes_on for one in of), sum(one.wrong for one in of)

    count, going_on, wrong = told(heard.reads)
    assert count > 35
    assert going_on > 30
    assert wrong == 0
    # Each code told at the time of the one before it: nobody's name is right.
    shifted = [
        BarcodeRead(one.device, before.at, one.data, one.symbology, one.aim, one.raw, before.trigger)
        for before, one in zip(heard.reads, heard.reads[1:], strict=False)
        if before.trigger != one.trigger
    ]
    _, going_on, wrong = told(shifted)
    assert wrong > 0.9 * going_on > 20
