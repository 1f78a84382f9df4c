"""Belt lines in `hub check`: each kind of fault alone, on its line, in words; and all of them at once."""

import tomllib
from pathlib import Path
from typing import Final

import pytest

from hub_config.hub import MAX_LINES
from hub_config.lines import BEAMS_MAX, DIVERTERS_MAX, READERS_MAX
from hub_config.load import check, load
from hub_config.names import MILLISECOND

EXAMPLE: Final = Path(__file__).parents[2] / "examples/demo.toml"
GOOD: Final = EXAMPLE.read_text(encoding="utf-8")
FAULTS: Final = tomllib.loads((Path(__file__).parent / "line_faults.toml").read_text(encoding="utf-8"))[
    "fault"
]


def said_of(folder: Path, text: str) -> list[str]:
    file = folder / "hub.toml"
    file.write_text(text, encoding="utf-8")
    return [str(fault).removeprefix(f"{folder}/hub.toml:") for fault in check(file)]


def changed(*changes: tuple[str, str]) -> str:
    text = GOOD
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def without_line() -> str:
    return GOOD[: GOOD.index("[[lines]]")]


def without_bench() -> str:
    return GOOD[: GOOD.index("[[benches]]")] + GOOD[GOOD.index("[[lines]]") :]


def test_the_demo_is_good_and_says_where_its_parcels_are_measured_and_decided() -> None:
    assert check(EXAMPLE) == []
    line = load(EXAMPLE).lines[0]
    d1, d2 = line.diverters

    assert line.measured_by_um == 4_000_000
    assert (line.no_return_um(d1), line.no_return_um(d2)) == (7_375_000, 8_475_000)
    assert line.answer_time_ns(d1) == 2_250 * MILLISECOND
    assert line.gap_needed_um(d1) == 450_000
    assert [beam.id for beam in line.belt_beams] == ["in", "scale", "gate", "end"]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault['where']}: {fault['new']}")
def test_one_wrong_thing_is_one_fault_on_its_line(tmp_path: Path, fault: dict[str, str]) -> None:
    text = changed((fault["old"], fault["new"]))

    said = said_of(tmp_path, text)

    line = line_of(text, fault["at"]) if "at" in fault else line_of(GOOD, fault["old"])
    assert len(said) == 1, said
    assert said[0].startswith(f"{line}: {fault['where']}: "), said
    assert fault["words"] in said[0]
    assert said[0].count(";") >= 2


def test_faults_of_different_parts_are_told_at_once(tmp_path: Path) -> None:
    said = said_of(
        tmp_path,
        changed(
            ('keepalive = "5 s"', 'keepalife = "5 s"'),
            ("{ channel = 4, use", "{ channel = 6, use"),
            (
                'id = "gate", channel = 2, position = "6000 mm"',
                'id = "gate", channel = 2, position = "630 mm"',
            ),
            ('position = "10000 mm"', 'position = "9000 mm"'),
            ('earliest = "20 ms"', 'earliest = "2 s"'),
            ('lane = "manual", bay = "M9"', 'lane = "manual", bay = "H1"'),
            ("# late_lane", "late_lane"),
        ),
    )

    assert [line.split(": ")[1] for line in said] == [
        "broker.keepalife",
        "lines[0] l1.beams[2] gate.position",
        "lines[0] l1.beams[4] manual.channel",
        "lines[0] l1.beams[4] manual.position",
        "lines[0] l1.scale.earliest",
        "lines[0] l1.diverters[1] d2.bay",
        "lines[0] l1.late_lane",
    ]


def test_a_typo_in_a_line_does_not_hide_its_wrong_names_and_lanes(tmp_path: Path) -> None:
    said = said_of(
        tmp_path,
        changed(
            ('speed = "1.5 m/s"', 'speed = "1.5"'),
            ('beam = "scale", earliest', 'beam = "scales", earliest'),
            ('end = { lane = "hold"', 'end = { lane = "green"'),
        ),
    )

    assert [line.split(": ")[1] for line in said] == [
        "lines[0] l1.belts[0] main.speed",
        "lines[0] l1.scale.beam",
        "lines[0] l1.end.lane",
    ]


def test_a_part_that_is_misspelt_is_not_also_missing(tmp_path: Path) -> None:
    for old, new in [
        ("beams = [\n", "beems = [\n"),
        ("diverters = [\n", "divertors = [\n"),
        ("readers = [", "reader = ["),
        ("[[lines]]", "[[line]]"),
        ("[[benches]]", "[[benchs]]"),
        ('scanners = ["scan-1"]', 'scaners = ["scan-1"]'),
        ('kind = "io-board"', 'kind = "io-bord"'),
        ("inputs = [", "input = ["),
        ('{ id = "gate", channel', '{ ids = "gate", channel'),
        ('end = { lane = "hold", bay', 'end = { lane = "hold", bey'),
    ]:
        assert len(said_of(tmp_path, changed((old, new)))) == 1, new


