"""The rushes at one bench, in short: everything accounted for, and the gateway's order never the worse."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rarely_drawn import rules_in

from hub_config.names import SECOND, Instant
from hub_config.profiles import rules_file
from simulators import burst
from simulators.burst import BURSTS, COFFEE, Burst, load_of, simulate_burst, table
from simulators.parcels import stream
from simulators.report import whole
from simulators.shift import BRINGS_MAX, Shift
from simulators.task import Placed

PARCELS = 60


def short(burst: Burst) -> Burst:
    """The same kinds of goods in a rush of a few minutes."""
    return replace(
        burst,
        minutes=4,
        lorries=((0, 700_000),),
        filings_min=(3, 5),
        flights=((5, 300_000), (7, 300_000)),
        pace=3.0,
    )


@pytest.mark.parametrize("name", BURSTS)
def test_a_short_rush_is_accounted_for_in_both_orders(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is drawn for inspection is no matter of order, but of visits: here hardly anybody is."""
    monkeypatch.setattr(burst, "rules_file", lambda hub: rules_in(tmp_path, rules_file(hub)))
    report, details = simulate_burst(short(BURSTS[name]), 3, PARCELS)

    assert details == ()
    assert whole(report)
    runs: dict[str, Any] = report["queue"]
    assert runs["slack"]["departed"] == runs["fifo"]["departed"] > PARCELS // 2
    assert runs["slack"]["cut_off"]["of_held"] > 0
    assert runs["slack"]["cut_off"]["made"] >= runs["fifo"]["cut_off"]["made"]
    assert "made the cut-off" in table(report)


def test_a_load_is_the_same_for_a_seed_and_arrives_in_order() -> None:
    load = load_of(COFFEE, 7, 200)

    assert load == load_of(COFFEE, 7, 200)
    assert load != load_of(COFFEE, 8, 200)
    times = [load.arrives[parcel.number] for parcel in load.parcels]
    assert times == sorted(times)
    assert 0 < sum(declared.filed_us > 0 for declared in load.manifest.values()) < len(load.manifest)


class Clock:
    def __init__(self) -> None:
        self.at = Instant(0)


def test_a_shift_takes_new_and_called_parcels_in_turn_and_gives_a_hopeless_one_up() -> None:
    clock, called = Clock(), [""]
    parcels = [parcel for parcel in stream(1, 20) if parcel.items][:3]
    first = parcels[0]
    called[0] = first.items[0].data
    shift = Shift(
        parcels, {parcel.number: Instant(0) for parcel in parcels}, until=Instant(10 * SECOND),
        now=lambda: clock.at, called=lambda: called,
    )  # fmt: skip
    placed = Placed("H1", "hold", "v", Instant(0))
    taken: list[int] = []
    while (parcel := shift.take()) is not None:
        taken.append(parcel.number)
        shift.put(parcel, placed)

    assert taken[:4] == [first.number, first.number, parcels[1].number, first.number]
    assert taken.count(first.number) == 1 + BRINGS_MAX
    assert not shift.finished
    clock.at = Instant(10 * SECOND)
    assert shift.finished


def test_a_parcel_is_not_there_before_it_arrives() -> None:
    clock, parcels = Clock(), stream(1, 1)
    shift = Shift(parcels, {1: Instant(5)}, until=Instant(0), now=lambda: clock.at, called=list)

    assert shift.take() is None
    assert not shift.finished
    clock.at = Instant(5)
    assert shift.take() == parcels[0]
