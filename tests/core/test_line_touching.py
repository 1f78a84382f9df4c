"""Two parcels that touch and come apart by less than a beam tells: the scale knows them for two."""

from line_driver import S10_B, TO_MEASURED_S, LineDriver, Object, entered

from drivers.reading import WeightRead
from hub_config.names import MILLISECOND, SECOND, DeviceId, Instant


def test_a_record_that_comes_while_a_parcel_covers_the_beam_tells_that_it_may_be_two(
    driver: LineDriver,
) -> None:
    """Two that touched have come apart by less than a beam tells: the scale weighs each, the beams see one."""
    first = driver.measure(entered(driver))
    both = driver.carry(Object(first.starts + SECOND, length_um=600_000))
    driver.read(both, S10_B)
    middle = both.front_at(2_700_000 + 300_000)
    for at_ns, mg in ((middle, 400_000), (both.rear_at(2_700_000), 500_000)):
        driver.record += 1
        at = Instant(at_ns + 100 * MILLISECOND)
        driver.when(at, WeightRead(DeviceId("wim-1"), at, mg, "", "g", None, record=driver.record))
    driver.later(TO_MEASURED_S + 1.5)

    held = driver.last("parcel.decided")
    assert (held.visit, held.flags[0], held.mass) == (driver.visits[1], "not_isolated", None)
    assert dict(driver.gateway.snapshot().balance.rejected)["record_orphan"] == 1
