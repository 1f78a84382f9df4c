"""Bags and containers opened at a bench (contract §4, `bag.opened`): whoever opens one scans its label before the first
parcel, so that what comes out of it can be counted against what was declared to be in it.

A receptacle's label says which bag; the label of an air waybill which consignment. Scanned one after the other they are
of one opening, whichever comes first.
"""

from typing import Final

from edge.core.event import Code, Event
from edge.core.ledger import Ledger
from hub_config.names import SECOND, Instant, LineId

BAG_TYPES: Final = ("receptacle", "mawb")
TOGETHER_NS: Final = 30 * SECOND
"""So long after its waybill a bag's own label is of the same opening."""


def is_bag(code: Code) -> bool:
    return code.check_ok and code.type in BAG_TYPES


class Bags:
    def __init__(self, line: LineId, ledger: Ledger) -> None:
        self._line = line
        self._ledger = ledger
        self._before: tuple[Code, Instant] | None = None
        """The label that was scanned last, and when."""

    def open(self, code: Code, at: Instant) -> None:
        """Its label was scanned while nothing lay at the bench."""
        before, self._before = self._before, (code, at)
        codes: tuple[Code, ...] = (code,)
        if before is not None and before[0].type != code.type and at - before[1] <= TOGETHER_NS:
            codes = (before[0], code)
        self._ledger.count_journalled()
        visit = self._ledger.mint_visit(at)
        self._ledger.record(Event("bag.opened", self._line, visit, at, self._ledger.wall(at), codes=codes))
