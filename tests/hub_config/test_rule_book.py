"""Several dated packs of one hub: which is in force by the hub's own date, and which are refused."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub_config.load import ConfigFaults
from hub_config.profiles import rules_file
from hub_config.rule_book import PACKS_MAX, RuleBook, load_rule_book
from hub_config.rules import load_rules

TEXT = rules_file("MY-KUL-1").read_text(encoding="utf-8")


def pack_file(folder: Path, name: str, *changes: tuple[str, str]) -> Path:
    text = TEXT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file = folder / f"{name}.toml"
    file.write_text(text, encoding="utf-8")
    return file


def later(folder: Path, *changes: tuple[str, str]) -> Path:
    renamed = ("my-kul-1-2024-01", "my-kul-1-2026-12")
    dated = ("valid_from = 2024-01-01", "valid_from = 2026-12-01")
    return pack_file(folder, "later", renamed, dated, *changes)


def us(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


def test_a_pack_is_in_force_until_its_days_end_or_another_begins(tmp_path: Path) -> None:
    pack = load_rules(rules_file("MY-KUL-1"))
    one = RuleBook([pack])
    two = RuleBook([pack, load_rules(later(tmp_path))])
    ending = RuleBook([pack.model_copy(update={"valid_until": pack.valid_from})])

    assert one.until_us(us("2026-11-30T15:00:00")) > us("2126-01-01T00:00:00")
    assert two.until_us(us("2026-11-30T15:00:00")) == us("2026-11-30T16:00:00") - 1
    assert two.until_us(us("2026-12-01T00:00:00")) > us("2126-01-01T00:00:00")
    assert ending.until_us(us("2023-12-31T16:00:00")) == us("2024-01-01T16:00:00") - 1
    assert ending.until_us(us("2023-12-31T15:00:00")) == us("2023-12-31T16:00:00") - 1


def in_force(book: RuleBook, utc: str) -> str | None:
    pack = book.in_force(us(utc))
    return None if pack is None else pack.id


def test_a_pack_begins_at_the_hub_s_own_midnight(tmp_path: Path) -> None:
    """Kuala Lumpur is eight hours ahead of UTC."""
    book = load_rule_book([rules_file("MY-KUL-1"), later(tmp_path)])

    assert in_force(book, "2026-11-30T15:59:59") == "my-kul-1-2024-01"
    assert in_force(book, "2026-11-30T16:00:00") == "my-kul-1-2026-12"
    assert in_force(book, "2023-12-31T15:59:59") is None


def test_a_pack_ends_with_its_last_day_and_the_earlier_one_counts_again(tmp_path: Path) -> None:
    ends = ("valid_from = 2026-12-01", "valid_from = 2026-12-01\nvalid_until = 2026-12-24")
    book = load_rule_book([later(tmp_path, ends), rules_file("MY-KUL-1")])

    assert in_force(book, "2026-12-24T15:59:59") == "my-kul-1-2026-12"
    assert in_force(book, "2026-12-24T16:00:00") == "my-kul-1-2024-01"


def test_a_day_that_the_clocks_change_on_begins_at_midnight_too(tmp_path: Path) -> None:
    zone = ("Asia/Kuala_Lumpur", "Europe/Brussels")
    summer = ("valid_from = 2024-01-01", "valid_from = 2026-03-29\nvalid_until = 2026-03-29")
    book = load_rule_book([pack_file(tmp_path, "summer", zone, summer)])

    assert in_force(book, "2026-03-28T22:59:59") is None
    assert in_force(book, "2026-03-28T23:00:00") is not None
    assert in_force(book, "2026-03-29T21:59:59") is not None
    assert in_force(book, "2026-03-29T22:00:00") is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("country", "country"), "valid_from: the same as in"),
        (("2026-12-01", "2024-01-01"), "valid_from: the same as in"),
        (("my-kul-1-2026-12", "my-kul-1-2024-01"), "id: the same as in"),
        (('hub = "MY-KUL-1"', 'hub = "MY-KUL-2"'), "hub: MY-KUL-2 is not that of"),
        (("Asia/Kuala_Lumpur", "Asia/Singapore"), "time_zone: Asia/Singapore is not that of"),
    ],
)
def test_packs_that_do_not_fit_together_are_refused(
    tmp_path: Path, change: tuple[str, str], words: str
) -> None:
    paths = [rules_file("MY-KUL-1"), later(tmp_path, change)]
    if change[0] == "country":
        paths = [rules_file("MY-KUL-1"), pack_file(tmp_path, "other", ("my-kul-1-2024-01", "another"))]

    with pytest.raises(ConfigFaults) as refused:
        load_rule_book(paths)

    assert words in str(refused.value)


def test_more_packs_than_the_bound_are_refused(tmp_path: Path) -> None:
    paths = [
        pack_file(
            tmp_path, f"p{n}", ("my-kul-1-2024-01", f"p{n}"), ("2024-01-01", f"{2000 + n}-01-01")
        )
        for n in range(PACKS_MAX + 1)
    ]  # fmt: skip

    with pytest.raises(ConfigFaults, match=f"{PACKS_MAX + 1} packs; at most {PACKS_MAX}"):
        load_rule_book(paths)
    assert len(load_rule_book(paths[:-1]).packs) == PACKS_MAX


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            ("staffed_inspections_per_hour = 40", "staffed_inspections_per_hour = 34"),
            "staffed_inspections_per_hour: the pack implies 35 inspections an hour; staffed_inspections_per_hour is 34",
        ),
        (("rate_ppm = 5_000", "rate_ppm = 0"), "rate_ppm: 0 is too low"),
        (("rate_ppm = 5_000", "rate_ppm = 19"), "rate_ppm: 19 is too low; rate_floor_ppm is 20"),
        (('id = "standard"', 'id = "usual"'), "tiers: there is no tier standard"),
        (('id = "trusted"', 'id = "standard"'), "there are two tiers standard"),
        (
            ("staffed", 'relief_reference = "R-1"\nstaffed'),
            "tiers: there is no tier relief",
        ),
        (("Asia/Kuala_Lumpur", "Asia/Kuala"), 'time_zone: "Asia/Kuala" is no time zone'),
        (
            ("[[tiers]]\nid = \"trusted\"", '[[parties]]\nparty = "agency:"\n\n[[tiers]]\nid = "trusted"'),
            'party: "agency:" is no party',
        ),
        (
            ("merchants = []", 'merchants = ["m-1"]\n\n[[tiers]]\nid = "known"\nrate_ppm = 9_000\nmerchants = ["m-1"]'),
            'merchants: merchant "m-1" is in tier trusted as well',
        ),
    ],
)  # fmt: skip
def test_a_pack_that_cannot_be_kept_is_not_activated(
    tmp_path: Path, change: tuple[str, str], words: str
) -> None:
    with pytest.raises(ConfigFaults) as refused:
        load_rule_book([pack_file(tmp_path, "pack", change)])

    assert words in str(refused.value)


def test_a_pack_says_how_many_checks_an_hour_it_implies() -> None:
    pack = load_rules(rules_file("MY-KUL-1"))

    assert pack.inspections_per_hour == 22 + 5 + 8
    assert pack.tier("trusted").rate_ppm == 5_000
    with pytest.raises(KeyError, match="no tier gold"):
        pack.tier("gold")


def test_dwell_targets_are_by_lane(tmp_path: Path) -> None:
    targets = '[[dwell_targets]]\nlane = "manual"\ndwell = "6 h"\n\n[[tiers]]\nid = "trusted"'
    pack = load_rules(pack_file(tmp_path, "pack", ('[[tiers]]\nid = "trusted"', targets)))

    assert [(one.lane, one.dwell_s) for one in pack.dwell_targets] == [("manual", 21_600)]
    with pytest.raises(ConfigFaults, match='dwell: "30 s" is too low; 1 min to 240 h'):
        load_rules(
            pack_file(tmp_path, "short", ('[[tiers]]\nid = "trusted"', targets.replace("6 h", "30 s")))
        )
