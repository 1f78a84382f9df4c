"""The rule packs of one hub, and which of them is in force: the one whose days hold the hub's own date.

Days begin and end at the hub's midnight, not at that of UTC. Where days overlap, the pack that began later counts:
a law that changes is a new file with a later `valid_from`. Where no pack is in force, nothing is released.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from hub_config.load import ConfigFaults, Fault
from hub_config.rules import RulePack, load_rules
from hub_config.zones import midnight_us

PACKS_MAX: Final = 64
_FOR_EVER: Final = 2**62


@dataclass(frozen=True, slots=True)
class _Days:
    """A pack from its first moment to its last, in UTC µs."""

    from_us: int
    until_us: int
    pack: RulePack


class RuleBook:
    def __init__(self, packs: Sequence[RulePack]) -> None:
        """`packs` that fit together, as `load_rule_book` makes sure."""
        self.packs = tuple(packs)
        self._days = sorted((_days_of(pack) for pack in packs), key=lambda days: -days.from_us)
        self.digests = {pack.id: pack.digest() for pack in packs}

    def in_force(self, now_us: int) -> RulePack | None:
        for days in self._days:
            if days.from_us <= now_us < days.until_us:
                return days.pack
        return None

    def until_us(self, now_us: int) -> int:
        """The last moment of the pack in force, or of today's lack of one: then its days end, or another begins."""
        ends = [days.until_us for days in self._days if days.pack is self.in_force(now_us)]
        return min([*ends, *(days.from_us for days in self._days if days.from_us > now_us), _FOR_EVER]) - 1


def _days_of(pack: RulePack) -> _Days:
    begins = midnight_us(pack.time_zone)
    until = pack.valid_until
    return _Days(
        begins(pack.valid_from), _FOR_EVER if until is None else begins(until + timedelta(days=1)), pack
    )


def load_rule_book(paths: Sequence[str | Path]) -> RuleBook:
    """Raises ConfigFaults with every fault of every file."""
    faults: list[Fault] = []
    packs: list[tuple[str, RulePack]] = []
    for path in paths[:PACKS_MAX]:
        try:
            packs.append((str(path), load_rules(path)))
        except ConfigFaults as refused:
            faults += refused.faults
    if len(paths) > PACKS_MAX:
        todo = "remove the packs of long ago"
        faults.append(
            Fault(str(paths[PACKS_MAX]), 1, "file", f"{len(paths)} packs", f"at most {PACKS_MAX}", todo)
        )
    for number, (path, pack) in enumerate(packs):
        for other_path, other in packs[:number]:
            fault = _clash(path, pack, other_path, other)
            if fault is not None:
                faults.append(fault)
    if faults:
        raise ConfigFaults(faults)
    return RuleBook([pack for _, pack in packs])


def _clash(path: str, pack: RulePack, other_path: str, other: RulePack) -> Fault | None:
    for where, mine, theirs in (
        ("hub", pack.hub, other.hub),
        ("time_zone", pack.time_zone, other.time_zone),
        ("country", pack.country, other.country),
    ):
        if mine != theirs:
            what = f"{mine} is not that of {other_path}, {theirs}"
            return Fault(path, 1, where, what, "the packs of one hub agree in it", "correct one of the two")
    for where, same in (("id", pack.id == other.id), ("valid_from", pack.valid_from == other.valid_from)):
        if same:
            what = f"the same as in {other_path}"
            limit = "of two packs it must be plain which comes later"
            return Fault(path, 1, where, what, limit, "give each pack its own id and first day")
    return None
