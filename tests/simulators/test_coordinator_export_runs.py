"""Exports of any hub, in any number of runs, whatever came late: nothing is lost, nothing doubled, every clock closed.

Hubs drawn at random: parcels wander over three gateways, which are cut off now and then and send their backlog later.
"""

import json
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from coordinator_hall import MINUTE_US, Hall, code, visit

from edge.wire.verifier import Checked
from simulators.coordinator.export import main
from simulators.coordinator.tables import DATABASE

GATEWAYS = (1, 2, 3)
ITEMS = ("RR473124829MY", "RR473124832MY", "RR473124846MY")
WORDS = (
    ("hold", ["no_declaration"]),
    ("inspect", ["sampled"]),
    ("hold", []),
    ("release", []),
    ("release", []),
)
ORDER = {"EMD": 0, "EDB": 1, "EME": 1, "EDA": 1, "EDC": 2, "EMF": 3}
MASS = {"mg": 1_234_500, "u_mg": 5_000, "rec": 7, "dev": "scale-1"}
PROV = {"edge": "0.1.0", "dev": {}}
HUBS = 30


class Drawn:
    """A hub's day: what happened, and in which order the coordinator heard of it."""

    def __init__(self, folder: Path, seed: int, *, splits: bool) -> None:
        self._splits = splits
        self.rng = random.Random(seed)
        self.hall = Hall(folder / DATABASE, mode="live")
        self.visits = 0
        self.events: list[Checked] = []
        for item in ITEMS:
            self._parcel(item)
        self.events.sort(key=lambda event: event.data["t"])

    def mint(self) -> str:
        self.visits += 1
        return visit(self.visits)

    def tell(self, kind: str, at: str, gateway: int, **more: Any) -> None:
        self.events.append(self.hall.later(1).event(kind, at, gateway, **more))

    def _parcel(self, item: str) -> None:
        rng, older, codes = self.rng, "", [code(item)]
        gone = False
        for _ in range(rng.randrange(1, 4)):
            gateway, at = rng.choice(GATEWAYS), self.mint()
            self.tell("parcel.arrived", at, gateway, codes=codes if rng.random() < 0.3 else [])
            self.tell("parcel.measured", at, gateway, codes=codes, mass=MASS, prov=PROV)
            wrong = False
            if older and rng.random() < 0.8:
                self.tell("visit.joined", at, gateway, note={"from": at, "into": older})
                wrong, at, minted = self._splits and rng.random() < 0.2, older, at
            older = older or at
            self._decide(at, gateway, codes)
            if wrong:
                self.tell("visit.split", at, gateway, note={"from": at, "into": minted})
                self.tell("parcel.arrived", minted, gateway, codes=codes)
                self.tell("parcel.decided", minted, gateway, codes=codes, flags=["two_labels"])
            elif rng.random() < 0.1:
                self.tell("parcel.lost_track", at, gateway)
            elif rng.random() < 0.4:
                gone = True
                self.tell("parcel.departed", at, gateway, codes=codes, act={"lane": "green"})
            if gone:
                return

    def _decide(self, at: str, gateway: int, codes: list[dict[str, Any]]) -> None:
        action, reasons = self.rng.choice(WORDS)
        word = {"dec": visit(99), "action": action, "reasons": reasons, "basis": {"authority": "customs"}}
        copy = {"data": word, "kid": "k", "sig": "s"}
        self.tell("parcel.decided", at, gateway, codes=codes, decision=copy)
        if action == "inspect" and self.rng.random() < 0.5:
            self.tell("parcel.presented", at, gateway, codes=codes, clock="customs")

    def heard(self) -> list[tuple[int, Checked]]:
        """With the minute of hearing: each gateway is cut off now and then, and some events come once more later."""
        cut = {gateway: self.rng.random() < 0.4 for gateway in GATEWAYS}
        told: list[tuple[int, Checked]] = []
        for event in self.events:
            gateway = int(event.data["gw"][-1])
            if self.rng.random() < 0.1:
                cut[gateway] = not cut[gateway]
            late = self.rng.randrange(10, 200) if cut[gateway] else self.rng.randrange(2)
            told.append((late, event))
        start_us = self.hall.now_us - len(told) * MINUTE_US
        heard = [(start_us + (place + late) * MINUTE_US, event) for place, (late, event) in enumerate(told)]
        return sorted(heard, key=lambda one: one[0])


