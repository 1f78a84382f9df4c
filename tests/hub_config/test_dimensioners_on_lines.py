"""A dimensioner of a belt line in a config: where it may stand, what it must say, and each fault in words."""

from pathlib import Path

import pytest

from hub_config.dimensioners import RecordDimensionerConfig
from hub_config.load import ConfigFaults, load
from hub_config.rules import load_rules

ROOT = Path(__file__).parents[2]
LAYOUTS = ROOT / "simulators" / "scenarios" / "layouts"
DWS = LAYOUTS / "dws.toml"
RULES = LAYOUTS.parent / "rules" / "dws.toml"
PLACE = 'dimensioner = { device = "dim-1", beam = "dims", earliest = "20 ms", latest = "500 ms", along_belt = true }'
SCALE = 'scale = { device = "wim-1", beam = "scale", earliest = "20 ms", latest = "400 ms" }'
METROLOGY = '[devices.metrology]\nregime = "none"\nmax = "30 kg"\nmin = "20 g"\ne = "10 g"\nmpe = "20 g"\n'
FIELDS = 'fields = ["record", "length", "width", "height", "unit", "status"]'
LINES = "[[lines]]"


def faults(folder: Path, *changes: tuple[str, str]) -> list[str]:
    text = DWS.read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    file = folder / "hub.toml"
    file.write_text(text, encoding="utf-8")
    try:
        load(file)
    except ConfigFaults as refused:
        return [str(fault) for fault in refused.faults]
    return []


def test_the_layout_of_the_scenario_says_all_of_its_dimensioner() -> None:
    config = load(DWS)
    device, place = config.device("dim-1"), config.lines[0].dimensioner

    assert isinstance(device, RecordDimensionerConfig)
    assert (device.u_um, device.cal, device.metrology) == (8_000, "d-2026-02", None)
    assert place is not None
    assert (place.beam, place.earliest_ms, place.latest_ms, place.along_belt) == ("dims", 20, 500, True)
    assert [one.device for one in config.lines[0].recorders] == ["wim-1", "dim-1"]


def test_a_line_without_one_is_written_as_before_there_were_any() -> None:
    quiet = load(LAYOUTS / "quiet.toml")

    assert "dimensioner" not in quiet.model_dump_json()
    assert "dimensioner" in load(DWS).model_dump_json()
    assert (
        "dims_tolerance" not in load_rules(ROOT / "hub_config/profiles/my-kul-1.rules.toml").model_dump_json()
    )


def test_a_parcel_is_measured_no_sooner_than_its_dimensioner_has_told() -> None:
    line = load(DWS).lines[0]
    slow = line.model_copy(update={"dimensioner": line.dimensioner.model_copy(update={"latest_ms": 2_000})})  # type: ignore[union-attr]  # it has one

    assert slow.measured_by_um - line.measured_by_um == 2_200_000 + 2_000_000 - (2_700_000 + 400_000)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((PLACE, PLACE.replace('"dims"', '"nose"')), 'there is no beam "nose"'),
        ((PLACE, PLACE.replace('"dims"', '"end"')), '"end" is already lines[0].end.beam'),
        ((PLACE, PLACE.replace('"dims"', '"green"')), "the dimensioner's trigger is a beam on the belt"),
        ((PLACE, PLACE.replace('"dims"', '"in"')), 'no beam is before beam "in"'),
        ((PLACE, PLACE.replace("20 ms", "600 ms")), '"600 ms" is too high; below latest, 500 ms'),
        ((PLACE, PLACE.replace("dim-1", "dim-2")), 'there is no device "dim-2"'),
        ((PLACE, PLACE.replace("dim-1", "wim-1")), 'of kind "record-scale"; a dimensioner that weighs is wanted'),
        ((PLACE, PLACE.replace("dim-1", "tunnel-1")), 'of kind "keyence-sr"; a dimensioner of a belt is wanted'),
        ((PLACE, ""), '"dim-1" stands at no bench or line'),
        ((SCALE, SCALE.replace("wim-1", "dim-1")), '"dim-1" tells no weight; a scale has its metrology'),
        ((LINES, METROLOGY + LINES), "0 fields are mass; exactly one is wanted"),
        ((FIELDS, FIELDS.replace('"unit"', '"mass"')), "the records carry a mass; a mass needs the metrology"),
        ((FIELDS, FIELDS.replace('"unit"', '"skip"')), "nothing says the unit"),
        ((FIELDS, FIELDS.replace('"width"', '"height"')), "0 fields are width"),
        (('u = "8 mm"', 'u = "8 kg"'), "8 kg"),
    ],
)  # fmt: skip
def test_a_dimensioner_that_can_not_work_is_told_in_words(
    tmp_path: Path, change: tuple[str, str], said: str
) -> None:
    found = faults(tmp_path, change)

    assert any(said in fault for fault in found), found


def test_a_cubiscan_measures_what_stands_and_is_no_device_of_a_belt(tmp_path: Path) -> None:
    text = DWS.read_text(encoding="utf-8")
    start, end = text.index('kind = "record-dimensioner"'), text.index('u = "8 mm"')
    attach = 'attach = { kind = "tcp", host = "127.0.0.1", port = 9011 }\n'

    found = faults(tmp_path, (text[start:end], f'kind = "cubiscan"\n{attach}'))

    wanted = '"dim-1" is of kind "cubiscan"; a dimensioner of a belt is wanted (record-dimensioner'
    assert any(wanted in fault for fault in found), found


def test_one_device_may_stand_for_scale_and_dimensioner_where_its_records_carry_both(tmp_path: Path) -> None:
    text = DWS.read_text(encoding="utf-8")
    scale = text[text.index('[[devices]]\nid = "wim-1"') : text.index('[[devices]]\nid = "dim-1"')]
    fields = FIELDS.replace('"unit"', '"mass"') + '\nunit = "mm"\nmass_unit = "g"'
    both = (SCALE, SCALE.replace("wim-1", "dim-1"))

    assert faults(tmp_path, (scale, ""), (FIELDS, fields), (LINES, METROLOGY + LINES), both) == []
    (alone,) = faults(tmp_path, (FIELDS, fields), (LINES, METROLOGY + LINES))
    assert '"dim-1" weighs, and is not the scale of this line; its weights would go nowhere' in alone


def test_a_tolerance_of_sides_has_a_share_and_a_minimum(tmp_path: Path) -> None:
    text = (RULES).read_text(encoding="utf-8")
    rules = load_rules(RULES)
    file = tmp_path / "half.toml"
    file.write_text(text.replace('dims_tolerance_min = "25 mm"\n', ""), encoding="utf-8")

    with pytest.raises(ConfigFaults, match="the key dims_tolerance_min is missing"):
        load_rules(file)
    assert (rules.tolerance_um(100_000), rules.tolerance_um(400_000)) == (25_000, 40_000)
    assert load_rules(ROOT / "hub_config/profiles/my-kul-1.rules.toml").tolerance_um(1) is None
