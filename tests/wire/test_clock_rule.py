"""The clock rule of postal tracking codes over any log: however visits are lost, joined and fed again, customs' clock
of an item that has left was started again before, and an item that has not left arrives once (contract §9)."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from edge.wire.emsevt import Emsevt, EmsevtLog

LOGS = 2_000
VISITS = ("v1", "v2", "v3")
S10 = {"data": "RR473124829MY", "type": "s10", "chk": True}


def event(rng: random.Random, visit: str) -> dict[str, Any]:
    """One of a log in which the number is often not read."""
    read = [S10] if rng.random() < 0.7 else []
    told = {
        "mode": "live",
        "hub": "MY-KUL-1",
        "t": "t",
        "visit": visit,
        "codes": read,
        "flags": ["prohibited"],
    }
    kind = rng.choice(
        ("arrived", "identified", "presented", "inspected", "lost_track", "departed", *["decided"] * 3)
    )
    if kind == "departed":
        told["codes"] = [S10]
    if kind == "inspected":
        told["note"] = {"outcome": rng.choice(("passed", "failed"))}
    if kind == "decided":
        data = {
            "action": rng.choice(("release", "hold", "inspect")),
            "reasons": rng.choice((["no_declaration"], [])), "basis": {"authority": rng.choice(("customs", "hub"))},
        }  # fmt: skip
        told["decision"] = {"data": data}
    return told | {"kind": f"parcel.{kind}"}


def codes_of(seed: int) -> Iterator[Emsevt]:
    rng, log, over = random.Random(seed), EmsevtLog(), set[str]()
    for _ in range(rng.randrange(3, 16)):
        open_now = [visit for visit in VISITS if visit not in over]
        if not open_now:
            return
        visit = rng.choice(open_now)
        into = rng.choice(open_now)
        if rng.random() < 0.1 and into != visit:
            yield from log.take("id", {
                "kind": "visit.joined", "mode": "live", "visit": into, "note": {"from": visit, "into": into},
            })  # fmt: skip
            over.add(visit)
            continue
        data = event(rng, visit)
        if data["kind"] == "parcel.departed":
            over.add(visit)
        yield from log.take("id", data)


@pytest.mark.parametrize("first", range(0, LOGS, 200))
def test_customs_clock_runs_again_before_an_item_leaves_and_it_arrives_once(first: int) -> None:
    for seed in range(first, first + 200):
        here = with_customs = presented = False
        told = list(codes_of(seed))
        for one in told:
            said = f"seed {seed}: {[code.code for code in told]}"
            assert one.code != "EME" or one.retention, said
            assert one.code != "EMD" or not here, said
            assert one.code != "EMF" or not with_customs, said
            assert one.code != "EDB" or not presented, said
            here = (here or one.code == "EMD") and one.code != "EMF"
            with_customs = (with_customs or one.code in ("EME", "EDB")) and one.code != "EDC"
            presented = (presented or one.code == "EDB") and one.code != "EDC"
