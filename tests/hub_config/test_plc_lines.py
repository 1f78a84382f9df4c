"""A line that a controller drives, in the configuration: what must fit, and what is said when it does not."""

from pathlib import Path

import pytest

from hub_config.load import check, load
from hub_config.plc import PlcWcsConfig

EXAMPLE = Path(__file__).parents[2] / "examples/plc.toml"
GOOD = EXAMPLE.read_text(encoding="utf-8")


def said_of(folder: Path, text: str) -> list[str]:
    file = folder / "hub.toml"
    file.write_text(text, encoding="utf-8")
    return [str(fault).removeprefix(f"{folder}/") for fault in check(file)]


def test_the_example_is_good_and_its_layout_the_usual_one() -> None:
    config = load(EXAMPLE)
    (line,) = config.plc_lines
    plc = config.device(line.plc)

    assert isinstance(plc, PlcWcsConfig)
    assert plc.telegrams == PlcWcsConfig.model_fields["telegrams"].default
    assert line.devices == ("plc-1", "scan-2")


FAULTS = [
    ('"inducted", code = "IN"', '"inducted", code = "INN"', 'code "INN" has 3 characters; all have 2'),
    ('"inducted", code = "IN"', '"inducted", code = "LF"', 'code "LF" is there twice'),
    ('fields = ["sequence:4", "track_no:6"] }', 'fields = ["sequence:4"] }', "0 fields are track_no"),
    ('"track_no:6", "code:30"', '"track_no:6", "code:300"', '"code:300" is no field; name:width'),
    ('"track_no:6", "mass:8"', '"track_no:6", "mass:8", "colour:2"', 'a weighed has no "colour"'),
    ('"sequence:4", "track_no:6", "mass:8"', '"sequence:5", "track_no:6", "mass:8"', "one counter has one width"),
    (
        '"life", code = "LF", fields = ["sequence:4"]', '"inducted", code = "LF", fields = ["track_no:6"]',
        "2 telegrams mean inducted",
    ),
    ('"track_no:6", "lane:6"] }', '"track_no:6", "lane:4"] }', 'code "GREEN" has 5 characters'),
    ('kind = "tcp", host = "127.0.0.1", port = 2000', 'kind = "serial", port = "/dev/ttyS0"', '"serial" is not known'),
    ('plc = "plc-1"', 'plc = "scan-2"', 'a controller is wanted (plc-wcs)'),
    ('plc = "plc-1"', 'plc = "plc-9"', 'there is no device "plc-9"'),
    ('device = "scan-2"', 'device = "plc-1"', "a reader that reads by itself is wanted"),
    ('fail_safe = "hold"', 'fail_safe = "custody"', "no exit of lane"),
    ('fail_safe = "hold"', 'fail_safe = "green"', "doubt must never lead to the free lane"),
    ('lane = "xray", bay = "C2"', 'lane = "hold", bay = "C2"', 'lane "hold" is there twice'),
    ('code = "XRAY"', 'code = "HOLD"', 'code "HOLD" is there twice'),
    ('decide_within = "5 s"', 'decide_within = "1 s"', "1000 ms is too early; after measured_within"),
    ('latest = "700 ms"', 'latest = "3 s"', "readings come up to 3000 ms late"),
    ('latest = "700 ms"', 'latest = "100 ms"', "latest is 100 ms; after earliest, 150 ms"),
    ('id = "p1"', 'id = "gw"', 'may not be called "gw"'),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "words"), FAULTS, ids=lambda text: text[:24])
def test_a_fault_is_named_with_its_limit(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in GOOD

    said = said_of(tmp_path, GOOD.replace(old, new, 1))

    assert any(words in line for line in said), said


def test_without_metrology_the_controller_tells_no_weight(tmp_path: Path) -> None:
    begin, end = GOOD.index("[devices.metrology]"), GOOD.index('[[devices]]\nid = "scan-2"')

    said = said_of(tmp_path, GOOD[:begin] + GOOD[end:])

    assert any("nothing tells a weight" in line for line in said), said


def test_metrology_without_a_telegram_for_weights_is_a_fault(tmp_path: Path) -> None:
    text = GOOD.replace(
        '  { means = "weighed", code = "WT", fields = ["sequence:4", "track_no:6", "mass:8"] },\n', ""
    )

    assert any("it tells no weights" in line for line in said_of(tmp_path, text))


def test_without_a_telegram_read_and_without_readers_nothing_tells_a_code(tmp_path: Path) -> None:
    text = GOOD.replace(
        '  { means = "read", code = "RD", fields = ["sequence:4", "track_no:6", "code:30"] },\n', ""
    )
    text = text.replace('readers = [{ device = "scan-2", earliest = "150 ms", latest = "700 ms" }]\n', "")

    assert any("nothing tells a code" in line for line in said_of(tmp_path, text))


def test_a_hub_without_such_a_line_keeps_its_digest() -> None:
    bench = load(EXAMPLE.with_name("bench.toml"))

    assert "plc_lines" not in bench.model_dump_json()


def test_a_bay_of_another_lane_at_another_line_is_named(tmp_path: Path) -> None:
    second = GOOD[GOOD.index("[[plc_lines]]") :].replace('id = "p1"', 'id = "p2"').replace('"C1"', '"C9"', 1)

    said = said_of(tmp_path, GOOD + "\n" + second)

    assert any('"plc-1" is already' in line for line in said), said
