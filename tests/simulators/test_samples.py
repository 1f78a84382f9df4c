"""Counted durations have the quantiles of kept ones."""

import random

import pytest

from edge.rim.metrics import quantiles_ms, spread_ms
from hub_config.names import MILLISECOND
from simulators import samples
from simulators.samples import Samples

RNG = random.Random(1)
MANY = [[RNG.randrange(10**8) for _ in range(n)] for n in (1, 2, 99, 100, 101, 1_000)]


@pytest.mark.parametrize("durations", [[], [500], [1_500, 2_500], [7, 7, 7], *MANY])
def test_counted_or_kept_the_quantiles_are_the_same(durations: list[int]) -> None:
    counted = Samples()
    counted.add(durations[:7])
    counted.add(durations[7:])

    assert counted.quantiles_ms() == quantiles_ms(durations)
    assert counted.spread_ms() == spread_ms(durations)
    assert Samples.of([counted, Samples()]).spread_ms() == spread_ms(durations)


def test_past_the_bound_they_are_counted_by_the_millisecond(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples, "DISTINCT_MAX", 2)
    counted = Samples()
    counted.add([1_000, 2_000, 1_000, 5 * MILLISECOND + 1_000, 5 * MILLISECOND + 2_000])

    assert counted.spread_ms() == {"min": 0.001, "p1": 0.001, "p50": 0.002, "max": 5.0}