def run(folder: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[str, int]:
    assert main(["export", *words, "--data", str(folder)]) == 0
    out, err = capsys.readouterr()
    assert "left out" not in err
    return out, int(err.split()[-1])


def runs(drawn: Drawn, capsys: pytest.CaptureFixture[str], *words: str) -> Iterator[str]:
    """The day in runs at random moments, then the last line: all at once."""
    folder, after, start_us = drawn.hall.path.parent, 0, drawn.hall.now_us
    for stored_us, event in drawn.heard():
        drawn.hall.now_us = max(start_us, stored_us)
        drawn.hall.take(event)
        if drawn.rng.random() < 0.15:
            out, after = run(folder, capsys, *words, "--after", str(after))
            yield out
    yield run(folder, capsys, *words, "--after", str(after))[0]
    yield run(folder, capsys, *words)[0]


@pytest.mark.parametrize("splits", [False, True])
@pytest.mark.parametrize("first", range(0, HUBS, 10))
def test_codes_of_all_runs_are_those_of_one_and_every_clock_is_closed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], first: int, splits: bool
) -> None:
    """A code that came twice is the same line twice. What a parcel had before it was split off can't be taken back."""
    for seed in range(first, first + 10):
        drawn, said = Drawn(_folder(tmp_path, seed), seed, splits=splits), f"seed {seed}"
        *parts, whole = (out.splitlines() for out in runs(drawn, capsys, "emsevt"))
        told = [line for part in parts for line in part]

        assert {json.loads(line)["code"] for line in whole if line not in told} <= {"EMD", "EDB"}, said
        _clock_rule(map(json.loads, whole), said)
        _clock_rule(map(json.loads, dict.fromkeys(told)), said, arrives_once=not splits)


def _clock_rule(told: Iterable[dict[str, str]], said: str, *, arrives_once: bool = True) -> None:
    by_item: dict[str, list[dict[str, str]]] = defaultdict(list)
    for one in told:
        assert one["code"] != "EME" or one["retention"], said
        by_item[one["item"]].append(one)
    for item, codes in by_item.items():
        with_customs = presented = False
        codes.sort(key=lambda one: (one["t"], ORDER[one["code"]]))
        names = [one["code"] for one in codes]
        assert not arrives_once or names.count("EMD") <= 1 + names.count("EMF"), (said, item, names)
        for name in names:
            assert name != "EMF" or not with_customs, (said, item, names)
            assert name != "EDB" or not presented or not arrives_once, (said, item, names)
            with_customs = (with_customs or name in ("EME", "EDB")) and name != "EDC"
            presented = (presented or name == "EDB") and name != "EDC"


@pytest.mark.parametrize("first", range(0, HUBS, 10))
def test_what_holds_of_all_epcis_runs_is_what_one_tells(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], first: int
) -> None:
    for seed in range(first, first + 10):
        drawn = Drawn(_folder(tmp_path, seed), seed, splits=True)
        *parts, whole = map(_events, runs(drawn, capsys, "epcis", "--offset", "+08:00"))
        holds: dict[str, dict[str, Any]] = {}
        for event in (event for part in parts for event in part):
            identity = event["eventID"]
            if "errorDeclaration" in event:
                del holds[identity]
            else:
                assert identity not in holds, f"seed {seed}"
                holds[identity] = event

        assert holds == {event["eventID"]: event for event in whole}, f"seed {seed}"


def _events(document: str) -> list[dict[str, Any]]:
    return list(json.loads(document)["epcisBody"]["eventList"])


@pytest.mark.parametrize("seed", range(8))
def test_what_is_told_does_not_depend_on_when_it_was_heard(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], seed: int
) -> None:
    told: list[list[str]] = []
    for name in ("at-once", "late"):
        drawn = Drawn(_folder(tmp_path / name, seed), seed, splits=True)
        drawn.hall.take(*(drawn.events if name == "at-once" else [event for _, event in drawn.heard()]))
        told.append(sorted(run(drawn.hall.path.parent, capsys, "emsevt")[0].splitlines()))

    assert told[0] == told[1]


def _folder(under: Path, seed: int) -> Path:
    folder = under / str(seed)
    folder.mkdir(parents=True)
    return folder
