"""The draw of the contract's vector, and that nobody gets out of one."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub_config.rules import RulePack, load_rules
from hub_config.tiers import STANDARD
from simulators.coordinator.declared import Declared
from simulators.coordinator.desk import Desk
from simulators.coordinator.sampling import (
    DerivedSeeds,
    Rate,
    Sampler,
    commitment,
    draw_ppm,
    joint,
    voucher_id,
)
from simulators.coordinator.seed_file import DAYS_MAX, PUBLIC_FILE, SEEDS_FILE, SeedFile
from simulators.coordinator.stamps import parse_utc, utc_text
from simulators.coordinator.store import Store
from simulators.coordinator.visits import MemoryBook, VisitBook

PACK = load_rules(Path(__file__).parents[2] / "hub_config" / "profiles" / "my-kul-1.rules.toml")


def drawn_at(rate_ppm: int) -> RulePack:
    return PACK.model_copy(update={"tiers": (STANDARD.model_copy(update={"rate_ppm": rate_ppm}),)})


RULES, ALL_DRAWN = drawn_at(20), drawn_at(1_000_000)
SEED = bytes(range(32))
VISIT = "01a2009b-37eb-7cc0-9f2a-3a5b6c7d8e9f"
CODE = "RR473124829MY"
NOW_US = parse_utc("2026-11-22T00:15:02.300000Z")
HOUR_US = 3_600 * 1_000_000
GOODS = Declared(mass_mg=1_000_000, value_minor=4_000, currency="MYR", description="Cotton T-shirt")


def desk(rules: RulePack, *, declared: Declared | None = GOODS) -> Desk:
    return Desk(rules, {} if declared is None else {CODE: declared}, "MY-KUL-1", "practice", b"secret")


def event(kind: str = "parcel.measured", visit: str = VISIT, code: str = CODE) -> dict[str, Any]:
    return {
        "kind": kind, "gw": "gw-01", "visit": visit, "t": "2026-11-22T00:15:02.123456Z", "flags": [],
        "codes": [{"data": code, "type": "s10", "chk": True}], "mass": {"mg": 1_000_000, "u_mg": 5_000},
    }  # fmt: skip


def ask(one: Desk, book: VisitBook, number: int, now_us: int = NOW_US, visit: str = VISIT) -> dict[str, Any]:
    answer = one.answer(event(visit=visit), f"ni:///{number}", now_us, book)
    assert answer is not None
    return answer


def test_the_vector_of_the_contract() -> None:
    assert draw_ppm(SEED, VISIT) == 926_752
    assert commitment(SEED) == "653IXWqhkvZrxVqjVGLJfTy9GmVwBqgmS5mVH4115O4"


def test_two_parties_seeds_are_joined_by_xor() -> None:
    assert joint((SEED, bytes(32))) == SEED
    assert joint((SEED, SEED)) == bytes(32)


@pytest.mark.parametrize("seeds", [(), (b"short",), (SEED,) * 5])
def test_what_is_no_seed_is_refused(seeds: tuple[bytes, ...]) -> None:
    with pytest.raises(ValueError, match="not"):
        joint(seeds)


def test_draws_are_as_many_as_the_rate_says() -> None:
    sampler = Sampler(DerivedSeeds(b"secret"))

    drawn = sum(sampler.draw("visit", f"visit-{n}", "2026-11-22", Rate(55_000)).drawn for n in range(20_000))

    assert 950 < drawn < 1_250


def test_the_packs_floor_lifts_every_rate() -> None:
    low = drawn_at(1).model_copy(update={"rate_floor_ppm": 30})

    assert ask(desk(low), MemoryBook(), 1)["basis"]["sample"]["rate_ppm"] == 30


def test_a_decision_states_its_draw() -> None:
    answer = ask(desk(RULES), MemoryBook(), 1)

    sample = answer["basis"]["sample"]
    assert (sample["day"], sample["drawn"], sample["rate_ppm"]) == ("2026-11-22", False, 20)
    assert (sample["over"], sample["of"]) == ("consignment", CODE)
    assert answer["action"] == "release"


def test_a_drawn_parcel_is_inspected() -> None:
    answer = ask(desk(ALL_DRAWN), MemoryBook(), 1)

    assert (answer["action"], answer["reasons"], answer["route"]) == ("inspect", ["sampled"], "manual")
    assert answer["basis"]["sample"]["drawn"] is True


@pytest.mark.parametrize("kept", ["memory", "store"])
def test_a_drawn_parcel_fed_again_a_hundred_times_stays_drawn(kept: str, tmp_path: Path) -> None:
    """Under other visits, on other days, and with another rule pack."""
    book = MemoryBook() if kept == "memory" else Store(tmp_path / "c.sqlite")
    first = ask(desk(ALL_DRAWN), book, 0)["basis"]["sample"]

    told = [
        ask(desk(RULES), book, n, NOW_US + n * HOUR_US, visit=f"01a2009b-0000-7000-8000-{n:012}")
        for n in range(1, 101)
    ]

    assert {answer["action"] for answer in told} == {"inspect"}
    assert all(answer["basis"]["sample"] == first for answer in told)
    if isinstance(book, Store):
        book.close()


def test_an_inspected_parcel_is_decided_on_its_merits() -> None:
    one, book = desk(ALL_DRAWN), MemoryBook()
    ask(one, book, 1)
    one.answer(event("parcel.inspected") | {"note": {"outcome": "passed"}}, "ni:///2", NOW_US, book)

    answer = ask(one, book, 3)

    assert answer["action"] == "release"
    assert answer["basis"]["sample"]["drawn"] is True


def test_what_is_not_declared_is_drawn_over_its_first_visit_and_stays_so() -> None:
    book = MemoryBook()
    unknown = ask(desk(ALL_DRAWN, declared=None), book, 1)

    declared = ask(desk(RULES), book, 2, visit="01a2009b-0000-7000-8000-000000000002")

    assert unknown["action"] == "hold"
    assert unknown["basis"]["sample"]["over"] == "visit"
    assert declared["action"] == "inspect"
    assert declared["basis"]["sample"]["of"] == VISIT


def test_all_parcels_of_a_consignment_share_its_draw() -> None:
    other = "RR123456785MY"
    goods = replace(GOODS, consignment="HAWB-1")
    one = Desk(ALL_DRAWN, {CODE: goods, other: goods}, "MY-KUL-1", "practice", b"secret")
    book = MemoryBook()
    first = ask(one, book, 1)["basis"]["sample"]

    second = one.answer(event(visit="v2", code=other), "ni:///2", NOW_US + 30 * HOUR_US, book)

    assert second is not None
    assert second["basis"]["sample"] == first
    assert first["of"] == "HAWB-1"


def test_a_stricter_word_stays() -> None:
    prohibited = desk(ALL_DRAWN, declared=replace(GOODS, description="liquor"))

    assert ask(prohibited, MemoryBook(), 1)["action"] == "refuse"


def test_the_id_of_a_voucher_follows_from_what_it_is_for() -> None:
    one = voucher_id(CODE, "l1", "2026-11-22")

    assert one == voucher_id(CODE, "l1", "2026-11-22")
    assert one[14] == "8"
    assert len({one, voucher_id(CODE, "l2", "2026-11-22"), voucher_id(CODE, "l1", "2026-11-23")}) == 3


class Clock:
    def __init__(self) -> None:
        self.now_us = NOW_US

    def __call__(self) -> int:
        return self.now_us


def public(folder: Path) -> dict[str, dict[str, Any]]:
    return {day["day"]: day for day in json.loads((folder / PUBLIC_FILE).read_bytes())["days"]}


def test_a_commitment_comes_the_day_before_and_the_seed_the_day_after(tmp_path: Path) -> None:
    clock = Clock()
    seeds = SeedFile(tmp_path, "MY-KUL-1", clock)
    before = public(tmp_path)
    clock.now_us += 24 * HOUR_US
    used = seeds.of("2026-11-23")
    during = public(tmp_path)
    clock.now_us += 24 * HOUR_US
    seeds.of("2026-11-24")

    after = public(tmp_path)

    assert "seeds" not in before["2026-11-23"]
    assert "seeds" not in during["2026-11-23"]
    assert before["2026-11-23"]["commits"] == [commitment(used[0])]
    assert before["2026-11-23"]["published"] < "2026-11-23"
    assert "seeds" in after["2026-11-23"]


def test_seeds_survive_a_restart_and_are_for_the_coordinator_alone(tmp_path: Path) -> None:
    clock = Clock()
    seed = SeedFile(tmp_path, "MY-KUL-1", clock).of("2026-11-22")

    assert SeedFile(tmp_path, "MY-KUL-1", clock).of("2026-11-22") == seed
    assert (tmp_path / SEEDS_FILE).stat().st_mode & 0o077 == 0


def test_past_its_bound_the_oldest_day_is_dropped(tmp_path: Path) -> None:
    days = {utc_text(n * 24 * HOUR_US)[:10]: {"seed": "AAAA", "published": ""} for n in range(DAYS_MAX)}
    (tmp_path / SEEDS_FILE).write_text(json.dumps(days))

    SeedFile(tmp_path, "MY-KUL-1", Clock())

    assert len(json.loads((tmp_path / SEEDS_FILE).read_bytes())) == DAYS_MAX
