"""The scale's own record numbers: what is missing between them is counted and shown."""

from bench_driver import SCALE, BenchDriver

from drivers.reading import WeightRead
from edge.core.alibi import AlibiView, AlibiWatch
from hub_config.names import DeviceId, Instant


def read(record: int | None, device: str = "scale-1") -> WeightRead:
    return WeightRead(DeviceId(device), Instant(0), 1_000, "1", "g", stable=None, record=record)


def noted(*records: int | None) -> tuple[AlibiView, ...]:
    watch = AlibiWatch()
    for record in records:
        watch.note(read(record))
    return watch.view()


def test_numbers_that_rise_by_one_leave_nothing_out() -> None:
    assert noted(88_213, 88_214, 88_214, 88_215) == (AlibiView("scale-1", records=3, last=88_215),)


def test_numbers_left_out_are_counted_and_a_scale_begun_anew_is_not_a_gap() -> None:
    assert noted(7, 9, 13, 1, 2) == (AlibiView("scale-1", records=5, missing=4, begun_anew=1, last=2),)


def test_a_scale_without_numbers_is_not_shown() -> None:
    assert noted(None, None) == ()


def test_each_scale_counts_by_itself() -> None:
    watch = AlibiWatch()
    for device, record in (("b", 1), ("a", 5), ("b", 2), ("a", 7)):
        watch.note(read(record, device))

    assert [(view.device, view.missing) for view in watch.view()] == [("a", 1), ("b", 0)]


def test_the_snapshot_shows_it() -> None:
    bench = BenchDriver().start()
    for record in (3, 6):
        bench.give(WeightRead(SCALE, bench.at, 0, "0", "kg", stable=True, record=record))

    assert [(view.device, view.missing) for view in bench.gateway.snapshot().alibi] == [(SCALE, 2)]
