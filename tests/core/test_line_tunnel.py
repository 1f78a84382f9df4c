"""Several readers over one belt: what each tells joins one parcel, and the silence of one is none of another's."""

from dataclasses import replace

from line_driver import (
    ENTROPY,
    S10,
    S10_B,
    TO_END_S,
    TO_MEASURED_S,
    LineDriver,
    Object,
    config,
    entered,
    example,
)
from line_moments import flags

from edge.core.association import assign
from edge.core.evidence import Candidate, Evidence, Look
from edge.core.gateway import Gateway
from hub_config.names import DeviceId

SIDE = DeviceId("tunnel-2")
SSCC = "376123450000000103"


def tunnel() -> LineDriver:
    """The example with one reader more, 400 mm behind the first."""
    line = config()
    first = line.lines[0].readers[0]
    second = first.model_copy(update={"device": SIDE, "position_um": first.position_um + 400_000})
    device = example().device(first.device).model_copy(update={"id": SIDE})
    lines = (line.lines[0].model_copy(update={"readers": (first, second)}),)
    return LineDriver(
        Gateway(line.model_copy(update={"lines": lines, "devices": (*line.devices, device)}), ENTROPY)
    ).start()


def side_read(driver: LineDriver, thing: Object, code: str) -> None:
    """The second reader tells a label in the middle of a parcel."""
    at = thing.front_at(driver.line.readers[1].position_um + thing.length_um // 2)
    driver.when(at, replace(driver.code(at, code, None), device=SIDE))  # type: ignore[arg-type, type-var]  # a code


def test_what_several_readers_tell_of_one_parcel_is_joined() -> None:
    driver = tunnel()
    thing = driver.measure(entered(driver))
    side_read(driver, thing, SSCC)
    driver.later(TO_MEASURED_S)
    told = driver.last("parcel.measured")

    assert [(code.data, code.device) for code in told.codes] == [(S10, "tunnel-1"), (SSCC, SIDE)]
    assert told.assoc is not None
    assert told.assoc.p_ppm >= 999_990
    assert told.assoc.rivals == 0


def test_a_second_name_that_another_reader_sees_is_two_labels() -> None:
    driver = tunnel()
    thing = driver.measure(entered(driver))
    side_read(driver, thing, S10_B)
    driver.later(TO_MEASURED_S)

    assert flags(driver) == ["two_labels"]


def test_each_reader_is_triggered_for_the_parcel_in_its_own_view() -> None:
    driver = tunnel()
    driver.measure(entered(driver))
    driver.later(TO_MEASURED_S)

    for device in ("tunnel-1", SIDE):
        assert [one.on for one in driver.triggers if one.device == device] == [True, False]


def test_an_old_label_read_before_the_parcels_own_name_brings_no_visit_back() -> None:
    """A used box: the first reader sees the label of the parcel that it held before, which lies in the hold bay."""
    driver = tunnel()
    driver.measure(entered(driver), S10)
    driver.later(TO_END_S + 1)
    thing = driver.measure(entered(driver), S10)
    side_read(driver, thing, S10_B)
    driver.later(TO_END_S + 1)

    assert flags(driver) == ["two_labels"]
    assert "visit.joined" not in [event.kind for event in driver.events]
    assert driver.gateway.snapshot().tally.held == 2


def test_a_parcel_that_both_readers_call_by_its_held_name_comes_back() -> None:
    driver = tunnel()
    driver.measure(entered(driver), S10)
    driver.later(TO_END_S + 1)
    thing = driver.measure(entered(driver), S10)
    side_read(driver, thing, S10)
    driver.later(TO_MEASURED_S)

    assert driver.last("parcel.measured").visit == driver.visits[0]
    assert driver.gateway.snapshot().tally.entered == 1


def test_the_silence_of_a_reader_counts_only_for_codes_that_it_has_told() -> None:
    """One on the left says nothing of a label on the right."""
    parcels = [
        Candidate(1, 300_000, 0, 8_000, 1, looked=True),
        Candidate(2, -100_000, -400_000, 8_000, 1, looked=True),
    ]
    seen = Evidence("A", "left", "trigger", -60_000, 360_000)
    other = Look("right", 0, 300_000)
    same = Look("left", 0, 300_000)

    assert assign(parcels, [seen], [other]) == assign(parcels, [seen])
    assert assign(parcels, [seen], [same])[0].p_ppm < assign(parcels, [seen])[0].p_ppm


def test_each_reader_has_room_for_its_own_readings() -> None:
    driver = tunnel()

    assert driver.gateway._lines[0]._measuring._joining._seen_max == 128


def test_while_one_reader_gives_no_answer_the_name_that_another_told_is_not_sure_enough() -> None:
    """What it would have said of this parcel, or of the next, nobody knows."""
    driver = tunnel()
    thing = entered(driver)
    driver.carry(thing)
    driver.weigh(thing)
    side_read(driver, thing, S10)
    driver.later(TO_MEASURED_S)

    assert flags(driver) == ["assoc_low"]
