"""A coordinator without its network: events of several gateways go through store and desk as in the service."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge.wire.verifier import Checked, canonical, identity
from hub_config.profiles import rules_file
from hub_config.rules import RulePack, load_rules
from simulators.coordinator.desk import Desk
from simulators.coordinator.stamps import parse_utc, utc_text
from simulators.coordinator.store import Store

MINUTE_US = 60_000_000
RULES_FILE = rules_file("MY-KUL-1")
NOW_US = parse_utc("2026-11-22T00:15:02.300000Z")


def visit(number: int) -> str:
    return f"01a2009b-37eb-7cc0-9f2a-{number:012x}"


def code(name: str) -> dict[str, Any]:
    return {"sym": "code128", "data": name, "type": "s10", "chk": True, "dev": "scan-1", "reads": 1}


@dataclass
class Chain:
    seq: int = 0
    last: str = identity(b"")


@dataclass
class Hall:
    path: Path
    rules: RulePack = field(default_factory=lambda: load_rules(RULES_FILE))
    now_us: int = NOW_US
    mode: str = "practice"
    chains: dict[str, Chain] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.store = Store(self.path, self.mode)
        self.desk = Desk(self.rules, self.store, "MY-KUL-1", self.mode, b"seed")

    def later(self, minutes: float) -> "Hall":
        self.now_us += round(minutes * MINUTE_US)
        return self

    def event(self, kind: str, at: str | None, gateway: int = 1, **more: Any) -> Checked:
        """The gateway's next event, now."""
        chain = self.chains.setdefault(f"gw-{gateway:02}", Chain())
        chain.seq += 1
        data: dict[str, Any] = {
            "v": 1, "kind": kind, "mode": self.mode, "hub": "MY-KUL-1", "line": "b1" if at else "gw",
            "gw": f"gw-{gateway:02}", "epoch": 1, "seq": chain.seq, "prev": chain.last, "visit": at,
            "t": utc_text(self.now_us), "t_src": "ntp", "t_unc_us": 1_500, "mono_us": 1, "flags": [], "prov": {},
        }  # fmt: skip
        data |= more
        chain.last = identity(canonical(data))
        return Checked(data, chain.last, "kid", canonical(data))

    def take(self, *events: Checked) -> list[dict[str, Any] | None]:
        """In one transaction, as one batch."""
        answers: list[dict[str, Any] | None] = []
        with self.store.transaction():
            for event in events:
                if self.store.receive(event, self.now_us) == "new":
                    answers.append(self.desk.answer(event.data, event.id, self.now_us, self.store))
        return answers

    def tell(self, kind: str, at: str | None, gateway: int = 1, **more: Any) -> dict[str, Any] | None:
        (answer,) = self.take(self.event(kind, at, gateway, **more))
        return answer

    def pass_by(
        self,
        at: str,
        name: str,
        gateway: int = 1,
        *,
        lane: str | None = None,
        mg: int = 1_000_000,
        **more: Any,
    ) -> dict[str, Any]:
        """A parcel arrives, is measured, decided about, and put where that sends it (or into `lane`)."""
        codes = [code(name)]
        self.tell("parcel.arrived", at, gateway, codes=codes, clock="hub", **more)
        self.later(1)
        mass = {"mg": mg, "u_mg": 5_000}
        decision = self.tell("parcel.measured", at, gateway, codes=codes, mass=mass, **more)
        assert decision is not None
        self.tell("parcel.decided", at, gateway, codes=codes, clock=decision["clock"])
        self.later(1)
        self.put(at, lane or decision["route"], gateway)
        return decision

    def put(self, at: str, lane: str, gateway: int = 1) -> None:
        self.tell("parcel.diverted", at, gateway, act={"lane": lane, "bay": lane, "confirmed": True})
        if lane == "green":
            self.tell("parcel.departed", at, gateway)
