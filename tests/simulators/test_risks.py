"""Rates that follow what inspections find, and that an auditor makes again from the log."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from coordinator_hall import Hall, code, visit
from test_coordinator_desk import GOODS, RULES_FILE

from hub_config.load import ConfigFaults
from hub_config.rule_book import load_rule_book
from hub_config.rules import load_rules
from hub_config.tiers import STANDARD, Findings
from simulators.audit import audit, read_database, read_seeds
from simulators.audit_command import main
from simulators.coordinator.desk import Desk
from simulators.coordinator.risks import subjects, weighed
from simulators.coordinator.sampling import Raised, Rate, Sampler, commitment
from simulators.coordinator.stamps import utc_text

FINDINGS = Findings(
    merchant_raise_ppm=300_000, route_raise_ppm=100_000, lower_per_pass_ppm=20_000, raised_max_ppm=500_000
)
RULES_TEXT = RULES_FILE.read_text() + (
    "\n[findings]\nmerchant_raise_ppm = 300_000\nroute_raise_ppm = 100_000\nlower_per_pass_ppm = 20_000\n"
    "raised_max_ppm = 500_000\n"
)
SEED = bytes(range(32))


class Fixed:
    def of(self, _: str) -> Sequence[bytes]:
        return (SEED,)


def number(n: int) -> str:
    return f"RR{n:09}MY"


@pytest.fixture
def rules_file(tmp_path: Path) -> Path:
    file = tmp_path / "with-findings.rules.toml"
    file.write_text(RULES_TEXT)
    return file


@pytest.fixture
def hall(tmp_path: Path, rules_file: Path) -> Hall:
    """Nine parcels of three merchants on two routes, all to be declared in advance."""
    made = Hall(tmp_path / "coordinator.sqlite", load_rules(rules_file))
    made.desk = Desk(made.rules, made.store, "MY-KUL-1", "practice", b"seed", Sampler(Fixed()))
    goods = [
        replace(
            GOODS, identifiers=(number(n),), consignment=f"c-{n}", merchant=f"m-{n % 3}", origin="CN",
            mawb="232-12345675" if n % 3 else "618-12345675",
        )
        for n in range(9)
    ]  # fmt: skip
    with made.store.transaction():
        made.store.file(goods, made.now_us)
    return made


def measure(hall: Hall, n: int) -> dict[str, Any]:
    hall.tell("parcel.arrived", visit(n), codes=[code(number(n))], clock="hub")
    hall.later(1)
    mass = {"mg": 1_000_000, "u_mg": 5_000}
    decision = hall.tell("parcel.measured", visit(n), codes=[code(number(n))], mass=mass)
    assert decision is not None
    found: dict[str, Any] = decision["basis"]["sample"]
    return found


def inspect(hall: Hall, n: int, outcome: str) -> str:
    event = hall.event("parcel.inspected", visit(n), note={"outcome": outcome})
    hall.later(1).take(event)
    hall.later(1)
    return event.id


def added(sample: dict[str, Any]) -> list[int]:
    return [part["ppm"] for part in sample["raised"]]


def test_a_finding_raises_merchant_and_route_and_clean_passes_lower_them_slowly(hall: Hall) -> None:
    assert added(measure(hall, 1)) == [0, 0]
    first = inspect(hall, 1, "failed")

    same = measure(hall, 4)
    assert (same["base_ppm"], same["rate_ppm"], added(same)) == (55_000, 455_000, [300_000, 100_000])
    assert [part["last"] for part in same["raised"]] == [first, first]
    assert added(measure(hall, 2)) == [0, 100_000], "another merchant of the same route"
    assert added(measure(hall, 3)) == [0, 0], "another route"
    inspect(hall, 4, "passed")
    assert added(measure(hall, 7)) == [280_000, 80_000]
    assert measure(hall, 4)["rate_ppm"] == 455_000, "a draw sticks"


def test_a_rate_is_never_below_its_tier_nor_above_everything() -> None:
    assert weighed("merchant:x", 10_000, FINDINGS, failed=False) == 0
    assert weighed("merchant:x", 400_000, FINDINGS, failed=True) == 500_000
    assert weighed("route:x", 0, FINDINGS, failed=True) == 100_000
    assert Rate(900_000, (Raised("merchant:x", 500_000, None),)).ppm == 1_000_000
    assert Rate(55_000).ppm == 55_000


def test_nobody_reads_in_the_log_who_sends_what(hall: Hall) -> None:
    told = json.dumps(measure(hall, 1))

    assert "m-1" not in told
    one = replace(GOODS, merchant="m-1", origin="CN")
    assert subjects(one, b"a") != subjects(one, b"b")
    assert subjects(replace(GOODS, mawb="232-1"), b"a") != ()
    assert subjects(GOODS, b"a") == subjects(None, b"a") == ()


def _seeds(folder: Path, hall: Hall) -> Path:
    text = urlsafe_b64encode(SEED).rstrip(b"=").decode()
    day = {
        "day": utc_text(hall.now_us)[:10], "published": "2026-11-21T00:00:00.000000Z", "commits": [commitment(SEED)],
        "seeds": [text],
    }  # fmt: skip
    file = folder / "sampling.json"
    file.write_text(json.dumps({"hub": "MY-KUL-1", "days": [day]}))
    return file


def test_an_auditor_makes_every_rate_again_and_names_what_was_not_counted(
    hall: Hall, tmp_path: Path, rules_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    measure(hall, 1)
    inspect(hall, 1, "failed")
    for n in (4, 2, 3):
        measure(hall, n)
    inspect(hall, 4, "passed")
    measure(hall, 7)
    words = ["sampling", "--db", str(hall.path), "--seeds", str(_seeds(tmp_path, hall))]

    assert main([*words, "--rules", str(rules_file)]) == 0
    assert "not checkable yet: 0" in capsys.readouterr().out
    assert main(words) == 0
    assert "its rate is not made again without the rule packs" in capsys.readouterr().out
    assert main([*words, "--rules", str(tmp_path / "none.toml")]) == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda sample: sample["raised"][0].update(ppm=0), "is not the sum of what it was made of"),
        (lambda sample: sample.update(raised=[], rate_ppm=55_000), "leaves out the merchant or the route"),
        (
            lambda sample: (sample["raised"][0].update(ppm=0), sample.update(rate_ppm=155_000)),
            "adds 300000 ppm after",
        ),
        (
            lambda sample: (sample["raised"][0].update(ppm=0, last=None), sample.update(rate_ppm=155_000)),
            "was known and not counted",
        ),
        (lambda sample: sample["raised"][0].update(last="ni:///sha-256;x"), "is not in this log"),
    ],
)
def test_a_rate_that_was_kept_low_is_named(
    hall: Hall, tmp_path: Path, rules_file: Path, change: Any, words: str
) -> None:
    measure(hall, 1)
    inspect(hall, 1, "failed")
    measure(hall, 4)
    log = read_database(hall.path)
    (wanted,) = [one for one in log.decisions.values() if one["visit"] == visit(4)]
    change(wanted["basis"]["sample"])

    outcome = audit(log, read_seeds(_seeds(tmp_path, hall)), load_rule_book([rules_file]))

    assert any(words in line for line in [*outcome.contradictions, *outcome.open])


def test_findings_survive_a_restart(hall: Hall) -> None:
    measure(hall, 1)
    inspect(hall, 1, "failed")
    hall.store.close()
    again = Hall(hall.path, hall.rules, now_us=hall.now_us, chains=hall.chains)

    assert measure(again, 4)["rate_ppm"] == 455_000


def test_a_pack_without_findings_states_none_and_one_that_lowers_fast_or_asks_too_much_is_refused(
    tmp_path: Path,
) -> None:
    plain = load_rules(RULES_FILE)
    assert plain.findings is None
    assert STANDARD.rate_ppm == 55_000
    file = tmp_path / "fast.toml"
    file.write_text(RULES_TEXT.replace("lower_per_pass_ppm = 20_000", "lower_per_pass_ppm = 100_000"))
    with pytest.raises(ConfigFaults, match="clean passes count slowly"):
        load_rules(file)
    file.write_text(RULES_TEXT + "inspections_per_hour = 100\n")
    with pytest.raises(ConfigFaults, match="the pack implies 135 inspections an hour"):
        load_rules(file)
