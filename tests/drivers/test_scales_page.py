"""docs/scales.md lists every kind of bench scale, and says of each what its driver does."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest

from drivers.decode_config import METROLOGY, config_of
from drivers.scales.registry import EXPLAINED, new_wire
from drivers.scales.told import Order
from hub_config.scales import BenchScale

PAGE = (Path(__file__).parents[2] / "docs" / "scales.md").read_text(encoding="utf-8")
LINES = [line for line in PAGE.splitlines() if line.startswith("| `") and "`kind`" not in line]
ROWS = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in LINES]
SAID = {kind: row for row in ROWS for kind in re.findall(r"`([a-z0-9-]+)`", row[0])}
KINDS: dict[str, type[Any]] = {
    get_args(model.model_fields["kind"].annotation)[0]: model for model in get_args(BenchScale)
}
WIRED = {one.kind: one for one in EXPLAINED.values()}


def test_every_kind_has_its_row() -> None:
    kinds = [kind for kind in KINDS if not kind.startswith("external")]

    assert sorted(SAID) == sorted(kinds)


@pytest.mark.parametrize("kind", SAID)
def test_it_is_asked_or_sends_by_itself_unless_the_configuration_says_otherwise(kind: str) -> None:
    default = KINDS[kind].model_fields["mode"].default

    assert SAID[kind][3] in ({"polled": "asked", "continuous": "sends"}[default], "as declared")


@pytest.mark.parametrize("kind", WIRED)
def test_what_it_can_be_told_is_said(kind: str) -> None:
    known = WIRED[kind]
    wire = new_wire(config_of(KINDS[kind], kind, {}, (), {"metrology": METROLOGY, **known.fixed}))

    asked: tuple[Order, ...] = ("zero", "tare")
    orders = [order for order in asked if wire.order(order) is not None]

    told = {"both": ["zero", "tare"], "zero, if it obeys": ["zero"], "at the scale": []}
    assert told[SAID[kind][5]] == orders
