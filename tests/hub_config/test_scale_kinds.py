"""Each kind of bench scale in a hub's file: what it takes, and what it refuses with the place and the next step."""

from pathlib import Path

import pytest

from hub_config.load import check

EXAMPLE = (Path(__file__).parents[2] / "examples/bench.toml").read_text(encoding="utf-8")


def said_of(folder: Path, scale: str) -> list[str]:
    """Of the example with this instead of its MT-SICS scale's kind."""
    file = folder / "hub.toml"
    lines = [scale if line.startswith('kind = "mt-sics"') else line for line in EXAMPLE.splitlines()]
    file.write_text("\n".join(lines), encoding="utf-8")
    return [str(fault).removeprefix(f"{folder}/") for fault in check(file)]


@pytest.mark.parametrize(
    "scale",
    [
        'kind = "toledo-8217"\nunit = "lb"\npicture = "000.00"\nhigh_resolution = true',
        'kind = "mt-continuous"\nshort = true\nchecksum = "on"\ndialect = "liden"',
        'kind = "mt-continuous"\nunit_from = "config"\nunit = "kg"\nmode = "print"\ncommand_end = "\\r\\n"',
        'kind = "sma"\nask = "high-resolution-stable"\nmode = "polled"',
        'kind = "nci"\nstatus_bytes = 4\ndialect = "cas-ci-100a"',
        'kind = "ricelake-stream"\nmotion_mark = "m"\nhold_mark = ""',
        'kind = "cardinal-stream"',
        'kind = "wi-stream"',
        'kind = "mt-sics"\nmode = "continuous"',
        'kind = "mt-sics"\nmode = "print"',
        'kind = "cas-10"\nunit = "kg"',
        'kind = "and"\nformat = "csv"',
    ],
)
def test_a_scale_with_its_settings_is_good(tmp_path: Path, scale: str) -> None:
    assert said_of(tmp_path, scale) == []


@pytest.mark.parametrize(
    "scale",
    [
        'kind = "toledo-8217"',
        'kind = "cas-10"',
        'kind = "and"\nformat = "nu"',
        'kind = "mt-continuous"\nunit_from = "config"',
    ],
)
def test_a_scale_that_sends_no_unit_wants_one(tmp_path: Path, scale: str) -> None:
    (said,) = said_of(tmp_path, scale)

    assert "devices[1] scale-1" in said
    assert said.endswith('without one its numbers are no weights; write for example unit = "kg"')


@pytest.mark.parametrize(
    ("scale", "where", "words"),
    [
        ('kind = "toledo-8217"\nunit = "kg"\npicture = "00,000"', "picture", "is no picture of a number"),
        ('kind = "ricelake-stream"\nmotion_mark = "O"', "valid_mark", "can't be told apart"),
        ('kind = "mt-continuous"\nmode = "polled"', "mode", "polled"),
        ('kind = "nci"\nstatus_bytes = 5', "status_bytes", "5 is too high"),
        ('kind = "sma"\nask = "now"', "ask", "now"),
    ],
)
def test_a_setting_that_can_not_be_is_refused_at_its_place(
    tmp_path: Path, scale: str, where: str, words: str
) -> None:
    said = said_of(tmp_path, scale)

    assert len(said) == 1
    assert f"scale-1.{where}: " in said[0].replace(f"{scale.split(chr(34))[1]}.", "")
    assert words in said[0]
