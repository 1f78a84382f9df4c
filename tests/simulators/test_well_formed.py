"""A signed event may still be nonsense: what is not as the contract has it is refused before anybody reads it."""

from typing import Any

import pytest
from pydantic import ValidationError

from edge.wire.event_schema import EventData
from simulators.coordinator.well_formed import EPOCH_MAX, misfit

Data = dict[str, Any]
VISIT, OLDER = "01a2009b-37eb-7cc0-9f2a-3a5b6c7d8e9f", "01a2009b-37eb-7cc0-9f2a-000000000001"
CODE = {"sym": "code128", "data": "RR473124829MY", "type": "s10", "chk": True, "dev": "scan-1", "reads": 3}
QR = {"sym": "qr", "len": 5, "dig": "0" * 64, "dev": "scan-1", "reads": 1}
MASS = {
    "dev": "scale-1", "mg": 1_234_500, "u_mg": 5_000, "e_mg": 5_000, "tare_mg": 0, "stable": None, "mode": "dynamic",
    "regime": "mid-awi", "rec": 88_213,
}  # fmt: skip
DIMS = {
    "dev": "dim-1",
    "l_um": 1,
    "w_um": 1,
    "h_um": 1,
    "u_um": 1,
    "shape": "cuboid",
    "rec": None,
}
ACT = {"lane": "green", "bay": "G1", "confirmed": True}
COPY = {"data": {"id": "v-1"}, "kid": "k", "sig": "s"}
GOOD: Data = {
    "v": 1, "kind": "parcel.measured", "mode": "practice", "hub": "MY-KUL-1", "line": "b1", "gw": "gw-01", "epoch": 1,
    "seq": 1, "prev": "ni:///sha-256;" + "A" * 43, "visit": VISIT, "t": "2026-11-22T00:15:02.123456Z", "t_src": "ntp",
    "t_unc_us": 1_500, "mono_us": 1, "flags": ["mass_not_legal"], "prov": {"edge": "1", "cfg": "0" * 64, "dev": {}},
    "codes": [CODE, QR], "mass": MASS, "dims": DIMS, "assoc": {"method": "belt", "p_ppm": 999_997, "rivals": 0},
    "decision": COPY, "voucher": COPY, "act": ACT, "clock": "agency:food", "dwell": [{"owner": "hub", "us": 1}],
    "note": {"from": VISIT, "into": OLDER},
}  # fmt: skip
NONSENSE = (True, -1, "", "x", 2**53 - 1, [], {}, [None], [[]], {"data": None}, {"mg": "1"}, "y" * 600)
INSIDE = (
    ("codes", [CODE | {"data": 5}]), ("codes", [CODE | {"data": "x" * 513}]), ("codes", [CODE | {"chk": 1}]),
    ("codes", [CODE | {"reads": -1}]), ("codes", [QR | {"len": "5"}]), ("codes", [CODE] * 100),
    ("mass", MASS | {"mg": "1"}), ("mass", MASS | {"mg": True}), ("mass", MASS | {"u_mg": -1}),
    ("mass", {**MASS, "rec": "1"}), ("dims", DIMS | {"l_um": None}), ("dims", DIMS | {"u_um": -1}),
    ("assoc", {"method": "belt", "p_ppm": 1_000_001, "rivals": 0}), ("act", ACT | {"confirmed": 1}),
    ("act", ACT | {"bay": None}), ("decision", COPY | {"data": []}), ("voucher", COPY | {"kid": 1}),
    ("clock", "a b"), ("dwell", [{"owner": "hub", "us": -1}]), ("flags", ["because"]), ("visit", "../x"),
)  # fmt: skip


def test_what_the_contract_shows_fits() -> None:
    EventData.model_validate(GOOD)

    assert misfit(GOOD) is None
    assert misfit({name: value for name, value in GOOD.items() if name not in OPTIONAL}) is None
    assert misfit(GOOD | {"a_later_field": [{}], "mass": MASS | {"a_later_one": 1}}) is None


OPTIONAL = ("codes", "mass", "dims", "assoc", "decision", "voucher", "act", "clock", "dwell", "note")


@pytest.mark.parametrize("name", OPTIONAL)
def test_it_refuses_nonsense_in_a_field_that_is_read_and_nothing_that_the_schema_takes(name: str) -> None:
    for value in NONSENSE:
        data = GOOD | {"voucher": None, name: value}
        if misfit(data) is None:
            continue
        if name != "voucher":  # the schema leaves open what a voucher says of itself
            with pytest.raises(ValidationError):
                EventData.model_validate(data)
    assert misfit(GOOD | {name: 5}) == name


@pytest.mark.parametrize(("name", "value"), INSIDE, ids=[f"{name} {n}" for n, (name, _) in enumerate(INSIDE)])
def test_so_inside_a_field(name: str, value: object) -> None:
    with pytest.raises(ValidationError):
        EventData.model_validate(GOOD | {name: value})

    assert misfit(GOOD | {name: value}) == name


def test_an_epoch_counts_journals() -> None:
    assert misfit(GOOD | {"epoch": EPOCH_MAX}) is None
    assert misfit(GOOD | {"epoch": EPOCH_MAX + 1}) == "epoch"


def test_codes_are_a_list_or_not_there() -> None:
    assert misfit(GOOD | {"codes": None}) == "codes"


def test_a_joined_visit_names_two_and_a_voucher_says_where_its_parcel_went() -> None:
    assert misfit(GOOD | {"kind": "visit.joined", "note": {"from": VISIT}}) == "note"
    assert misfit(GOOD | {"kind": "visit.split", "note": None}) == "note"
    assert misfit(GOOD | {"act": None}) == "act"
    assert misfit(GOOD | {"voucher": COPY | {"data": {"id": 1}}}) == "voucher"
