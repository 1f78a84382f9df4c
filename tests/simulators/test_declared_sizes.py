"""Declared against measured sides at the clearance desk: a guard band, whatever side the parcel lies on."""

from pathlib import Path
from typing import Any

import pytest

from hub_config.rules import RulePack, load_rules
from simulators.coordinator.declared import Declared
from simulators.coordinator.desk import Desk
from simulators.coordinator.sizes import dims_bands, sides_fit, sides_wanted
from simulators.coordinator.stamps import parse_utc
from simulators.coordinator.visits import MemoryBook

ROOT = Path(__file__).parents[2]
SIZED = load_rules(ROOT / "simulators/scenarios/rules/dws.toml")
UNSIZED = load_rules(ROOT / "hub_config/profiles/my-kul-1.rules.toml")
CODE = "RR473124829MY"
BOX = (300_000, 200_000, 100_000)
BANDS = [[270_000, 330_000], [175_000, 225_000], [75_000, 125_000]]
"""10 %, and 25 mm at the least."""
NOW_US = parse_utc("2026-11-22T00:15:02.300000Z")


def dims(l_um: int, w_um: int, h_um: int, u_um: int = 8_000) -> dict[str, int]:
    return {"l_um": l_um, "w_um": w_um, "h_um": h_um, "u_um": u_um}


def answer(
    rules: RulePack, declared: tuple[int, int, int] | None, told: dict[str, int] | None
) -> dict[str, Any]:
    goods = Declared(1_000_000, 4_000, "MYR", "Cotton T-shirt", dims_um=declared)
    data: dict[str, Any] = {
        "kind": "parcel.measured", "gw": "gw-01", "visit": "v", "t": "2026-11-22T00:15:02.123456Z", "flags": [],
        "codes": [{"data": CODE, "type": "s10", "chk": True}], "mass": {"mg": 1_000_000, "u_mg": 5_000},
        **({} if told is None else {"dims": told}),
    }  # fmt: skip
    desk = Desk(rules, {CODE: goods}, "MY-KUL-1", "practice", b"seed")
    said = desk.answer(data, "event", NOW_US, MemoryBook())
    assert said is not None
    return said


@pytest.mark.parametrize("told", [dims(300_000, 200_000, 100_000), dims(100_000, 200_000, 300_000)])
def test_a_box_that_fits_is_released_under_its_bands(told: dict[str, int]) -> None:
    said = answer(SIZED, (200_000, 300_000, 100_000), told)

    assert said["action"] == "release"
    assert said["cond"]["dims_um"] == BANDS


@pytest.mark.parametrize(
    "told",
    [
        dims(330_000, 200_000, 100_000),
        dims(300_000, 168_000, 100_000),
        dims(300_000, 200_000, 118_000),
        None,
    ],
)
def test_a_box_that_does_not_surely_fit_is_inspected(told: dict[str, int] | None) -> None:
    """Also one that was not measured: what is to be compared and can't be is not released."""
    said = answer(SIZED, BOX, told)

    assert (said["action"], said["reasons"], said["route"]) == ("inspect", ["dims_mismatch"], "manual")


@pytest.mark.parametrize(("rules", "declared"), [(UNSIZED, BOX), (SIZED, None), (UNSIZED, None)])
def test_without_a_tolerance_or_a_declaration_of_sides_nothing_is_compared(
    rules: RulePack, declared: tuple[int, int, int] | None
) -> None:
    said = answer(rules, declared, dims(9, 9, 9))

    assert said["action"] == "release"
    assert "dims_um" not in said["cond"]


def test_a_guard_band_counts_the_uncertainty_of_every_side() -> None:
    assert sides_wanted(BOX, SIZED) == BANDS
    assert sides_fit(BANDS, dims(322_000, 217_000, 83_000))
    assert not sides_fit(BANDS, dims(322_001, 217_000, 83_000))
    assert not sides_fit(BANDS, dims(322_000, 217_000, 82_999))
    assert sides_fit([[0, 100_000]] * 3, dims(3_000, 2_000, 1_000))


def test_bands_of_a_decision_are_read_back() -> None:
    assert dims_bands({"dims_um": BANDS}) == ((270_000, 330_000), (175_000, 225_000), (75_000, 125_000))
    assert dims_bands({}) is None
