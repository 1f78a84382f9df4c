"""Releases without the coordinator, looked at once it hears of them (clearance contract §11).

Each rests on a voucher. It was right if the voucher was issued for that line, is used for the first time, was not
revoked, and nobody has stopped the parcel meanwhile. Anything else is a conflict: somebody has to go after the parcel.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Protocol

from simulators.coordinator.stamps import parse_utc
from simulators.coordinator.vouchers import Owner

USES_MAX: Final = 1_000_000
"""Vouchers remembered as used; far more than are valid at a time."""
ALERTS_MAX: Final = 1_000

Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Conflict:
    """What is told as `alert/offline_conflict`."""

    voucher: str
    visit: str
    why: str
    gw: str
    line: str
    bay: str
    """Where it was sent, and where it was seen last once a sensor has said so."""
    t: str

    def told(self) -> dict[str, Any]:
        return {"v": 1, "kind": "offline_conflict"} | asdict(self)


class Issued(Protocol):
    """Whose each voucher is."""

    def get(self, voucher: str, /) -> Owner | None: ...


class Stops(Protocol):
    """What authorities want stopped."""

    def stands(self, code: str, at_us: int, /) -> bool:
        """Whether somebody did at this moment."""
        ...


class StopsInMemory(dict[str, int]):
    """Code to the time since which an authority wants it stopped."""

    def stands(self, code: str, at_us: int, /) -> bool:
        return self.get(code, at_us) < at_us


class Uses(Protocol):
    """Voucher to the visit that used it first."""

    def setdefault(self, voucher: str, visit: str, /) -> str: ...


class Conflicts(Protocol):
    """Those told, by visit."""

    def __len__(self) -> int: ...
    def get(self, visit: str, /) -> Conflict | None: ...
    def __setitem__(self, visit: str, conflict: Conflict, /) -> None: ...


class UsesInMemory(dict[str, str]):
    """The last `USES_MAX`."""

    def setdefault(self, voucher: str, visit: str = "", /) -> str:
        first = super().setdefault(voucher, visit)
        if len(self) > USES_MAX:
            del self[next(iter(self))]
        return first


@dataclass(slots=True)
class Reconciler:
    """Takes the events of all gateways of a hub, in any order between them. What it remembers is in dictionaries, or
    in the tables of a store."""

    issued: Issued
    revoked_us: dict[str, int] = field(default_factory=dict)
    """Voucher to the time of its revocation."""
    stops: Stops = field(default_factory=StopsInMemory)
    conflicts: Conflicts = field(default_factory=dict[str, Conflict])
    used: Uses = field(default_factory=UsesInMemory)
    checked: int = 0
    unheard: int = 0
    """Conflicts past `ALERTS_MAX`: counted only."""

    def take(self, data: Data) -> Conflict | None:
        """A new conflict, or what is now known of an old one."""
        copy = data.get("voucher")
        if copy is None:
            return None
        voucher, visit = str(copy["data"]["id"]), str(data["visit"])
        if data["kind"] == "parcel.decided":
            self.checked += 1
            why = self._why(voucher, visit, data)
        else:
            known = self.conflicts.get(visit)
            why = None if known is None else known.why
        if why is None:
            return None
        conflict = Conflict(voucher, visit, why, data["gw"], data["line"], data["act"]["bay"], data["t"])
        before = self.conflicts.get(visit)
        if before == conflict:
            return None
        if before is None and len(self.conflicts) >= ALERTS_MAX:
            self.unheard += 1
            return None
        self.conflicts[visit] = conflict
        return conflict

    def _why(self, voucher: str, visit: str, data: Data) -> str | None:
        at_us = parse_utc(data["t"])
        owner = self.issued.get(voucher)
        if owner is None:
            return "not_issued"
        first = self.used.setdefault(voucher, visit)
        if owner != Owner(data["gw"], data["line"]):
            return "other_line"
        if first != visit:
            return "used_twice"
        if self.revoked_us.get(voucher, at_us) < at_us:
            return "revoked"
        codes = [code["data"] for code in data.get("codes", ()) if code.get("chk")]
        stopped = any(self.stops.stands(code, at_us) for code in codes)
        return "stopped_meanwhile" if stopped else None
