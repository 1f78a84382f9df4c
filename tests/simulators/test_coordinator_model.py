"""Random days at the desk against a model of one page, written from the contract alone (§1, §5, §7, §8).

The model knows each physical box: what was done to it, and what its consignment has been told. It says only when a
release must not be signed; that boxes without trouble are released at all, a count at the end makes sure.
"""

import hmac
import json
import random
from collections import Counter
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from coordinator_hall import Hall, code, visit

from simulators.coordinator.declared import Declared
from simulators.coordinator.parties import PartyAnswer

STEPS = 120
BOXES = 6
PARTIES = ("agency:plants", "aviation-security")
LIMIT_MINOR, LIMIT_MG, VAPE = 50_000, 30_000_000, "vape pens"


def drawn(seed: bytes, name: str, rate_ppm: int) -> bool:
    """Contract §8, once more."""
    x = int.from_bytes(hmac.new(seed, b"ehub-sample-v1\0" + name.encode(), sha256).digest()[:8], "big")
    return (x * 1_000_000) >> 64 < rate_ppm


@dataclass
class Box:
    """One parcel as it really is, with what its consignment is told."""

    number: int
    names: tuple[str, str]
    mg: int = 1_000_000
    at: int = 1
    visit: int = 0
    where: str = "outside"
    doubted: bool = False
    failed: bool = False
    gone: bool = False
    settled: set[str] = field(default_factory=set)
    opened: set[str] = field(default_factory=set)
    answers: dict[str, str] = field(default_factory=dict)
    goods: Declared | None = None


