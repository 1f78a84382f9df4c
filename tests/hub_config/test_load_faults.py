"""Each kind of fault in a hub config: found, on its line, in words, with the limit and what to do."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub_config.load import MAX_FILE_BYTES, ConfigFaults, check, load

EXAMPLE = Path(__file__).parents[2] / "examples/bench.toml"
GOOD = EXAMPLE.read_text(encoding="utf-8")


def said_of(folder: Path, text: str) -> list[str]:
    file = folder / "hub.toml"
    file.write_text(text, encoding="utf-8")
    return [str(fault).removeprefix(f"{folder}/") for fault in check(file)]


def changed(old: str, new: str) -> str:
    assert GOOD.count(old) == 1, old
    return GOOD.replace(old, new)


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def test_the_example_is_good() -> None:
    assert check(EXAMPLE) == []
    assert load(EXAMPLE).devices[1].id == "scale-1"


FAULTS = tomllib.loads((Path(__file__).parent / "faults.toml").read_text(encoding="utf-8"))["fault"]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault['where']}: {fault['new']}")
def test_a_fault_is_named_with_its_place_limit_and_next_step(tmp_path: Path, fault: dict[str, str]) -> None:
    said = said_of(tmp_path, changed(fault["old"], fault["new"]))

    assert any(line.split(": ")[1] == fault["where"] and fault["words"] in line for line in said), said
    assert all(line.count(";") >= 2 and "\n" not in line for line in said)


def test_a_number_of_thousands_of_digits_is_one_short_fault(tmp_path: Path) -> None:
    said = said_of(tmp_path, changed("port = 8040", "port = 0x" + "f" * 6000))

    assert [line.split(": ", 1)[1] for line in said] == [
        "web.port: a huge number is too high; a whole number from 1 to 65535; choose a number in this range"
    ]


@pytest.mark.parametrize(
    ("old", "new", "at"),
    [
        ('max = "30 kg"', 'max = "30 cm"', 'max = "30 cm"'),
        ('bay = "C1"', 'bay = "C 1"', 'bay = "C 1"'),
        ('port = "/dev/ttyUSB1"', 'port = "/dev/ttyUSB0" ', 'port = "/dev/ttyUSB0" '),
        ("port = 8040", "port = -1", "port = -1"),
        ('scale = "scale-1"', "", "[[benches]]"),
        ('modes = ["practice"]', 'modes = ["live"]', 'modes = ["live"]'),
        ("[gateway]", "[gatewy]", "[gatewy]"),
    ],
)
def test_a_fault_is_on_its_line(tmp_path: Path, old: str, new: str, at: str) -> None:
    text = changed(old, new)

    assert any(fault.startswith(f"hub.toml:{line_of(text, at)}: ") for fault in said_of(tmp_path, text))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            "valid_until = 2027-11-30",
            "valid_until = 2001-01-01",
        ),  # weighings are not legal then; the config is right
        ('id = "scan-1"', 'id = "scan-1" # ünïcödé'),
        ('host = "127.0.0.1"\nport = 8040', 'host = "::1"\nport = 8040'),
        ("diagonal_in = 24.0", "diagonal_in = 24"),
        ('regime = "nawi"', 'regime = "none"'),
    ],
)
def test_what_is_no_fault_is_let_through(tmp_path: Path, old: str, new: str) -> None:
    assert said_of(tmp_path, changed(old, new)) == []


def test_one_wrong_thing_is_one_fault(tmp_path: Path) -> None:
    """No knock-on faults: a device with a faulty setting still exists, a misspelt lane is not also a missing one."""
    for old, new in [
        ('max = "30 kg"', 'max = "30 cm"'),
        ('lane = "hold",', 'lane = "hild",'),
        ('kind = "mt-sics"', 'kind = "mt-sic"'),
        ('port = "/dev/ttyUSB0"', 'prot = "/dev/ttyUSB0"'),
        ("[broker] ", "[borker] "),
        ('fail_safe = "hold"', 'fail_safe = "holt"'),
    ]:
        assert len(said_of(tmp_path, changed(old, new))) == 1, new


def test_all_faults_of_a_file_are_told_at_once_in_the_order_of_its_lines(tmp_path: Path) -> None:
    text = GOOD
    for old, new in [
        ('id = "gw-01"', 'id = "gw 01"'),
        ("port = 1883", "prot = 1883"),
        ('modes = ["practice"]', 'modes = ["live"]'),
        ("aim = true", 'aim = "yes"'),
        ('port = "/dev/ttyUSB1"', 'port = "/dev/ttyUSB0"'),
        ('max = "30 kg"', 'max = "30 cm"'),
        ('scanners = ["scan-1"]', 'scanners = ["scan-9"]'),
        ('barcode = "HUBXOPEN"', 'barcode = "HUBXHOLD"'),
        ('same_code = "2 s"', 'same_code = "2 kg"'),
    ]:
        assert text.count(old) == 1, old
        text = text.replace(old, new)

    said = said_of(tmp_path, text)

    wheres = [line.split(": ")[1] for line in said]
    assert wheres == [
        "gateway.id",
        "broker.prot",
        "trust[0] Vkdap1RjR0wChd9d.public_key",
        "trust[0] Vkdap1RjR0wChd9d.modes",
        "devices[0] scan-1.aim",
        "devices[1] scale-1.attach.port",
        "devices[1] scale-1.metrology.max",
        "benches[0] b1.scanners[0]",
        "benches[0] b1.bays[3] M1.barcode",
        "benches[0] b1.same_code",
    ]
    numbers = [int(line.split(":")[1]) for line in said]
    assert numbers == sorted(numbers)
    assert f"hub.toml:{line_of(text, 'max = ')}: devices[1] scale-1.metrology.max: " in "\n".join(said)


SECOND_BENCH = """
[[devices]]
id = "scan-2"
kind = "line-scanner"
attach = { port = "/dev/ttyUSB2" }

