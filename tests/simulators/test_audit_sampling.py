"""`hub audit sampling`: a fair log passes, and every way to cheat is named."""

import copy
import json
import sqlite3
from base64 import urlsafe_b64encode
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hub_config.rules import load_rules
from hub_config.tiers import STANDARD
from simulators.audit import audit, read_log, read_seeds
from simulators.audit_command import main
from simulators.coordinator.declared import Declared
from simulators.coordinator.desk import Desk
from simulators.coordinator.sampling import Rate, Sampler, commitment, voucher_id
from simulators.coordinator.stamps import parse_utc
from simulators.coordinator.store import Store
from simulators.coordinator.visits import MemoryBook

RULES = load_rules(Path(__file__).parents[2] / "hub_config" / "profiles" / "my-kul-1.rules.toml")
TENTH = RULES.model_copy(update={"tiers": (STANDARD.model_copy(update={"rate_ppm": 100_000}),)})
SEEDS = (bytes(range(32)), bytes(range(32, 64)))
NOW_US = parse_utc("2026-11-22T08:00:00.000000Z")
PARCELS = 60
Told = list[dict[str, Any]]


class Fixed:
    def of(self, _: str) -> tuple[bytes, ...]:
        return SEEDS


def code_of(number: int) -> str:
    return f"RR{number:08}5MY"


def fair_log() -> Told:
    """Sixty parcels, each measured, decided on and gone; two visits of a hand that changed its mind."""
    goods = Declared(mass_mg=1_000_000, value_minor=4_000, currency="MYR", description="Cotton T-shirt")
    manifest = {code_of(n): goods for n in range(PARCELS)}
    desk = Desk(TENTH, manifest, "MY-KUL-1", "practice", b"ids", Sampler(Fixed()))
    book = MemoryBook()
    told: Told = []
    for n in range(PARCELS):
        event = {
            "gw": "gw-01", "line": "l1", "visit": f"01a2009b-37eb-7cc0-9f2a-{n:012}",
            "t": "2026-11-22T08:00:00.000000Z", "flags": [],
            "codes": [{"data": code_of(n), "type": "s10", "chk": True}],
            "mass": {"mg": 1_000_000, "u_mg": 5_000},
        }  # fmt: skip
        told += ({**event, "kind": "parcel.arrived"}, {**event, "kind": "parcel.measured"})
        decision = desk.answer(told[-1], f"ni:///{n}", NOW_US, book)
        assert decision is not None
        told.append({**event, "kind": "parcel.decided", "decision": {"data": decision}})
        if decision["action"] == "release":
            told.append({**event, "kind": "parcel.departed"})
    abandoned = {"kind": "parcel.arrived", "line": "l1", "t": "2026-11-22T09:00:00.000000Z"}
    return [*told, abandoned | {"visit": "given-up-1"}, abandoned | {"visit": "given-up-2"}]


def seeds(*, revealed: bool = True, published: str = "2026-11-21T12:00:00.000000Z") -> dict[str, Any]:
    day: dict[str, Any] = {
        "day": "2026-11-22",
        "published": published,
        "commits": [commitment(seed) for seed in SEEDS],
    }
    if revealed:
        day["seeds"] = [urlsafe_b64encode(seed).rstrip(b"=").decode() for seed in SEEDS]
    return {"hub": "MY-KUL-1", "days": [day]}


def run(folder: Path, log: Told, told: dict[str, Any], *more: str) -> int:
    (folder / "log.jsonl").write_text("\n".join(json.dumps(one) for one in [{"journal": 1}, *log]))
    (folder / "seeds.json").write_text(json.dumps(told))
    return main(
        ["sampling", "--log", str(folder / "log.jsonl"), "--seeds", str(folder / "seeds.json"), *more]
    )


def decisions(log: Told) -> Told:
    return [one["decision"]["data"] for one in log if one["kind"] == "parcel.decided"]


def test_a_fair_log_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = fair_log()

    assert run(tmp_path, log, seeds()) == 0
    said = capsys.readouterr().out
    drawn = sum(one["basis"]["sample"]["drawn"] for one in decisions(log))
    assert 0 < drawn < PARCELS // 3
    assert f"{PARCELS} draws, {drawn} of them drawn; {PARCELS} made again" in said
    assert "abandoned visits: 2" in said
    assert "contradictions: 0" in said


def database(folder: Path, log: Told, vouchers: Told) -> Path:
    """As the coordinator has it: decisions and vouchers in tables of their own."""
    path = folder / "coordinator.sqlite"
    Store(path).close()
    with closing(sqlite3.connect(path)) as connection:
        for seq, data in enumerate(log):
            body = json.dumps({name: value for name, value in data.items() if name != "decision"})
            row = (f"id-{seq}", "gw-01", 1, seq, data["visit"], data["kind"], body, 0)
            connection.execute("INSERT INTO events VALUES(?, ?, ?, ?, ?, ?, ?, ?)", row)
        for number, data in enumerate(decisions(log)):
            row = (number, f"id-{number}", "gw-01", json.dumps(data), data["dec"], 0)
            connection.execute(
                "INSERT INTO decisions(number, event, gw, data, dec, valid_until_us) VALUES(?, ?, ?, ?, ?, ?)",
                row,
            )
        for data in vouchers:
            connection.execute("INSERT INTO vouchers VALUES(?, ?)", (data["id"], json.dumps(data)))
        connection.commit()
    return path


