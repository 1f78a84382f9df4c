"""`hub simulate`: one seed gives one run, whatever the process; what it reports, and that nothing in it is wrong."""

import json
import os

import pytest
from live_hub import run_hub

from simulators.simulate import simulate

pytestmark = pytest.mark.system


def report_of(seed: int, hash_seed: str) -> dict[str, dict[str, object]]:
    told = run_hub(
        "simulate",
        "bench",
        "--seed",
        str(seed),
        "--parcels",
        "40",
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
    )
    assert told.returncode == 0, told.stderr
    report: dict[str, dict[str, object]] = json.loads(told.stdout)
    return report


def test_two_processes_give_one_digest_and_another_seed_another() -> None:
    one, other, third = report_of(6, "1"), report_of(6, "2"), report_of(7, "1")
    assert str(one["digest"]).startswith("sha256:")
    assert one["digest"] == other["digest"] != third["digest"]
    same = {name: value for name, value in one.items() if name != "speed"}
    assert same == {name: value for name, value in other.items() if name != "speed"}


def test_a_report_has_the_keys_that_every_run_has() -> None:
    report = report_of(8, "0")
    assert set(report) == {
        "scenario", "seed", "digest", "parcels", "truth", "release", "events", "latency_ms", "dwell_s", "speed",
        "offline",
    }  # fmt: skip
    keys = {name: set(part) for name, part in report.items() if isinstance(part, dict)}
    assert keys["parcels"] == {"entered", "departed", "held", "inspected", "returned", "lost_track"}
    assert keys["truth"] == {"wrong_release", "wrong_identity", "wrong_weight", "unaccounted"}
    assert keys["release"] == {"share", "oracle_share", "lost_by_cause"}
    assert keys["events"] >= {"journalled", "acknowledged", "pending", "duplicates", "redelivered", "chain"}
    assert keys["latency_ms"] == {"reading_to_step", "reading_to_puback", "event_to_decision"}
    assert keys["dwell_s"] == {"p50", "p99", "by_owner"}
    assert keys["speed"] == {"simulated_s", "wall_s", "parcels_per_s"}


@pytest.mark.parametrize("seed", [21, 22, 23])
def test_nothing_is_wrong_and_nearly_all_that_can_leave_does(seed: int) -> None:
    report, details = simulate(seed, 200)
    assert details == ()
    assert set(report["truth"].values()) == {0}
    assert report["events"]["pending"] == report["events"]["duplicates"] == 0
    assert sum(count for name, count in report["parcels"].items() if name != "entered") == 200
    assert report["release"]["share"] >= 0.98 * report["release"]["oracle_share"]
    assert report["release"]["oracle_share"] > 0.75  # a yardstick of nothing would be met by nothing
