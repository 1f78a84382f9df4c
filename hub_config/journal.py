"""`[journal]`: how events are grouped on disk, how long they stay there, and what a full disk means (contract §12)."""

from typing import Annotated

from pydantic import Field

from hub_config.units import quantity
from hub_config.values import Entry, whole


class JournalSettings(Entry):
    group_events: Annotated[int, whole(1, 1000)] = 100
    """One transaction takes at most so many events (contract §7: at most 100 events or 2 ms by default)."""
    group_wait_ms: Annotated[int, quantity("ms", example="2 ms", low="0 ms", high="1 s")] = Field(
        default=2, alias="group_wait"
    )
    keep_s: Annotated[int, quantity("s", example="168 h", low="24 h", high="87600 h")] = Field(
        default=604_800, alias="keep"
    )
    """Events stay so long, also when the coordinator has them."""
    keep_events: Annotated[int, whole(0, 1_000_000_000)] = 576_000
    """And never fewer than these, whatever the clock says or the disk lacks: 24 h of a full line."""
    ballast_mib: Annotated[int, quantity("MiB", example="64 MiB", low="0 MiB", high="4 GiB")] = Field(
        default=64, alias="ballast"
    )
    """A file that is deleted when the disk is full, so that the end is an orderly one."""
    enough_mib: Annotated[int, quantity("MiB", example="10 GiB", low="0 MiB", high="1024 GiB")] = Field(
        default=10_240, alias="free_enough"
    )
    """With so much free the disk is not short, even where that is less than 10 % of it."""
