"""Words of a gateway that is doubted, late or far off, conditions of a release, and what nobody could write down."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from coordinator_hall import RULES_FILE, Chain, Hall, code, visit
from test_coordinator_evasions import CODE, GOODS, HEAVY, declare, hall, inspected, measure, said

from hub_config.rules import load_rules
from hub_config.tiers import Findings
from simulators.coordinator.declared import ManifestFault, declarations_of
from simulators.coordinator.parties import AnswerFault, answer_of
from simulators.coordinator.risks import subjects
from simulators.coordinator.stamps import parse_utc

__all__ = ["hall"]


# A gateway whose word is doubted, late or far off ----------------------------------------------------------


def test_rates_are_made_again_from_every_inspection_that_is_in_the_log(tmp_path: Path) -> None:
    """Of a gateway in quarantine too (`hub audit sampling`)."""
    findings = Findings(merchant_raise_ppm=100_000, route_raise_ppm=1_000, lower_per_pass_ppm=500)
    hall = Hall(tmp_path / "c.sqlite", rules=load_rules(RULES_FILE).model_copy(update={"findings": findings}))
    declare(hall, replace(GOODS, merchant="m-1"))
    measure(hall, 1)
    (subject,) = subjects(replace(GOODS, merchant="m-1"), hall.store.subject_key)
    for outcome, ppm in (("failed", 100_000), ("passed", 99_500)):
        event = hall.event("parcel.inspected", visit(1), 2, note={"outcome": outcome})
        with hall.store.transaction():
            hall.desk.answer(event.data, event.id, hall.now_us, hall.store, quarantined=True)
        raised = hall.store.raised(subject)
        assert raised is not None
        assert (raised.ppm, raised.last) == (ppm, event.id)


@pytest.mark.parametrize(
    ("kind", "note"),
    [
        ("parcel.inspected", {"outcome": "passed"}),
        ("visit.joined", {"from": visit(1), "into": visit(7)}),
    ],
)
def test_a_gateway_in_quarantine_clears_nothing(hall: Hall, kind: str, note: dict[str, str]) -> None:
    declare(hall, replace(GOODS, value_minor=99_000_000))
    measure(hall, 1)
    event = hall.event(kind, visit(1), 2, note=note)
    with hall.store.transaction():
        hall.store.receive(event, hall.now_us)
        hall.desk.answer(event.data, event.id, hall.now_us, hall.store, quarantined=True)

    again = measure(hall, 1)

    assert (said(again), again["visit"]) == (("inspect", ["value_over_lane"]), visit(1))


def test_a_gateway_that_contradicts_itself_is_doubted_however_often_another_does(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulators.coordinator.store.TAMPERS_MAX", 2)
    for gateway in (1, 1, 1, 2, 2):
        chain = hall.chains.setdefault(f"gw-{gateway:02}", Chain())
        chain.seq, chain.last = 0, Chain().last
        hall.later(1).take(hall.event("gateway.mode", None, gateway))

    assert hall.store.quarantined_gateways() == ["gw-01", "gw-02"]
    assert hall.store.quarantined("gw-02")


def test_an_old_measurement_out_of_a_backlog_lifts_no_newer_word(hall: Hall) -> None:
    told = {"codes": [code(CODE)], "mass": {"mg": 1_000_000, "u_mg": 5_000}}
    old = hall.event("parcel.measured", visit(1), **told)
    new = hall.event("parcel.measured", visit(1), **told | {"mass": HEAVY})
    (first,) = hall.take(new)
    assert first is not None
    assert said(first) == ("inspect", ["mass_mismatch"])

    assert hall.take(old) == [None]
    found = hall.store.visit(visit(1))
    assert found is not None
    assert (found.measured, found.decided) == (new.id, 1)


@pytest.mark.parametrize("t", ["0001-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z"])
def test_a_clock_that_is_ages_off_costs_the_answer_nothing(hall: Hall, t: str) -> None:
    decision = measure(hall, 1, t=t)

    assert said(decision) == ("release", [])
    assert abs(decision["slack_us"]) == 2**53 - 1


def test_the_largest_mass_that_can_be_written_is_answered(hall: Hall) -> None:
    most = {"mg": 2**53 - 1, "u_mg": 0}
    for reason in ("mass_over_lane", "mass_mismatch"):
        assert said(measure(hall, 1, mass=most)) == ("inspect", [reason])
        inspected(hall, 1, "passed")

    decision = measure(hall, 1, mass=most)

    assert said(decision) == ("release", [])
    assert decision["cond"]["mass_mg"][1] == 2**53 - 1


# Conditions of a release ----------------------------------------------------------------------------------


def test_the_band_of_a_release_ends_at_the_mass_of_its_lane(hall: Hall) -> None:
    declare(hall, replace(GOODS, mass_mg=29_900_000))

    decision = measure(hall, 1, mass={"mg": 29_950_000, "u_mg": 5_000})

    assert said(decision) == ("release", [])
    assert decision["cond"]["mass_mg"] == [28_405_000, hall.rules.mass_max_mg]


def test_a_release_ends_with_the_days_of_its_rule_pack(tmp_path: Path) -> None:
    """Kuala Lumpur is eight hours ahead: its 22 November ends at 16:00 UTC."""
    rules = load_rules(RULES_FILE)
    last = parse_utc("2026-11-22T15:59:30.000000Z")
    ending = rules.model_copy(update={"valid_until": rules.valid_from.replace(year=2026, month=11, day=22)})
    hall = Hall(tmp_path / "c.sqlite", rules=ending, now_us=last)
    declare(hall, GOODS)

    decision = measure(hall, 1)

    assert said(decision) == ("release", [])
    assert decision["valid_until"] == decision["cond"]["not_after"] == "2026-11-22T15:59:59.999999Z"
    assert said(measure(hall, 1, mass=None))[0] == "hold"


# What is handed in ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"description": "nul \0"}, {"consignment": "half \ud800"}, {"identifiers": ["half \udfff"]},
        {"dims_um": [2**53, 1, 1]}, {"parties": ["agency:Plants"]}, {"parties": ["customs"]},
    ],
    ids=str,
)  # fmt: skip
def test_a_declaration_that_nobody_could_write_or_answer_is_refused(change: dict[str, Any]) -> None:
    """It ended the coordinator, or its parcel waited for ever for a party that there is not."""
    told = {"mass_mg": 1, "value_minor": 1, "currency": "MYR", "description": "x", "identifiers": [CODE]}

    with pytest.raises(ManifestFault, match=next(iter(change)) + " is|is no party"):
        declarations_of([told | change])


@pytest.mark.parametrize(
    "change",
    [{"consignment": "half \ud800"}, {"source": {"mrn": "nul \0"}}, {"source": {"mrn": "\udfff"}}],
    ids=str,
)
def test_an_answer_that_nobody_could_write_is_refused(change: dict[str, Any]) -> None:
    told = {"consignment": "c-1", "party": "agency:plants", "action": "hold", "reasons": ["tamper"]}

    with pytest.raises(AnswerFault):
        answer_of(told | change)
