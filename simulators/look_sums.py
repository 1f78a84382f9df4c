"""What became of the parcels that somebody was to look into, and whether three accounts of them agree: what was really
found, the cases of the coordinator, and whose time it was by the gateway and by what is signed: events, and decisions
as they come to parcels in a bay (contract §10).
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from edge.core.decision import Decision
from edge.core.effects import Effect
from edge.core.inputs import DecisionArrived, Input
from hub_config.names import MICROSECOND
from simulators.coordinator.desk import CASES
from simulators.coordinator.ledger import Change, intervals
from simulators.coordinator.stamps import parse_utc
from simulators.coordinator.visits import PLACE_OF_LANE, WAITING, Place
from simulators.hub import UTC_AT_START_US, SimulatedHub
from simulators.inspections import Hall
from simulators.report import Data

HELD: Final[tuple[Place | None, ...]] = WAITING
"""Places from which a scan takes a parcel up again."""
OFF_MAX_US: Final = 100
"""Rounded to the µs at each change of owner."""


class LookSums:
    def __init__(self, hub: SimulatedHub, hall: Hall) -> None:
        """Hears what decisions come to the gateway: it is put before the core of the hub."""
        self._hall = hall
        self._book = hub.book
        self._step = hub.step
        hub.step = self.step
        self._heard: list[tuple[int, Decision]] = []
        """UTC µs of each decision."""
        self._in_bay: dict[str, list[tuple[int, int]]] = {}
        """From when to when each visit's parcel lay in a bay, so far as it has been taken up again."""
        self._lies_since: dict[str, int] = {}
        self._changes: dict[str, list[Change]] = {}
        """Whose time it is from when on, by visit."""
        self._stays: dict[str, Mapping[str, int]] = {}
        """Of parcels that have left: the gateway's account, µs by owner."""
        self._with_customs: set[str] = set()
        self.counts: Counter[str] = Counter()
        self._cases: dict[str, set[str]] = {}
        """Rules under which each visit is to be looked at."""
        self.wrong: list[str] = []

    def step(self, given: Input) -> list[Effect]:
        if isinstance(given, DecisionArrived):
            self._heard.append((UTC_AT_START_US + given.at // MICROSECOND, given.decision))
        return self._step(given)

    def hear(self, data: Data) -> None:
        """An event of a bench."""
        visit, kind, owner = data["visit"], data["kind"], data.get("clock")
        if visit is None:
            return
        self._follow(visit, kind, data)
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

    def _follow(self, visit: str, kind: str, data: Data) -> None:
        """Into its bay, and out again: by a scan, or with the arrival of what turns out to be the same parcel."""
        at_us = parse_utc(data["t"])
        if kind == "visit.joined":
            visit, at_us = data["note"]["into"], self._changes[visit][0].t_us
        since = self._lies_since.pop(visit, None)
        if since is not None:
            self._in_bay.setdefault(visit, []).append((since, at_us))
        placed = kind == "parcel.diverted" and data["act"]["confirmed"]
        if kind == "visit.split" or (placed and PLACE_OF_LANE.get(data["act"]["lane"]) in HELD):
            self._lies_since[visit] = at_us

    def _open_case(self, visit: str, decision: Data) -> None:
        cases, rule = self._cases.setdefault(visit, set()), decision["basis"].get("rule")
        if decision["action"] in CASES and rule not in cases:
            cases.add(rule)
            self.counts["cases"] += 1

    def _close_cases(self, visit: str) -> None:
        self.counts["closed_cases"] += len(self._cases.pop(visit, ()))

    def close(self) -> list[str]:
        """The run is over; returns one line for each thing on which they do not agree."""
        for at_us, decision in self._heard:
            if any(since <= at_us < until for since, until in self._in_bay.get(decision.visit, ())):
                self._changes[decision.visit].append(Change(at_us, 0, decision.clock))
        self._compare_times()
        self._compare_cases()
        return self.wrong

    def _compare_times(self) -> None:
        for visit, gateways in self._stays.items():
            signed: Counter[str] = Counter()
            for one in intervals(self._changes[visit]):
                signed[one.owner] += one.us
            if any(
                abs(signed[owner] - gateways.get(owner, 0)) > OFF_MAX_US for owner in {*signed, *gateways}
            ):
                self.wrong.append(
                    f"wrong_time: visit {visit}: gateway {dict(gateways)}, signed {dict(signed)}"
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
