"""A parcel that crosses two gateways, at a coordinator without its network, and `hub coordinator export` of it."""

import json
from typing import Any

import pytest
from coordinator_hall import Hall, code, visit
from epcis_schema import SCHEMA, schema_check

from edge.wire.verifier import Checked
from simulators.coordinator.export import main

ITEM = "RR473124829MY"
CODES = [code(ITEM)]
HELD, RELEASED = ("hold", ["no_declaration"]), ("release", [])
PROV = {"edge": "0.1.0", "dev": {"scale-1": {"cal": "c-1"}}}
MASS = {"mg": 1_234_500, "u_mg": 5_000, "e_mg": 5_000, "tare_mg": 0, "rec": 7, "dev": "scale-1"}


class Export:
    """Runs of the command, each to a file."""

    def __init__(self, hall: Hall, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = hall.path.parent
        self._out = self.folder / "out"
        self._capsys = capsys
        self.said = ""

    def run(self, *words: str) -> str:
        code = main(["export", *words, "--data", str(self.folder), "--out", str(self._out)])
        self.said = self._capsys.readouterr().err
        assert code == 0, self.said
        return self._out.read_text()

    def codes(self, after: int = 0) -> list[str]:
        lines = self.run("emsevt", "--after", str(after)).splitlines()
        told = [json.loads(line) for line in lines]
        assert all(one["item"] == ITEM for one in told)
        assert all(one.get("retention") for one in told if one["code"] == "EME")
        return [one["code"] for one in told]

    def epcis(self, after: int = 0) -> list[dict[str, Any]]:
        document = json.loads(self.run("epcis", "--offset", "+08:00", "--after", str(after)))
        valid(document)
        return list(document["epcisBody"]["eventList"])

    @property
    def next(self) -> int:
        return int(self.said.split()[-1])


def valid(document: dict[str, Any]) -> None:
    """By the published schema with formats checked, where it is there."""
    if SCHEMA.exists():
        schema_check()(document)


def decided(hall: Hall, at: str, gateway: int, word: tuple[str, list[str]], **more: Any) -> Checked:
    action, reasons = word
    data = {"dec": visit(99), "action": action, "reasons": reasons, "basis": {"authority": "customs"}}
    copy = {"data": data, "kid": "k", "sig": "s"}
    return hall.event("parcel.decided", at, gateway, codes=CODES, decision=copy, **more)


def split(hall: Hall, gateway: int, old: str, into: str) -> Checked:
    return hall.event("visit.split", old, gateway, note={"from": old, "into": into})


def at_the_bench(hall: Hall) -> list[Checked]:
    """Gateway 1: customs holds the parcel of visit 1."""
    arrived = hall.event("parcel.arrived", visit(1), 1, codes=CODES)
    measured = hall.later(1).event("parcel.measured", visit(1), 1, codes=CODES, mass=MASS, prov=PROV)
    held = decided(hall, visit(1), 1, HELD)
    put = hall.event("parcel.diverted", visit(1), 1, act={"lane": "hold", "bay": "H1", "confirmed": True})
    return [arrived, measured, held, put]


def on_the_line(hall: Hall, *, leaves: bool = True, **more: Any) -> list[Checked]:
    """Gateway 2: it is fed as visit 2, recognised as visit 1, and let go."""
    old, into = visit(2), visit(1)
    events = [
        hall.later(30).event("parcel.arrived", old, 2, **more),
        hall.event("parcel.measured", old, 2, codes=CODES, mass=MASS, prov=PROV, **more),
        hall.event("visit.joined", old, 2, note={"from": old, "into": into}, **more),
        decided(hall, into, 2, RELEASED, **more),
    ]
    return [*events, departed(hall, into, 2, **more)] if leaves else events


def departed(hall: Hall, at: str, gateway: int, **more: Any) -> Checked:
    act = {"lane": "green", "bay": "G1", "confirmed": True}
    dwell = [{"owner": "hub", "us": 9_000_000}]
    return hall.later(1).event("parcel.departed", at, gateway, codes=CODES, act=act, dwell=dwell, **more)


def steps(events: list[dict[str, Any]]) -> list[str]:
    return [event["bizStep"] for event in events]


def names(events: list[dict[str, Any]]) -> set[str]:
    return {event["epcList"][0] for event in events}
