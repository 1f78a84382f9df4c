"""Badges in a hub config, the command that draws one, and what must fit between them and the benches."""

import tomllib
from pathlib import Path

import pytest

from edge.commands import badge
from hub_config.badges import badge_digest, is_badge
from hub_config.load import check, load

EXAMPLE = Path(__file__).parents[2] / "examples" / "bench.toml"


def written(folder: Path, more: str = "", **changes: str) -> Path:
    text = EXAMPLE.read_text()
    for old, new in changes.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    path = folder / "hub.toml"
    path.write_text(text + more)
    return path


def drawn(capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    """Text and entry of a new badge."""
    assert badge.main(["--role", "customs"]) == 0
    said = capsys.readouterr().out
    return said.splitlines()[0], said[said.index("[[badges]]") :]


def test_a_drawn_badge_is_one_and_its_entry_is_taken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, entry = drawn(capsys)
    assert is_badge(text)
    assert tomllib.loads(entry)["badges"][0]["digest"] == badge_digest(text)
    path = written(tmp_path, "\n" + entry)

    assert check(path) == []
    assert load(path).badges[0].role == "customs"
    assert drawn(capsys)[0] != text


def test_a_config_without_badges_has_the_digest_that_it_had(tmp_path: Path) -> None:
    assert "badges" not in load(written(tmp_path)).model_dump_json()
    assert "inspects" not in load(written(tmp_path)).model_dump_json()


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ('\n[[badges]]\ndigest = "abc"\nrole = "customs"\n', "is no digest"),
        ('\n[[badges]]\ndigest = "' + "a" * 64 + '"\nrole = "boss"\n', "role"),
        (('\n[[badges]]\ndigest = "' + "a" * 64 + '"\nrole = "hub"\n') * 2, "badges[0] again"),
    ],
)
def test_a_wrong_badge_is_named(more: str, says: str, tmp_path: Path) -> None:
    faults = check(written(tmp_path, more))

    assert len(faults) == 1
    assert says in str(faults[0])


def test_a_bench_that_inspects_needs_a_badge(tmp_path: Path) -> None:
    faults = check(written(tmp_path, **{"[[benches]]": "[[benches]]\ninspects = true"}))

    assert ["nobody has a badge" in str(fault) for fault in faults] == [True]


def test_a_bay_can_not_have_the_barcode_of_a_command(tmp_path: Path) -> None:
    faults = check(written(tmp_path, **{'"HUBXGREEN"': '"HUBXGOOD"'}))

    assert ["is a command that staff scan" in str(fault) for fault in faults] == [True]
