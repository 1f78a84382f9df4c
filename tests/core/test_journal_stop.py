"""No evidence, no movement (contract §11, level 4): trouble that a commit ends, and trouble that lasts."""

import pytest
from bench_driver import GREEN, BenchDriver, shown

from edge.core.inputs import Committed, ConfigChanged, EpochBegun, JournalTrouble, JournalWell


@pytest.fixture
def bench() -> BenchDriver:
    return BenchDriver().start()


def test_trouble_that_lasts_is_not_ended_by_a_commit(bench: BenchDriver) -> None:
    bench.measured().decide()
    bench.give(JournalTrouble(bench.at, "9 % free", lasting=True))
    bench.give(Committed(bench.at, 99, ()))
    assert shown(bench)[0] == "fault"
    bench.scan(GREEN)
    assert "departed" not in bench.kinds
    assert bench.gateway.snapshot().journal_trouble == "9 % free"

    bench.give(JournalWell(bench.at))
    bench.scan(GREEN)

    assert bench.kinds[-1] == "departed"
    assert bench.gateway.snapshot().journal_trouble is None


def test_a_commit_that_fails_while_another_trouble_lasts_ends_by_itself(bench: BenchDriver) -> None:
    bench.give(JournalTrouble(bench.at, "9 % free", lasting=True))
    bench.give(JournalTrouble(bench.at, "disk full"))
    bench.give(JournalWell(bench.at))
    assert bench.gateway.snapshot().journal_trouble == "disk full"
    bench.give(Committed(bench.at, 99, ()))

    assert bench.gateway.snapshot().journal_trouble is None


def test_a_journal_begun_anew_after_a_loss_says_so_first(bench: BenchDriver) -> None:
    bench.give(EpochBegun(bench.at, before=7, lost=312, untold=5))

    told = bench.events[-1]
    assert (told.kind, told.visit) == ("gateway.mode", None)
    assert told.note == (("journal", "begun_anew"), ("epoch_before", 7), ("lost", 312), ("untold", 5))


def test_another_configuration_and_each_device_that_changed_are_events_of_the_gateway(
    bench: BenchDriver,
) -> None:
    begun = len(bench.events)
    bench.give(ConfigChanged(bench.at, "a" * 64, "b" * 64, ((("device", "scale-1"), ("seal", "s-8")),)))

    assert [(one.kind, one.visit, one.note) for one in bench.events[begun:]] == [
        ("device.changed", None, (("configuration", "changed"), ("sha256_before", "a" * 64), ("sha256", "b" * 64))),
        ("device.changed", None, (("device", "scale-1"), ("seal", "s-8"))),
    ]  # fmt: skip