def voucher(number: int, *, drawn: bool) -> dict[str, Any]:
    """The first one from `number` on whose draw comes out so; said to be not drawn."""
    while True:
        name = voucher_id(code_of(number), "l1", "2026-11-22")
        draw = Sampler(Fixed()).draw("voucher", name, "2026-11-22", Rate(100_000))
        if draw.drawn == drawn:
            told = draw.told() | {"drawn": False}
            return {"id": name, "line": "l1", "basis": {"sample": told}}
        number += 1


def test_the_coordinators_own_database_can_be_audited_with_every_voucher_it_issued(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "seeds.json").write_text(json.dumps(seeds()))
    for folder, drawn, wanted in (("fair", False, 0), ("unfair", True, 1)):
        (tmp_path / folder).mkdir()
        path = database(tmp_path / folder, fair_log(), [voucher(0, drawn=drawn)])

        assert main(["sampling", "--db", str(path), "--seeds", str(tmp_path / "seeds.json")]) == wanted
    assert "and not drawn was said" in capsys.readouterr().out


def test_a_day_that_is_not_revealed_yet_is_no_contradiction(tmp_path: Path) -> None:
    log = fair_log()

    assert run(tmp_path, log, seeds(revealed=False)) == 0
    outcome = audit(read_log(tmp_path / "log.jsonl"), read_seeds(tmp_path / "seeds.json"))
    assert len(outcome.open) == PARCELS
    assert (outcome.draws, outcome.made_again) == (PARCELS, 0)


def spare(log: Told) -> None:
    sample = next(one["basis"]["sample"] for one in decisions(log) if one["basis"]["sample"]["drawn"])
    sample["drawn"] = False


def pick(log: Told) -> None:
    sample = next(one["basis"]["sample"] for one in decisions(log) if not one["basis"]["sample"]["drawn"])
    sample["drawn"] = True


def rename(log: Told) -> None:
    """The first draw came out badly, so it is made over another name."""
    drawn = next(one for one in log if one["kind"] == "parcel.decided")
    again = copy.deepcopy(drawn)
    again["decision"]["data"] |= {"dec": "again"}
    again["decision"]["data"]["basis"]["sample"]["of"] = "HAWB-2"
    log.append(again)


def let_go(log: Told) -> None:
    decision = next(one for one in decisions(log) if one["basis"]["sample"]["drawn"])
    decision |= {"action": "release", "reasons": []}


def skip(log: Told) -> None:
    decision = next(one for one in decisions(log) if one["action"] == "release")
    del decision["basis"]["sample"]


def leave(log: Told) -> None:
    log.append(log[0] | {"kind": "parcel.departed", "visit": "nobody"})


def no_rate(log: Told) -> None:
    decisions(log)[0]["basis"]["sample"] |= {"rate_ppm": 0, "drawn": False}


def recommit(log: Told) -> None:
    decisions(log)[0]["basis"]["sample"]["commit"] = commitment(bytes(32))


def another_day(log: Told) -> None:
    decisions(log)[0]["basis"]["sample"]["day"] = "2026-11-20"


def unknown_visit(log: Told) -> None:
    decisions(log)[0]["basis"]["sample"] |= {"over": "visit", "of": "lucky"}


def unknown_voucher(log: Told) -> None:
    decision = next(one for one in decisions(log) if one["action"] == "release")
    decision["basis"]["sample"] |= {"over": "voucher", "of": "lucky"}


@pytest.mark.parametrize(
    ("cheat", "named"),
    [
        (spare, "and not drawn was said"),
        (pick, "and drawn was said"),
        (rename, "was drawn over"),
        (let_go, "drawn, never inspected, and released"),
        (skip, "a release without a draw"),
        (leave, "no draw was made for it"),
        (no_rate, "at a rate of 0 ppm"),
        (recommit, "another commitment"),
        (another_day, "nothing was ever committed to for 2026-11-20"),
        (unknown_visit, "which no event tells of"),
        (unknown_voucher, "is not the voucher id"),
    ],
)
def test_every_way_to_cheat_is_named(
    cheat: Any, named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = fair_log()
    cheat(log)

    assert run(tmp_path, log, seeds()) == 1
    assert named in capsys.readouterr().out


def test_a_seed_that_was_not_committed_to_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = seeds()
    told["days"][0]["seeds"].reverse()

    assert run(tmp_path, fair_log(), told) == 1
    assert "not the one committed to" in capsys.readouterr().out


def test_a_commitment_that_came_late_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, fair_log(), seeds(published="2026-11-22T08:00:01.000000Z")) == 1
    assert "the first draw was at" in capsys.readouterr().out


def test_machines_get_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, fair_log(), seeds(), "--json") == 0
    assert json.loads(capsys.readouterr().out)["contradictions"] == []


@pytest.mark.parametrize("bad", ["not json", "[]", "{}", '{"days": [{"day": "x"}]}'])
def test_a_file_that_is_something_else_is_refused(bad: str, tmp_path: Path) -> None:
    (tmp_path / "log").write_text("")
    (tmp_path / "seeds").write_text(bad)

    assert main(["sampling", "--log", str(tmp_path / "log"), "--seeds", str(tmp_path / "seeds")]) == 2


def test_a_log_that_is_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "seeds").write_text(json.dumps(seeds()))
    for number, bad in enumerate(("[1]", "{", '{"a": 1}')):
        (tmp_path / f"log{number}").write_text(bad)

        assert (
            main(["sampling", "--log", str(tmp_path / f"log{number}"), "--seeds", str(tmp_path / "seeds")])
            == 2
        )
