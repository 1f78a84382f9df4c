"""The contract's own test (§1): held on belt A, inspected at bench B, fed again on belt C: one visit.

Three gateways' cores, each with its own journal's chain, and one coordinator; decisions come signed and are read by the
gateways' own parser.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from bench_driver import MANUAL, BenchDriver
from bench_driver import config as bench_config
from coordinator_hall import Hall
from line_driver import BASE_US, S10, TO_END_S, TO_LANE_S, TO_MEASURED_S, TO_ORDER_S, LineDriver, entered
from line_driver import config as line_config
from nacl.signing import SigningKey

from edge.core.event import Event
from edge.core.gateway import Gateway
from edge.core.inputs import DecisionArrived
from edge.wire.chain import Chain
from edge.wire.envelope import EventContext, event_payload
from edge.wire.messages import parse_decision
from edge.wire.signing import Signer, TrustStore
from edge.wire.verifier import examine
from hub_config.names import GatewayId, HubId
from hub_config.trust import Trust
from simulators.coordinator.declared import Declared
from simulators.coordinator.dwell_report import stays
from simulators.coordinator.letters import Letters
from simulators.coordinator.outturn import outturn

HUB = HubId("MY-KUL-1")
GOODS = Declared(
    500_000, 60_000, "MYR", "Cotton T-shirt", identifiers=(S10,), consignment="c-1", mawb="232-1"
)
SIGNER = Signer(SigningKey(bytes(range(1, 33))))
LETTERS = Letters(HUB, "co-1", SigningKey(bytes(range(32))))
TRUST = TrustStore(
    [
        Trust(
            kid=LETTERS.kid, public_key=LETTERS.public, holder="co-1", roles=("release", "hold"),
            modes=("practice",),
        )
    ]
)  # fmt: skip


@dataclass
class Node:
    """A gateway with its journal, connected to the coordinator."""

    name: str
    driver: BenchDriver | LineDriver
    hall: Hall
    chain: Chain = field(init=False)
    sent: int = 0

    def __post_init__(self) -> None:
        context = EventContext(HUB, GatewayId(self.name), "practice", 1, "0.1.0", "0" * 64, {}, b"e" * 32)
        self.chain = Chain(context, SIGNER)

    def exchange(self) -> list[dict[str, Any]]:
        """What was recorded goes to the coordinator; its answers come back and are obeyed."""
        answers: list[dict[str, Any]] = []
        while self.sent < len(self.driver.events):
            event = self.driver.events[self.sent]
            link = self.chain.append(event)
            self.driver.ids[self.sent] = link.id
            self.sent += 1
            checked = examine(
                event_payload(link.body, link.id, link.sig, link.kid), {SIGNER.kid: SIGNER.public_b64}
            )
            answers += [one for one in self.hall.take(checked) if one is not None]
        return answers

    def obey(self, answer: dict[str, Any], asked: str) -> None:
        """`asked`: by which id the driver's core knows its measurement."""
        wire = LETTERS.decision(answer)
        decision = parse_decision(wire, TRUST, HUB, GatewayId(self.name), "practice")
        decision = replace(decision, answers=asked)
        self.driver.give(DecisionArrived(self.driver.at, decision))

    def id_of_measured(self) -> str:
        place = max(n for n, event in enumerate(self.driver.events) if event.kind == "parcel.measured")
        return self.driver.ids[place]


def kinds(events: Iterable[Event], visit: str | None) -> list[str]:
    return [event.kind for event in events if event.visit == visit]


@pytest.fixture
def hall(tmp_path: Path) -> Hall:
    made = Hall(tmp_path / "coordinator.sqlite")
    made.now_us = BASE_US + 3_000_000
    with made.store.transaction():
        made.store.file([GOODS], made.now_us)
    return made


def measure(node: Node) -> dict[str, Any]:
    asked = node.id_of_measured()
    (answer,) = node.exchange()
    node.obey(answer, asked)
    return answer


def test_held_on_belt_a_inspected_at_bench_b_fed_again_on_belt_c_is_one_visit(hall: Hall) -> None:
    belt_a = Node("gw-01", LineDriver(Gateway(line_config(), b"a" * 16)).start(), hall)
    bench_b = Node("gw-02", BenchDriver(Gateway(bench_config(), b"b" * 16)).start(), hall)
    belt_c = Node("gw-03", LineDriver(Gateway(line_config(), b"c" * 16)).start(), hall)

    on_a = belt_a.driver
    assert isinstance(on_a, LineDriver)
    on_a.measure(entered(on_a))
    on_a.later(TO_MEASURED_S)
    first = measure(belt_a)
    on_a.later(TO_END_S - TO_MEASURED_S)
    belt_a.exchange()
    assert (first["action"], first["reasons"]) == ("inspect", ["value_over_lane"])

    on_b = bench_b.driver
    assert isinstance(on_b, BenchDriver)
    on_b.measured(S10)
    at_bench = measure(bench_b)
    on_b.scan(MANUAL)
    bench_b.exchange()
    visit = first["visit"]
    assert at_bench["visit"] == visit
    assert at_bench["was"] not in (None, visit)
    hall.tell("parcel.inspected", visit, 9, note={"outcome": "passed", "seconds": 60, "role": "customs"})

    on_c = belt_c.driver
    assert isinstance(on_c, LineDriver)
    thing = on_c.measure(entered(on_c))
    on_c.later(TO_MEASURED_S)
    last = measure(belt_c)
    on_c.later(TO_ORDER_S - TO_MEASURED_S)
    on_c.diverted(thing)
    on_c.later(TO_LANE_S - TO_ORDER_S + 1)
    belt_c.exchange()

    assert (last["action"], last["visit"], last["dec_seq"]) == ("release", visit, 3)
    assert last["was"] not in (None, visit)
    assert kinds(on_b.events, visit) == ["parcel.identified", "parcel.decided", "parcel.diverted"]
    assert kinds(on_c.events, visit)[-2:] == ["parcel.diverted", "parcel.departed"]
    for driver in (on_b, on_c):
        assert [event.kind for event in driver.events].count("visit.joined") == 1
    found = hall.store.visit(visit)
    assert found is not None
    assert (found.departed, found.passed) == (True, ("low-value",))
    connection = hall.store._connection
    assert connection.execute("SELECT count(*) FROM visits").fetchone() == (1,)
    told = outturn(connection, "232-1")
    assert told is not None
    assert (told.count("seen"), told.count("over"), told.count("open_cases")) == (1, 0, 0)
    (stay,) = stays(connection)
    assert {one.owner for one in stay.intervals} == {"hub", "customs"}
