"""Bench scales that are asked for a weight: Toledo 8217 and 8213, SMA, NCI (scales.md §2, 8, 9, 11)."""

from typing import Literal

from hub_config.bench_scale import BenchScaleConfig


class Toledo8217Config(BenchScaleConfig):
    """Toledo 8217 and 8213, the request of points of sale (scales.md §2). Usually 7 data bits, even parity."""

    kind: Literal["toledo-8217"]
    benchpro: bool = False
    """Rice Lake BenchPro sets the status bit for `net` always; there it says nothing."""
