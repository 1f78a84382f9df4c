"""When a parcel is drawn for inspection, and what the draw does to its decision (clearance contract §8).

Made once, at the first measurement under a code or when a voucher is issued, over the consignment if it was declared in
advance and else over the first visit; kept under every name the parcel has, until an inspection has served it.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from hub_config.rules import RulePack
from simulators.coordinator.declared import Declared
from simulators.coordinator.judge import Verdict, inspect, own_code
from simulators.coordinator.risks import rate_of
from simulators.coordinator.sampling import Draw, Over, Sampler, consigned_name
from simulators.coordinator.stamps import utc_text
from simulators.coordinator.visits import Visit, VisitBook

RANDOM_CHECK: Final = "random-check"
"""The rule under which a drawn parcel is to be looked at."""
FREES: Final = ("release", "reweigh")
"""Any other word stops it already, and is stricter or says what is in doubt."""


class RandomChecks:
    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler

    def draw(
        self, data: Mapping[str, Any], visit: Visit, declared: Declared | None, pack: RulePack | None, now_us: int,
        book: VisitBook,
    ) -> Draw | None:  # fmt: skip
        """None where it has no code yet, or no rule pack says how often."""
        code = own_code(data) or visit.code
        if code is None or pack is None:
            return None
        consignment = None if declared is None else declared.consignment or code
        names = _names(visit.id, code, None if declared is None else declared.consignment)
        held = [book.draw(name) for name in names]
        known = [draw for draw in held if draw is not None]
        if known:
            draw = next((one for one in known if one.due), known[0])
        else:
            over: Over = "visit" if consignment is None else "consignment"
            rate = rate_of(declared, pack, book)
            draw = self._sampler.draw(over, consignment or visit.id, utc_text(now_us)[:10], rate)
        for name, before in zip(names, held, strict=True):
            if before != draw:
                book.put_draw(name, draw)
        return draw


def checked(verdict: Verdict, draw: Draw | None) -> Verdict:
    """A parcel that is drawn and would go on is inspected instead."""
    if draw is None or not draw.due or verdict.action not in FREES:
        return verdict
    return inspect("sampled", RANDOM_CHECK)


def served(visit: Visit, book: VisitBook) -> None:
    """It has been inspected: what is decided from now on is decided on what was found."""
    for name in _names(visit.id, visit.code, visit.consignment):
        draw = book.draw(name)
        if draw is not None:
            book.put_draw(name, replace(draw, inspected=True))


def _names(visit: str, code: str | None, consignment: str | None) -> tuple[str, ...]:
    """All under which its draw stands."""
    names = (visit, code, consigned_name(consignment) if consignment else None)
    return tuple(dict.fromkeys(name for name in names if name is not None))
