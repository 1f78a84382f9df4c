"""Seeds of two parties: both bound before either is told, both in every draw of the day, both published after it."""

import json
from pathlib import Path
from typing import Any

import pytest

from edge.commands import EXIT_FAULTS, EXIT_OK, EXIT_WRONG_USE
from simulators.audit import Outcome, audit, read_log, read_seeds, read_witness
from simulators.audit_command import main
from simulators.coordinator.party_seeds import AHEAD_DAYS, PartySeeds
from simulators.coordinator.sampling import (
    PARTIES_MAX,
    Rate,
    Sampler,
    commitment,
    commitments,
    draw_ppm,
    joint,
)
from simulators.coordinator.seed_file import (
    AHEAD_DAYS_MAX,
    DAY_US,
    GIVEN_MAX,
    PUBLIC_FILE,
    SEEDS_FILE,
    SeedFault,
    SeedFile,
    seeds_of,
)
from simulators.coordinator.stamps import parse_utc, utc_text

DAY = "2026-11-23"


class World:
    """A coordinator's folder, another party's, and a clock."""

    def __init__(self, folder: Path) -> None:
        self.now_us = parse_utc("2026-11-22T10:00:00.000000Z")
        self.co, self.own = folder / "co", folder / "own"
        self.co.mkdir()
        self.own.mkdir()
        self.seeds = SeedFile(self.co, "MY-KUL-1", lambda: self.now_us)
        self.party = PartySeeds(self.own, "operator")

    def commit(self) -> None:
        for party, day, commit, seed in seeds_of(self.party.commitments(self.now_us)):
            self.seeds.take(party, day, commit=commit, seed=seed)

    def reveal(self) -> None:
        ((party, day, commit, seed),) = seeds_of(self.party.reveal(self.published(), self.now_us))
        self.seeds.take(party, day, commit=commit, seed=seed)

    def published(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads((self.co / PUBLIC_FILE).read_bytes())
        return told

    def day(self, day: str = DAY) -> dict[str, Any]:
        (found,) = [one for one in self.published()["days"] if one["day"] == day]
        return dict(found)

    def to(self, text: str) -> None:
        """Both look at their files at this time."""
        self.now_us = parse_utc(text)
        self.seeds.of(text[:10])
        self.party.commitments(self.now_us)

    def judged(self) -> Outcome:
        outcome = Outcome()
        read_witness(self.own / "operator.json", self.co / PUBLIC_FILE, outcome)
        return outcome


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_both_seeds_are_in_every_draw_of_the_day_and_both_are_published_after_it(
    world: World, tmp_path: Path
) -> None:
    world.commit()
    assert "seeds" not in world.day()
    world.reveal()
    world.to(f"{DAY}T09:00:00.000000Z")
    used = world.seeds.of(DAY)
    draw = Sampler(world.seeds).draw("consignment", "c-1", DAY, Rate(500_000))
    assert len(used) == 2
    assert draw.commit == commitments(used) == ".".join(world.day()["commits"])
    assert draw.drawn == (draw_ppm(joint(used), "c-1") < 500_000)
    assert "seeds" not in world.day()

    world.to("2026-11-24T09:00:00.000000Z")

    told = world.day()
    assert told["parties"] == ["customs", "operator"]
    assert read_seeds(world.co / PUBLIC_FILE)[DAY].seed == joint(used)
    assert world.judged().contradictions == []
    log = tmp_path / "log.jsonl"
    sample = draw.told()
    decision = {
        "dec": "d", "visit": "v", "was": None, "action": "hold", "needs": [], "basis": {"sample": sample},
        "cond": {}, "valid_from": f"{DAY}T09:00:00.000000Z",
    }  # fmt: skip
    event = {"kind": "parcel.decided", "visit": "v", "line": "l1", "decision": {"data": decision}}
    log.write_text(json.dumps(event))
    outcome = audit(read_log(log), read_seeds(world.co / PUBLIC_FILE))
    assert (outcome.contradictions, outcome.draws) == ([], 1)


def test_a_seed_is_told_only_when_the_other_side_is_bound_and_the_secret_stays_secret(world: World) -> None:
    with pytest.raises(SeedFault, match="commit first"):
        world.party.reveal(world.published(), world.now_us)
    world.party.commitments(world.now_us)
    with pytest.raises(SeedFault, match="does not hold both commitments"):
        world.party.reveal(world.published(), world.now_us)
    world.commit()
    world.reveal()

    told = world.published()
    told["days"][1]["commits"][0] = "A" * 43
    with pytest.raises(SeedFault, match="have changed since they were noted"):
        world.party.reveal(told, world.now_us)
    for file in (world.co / SEEDS_FILE, world.own / "operator-seeds.json"):
        assert file.stat().st_mode & 0o077 == 0
    secret = json.loads((world.own / "operator-seeds.json").read_bytes())[DAY]["seed"]
    assert secret not in (world.own / "operator.json").read_text()
    assert secret not in json.dumps(world.published())


def test_a_party_whose_seed_does_not_come_in_time_is_missing_for_good(world: World) -> None:
    world.commit()
    world.to(f"{DAY}T00:00:00.000000Z")
    told = json.loads((world.own / "operator-seeds.json").read_bytes())[DAY]["seed"]

    with pytest.raises(SeedFault, match="has begun"):
        world.seeds.take("operator", DAY, seed=told)
    assert len(world.seeds.of(DAY)) == 1
    world.to("2026-11-24T09:00:00.000000Z")
    assert [one["party"] for one in world.day()["missing"]] == ["operator"]
    days = read_seeds(world.co / PUBLIC_FILE)
    assert audit(read_log_of(world), days).alone[0] == f"day {DAY}: without the seed of operator"
    assert world.judged().contradictions == []


def read_log_of(world: World) -> Any:
    file = world.own / "empty.jsonl"
    file.write_text("")
    return read_log(file)


def test_a_coordinator_that_leaves_a_seed_out_or_exchanges_its_own_is_found_by_the_witness(
    world: World,
) -> None:
    world.commit()
    world.reveal()
    world.to("2026-11-24T09:00:00.000000Z")
    honest = world.published()
    (place,) = [n for n, one in enumerate(honest["days"]) if one["day"] == DAY]

    def judged(**change: Any) -> str:
        told = json.loads(json.dumps(honest))
        told["days"][place] |= change
        (world.co / PUBLIC_FILE).write_text(json.dumps(told))
        return " ".join(world.judged().contradictions)

    day = honest["days"][place]
    assert "it was left out" in judged(commits=day["commits"][:1], seeds=day["seeds"][:1])
    assert "was exchanged afterwards" in judged(commits=["A" * 43, day["commits"][1]])
    assert "another seed of operator" in judged(seeds=["A" * 43, "B" * 43])
    assert "the day was never published" in judged(day="2026-01-01")
    assert judged() == ""


@pytest.mark.parametrize(
    ("party", "day", "given", "words"),
    [
        ("customs", DAY, {"commit": "A" * 43}, "is no other party"),
        ("Ops!", DAY, {"commit": "A" * 43}, "is no other party"),
        ("ops", "tomorrow", {"commit": "A" * 43}, "is no day"),
        ("ops", "2026-11-22", {"commit": "A" * 43}, "has begun"),
        ("ops", "2027-11-22", {"commit": "A" * 43}, f"more than {AHEAD_DAYS_MAX} days ahead"),
        ("ops", DAY, {}, "either commit or seed"),
        ("ops", DAY, {"commit": "short"}, "43 characters"),
        ("ops", DAY, {"seed": "A" * 43}, "has not committed"),
        ("operator", DAY, {"seed": "A" * 43}, "is not the seed that operator has committed to"),
        ("operator", DAY, {"seed": "é"}, "is not the seed that operator has committed to"),
        ("operator", DAY, {"commit": "A" * 43}, "a commitment stands"),
    ],
)
def test_what_can_not_be_taken_is_refused_in_a_sentence(
    world: World, party: str, day: str, given: dict[str, str], words: str
) -> None:
    world.commit()
    before = world.published()
    with pytest.raises(SeedFault, match=words):
        world.seeds.take(party, day, **given)
    assert world.published() == before


def test_nobody_takes_another_seed_away_by_copying_its_commitment(world: World) -> None:
    """The same seed twice in an XOR is none."""
    with pytest.raises(SeedFault, match="it would take its seed away"):
        world.seeds.take("ops", DAY, commit=world.day()["commits"][0])


def test_parties_and_what_is_handed_in_at_once_are_bounded(world: World) -> None:
    for number in range(PARTIES_MAX - 1):
        world.seeds.take(f"p-{number}", DAY, commit=commitment(bytes([number] * 32)))
    with pytest.raises(SeedFault, match=f"has {PARTIES_MAX} parties already"):
        world.seeds.take("one-more", DAY, commit="A" * 43)
    with pytest.raises(SeedFault, match=f"at most {GIVEN_MAX}"):
        seeds_of([{"party": "p", "day": DAY}] * (GIVEN_MAX + 1))
    for bad in ([], [1], {"party": 1}, {"day": DAY}):
        if bad != []:
            with pytest.raises(SeedFault):
                seeds_of(bad)
    assert seeds_of([]) == ()


def test_seeds_of_both_survive_a_restart(world: World) -> None:
    world.commit()
    world.reveal()
    used = world.seeds.of(DAY)
    again = SeedFile(world.co, "MY-KUL-1", lambda: world.now_us + DAY_US)

    assert again.of(DAY) == used
    assert PartySeeds(world.own, "operator").commitments(world.now_us) == world.party.commitments(
        world.now_us
    )


def test_the_command_of_the_other_party(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Clock:
        @staticmethod
        def wall_time() -> Any:
            return type("Wall", (), {"utc_us": world.now_us})

    monkeypatch.setattr("simulators.audit_seeds.clock", Clock)
    words = ["--party", "operator", "--folder", str(world.own)]
    reveal = ["seed", "reveal", *words]

    assert main(["seed", "commit", *words]) == EXIT_OK
    told = json.loads(capsys.readouterr().out)
    assert [one["day"] for one in told] == [
        utc_text(world.now_us + number * DAY_US)[:10] for number in range(1, AHEAD_DAYS + 1)
    ]
    assert main([*reveal, "--published", str(world.co / PUBLIC_FILE)]) == EXIT_FAULTS
    for party, day, commit, _ in seeds_of(told):
        world.seeds.take(party, day, commit=commit)
    assert main([*reveal, "--published", str(world.co / PUBLIC_FILE)]) == EXIT_OK
    ((party, day, _, seed),) = seeds_of(json.loads(capsys.readouterr().out))
    world.seeds.take(party, day, seed=seed)
    assert main(reveal) == EXIT_WRONG_USE
    assert main([*reveal, "--published", str(tmp_path / "none")]) == EXIT_WRONG_USE
    world.to("2026-11-24T09:00:00.000000Z")
    read_log_of(world)
    audited = ["sampling", "--log", str(world.own / "empty.jsonl"), "--seeds", str(world.co / PUBLIC_FILE)]
    assert main([*audited, "--witness", str(world.own / "operator.json")]) == EXIT_OK
    assert main([*audited, "--witness", str(tmp_path / "none")]) == EXIT_WRONG_USE
