"""What a gateway that never mixes anything up would have released: the yardstick of `release.share`.

The same rules on the same readings, each attached to the parcel it truly came from. What no device saw stays unseen:
a parcel whose label nobody could read is not released by the oracle either.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from drivers.identifiers.choice import Identified, identify
from edge.core.verdict import Exits
from hub_config.rules import RulePack
from simulators.bench import Happened
from simulators.coordinator.declared import Declared
from simulators.coordinator.desk import Desk
from simulators.coordinator.sampling import DerivedSeeds, Draw, Over, Rate, Sampler, draw_from
from simulators.coordinator.stamps import utc_text
from simulators.coordinator.visits import MemoryBook

ANSWERS_MAX: Final = 2
"""A first measurement, and one more where the rules ask to weigh again."""
LOOKED_AT_MAX: Final = 2 * ANSWERS_MAX
"""The same again once somebody has looked into it."""


class NobodyDrawn(Sampler):
    """Who was drawn is told; of the others nobody knows."""

    def draw(self, over: Over, of: str, day: str, rate: Rate) -> Draw:
        return replace(super().draw(over, of, day, rate), drawn=False)


def drawn_in(events: Iterable[Mapping[str, Any]]) -> MemoryBook:
    """The draws that a log of events tells of, by the codes of their parcels."""
    book = MemoryBook()
    for data in events:
        copy = data.get("decision") or data.get("voucher")
        sample = {} if copy is None else copy["data"]["basis"].get("sample", {})
        for code in data.get("codes", ()) if sample else ():
            if code.get("chk"):
                book.put_draw(code["data"], draw_from(sample))
    return book


def oracle_releases(
    happened: Sequence[Happened],
    place: Exits,
    u_mg: int,
    rules: RulePack,
    manifest: Mapping[str, Declared],
    hub: str,
    now_us: int,
    drawn: MemoryBook,
    u_um: int = 0,
) -> set[int]:
    """Numbers of the parcels that these readings entitle to the free lane. `u_mg`, `u_um`: of scale and
    dimensioner, k=2. `drawn`: who was drawn for inspection in the run."""
    desk = Desk(rules, manifest, hub, "practice", b"oracle", NobodyDrawn(DerivedSeeds(b"oracle")))
    book = MemoryBook(drawn)
    return {one.number for one in happened if _released(one, place, u_mg, u_um, desk, book, now_us)}


def _released(
    one: Happened, place: Exits, u_mg: int, u_um: int, desk: Desk, book: MemoryBook, now_us: int
) -> bool:
    codes = _codes(one, place)
    weights = [told.mass_mg for told in one.weights if told.mass_mg is not None]
    if not weights or not codes or one.found == "failed" or any(told.mass_mg is None for told in one.weights):
        return False
    found = one.found
    for answer in range(ANSWERS_MAX if found is None else LOOKED_AT_MAX):
        data = {
            "visit": f"oracle-{one.number}", "kind": "parcel.measured", "t": utc_text(now_us), "flags": [],
            "gw": "oracle", "codes": codes,
            "mass": {"mg": weights[min(answer, len(weights) - 1)], "u_mg": u_mg},
            **_dims(one, u_um),
        }  # fmt: skip
        decision = desk.answer(data, f"oracle-{one.number}-{answer}", now_us, book)
        if decision is not None and decision["action"] == "inspect" and found is not None:
            told = {**data, "kind": "parcel.inspected", "note": {"outcome": found}}
            desk.answer(told, f"oracle-{one.number}-found", now_us, book)
            found = None
        elif decision is None or decision["action"] != "reweigh":
            return decision is not None and decision["action"] == "release"
    return False


def _dims(one: Happened, u_um: int) -> dict[str, Any]:
    if not one.sizes:
        return {}
    length, width, height = one.sizes[0]
    return {"dims": {"l_um": length, "w_um": width, "h_um": height, "u_um": u_um}}


def _codes(one: Happened, place: Exits) -> list[dict[str, Any]]:
    """Distinct identifiers read from its own label."""
    found: dict[str, Identified] = {}
    for scan in one.scans:
        code = identify(scan.data, scan.aim, place.weak_formats)
        if code.check_ok and code.type in place.identifiers:
            found.setdefault(code.value, code)
    return [{"type": code.type, "data": code.value, "chk": True} for code in found.values()]