def test_a_hub_needs_a_bench_or_a_line(tmp_path: Path) -> None:
    devices_of_bench, devices_of_line = (
        GOOD[GOOD.index(first) : GOOD.index(last)]
        for first, last in (
            ("# The bench's devices", "# The line's devices"),
            ("# The line's", "[[benches]]"),
        )
    )
    neither = GOOD[: GOOD.index("[[benches]]")]

    assert said_of(tmp_path, without_line().replace(devices_of_line, "")) == []
    assert said_of(tmp_path, without_bench().replace(devices_of_bench, "")) == []
    assert said_of(tmp_path, neither) == [
        "1: benches: there is no bench and no line: nothing to run; a hub has at least one of them; "
        "add [[benches]] or [[lines]]"
    ]


def test_a_device_that_stands_nowhere_is_named(tmp_path: Path) -> None:
    said = said_of(tmp_path, without_line())

    assert [line.split(": ", 2)[1] for line in said] == [
        "devices[2] io-1.id",
        "devices[3] tunnel-1.id",
        "devices[4] wim-1.id",
    ]
    assert all("stands at no bench or line; its readings would go nowhere" in line for line in said)


def test_only_a_device_that_fits_at_a_misspelt_place_may_be_meant_there(tmp_path: Path) -> None:
    spare = '[[devices]]\nid = "spare"\nkind = "mt-sics"\nattach = { port = "/dev/hub/spare" }\n'
    metrology = '[devices.metrology]\nregime = "none"\nmax = "6 kg"\nmin = "1 g"\ne = "1 g"\nmpe = "1 g"\n'
    text = changed(('device = "tunnel-1"', 'device = "tunnel-7"'))

    said = said_of(tmp_path, text + "\n" + spare + metrology)

    assert [line.split(": ", 2)[1] for line in said] == [
        "lines[0] l1.readers[0] tunnel-7.device",
        "devices[5] spare.id",
    ]


def test_a_board_serves_one_line(tmp_path: Path) -> None:
    line = GOOD[GOOD.index("[[lines]]") :].replace('id = "l1"', 'id = "l2"')
    said = said_of(tmp_path, GOOD + "\n" + line)

    assert [line.split(": ", 1)[1].split("; ")[0] for line in said] == [
        'lines[1] l2.board: "io-1" is already lines[0].board',
        'lines[1] l2.readers[0] tunnel-1.device: "tunnel-1" is already lines[0].readers[0].device',
        'lines[1] l2.scale.device: "wim-1" is already lines[0].scale.device',
    ]


def test_a_line_and_a_bench_may_share_a_bay_of_one_lane(tmp_path: Path) -> None:
    assert said_of(tmp_path, changed(('bay = "M9"', 'bay = "M1"'))) == []


def test_one_address_is_dialled_for_one_device(tmp_path: Path) -> None:
    listens = 'attach = { kind = "tcp-listen", port = 9010, peer = "127.0.0.1" }'
    dials = 'attach = { kind = "tcp", host = "127.0.0.1", port = 9004 }'

    said = said_of(tmp_path, changed((listens, dials + " ")))

    assert len(said) == 1
    assert (
        'wim-1.attach.port: "127.0.0.1:9004" is already devices[3].attach.port; one address each' in said[0]
    )


def test_each_camera_has_a_folder_of_its_own(tmp_path: Path) -> None:
    camera = (
        '[[devices]]\nid = "{0}"\nkind = "folder-camera"\nattach = {{ kind = "folder", path = "{1}" }}\n\n'
    )
    cameras = camera.format("cam-1", "/var/lib/hub/cam") + camera.format("cam-2", "/var/lib/hub//cam")
    seen = '{{ device = "{0}", position = "2 m", window = "100 mm" }}, '
    text = changed(
        ("[[benches]]", cameras + "[[benches]]"),
        ("readers = [ ", "readers = [ " + seen.format("cam-1") + seen.format("cam-2")),
    )

    said = said_of(tmp_path, text)

    assert len(said) == 1
    assert (
        'cam-2.attach.path: "/var/lib/hub/cam" is already devices[5].attach.path; one folder each' in said[0]
    )


