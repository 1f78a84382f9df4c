"""What became of the parcels that somebody was to look into, and whether three accounts of them agree: what was really
found, the cases of the coordinator, and whose time it was by the gateway and by the coordinator's ledger.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from simulators.coordinator.desk import CASES
from simulators.coordinator.ledger import Change, intervals
from simulators.coordinator.stamps import parse_utc
from simulators.coordinator.visits import MemoryBook
from simulators.inspections import Hall
from simulators.report import Data

OFF_MAX_US: Final = 50_000
"""A decision on a parcel in a bay changes whose time it is at the coordinator when it is given, at the gateway when it
comes; that is the most that the two may differ by, for each owner."""


class LookSums:
    def __init__(self, hall: Hall, book: MemoryBook) -> None:
        self._hall = hall
        self._book = book
        self._changes: dict[str, list[Change]] = {}
        """Whose time it is from when on, by visit."""
        self._stays: dict[str, Mapping[str, int]] = {}
        """Of parcels that have left: the gateway's account, µs by owner."""
        self._with_customs: set[str] = set()
        self.counts: Counter[str] = Counter()
        self._cases: dict[str, set[str]] = {}
        """Rules under which each visit is to be looked at."""
        self.wrong: list[str] = []

    def hear(self, data: Data) -> None:
        """An event of a bench."""
        visit, kind, owner = data["visit"], data["kind"], data.get("clock")
        if visit is None:
            return
        if kind == "visit.joined":
            self._changes.setdefault(data["note"]["into"], []).extend(self._changes.pop(visit, []))
        elif kind == "parcel.presented":
            self.counts["presented"] += 1
            self._with_customs.add(visit)
        elif kind == "parcel.inspected":
            self.counts[str(data["note"]["outcome"])] += 1
            self.counts["without_customs"] += visit not in self._with_customs
            self._close_cases(visit)
        elif kind == "visit.split":
            self.counts["split"] += 1
        elif kind == "parcel.decided" and data.get("decision"):
            self._open_case(visit, data["decision"]["data"])
        if owner not in (None, "customs") and visit in self._with_customs:
            self._with_customs.remove(visit)
            self.counts["given_back_" + kind.partition(".")[2]] += 1
        if owner is not None or kind == "parcel.departed":
            change = Change(parse_utc(data["t"]), data["t_unc_us"], owner)
            self._changes.setdefault(visit, []).append(change)
        if kind == "parcel.departed":
            self._stays[visit] = {span["owner"]: span["us"] for span in data["dwell"]}

    def _open_case(self, visit: str, decision: Data) -> None:
        cases, rule = self._cases.setdefault(visit, set()), decision["basis"].get("rule")
        if decision["action"] in CASES and rule not in cases:
            cases.add(rule)
            self.counts["cases"] += 1

    def _close_cases(self, visit: str) -> None:
        self.counts["closed_cases"] += len(self._cases.pop(visit, ()))

    def close(self) -> list[str]:
        """The run is over; returns one line for each thing on which they do not agree."""
        for visit, (utc_us, owner) in self._hall.let_go.items():
            if owner is not None:
                self._changes.setdefault(visit, []).append(Change(utc_us, 0, owner))
        self._compare_times()
        self._compare_cases()
        return self.wrong

    def _compare_times(self) -> None:
        for visit, gateways in self._stays.items():
            ledgers: Counter[str] = Counter()
            for one in intervals(self._changes[visit]):
                ledgers[one.owner] += one.us
            if any(
                abs(ledgers[owner] - gateways.get(owner, 0)) > OFF_MAX_US for owner in {*ledgers, *gateways}
            ):
                self.wrong.append(
                    f"wrong_time: visit {visit}: gateway {dict(gateways)}, ledger {dict(ledgers)}"
                )

    def _compare_cases(self) -> None:
        """What was found in a parcel stands in its visit, and in no other; a case that no finding has closed is open,
        if customs have not closed it by themselves."""
        for freed in self._hall.let_go:
            self._close_cases(freed)
        for name, cases in self._cases.items():
            known = self._book.visit(self._book.root(name))
            self.counts["open_cases"] += len(cases)
            if known is None or not cases <= set(known.case):
                self.wrong.append(f"wrong_case: of visit {name} {sorted(cases)} are open: {known}")
        for number, placed in self._hall.placed.items():
            visit, found = self._book.visit(self._book.root(placed.visit)), self._hall.found.get(number)
            if visit is not None and visit.failed != (found == "failed"):
                self.wrong.append(f"wrong_case: parcel {number}, {found or 'not looked into'}: {visit}")


def looks_told(sums: LookSums) -> dict[str, Any]:
    return dict(sorted(sums.counts.items()))


def truths(wrong: Iterable[str]) -> dict[str, int]:
    told = Counter(line.partition(":")[0] for line in wrong)
    return {name: told[name] for name in ("wrong_time", "wrong_case")}
