"""A whole simulated hub whose parcels are looked into at a bench: what must agree, and what is told to others."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import fastjsonschema
import pytest
from epcis_schema import need_schema, schema_check

from edge.rim.trace import replay
from edge.wire.asyncapi import schemas
from edge.wire.emsevt import EmsevtLog
from edge.wire.epcis import EpcisExport
from hub_config.badges import badge_digest
from hub_config.load import ConfigFaults
from hub_config.names import SECOND
from simulators.account import Account
from simulators.inspections import BADGE, UNKNOWN_BADGE
from simulators.mixes import draw, run_mix
from simulators.network import USUAL, Network, Outage
from simulators.oracle import oracle_releases
from simulators.parcels import stream
from simulators.practice import EXAMPLE, practice_signer
from simulators.report import whole
from simulators.scenario import find, read
from simulators.simulate import Simulation, prepare_plan, simulate

NAME: Final = "bench-inspections"
PARCELS: Final = 150


def prepared(seed: int, count: int = PARCELS, network: Network = USUAL) -> Simulation:
    plan = find(NAME)
    config = plan.config(practice_signer("coordinator"))
    return prepare_plan(plan, config, stream(seed, count, plan.goods), seed, network=network)


@pytest.fixture(scope="module")
def done() -> tuple[Simulation, dict[str, Any]]:
    """One run, and its report."""
    simulation = prepared(4)
    report, details = simulation.run()
    assert details == ()
    return simulation, report


def as_live(simulation: Simulation) -> list[tuple[str, dict[str, Any]]]:
    """Id and `data` of each event, as if it were no practice."""
    return [
        (f"ni:///sha-256;{number:043d}", data | {"mode": "live"})
        for number, data in enumerate(simulation.hub.events)
    ]


# What happens ------------------------------------------------------------------------------------------------------


def test_all_that_can_happen_at_an_inspection_happens_and_the_truth_has_no_fault(
    done: tuple[Simulation, dict[str, Any]],
) -> None:
    simulation, report = done
    looks, hall = report["looks"], simulation.hub.hall

    assert whole(report)
    assert {"wrong_time", "wrong_case"} <= report["truth"].keys()
    assert looks["presented"] == sum(n for name, n in looks.items() if name.startswith("given_back_"))
    assert {"passed", "failed", "split", "given_back_inspected", "given_back_decided"} <= looks.keys()
    assert looks["passed"] + looks["failed"] == looks["given_back_inspected"] + looks["without_customs"]
    assert hall is not None
    assert hall.let_go
    assert {"badge_not_now", "unknown_badge", "not_now"} <= dict(
        simulation.hub.gateway.snapshot().balance.rejected
    ).keys()


def test_cases_that_were_opened_are_closed_by_a_finding_or_open(
    done: tuple[Simulation, dict[str, Any]],
) -> None:
    looks = done[1]["looks"]

    assert looks["cases"] == looks["closed_cases"] + looks["open_cases"]
    assert looks["closed_cases"] > 30


def test_more_than_half_of_what_was_looked_into_leaves_and_nothing_that_failed(
    done: tuple[Simulation, dict[str, Any]],
) -> None:
    hall = done[0].hub.hall
    assert hall is not None
    lanes = {number: placed.lane for number, placed in hall.placed.items()}

    assert {lanes[number] for number, found in hall.found.items() if found == "failed"} <= {"custody", "hold"}
    passed = [number for number, found in hall.found.items() if found == "passed"]
    assert sum(lanes[number] == "green" for number in passed) > len(passed) // 2


def test_one_seed_is_one_digest_and_its_recording_gives_it_again(tmp_path: Path) -> None:
    one, _ = simulate(5, 40, scenario=NAME, record=tmp_path / "trace")
    played = replay(tmp_path / "trace")

    assert played.recorded == played.digest == one["digest"]
    assert simulate(6, 40, scenario=NAME)[0]["digest"] != one["digest"]


def test_the_digest_is_the_same_in_two_processes_with_different_hash_seeds() -> None:
    words = (
        f"from simulators.simulate import simulate; print(simulate(5, 40, scenario={NAME!r})[0]['digest'])"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", words],
            env={**os.environ, "PYTHONHASHSEED": seed}, cwd=EXAMPLE.parents[1],
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("0", "4242")
    }  # fmt: skip

    assert len(told) == 1
    assert len(told.pop()) > 32


def test_while_the_coordinator_is_away_looks_go_on_and_all_accounts_agree() -> None:
    outages = (Outage(20 * SECOND, 40 * SECOND), Outage(150 * SECOND, 30 * SECOND))
    simulation = prepared(3, 60, Network(outages=outages))
    report, details = simulation.run()

    assert details == ()
    assert whole(report)
    assert report["looks"]["given_back_inspected"] > 2


def test_a_swarm_may_be_asked_for_it_and_draws_it_for_nobody_else() -> None:
    mix = draw(3, (30, 30), (NAME,))

    assert mix.scenario == NAME
    assert mix.mistake_ppm
    assert mix.look_ppm
    assert run_mix(mix).failure is None
    assert NAME not in {draw(seed).scenario for seed in range(60)}


# What is told of it ------------------------------------------------------------------------------------------------


def test_every_event_fits_the_schema_of_the_contract(done: tuple[Simulation, dict[str, Any]]) -> None:
    schema = schemas()["event"]
    check = fastjsonschema.compile(schema["$defs"]["EventData"] | {"$defs": schema["$defs"]})
    for data in done[0].hub.events:
        check(dict(data))  # which fills in what is left out


def test_the_posts_clock_is_given_back_before_an_item_leaves(done: tuple[Simulation, dict[str, Any]]) -> None:
    log, stopped, gone = EmsevtLog("import"), set[str](), set[str]()
    codes = [one for identity, data in as_live(done[0]) for one in log.take(identity, data)]
    for one in codes:
        match one.code:
            case "EME" | "EDB":
                stopped.add(one.item)
            case "EDC" | "EDX":
                stopped.discard(one.item)
            case "EMF":
                assert one.item not in stopped, one
                gone.add(one.item)

    assert {"EDB", "EDC"} <= {one.code for one in codes}
    assert log.open_items() == sorted(stopped)
    assert len(gone) > PARCELS // 2


def test_epcis_of_it_is_a_valid_document(done: tuple[Simulation, dict[str, Any]]) -> None:
    need_schema()
    export = EpcisExport(lambda _t: "+08:00", lambda _id: None)
    document = export.document(as_live(done[0]), "2026-11-22T03:00:00.000000Z")

    schema_check()(json.loads(json.dumps(document)))
    steps = {str(one["bizStep"]).rpartition("/")[2] for one in document["epcisBody"]["eventList"]}
    assert "presenting_to_customs" in steps


# The judge sees it when something is wrong -------------------------------------------------------------------------


def judged_after(change: Callable[[Simulation], None]) -> dict[str, int]:
    simulation = prepared(4, 60)
    hub = simulation.hub
    account = Account(hub, simulation.rules, simulation.manifest, 1)
    hub.run()
    change(simulation)
    return account.close()[0].truth


def test_a_finding_that_the_coordinator_has_otherwise_is_a_wrong_case() -> None:
    def forget_finding(simulation: Simulation) -> None:
        hall, book = simulation.hub.hall, simulation.hub.book
        assert hall is not None
        number = next(number for number, found in hall.found.items() if found == "failed")
        visit = book.visit(hall.placed[number].visit)
        assert visit is not None
        book.put(replace(visit, failed=False))

    assert judged_after(forget_finding)["wrong_case"] == 1


def test_time_that_the_gateway_and_the_ledger_give_to_different_owners_is_wrong() -> None:
    def move_a_second(simulation: Simulation) -> None:
        left = next(data for data in simulation.hub.events if data["kind"] == "parcel.departed")
        left["dwell"][0]["us"] += 1_000_000

    assert judged_after(move_a_second)["wrong_time"] == 1


def test_one_that_failed_and_lies_in_the_free_lane_is_a_wrong_release() -> None:
    def fail_one(simulation: Simulation) -> None:
        hall = simulation.hub.hall
        assert hall is not None
        number = next(number for number, placed in hall.placed.items() if placed.lane == "green")
        hall.found[number] = "failed"

    assert judged_after(fail_one)["wrong_release"] == 1


def test_what_was_looked_into_could_have_been_released_only_if_it_has_passed(
    done: tuple[Simulation, dict[str, Any]],
) -> None:
    hub, rules = done[0].hub, done[0].rules
    (bench, *_) = hub.benches
    looked = [one for one in bench.bench.happened() if one.found == "passed"]

    def possible(found: Any) -> int:
        told = [replace(one, found=found) for one in looked]
        return len(
            oracle_releases(
                told,
                bench.config,
                5_000,
                rules,
                done[0].manifest,
                "MY-KUL-1",
                1_795_305_700_000_000,
                hub.book,
            )
        )

    assert possible("passed") > possible(None)
    assert possible("failed") == 0


# Its parts ---------------------------------------------------------------------------------------------------------


def test_a_copied_label_is_that_of_a_parcel_shortly_before_and_its_weight_is_another() -> None:
    parcels = stream(4, 400, find(NAME).goods)
    copied = [parcel for parcel in parcels if parcel.trouble == "copied"]
    assert len(copied) > 5
    for parcel in copied:
        before = [
            one
            for one in parcels[: parcel.number - 1]
            if one.items == parcel.items and one.trouble != "copied"
        ]
        assert len(before) == 1
        assert abs(before[0].mass_mg - parcel.mass_mg) > before[0].mass_mg // 3
        assert parcel.declared is None


def test_the_layout_knows_the_practice_badge_and_no_other() -> None:
    config = find(NAME).config(practice_signer("coordinator"))

    assert [badge.digest for badge in config.badges] == [badge_digest(BADGE)]
    assert badge_digest(UNKNOWN_BADGE) != badge_digest(BADGE)
    assert [bench.inspects for bench in config.benches] == [False, True]


def test_what_goes_wrong_at_a_look_needs_a_bench_that_inspects(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(f'about = "A bench."\nlayout = "{EXAMPLE}"\n\n[look_ppm]\nno_badge = 1\n')

    with pytest.raises(ConfigFaults, match="no bench of the layout inspects"):
        read(file)
