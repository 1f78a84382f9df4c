"""A scale that says by its status that it is empty, and readings that look like that and are not."""

from typing import Any

import pytest
from bench_driver import SCALE, config

from drivers.reading import WeightRead
from edge.core.scale_watch import ScaleWatch, Sighting
from hub_config.names import MILLISECOND, Instant

E_MG = 5_000


def read(at_ms: int, mass_mg: int | None, **more: Any) -> WeightRead:
    text = "" if mass_mg is None else str(mass_mg)
    return WeightRead(SCALE, Instant(at_ms * MILLISECOND), mass_mg, text, "kg", **{"stable": True, **more})


def empty(at_ms: int = 0, **more: Any) -> WeightRead:
    """A status at the centre of zero, and no number."""
    return read(at_ms, None, **{"zero": True, "invalid": True, **more})


def watch() -> ScaleWatch:
    return ScaleWatch(config().benches[0], E_MG)


def test_a_status_at_the_centre_of_zero_is_a_zero_seen() -> None:
    one = watch()

    assert one.see(empty()) == Sighting("zero")
    assert (one.zero_seen, one.clear) == (True, True)


def test_after_a_parcel_it_says_that_the_parcel_is_gone() -> None:
    one = watch()
    one.see(empty())
    sightings = [one.see(read(100 * turn, 1_250_000)) for turn in range(1, 9)]
    assert [seen.kind for seen in sightings if seen] == ["captured"]

    assert one.see(empty(1_000)) == Sighting("dropped", had_capture=True)
    assert one.zero_seen


@pytest.mark.parametrize(
    "more",
    [
        {"stable": False},
        {"stable": None},
        {"zero": None},
        {"zero": False},
        {"mode": "net"},
        {"underload": True},
        {"out_of_range": True},
    ],
)
def test_what_is_not_sure_to_be_an_empty_scale_is_none(more: dict[str, Any]) -> None:
    one = watch()

    assert one.see(empty(**more)) is None
    assert not one.zero_seen
