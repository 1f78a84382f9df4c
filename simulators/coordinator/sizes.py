"""Measured against declared sides, with a guard band like that of weights (clearance contract §5).

Sides are compared longest with longest, because a parcel may lie on any of them. What was declared and is to be
compared, but was not measured, stops the parcel like a mismatch: nothing is released that no rule releases.
"""

from collections.abc import Mapping
from typing import Any

from edge.core.decision import Band
from hub_config.rules import RulePack

Sides = tuple[int, int, int]


def sides_wanted(declared_um: Sides | None, rules: RulePack) -> list[list[int]] | None:
    """The band of each side, the longest first; None: nothing is to be compared."""
    if declared_um is None:
        return None
    bands: list[list[int]] = []
    for side in sorted(declared_um, reverse=True):
        tolerance = rules.tolerance_um(side)
        if tolerance is None:
            return None
        bands.append([max(0, side - tolerance), side + tolerance])
    return bands


def sides_fit(bands: list[list[int]], dims: Mapping[str, Any] | None) -> bool:
    """Surely, with the expanded uncertainty of every side."""
    if dims is None:
        return False
    sides = sorted((dims["l_um"], dims["w_um"], dims["h_um"]), reverse=True)
    u_um = dims["u_um"]
    return all(
        side + u_um <= high and (low == 0 or side - u_um >= low)
        for side, (low, high) in zip(sides, bands, strict=True)
    )


def dims_bands(cond: Mapping[str, Any]) -> tuple[Band, Band, Band] | None:
    """Of a decision's conditions."""
    if cond.get("dims_um") is None:
        return None
    long, middle, short = ((low, high) for low, high in cond["dims_um"])
    return long, middle, short
