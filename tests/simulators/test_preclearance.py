"""Vouchers in a simulated hub: what the checkers stop, what is told afterwards, and that the draws can be audited."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from test_checkers import CODE, EXAMPLE, RELEASE, US, Run

from edge.core.voucher import VOUCHER_AUTHORITY
from hub_config.hub import HubConfig
from hub_config.load import load
from hub_config.names import LineId
from simulators.audit_command import main as audit
from simulators.checkers import RuleBrokenError
from simulators.coordinator.reconcile import StopsInMemory
from simulators.coordinator.sampling import DerivedSeeds
from simulators.coordinator.seed_file import published
from simulators.parcels import stream
from simulators.practice import practice_signer
from simulators.scenario import find
from simulators.simulate import Simulation, prepare

ON_VOUCHER = replace(RELEASE, dec="w1", voucher=True, authority=VOUCHER_AUTHORITY, answers="")
PARCELS = 30


@pytest.fixture(scope="module")
def example() -> HubConfig:
    return load(EXAMPLE)


def at_level(config: HubConfig, level: int, **changes: Any) -> Run:
    """A parcel measured at this level, and a voucher for it at this line."""
    run = Run(config)
    told = {"line": run.line, "cond": {"mass_mg": [480_000, 520_000]}} | changes
    run.checkers.vouchers["w1"] = (told.pop("code", CODE.data), told)
    mode = run.event("gateway.mode", note=(("level", level),))
    run.step(replace(mode, event=replace(mode.event, visit=None, line=LineId("gw"), codes=(), mass=None)))
    return run.measured()


def test_a_release_on_a_good_voucher_passes(example: HubConfig) -> None:
    run = at_level(example, 2)

    run.step(run.decided(ON_VOUCHER))


@pytest.mark.parametrize(
    ("level", "changes", "why"),
    [
        (0, {}, "at level 0"),
        (3, {}, "at level 3"),
        (2, {"line": "l9"}, "good at l9 only"),
        (2, {"code": "RR1"}, "another parcel's"),
        (2, {"cond": {"mass_mg": [495_000, 520_000]}}, "mass was not surely seen"),
    ],
)
def test_the_checkers_stop_a_release_that_no_voucher_allows(
    example: HubConfig, level: int, changes: dict[str, Any], why: str
) -> None:
    run = at_level(example, level, **changes)

    with pytest.raises(RuleBrokenError, match=why):
        run.step(run.decided(ON_VOUCHER))


def test_the_checkers_stop_a_voucher_that_nobody_issued_and_one_that_is_used_twice(
    example: HubConfig,
) -> None:
    forged, twice = at_level(example, 2), at_level(example, 2)
    with pytest.raises(RuleBrokenError, match="nobody has issued"):
        forged.step(forged.decided(replace(ON_VOUCHER, dec="w2")))
    twice.checkers._used["w1"] = "another"  # type: ignore[assignment]  # a visit's name
    with pytest.raises(RuleBrokenError, match="has used"):
        twice.step(twice.decided(ON_VOUCHER))
    assert ON_VOUCHER.valid_from_us == US


def away(seed: int) -> Simulation:
    """A short day without the coordinator."""
    plan = find("outage-24h")
    config = plan.config(practice_signer("coordinator"))
    return prepare(
        config, stream(seed, PARCELS, plan.goods), seed, plan.name, lines=plan.lines,
        network=plan.network_of(PARCELS, None), mistakes_ppm=plan.mistakes_ppm, offline=plan.offline,
    )  # fmt: skip


def test_a_stop_issued_meanwhile_is_a_conflict_with_the_last_known_place(tmp_path: Path) -> None:
    simulation = away(3)
    hub = simulation.hub
    codes = sorted(code for code, _ in hub.checkers.vouchers.values())
    assert codes == []  # they are issued with the first step of the run
    parcels = stream(3, PARCELS, find("outage-24h").goods)
    stopped = [one.declared.code for one in parcels if one.declared is not None]
    hub.preclearance.reconciler.stops = StopsInMemory(dict.fromkeys(stopped, 0))

    report, _ = simulation.run()

    assert report["offline"]["released"] == report["offline"]["conflicts"] > 0
    last = hub.preclearance.conflicts[-1]
    assert (last.why, last.line) == ("stopped_meanwhile", hub.lines[0].line.id)
    assert last.bay in [one.bay for one in hub.lines[0].line.bays]
    assert report["truth"]["wrong_release"] == 0
    _audit_of(hub.events, 3, tmp_path)


def _audit_of(events: list[Any], seed: int, folder: Path) -> None:
    """Anyone with the log and the seeds makes every draw again."""
    days = sorted({_sample(data)["day"] for data in events if _sample(data) is not None})
    told = [
        {"seed": _text(DerivedSeeds(f"seeds/{seed}".encode()).of(day)[0]), "published": ""} for day in days
    ]
    entries = [published(day, one, "2099-01-01") for day, one in zip(days, told, strict=True)]
    (folder / "seeds.json").write_text(json.dumps({"hub": "MY-KUL-1", "days": entries}))
    (folder / "log.jsonl").write_text("\n".join(json.dumps(data) for data in events))

    assert audit(["sampling", "--log", str(folder / "log.jsonl"), "--seeds", str(folder / "seeds.json")]) == 0


def _sample(data: dict[str, Any]) -> Any:
    copy = data.get("voucher") or data.get("decision")
    return None if copy is None else copy["data"]["basis"].get("sample")


def _text(raw: bytes) -> str:
    from base64 import urlsafe_b64encode

    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_a_gateways_event_copies_the_voucher_as_it_was_signed() -> None:
    simulation = away(4)
    simulation.run()

    copies = [
        data["voucher"]
        for data in simulation.hub.events
        if data["kind"] == "parcel.decided" and "voucher" in data
    ]
    assert copies
    issued = {told["id"]: told for _, told in simulation.hub.checkers.vouchers.values()}
    assert all(copy["data"] == issued[copy["data"]["id"]] for copy in copies)
