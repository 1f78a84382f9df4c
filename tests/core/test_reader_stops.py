"""A triggered reader that answers late: how long it goes on looking once it was told to stop is told by `stops`."""

from line_driver import ENTROPY, S10, S10_B, TO_MEASURED_S, LineDriver, Object, config, entered

from drivers.reading import NoRead
from edge.core.gateway import Gateway
from hub_config.names import MILLISECOND, Instant

LATE_MS = 280
"""Its answer comes so long after it was told to stop."""
GAP_UM = 250_000


def answering(stops_ms: int | None) -> LineDriver:
    reader = config().lines[0].readers[0].model_copy(update={"delay_ms": 300, "stops_ms": stops_ms})
    return LineDriver(Gateway(config(readers=(reader,)), ENTROPY)).start()


def answer(driver: LineDriver, thing: Object, codes: tuple[str, ...], trigger: int, gap_um: int) -> None:
    """Told when its rear has left the view, which ends half-way in the gap."""
    reader = driver.line.readers[0]
    stopped = thing.rear_at(reader.position_um + min(reader.window_um, gap_um // 2))
    at = stopped + LATE_MS * MILLISECOND
    for code in codes:
        driver.when(at, driver.code(at, code, trigger))
    if not codes:
        driver.when(at, NoRead(reader.device, Instant(at), trigger))


def two(driver: LineDriver, gap_um: int, *codes: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Two parcels so close that both pass the reader before the first answer has come; whose codes were told."""
    first = driver.carry(entered(driver))
    second = driver.carry(Object(first.rear_at(gap_um)))
    for thing, read, trigger in ((first, codes[0], 1), (second, codes[1], 2)):
        driver.weigh(thing)
        answer(driver, thing, read, trigger, gap_um)
    driver.later(TO_MEASURED_S + 1.0)
    told = [event for event in driver.events if event.kind == "parcel.measured"]
    return [tuple(code.data for code in event.codes) for event in told]


def test_until_its_answer_a_late_readers_code_may_be_the_next_parcels() -> None:
    assert (S10,) not in two(answering(None), GAP_UM, (S10,), (S10_B,))


def test_a_reader_that_surely_stops_tells_of_what_it_had_in_view_by_then() -> None:
    assert two(answering(20), GAP_UM, (S10,), (S10_B,)) == [(S10,), (S10_B,)]


def test_what_it_may_still_have_seen_while_it_stops_is_in_doubt() -> None:
    """So much later the next parcel is in its view too."""
    assert (S10,) not in two(answering(250), GAP_UM, (S10,), (S10_B,))


def test_an_answer_before_it_was_told_to_stop_is_of_now() -> None:
    """As before: what is in view then."""
    driver = answering(20)
    thing = driver.carry(entered(driver))
    driver.read(thing, S10, trigger=1)
    driver.weigh(thing)
    driver.later(TO_MEASURED_S + 1.0)

    assert driver.last("parcel.measured").codes[0].data == S10