[[benches]]
id = "b2"
name = "Bench 2"
scanners = ["scan-2"]
scale = "scale-1"
bays = [
  { lane = "green", bay = "G2", barcode = "HUBXGREEN" },
  { lane = "hold", bay = "H1", barcode = "HUBXHOLD" },
]
"""


def test_two_benches_may_share_a_bay_but_no_device_and_no_barcode_of_different_bays(tmp_path: Path) -> None:
    said = said_of(tmp_path, GOOD + SECOND_BENCH)

    assert len(said) == 2
    assert 'benches[1] b2.scale: "scale-1" is already benches[0].scale' in said[0]
    assert 'benches[1] b2.bays[0] G2.barcode: "HUBXGREEN" is bay G1 of lane green at benches[0]' in said[1]


def test_two_benches_of_one_name_are_refused(tmp_path: Path) -> None:
    said = said_of(tmp_path, GOOD + SECOND_BENCH.replace('id = "b2"', 'id = "b1"'))

    assert 'benches[1] b1.id: "b1" is already benches[0].id' in "\n".join(said)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "file: the file is empty; "),
        ("  \n\t\n", 1, "file: the file is empty; "),
        ("[hub]\nid = MY-KUL-1\n", 2, "TOML: Invalid value, column 6; "),
        ("[hub]\nid = 'a'\nid = 'b'\n", 3, "TOML: Cannot overwrite a value, "),
        ("[hub\n", 1, "TOML: "),
        ("[hub]\nid = [1,\n", 3, "TOML: "),
        ("port = 1" + "0" * 6000, 1, "TOML: "),
        ("a = " + "[" * 5000, 1, "file: tables or lists too deep; "),
        ("hub = 3\ndevices = 4\n[trust]\n", 1, "hub: 3 does not fit; a table is wanted; "),
    ],
)
def test_a_file_that_is_no_config_is_said_to_be_so(tmp_path: Path, text: str, line: int, words: str) -> None:
    said = "\n".join(said_of(tmp_path, text))

    assert f"hub.toml:{line}: {words}" in said


def test_a_missing_file_a_folder_and_a_device_are_told_apart(tmp_path: Path) -> None:
    assert str(check(tmp_path / "none.toml")[0]).endswith(
        "none.toml:1: file: there is no such file; a TOML file is wanted; correct the path"
    )
    assert "this is a folder" in str(check(tmp_path)[0])
    assert "this is a device or a pipe" in str(check("/dev/zero")[0])
    assert "this is no path" in str(check("hub\0.toml")[0])


def test_a_file_that_is_not_utf8_is_refused_with_the_line_of_the_byte(tmp_path: Path) -> None:
    file = tmp_path / "hub.toml"
    file.write_bytes(b"[hub]\nid = 'K\xf6ln'\n")

    assert str(check(file)[0]).endswith(
        "hub.toml:2: file: byte 0xf6 is not UTF-8; the file must be UTF-8; save it as UTF-8"
    )


def test_the_mark_of_a_windows_editor_is_no_fault(tmp_path: Path) -> None:
    file = tmp_path / "hub.toml"
    file.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())

    assert check(file) == []


def test_a_file_past_the_bound_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "hub.toml"
    file.write_bytes(b"#" * (MAX_FILE_BYTES + 1))

    assert "it is too large; at most 1000000 bytes" in str(check(file)[0])


def test_load_raises_with_all_faults_as_its_text(tmp_path: Path) -> None:
    file = tmp_path / "hub.toml"
    file.write_text(changed("port = 8040", "port = 0").replace("aim = true", "aim = 1"), encoding="utf-8")

    with pytest.raises(ConfigFaults) as refused:
        load(file)

    assert len(refused.value.faults) == 2
    assert str(refused.value).splitlines() == [str(fault) for fault in refused.value.faults]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, len(GOOD)),
    st.integers(0, 30),
    st.sampled_from(["", "[", '"', "\n", "=", "x = [", "{", "\x00", "1"]),
)
def test_any_damage_to_a_file_is_faults_or_nothing(
    tmp_path_factory: pytest.TempPathFactory, at: int, length: int, put: str
) -> None:
    said = said_of(tmp_path_factory.mktemp("damaged"), GOOD[:at] + put + GOOD[at + length :])

    assert all(line.startswith("hub.toml:") and "\n" not in line for line in said)


def test_more_entries_than_the_bound_are_refused(tmp_path: Path) -> None:
    spare = '[[devices]]\nid = "spare-{0}"\nkind = "line-scanner"\nattach = {{ port = "/dev/ttyS{0}" }}\n'

    at_the_bound = said_of(tmp_path, GOOD + "".join(spare.format(n) for n in range(62)))
    assert all("stands at no bench" in line for line in at_the_bound)
    said = said_of(tmp_path, GOOD + "".join(spare.format(n) for n in range(63)))
    assert [line.split(": ", 1)[1] for line in said if "stands at no bench" not in line] == [
        "devices: 65 entries are too many; 1 to 64; add or remove entries"
    ]
