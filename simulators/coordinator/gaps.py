"""A gateway's chain that stands still before a hole: what is missing is asked for when it stays (contract §7)."""

from dataclasses import dataclass

from hub_config.names import Instant


@dataclass(frozen=True, slots=True)
class Gap:
    next_seq: int
    since: Instant
