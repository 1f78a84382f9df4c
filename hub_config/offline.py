"""What a hub may do while its coordinator is away (contract §11)."""

from typing import Annotated

from pydantic import Field

from hub_config.units import quantity
from hub_config.values import Entry, whole

PPM = 1_000_000


class OfflineSettings(Entry):
    cap_year_ppm: Annotated[int, whole(0, PPM)] = 20_000
    """Of the parcels of the last 365 days: so many may be released without the coordinator. 0: none ever."""
    cap_day_ppm: Annotated[int, whole(0, PPM)] = PPM
    """The same of one day; without a limit of its own unless the hub sets one."""
    vouchers_max_age_s: Annotated[int, quantity("s", example="24 h", low="1 min", high="72 h")] = Field(
        default=86_400, alias="vouchers_max_age"
    )
    """Vouchers issued longer ago than this are stale: everything is held."""
    keep_manifest: bool = False
    """Vouchers survive a restart of the gateway without its broker. The key of their index is on its disk then, so
    that who reads it can learn which parcels were not drawn for inspection."""
    clock_max_ms: Annotated[int, quantity("ms", example="1 s", low="1 ms", high="60 s")] = Field(
        default=1_000, alias="clock_max"
    )
    """A clock less certain than this can't tell whether a voucher is valid: everything is held."""
