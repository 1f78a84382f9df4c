"""The dimensioner of a bench: a parcel on the scale is measured once its label is read and its weight is known.

It is asked (`Measure`), and whoever works at the bench may press its key before that. A box counts for the parcel that
lies there weighed; one that comes at any other time is nobody's. A parcel whose box does not come is asked about
without one: what that means is for the coordinator to say.
"""

from typing import Final

from drivers.command import Measure
from drivers.reading import DimensionsRead, OrderAnswered
from edge.core.belt_dims import dims_of
from edge.core.ledger import Ledger
from edge.core.metrology import is_verified
from edge.core.parcel import Parcel
from hub_config.dimensioners import CubiscanConfig
from hub_config.names import MILLISECOND, SECOND, DeviceId, Instant

SPARE_NS: Final = 1 * SECOND
"""So much later than its driver the station gives up: the driver says first why there is no result."""


class BenchDims:
    def __init__(self, config: CubiscanConfig, ledger: Ledger) -> None:
        self._config = config
        self._ledger = ledger
        self._number = 0
        self._waits_ns = config.answer_timeout_ms * MILLISECOND + SPARE_NS

    @property
    def device(self) -> DeviceId:
        return self._config.id

    def ask(self, parcel: Parcel, at: Instant) -> None:
        """It is to be measured now; what comes of it is awaited."""
        self._number += 1
        self._ledger.order(Measure(self._config.id, self._number))
        parcel.sizing, parcel.due_at = True, Instant(at + self._waits_ns)

    def answered(self, parcel: Parcel | None, read: OrderAnswered) -> bool:
        """Whether the parcel's measurement is over without a box."""
        awaited = parcel is not None and parcel.sizing and read.order == self._number
        return awaited and not read.accepted

    def take(self, parcel: Parcel | None, read: DimensionsRead, at: Instant) -> bool:
        """Whose a box is. Whether the parcel's measurement is over by it."""
        weighed = parcel is not None and parcel.phase == "measuring" and parcel.mass is not None
        if parcel is None or not weighed or parcel.sized:
            self._ledger.count_rejected("record_orphan")
            return False
        dims = dims_of(read)
        if dims is None:
            self._ledger.count_rejected("no_dims")
        elif not is_verified(self._config, self._ledger.wall(at)):
            self._ledger.count_rejected("dims_outdated")
        else:
            self._ledger.count_journalled()
            parcel.dims, parcel.sized = dims, True
        return parcel.sizing
