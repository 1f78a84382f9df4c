"""The whole bench under simulated time, and whether its yardsticks see a gateway that does wrong."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from edge.core import clearing, handling, station
from edge.core.decision import Decision
from edge.core.parcel import Parcel
from edge.core.verdict import Verdict, bay_of
from edge.core.verdict import verdict_of as honest_verdict_of
from hub_config.layout import Bench
from hub_config.names import Instant
from simulators.checkers import RuleBrokenError
from simulators.report import whole
from simulators.simulate import simulate

SEED, PARCELS = 5, 60


@pytest.mark.parametrize("seed", range(1, 6))
def test_nothing_is_wrong_and_what_can_be_released_is(seed: int) -> None:
    report, details = simulate(seed, 100)

    assert details == ()
    assert whole(report)
    assert report["release"]["share"] >= 0.98 * report["release"]["oracle_share"]
    assert sum(count for name, count in report["parcels"].items() if name != "entered") == 100


def test_another_process_with_another_hash_seed_gives_the_same_digest() -> None:
    def digest(hash_seed: str, seed: int) -> str:
        program = f"from simulators.simulate import simulate; print(simulate({seed}, 30)[0]['digest'])"
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        told = subprocess.run(
            [sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True
        )
        return told.stdout.strip()

    assert digest("1", SEED) == digest("2", SEED)
    assert digest("1", SEED) != digest("1", SEED + 1)


def test_signing_every_event_changes_nothing_but_the_count_of_signatures() -> None:
    sampled, _ = simulate(SEED, 20)
    signed, _ = simulate(SEED, 20, sign_all=True)

    assert signed["digest"] == sampled["digest"]
    assert signed["events"]["signatures_checked"] == signed["events"]["journalled"]


def test_a_gateway_that_releases_what_customs_holds_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def generous(decision: Decision, bench: Bench) -> Verdict:
        verdict = honest_verdict_of(decision, bench)
        green = bay_of(bench.free_lane, bench)
        assert green is not None
        return replace(verdict, bay=green, state="release", instruction="put_in_bay", retry=False)

    monkeypatch.setattr(clearing, "verdict_of", generous)

    with pytest.raises(RuleBrokenError, match="without a release"):
        simulate(SEED, PARCELS)


def test_a_gateway_that_tells_before_it_has_written_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = handling.Handling.obey

    def hasty(self: handling.Handling, parcel: Parcel, verdict: Verdict, owner: str, at: Instant) -> None:
        honest(self, parcel, verdict, owner, at)
        parcel.enter("placing", at)

    monkeypatch.setattr(handling.Handling, "obey", hasty)

    with pytest.raises(RuleBrokenError, match="before the release is on disk"):
        simulate(SEED, PARCELS)


def test_a_gateway_that_holds_everything_is_safe_and_seen_to_be_broken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def timid(decision: Decision, bench: Bench) -> Verdict:
        return honest_verdict_of(replace(decision, needs=("agency:any",)), bench)

    monkeypatch.setattr(clearing, "verdict_of", timid)
    report, _ = simulate(SEED, PARCELS)

    assert report["truth"]["wrong_release"] == 0
    assert report["release"]["share"] == 0
    lost = sum(report["release"]["lost_by_cause"].values())
    assert lost == round(report["release"]["oracle_share"] * PARCELS) > PARCELS / 2


def test_a_gateway_that_loses_a_reading_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(self: station.Station, *_: object) -> None:
        self._ledger._read += 1

    monkeypatch.setattr(station.Station, "_refuse", forgetful)

    with pytest.raises(RuleBrokenError, match="read is not journalled"):
        simulate(SEED, 200)