class Day:
    def __init__(self, hall: Hall, seed: int) -> None:
        self.hall, self.dice = hall, random.Random(seed)
        self.boxes = [Box(n, (f"RR{n:09}MY", f"{n:018}")) for n in range(1, BOXES + 1)]
        self.visits = self.counted = 0
        self.seqs: dict[str, int] = {}
        self.told = Counter[str]()

    def step(self) -> None:
        box = self.dice.choice(self.boxes)
        self.hall.later(0.1)
        deed = self.dice.choice(
            (self.declare, self.amend, self.answer, self.measure, self.measure, self.measure, self.inspect, self.lie,
             self.lose, self.restart)
        )  # fmt: skip
        deed(box)
        for decision in self.newly_decided():
            seq = self.seqs.get(decision["visit"], 0)
            assert decision["dec_seq"] == seq + 1, "numbers rise by one"
            self.seqs[decision["visit"]] = seq + 1

    def newly_decided(self) -> list[dict[str, Any]]:
        rows = self.hall.store.connection.execute("SELECT data FROM decisions ORDER BY number").fetchall()
        decisions = [json.loads(text) for (text,) in rows[self.counted :]]
        self.counted = len(rows)
        return decisions

    def declare(self, box: Box) -> None:
        value = self.dice.choice((4_000, 4_000, 99_000))
        text = self.dice.choice(("shirt", "shirt", VAPE))
        needs = self.dice.choice(((), (), PARTIES[:1]))
        box.goods = Declared(
            self.dice.choice((1_000_000, 1_000_000, 2_000_000)), value, "MYR", text, consignment=f"c-{box.number}",
            identifiers=box.names, parties=needs,
        )  # fmt: skip
        with self.hall.store.transaction():
            self.hall.store.file([box.goods], self.hall.now_us)

    def amend(self, box: Box) -> None:
        """Only what is declared of its worth."""
        if box.goods is not None:
            box.goods = replace(box.goods, value_minor=self.dice.choice((4_000, 99_000)))
            with self.hall.store.transaction():
                self.hall.store.file([box.goods], self.hall.now_us)

    def answer(self, box: Box) -> None:
        party, action = self.dice.choice(PARTIES), self.dice.choice((*["release"] * 4, "hold", "screen"))
        reasons = () if action == "release" else ("risk_profile",)
        box.answers[party] = action
        told = PartyAnswer(f"c-{box.number}", party, action, reasons)  # type: ignore[arg-type]
        with self.hall.store.transaction():
            decisions = self.hall.desk.hear(told, self.hall.now_us, self.hall.store)
        for decision in decisions:
            self.check(box, decision, mg=box.mg)

    def measure(self, box: Box) -> None:
        if box.gone:
            return
        if box.where != "open":  # back from a bay or from nowhere: where it turns up it gets a new id
            self.visits += 1
            box.visit, box.at, box.where = self.visits, self.dice.randint(1, 3), "open"
        box.mg = self.dice.choice((1_000_000, 1_000_000, 1_048_000, 2_000_000, 2_000_000))
        name = self.dice.choice((0, 0, 0, 1))
        read = [code(box.names[name]) | {"type": ("s10", "sscc")[name]}]
        box.doubted = self.dice.random() < 0.2
        flags = ["assoc_low"] if box.doubted else []
        mass = {"mg": box.mg, "u_mg": 5_000}
        decision = self.hall.tell(
            "parcel.measured", visit(box.visit), box.at, codes=read, mass=mass, flags=flags
        )
        assert decision is not None, "every measurement is answered"
        assert decision["gw"] == f"gw-{box.at:02}"
        assert visit(box.visit) in (decision["visit"], decision["was"])
        if decision["visit"] != visit(box.visit):
            into = int(decision["visit"][-12:], 16)
            note = {"from": visit(box.visit), "into": decision["visit"]}
            self.hall.tell("visit.joined", visit(box.visit), box.at, note=note)
            box.visit = into
        self.check(box, decision, mg=box.mg, doubted=box.doubted)
        if decision["action"] == "release" and not decision["needs"] and self.dice.random() < 0.3:
            self.hall.put(visit(box.visit), "green", box.at)
            box.gone = True

    def check(self, box: Box, decision: dict[str, Any], *, mg: int, doubted: bool = False) -> None:
        self.told[decision["action"]] += 1
        if decision["action"] in ("inspect", "screen", "refuse"):
            box.opened.add(decision["basis"]["rule"])
        if decision["action"] != "release" or decision["basis"]["authority"] != "customs":
            return
        goods = box.goods
        assert goods is not None
        assert not any((box.failed, box.gone, doubted, box.doubted))
        assert not box.opened & {"prohibited-goods", "low-value"}, "amended, and not looked at"
        assert all(said == "release" for said in box.answers.values())
        assert set(decision["needs"]) == set(goods.parties) - set(box.answers)
        assert goods.description != VAPE or "prohibited-goods" in box.settled
        assert goods.value_minor <= LIMIT_MINOR or "low-value" in box.settled
        sure = abs(mg - goods.mass_mg) + 5_000 <= max(50_000, goods.mass_mg // 20)
        assert sure or "declared-mass" in box.settled
        low, high = decision["cond"]["mass_mg"]
        assert low <= mg - 5_000 <= mg + 5_000 <= high <= LIMIT_MG
        assert decision["cond"]["code"] in box.names
        sample = decision["basis"]["sample"]
        seed = sha256(b"seed" + sample["day"].encode()).digest()
        assert sample["drawn"] == drawn(seed, sample["of"], sample["rate_ppm"])
        assert not sample["drawn"] or "parcel.inspected" in box.settled

    def inspect(self, box: Box) -> None:
        if box.where != "open" or box.gone:
            return
        outcome = self.dice.choice((*["passed"] * 9, "failed"))
        self.hall.tell("parcel.inspected", visit(box.visit), box.at, note={"outcome": outcome})
        box.failed |= outcome == "failed"
        box.settled |= {"parcel.inspected"} | (box.opened if outcome == "passed" else set())
        box.opened.clear()

    def lie(self, box: Box) -> None:
        if box.where == "open" and not box.gone:
            box.where = self.dice.choice(("hold", "manual", "custody", "return"))
            self.hall.put(visit(box.visit), box.where, box.at)

    def lose(self, box: Box) -> None:
        if box.where == "open" and not box.gone:
            box.where = "lost"
            self.hall.tell("parcel.lost_track", visit(box.visit), box.at)

    def restart(self, _: Box) -> None:
        self.hall.store.close()
        self.hall.__post_init__()


def day_of(folder: Path, seed: int) -> Counter[str]:
    day = Day(Hall(folder / f"{seed}.sqlite"), seed)
    for _ in range(STEPS):
        day.step()
    day.hall.store.close()
    return day.told


@pytest.mark.parametrize("first", range(0, 20, 5))
def test_no_day_has_a_release_that_the_model_forbids(tmp_path: Path, first: int) -> None:
    told = Counter[str]()
    for seed in range(first, first + 5):
        told += day_of(tmp_path, seed)

    assert told["release"] > 10, told
    assert {"hold", "inspect", "refuse", "screen"} <= set(told)
