"""Stack lights in the configuration: whose they are, and that their outputs are nobody else's."""

from pathlib import Path

import pytest

from hub_config.load import check, load

EXAMPLE = Path(__file__).parents[2] / "examples/demo.toml"
LIGHT = '\n[[stack_lights]]\nof = "l1"\nboard = "io-1"\ngreen = 4\namber = 5\nred = 6\n'


def said_of(folder: Path, light: str) -> list[str]:
    file = folder / "hub.toml"
    file.write_text(EXAMPLE.read_text(encoding="utf-8") + light, encoding="utf-8")
    return [str(fault).removeprefix(f"{folder}/") for fault in check(file)]


def test_a_line_and_a_bench_may_have_one_each(tmp_path: Path) -> None:
    second = LIGHT.replace("l1", "b1").replace("4", "8").replace("5", "9").replace("6", "10")

    assert said_of(tmp_path, LIGHT + second) == []
    assert [one.of for one in load(tmp_path / "hub.toml").stack_lights] == ["l1", "b1"]


def test_a_hub_without_one_keeps_its_digest() -> None:
    assert "stack_lights" not in load(EXAMPLE).model_dump_json()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('of = "l1"', 'of = "l9"', 'there is no bench or belt line "l9"'),
        ('board = "io-1"', 'board = "scale-1"', '"scale-1" is no board of a line'),
        ("green = 4", "green = 1", "output 1 of io-1 is that of diverter d2"),
        ("green = 4", "green = 5", "output 5 of io-1 is that of green of l1"),
        ("green = 4\namber = 5\nred = 6", "buzzer = 4", "it has no lamp"),
        ("green = 4", "green = 40", "40 is too high"),
        ("green = 4", "white = 4", "white"),
    ],
)
def test_what_does_not_fit_is_said(tmp_path: Path, old: str, new: str, said: str) -> None:
    told = said_of(tmp_path, LIGHT.replace(old, new))

    assert any(said in one for one in told), told
