"""Rule packs: dated data, refused like a config when wrong."""

from pathlib import Path

import pytest

from hub_config.load import ConfigFaults
from hub_config.profiles import rules_file
from hub_config.rules import load_rules

TEXT = rules_file("MY-KUL-1").read_text(encoding="utf-8")


def test_the_pack_of_the_malaysian_hub_says_what_was_published() -> None:
    pack = load_rules(rules_file("MY-KUL-1"))

    assert (pack.hub, pack.country, pack.currency, pack.value_max_minor) == ("MY-KUL-1", "MY", "MYR", 50_000)
    assert (pack.mass_max_mg, pack.free_route, pack.valid_until) == (30_000_000, "green", None)
    assert pack.digest().startswith("sha256:")
    assert len(pack.digest()) == 7 + 64


def test_the_tolerance_is_a_share_of_the_declared_mass_but_never_under_the_minimum() -> None:
    pack = load_rules(rules_file("MY-KUL-1"))

    assert pack.tolerance_mg(100_000) == 50_000
    assert pack.tolerance_mg(10_000_000) == 500_000


def test_a_pack_with_other_figures_has_another_digest(tmp_path: Path) -> None:
    other, same = tmp_path / "other.toml", tmp_path / "same.toml"
    other.write_text(TEXT.replace("50_000\n", "60_000\n", 1), encoding="utf-8")
    same.write_text(
        "\n".join(line for line in TEXT.splitlines() if not line.startswith("#")), encoding="utf-8"
    )

    digest = load_rules(rules_file("MY-KUL-1")).digest()

    assert load_rules(other).digest() != digest
    assert load_rules(same).digest() == digest


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('mass_max = "30 kg"', 'mass_max = "30 m"', 'mass_max: "30 m" is a length; a mass is wanted'),
        (
            'decision_valid = "120 s"',
            'decision_valid = "1.5 s"',
            'decision_valid: "1.5 s" is too fine; whole s are kept',
        ),
        ('currency = "MYR"', 'currency = "RM"', 'currency: "RM" is no code; 3 capital letters'),
        (
            "valid_from = 2024-01-01",
            "valid_from = 2024-01-01\nvalid_until = 2023-01-01",
            "valid_until: 2023-01-01 is too early",
        ),
        ('free_route = "green"', 'free_route = "gren"', 'free_route: there is no lane "gren"'),
        ("value_max_minor = 50_000", "value_max_minor = 500.0", "value_max_minor: 500.0 is no whole number"),
        ("value_max_minor = 50_000", "value_max = 50_000", 'unknown key "value_max"'),
    ],
)
def test_a_faulty_pack_is_refused_in_words(tmp_path: Path, old: str, new: str, words: str) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(TEXT.replace(old, new), encoding="utf-8")

    with pytest.raises(ConfigFaults) as refused:
        load_rules(file)

    assert words in str(refused.value)


def test_a_hub_without_a_pack_is_told_which_there_are() -> None:
    with pytest.raises(
        FileNotFoundError,
        match="no rule pack for hub XX-1; shipped are et-add-1, my-kul-1, rw-kgl-1; name a file instead",
    ):
        rules_file("XX-1")