def test_a_live_hub_may_listen_on_its_device_network_for_a_named_peer(tmp_path: Path) -> None:
    key = 'public_key = "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg"'
    said = said_of(
        tmp_path,
        changed(
            ('mode = "practice"', 'mode = "live"'),
            ('modes = ["practice"]', 'modes = ["live"]'),
            ('port = 9010, peer = "127.0.0.1"', 'host = "10.1.2.1", port = 9010, peer = "10.1.2.3"'),
        ),
    )

    assert key in GOOD
    assert [line.split("; ")[0] for line in said] == [
        f"{line_of(GOOD, key)}: trust[0] Vkdap1RjR0wChd9d.public_key: this is the well-known practice key"
    ]


RECIRCULATE: Final = (
    '{ id = "d3", channel = 2, position = "9900 mm", actuation = "100 ms", return = "100 ms", '
    'lane = "recirculate", bay = "R9", beam = "again" },\n]\nend ='
)
AGAIN: Final = '{ id = "again", channel = 6, position = "10600 mm" },\n]\nreaders ='
INPUT: Final = '{ channel = 6, use = "beam" },\n  { channel = 7, use'


def test_late_parcels_may_go_round_again_where_a_diverter_leads_there(tmp_path: Path) -> None:
    text = changed(
        ("# late_lane", "late_lane"),
        ("]\nend =", RECIRCULATE),
        ("]\nreaders =", AGAIN),
        ("{ channel = 7, use", INPUT),
    )

    assert said_of(tmp_path, text) == []
    assert [one.lane for one in load(tmp_path / "hub.toml").lines[0].bays] == [
        "green",
        "manual",
        "recirculate",
        "hold",
    ]


def test_a_beam_right_before_a_point_of_no_return_decides_too_late(tmp_path: Path) -> None:
    late = '{ id = "late", channel = 6, position = "7326 mm" },\n  { id = "end", channel = 5'
    text = changed(('{ id = "end", channel = 5', late), ("{ channel = 7, use", INPUT))

    said = said_of(tmp_path, text)

    assert said_of(tmp_path, text.replace("7326 mm", "7325 mm")) == []
    assert said_of(tmp_path, text.replace("7326 mm", "7376 mm")) == []
    assert len(said) == 1
    assert 'beams[5] late.position: beam "late" (at 7326 mm) is only 49 mm before the point of no' in said[0]


def test_a_diverter_that_no_beam_could_look_at_in_time_has_to_be_moved(tmp_path: Path) -> None:
    said = said_of(
        tmp_path,
        changed(
            ('position = "8200 mm"', 'position = "4900 mm"'),
            ("# clearance", 'clearance = "400 mm"\n# clearance'),
        ),
    )

    assert len(said) == 1
    assert "behind 2700 mm, where a parcel is measured, but up to 2575 mm; move the diverter down" in said[0]


@pytest.mark.parametrize(
    ("table", "most", "entry"),
    [
        ("beams", BEAMS_MAX, '{{ id = "x{0}", channel = {0}, position = "{0} m" }},\n'),
        (
            "readers",
            READERS_MAX,
            '{{ device = "x{0}", position = "1500 mm", window = "1 mm" }},\n',
        ),
        (
            "diverters",
            DIVERTERS_MAX,
            '{{ id = "x{0}", channel = {0}, position = "9 m", actuation = "1 ms", return = "1 ms", '
            'lane = "xray", bay = "X{0}", beam = "x{0}" }},\n',
        ),
    ],
)
def test_more_parts_than_the_bound_are_refused(tmp_path: Path, table: str, most: int, entry: str) -> None:
    place = f"lines[0] l1.{table}: "
    head = GOOD.index(f"\n{table} = [")
    tail = GOOD.index("]\n", head) if table != "readers" else GOOD.index(" ]\n", head) + 1

    for count in (most, most + 1):
        many = "".join(entry.format(number) for number in range(count))
        said = said_of(tmp_path, f"{GOOD[:head]}\n{table} = [\n{many}{GOOD[tail:]}")

        refused = [line.split(place)[1] for line in said if place in line and "entries" in line]
        low = {"beams": 3, "readers": 1, "diverters": 1}[table]
        limit = f"{count} entries are too many; {low} to {most}; add or remove entries"
        assert refused == ([limit] if count > most else [])


def test_more_lines_than_the_bound_are_refused(tmp_path: Path) -> None:
    line = GOOD[GOOD.index("[[lines]]") :] + "\n"
    many = [line.replace('id = "l1"', f'id = "l{number}"') for number in range(2, MAX_LINES + 2)]

    at_the_bound = said_of(tmp_path, GOOD + "\n" + "".join(many[:-1]))
    said = said_of(tmp_path, GOOD + "\n" + "".join(many))

    assert not any("too many" in line for line in at_the_bound)
    assert [line.split(": ", 1)[1] for line in said if "too many" in line] == [
        f"lines: {MAX_LINES + 1} entries are too many; 0 to {MAX_LINES}; add or remove entries"
    ]
