"""Every kind of bench scale stands in a hub's file, with its own keys, and says what is wrong with them."""

import re
from pathlib import Path

import pytest

from hub_config.devices import SCALE_KINDS
from hub_config.load import check

EXAMPLE = (Path(__file__).parents[2] / "examples" / "bench.toml").read_text(encoding="utf-8")
SERIAL = re.findall(r'attach = {.*"/dev/ttyUSB1".*}', EXAMPLE)[0]
HID = 'attach = { kind = "hid", port = "/dev/hidraw0" }'
UNIT = 'unit = "kg"'
NEEDS = {"scale-text": 'fields = ["mass 1-8", "unit 9-10"]', "toledo-8217": UNIT, "cas-10": UNIT}


def bench(tmp_path: Path, kind: str, keys: str = "") -> Path:
    """The example with this scale at its bench; these keys stand in line 2 of its table."""
    file = tmp_path / "hub.toml"
    old = 'kind = "mt-sics"'
    assert EXAMPLE.count(old) == 1
    text = EXAMPLE.replace(old, f'kind = "{kind}"\n{NEEDS.get(kind, "")}\n{keys}\n')
    assert text.count(SERIAL) == 1
    file.write_text(text.replace(SERIAL, HID) if kind == "hid-scale" else text)
    return file


@pytest.mark.parametrize("kind", [kind for kind in SCALE_KINDS if not kind.startswith("external")])
def test_a_bench_may_have_it(kind: str, tmp_path: Path) -> None:
    assert check(bench(tmp_path, kind)) == []


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        ("and", 'format = "csv"\naddress = "07"\nline_end = "cr"\nmode = "continuous"'),
        ("cas-22", "device_id = 13"),
        ("dini", 'request = "REXT"\nscale = 2\nescape = true\naddress = "01"'),
        ("scale-text", 'mode = "polled"\nrequest = "W\\r"\nwords = { S = ["stable", "zero"] }'),
    ],
)
def test_its_own_keys_are_taken(kind: str, keys: str, tmp_path: Path) -> None:
    assert check(bench(tmp_path, kind, keys)) == []


@pytest.mark.parametrize(
    ("kind", "keys", "said"),
    [
        ("and", 'address = "7"', '"7" is no address of a scale; two digits'),
        ("and", 'format = "xml"', "xml"),
        ("and-18", 'mode = "polled"', "polled"),
        ("cas-22", "device_id = 100", "100 is too high; a whole number from 0 to 78"),
        ("cas-ap1", 'mode = "continuous"', "continuous"),
        ("dini", "scale = 0", "0 is too low"),
        ("hid-scale", 'mode = "print"', "print"),
        ("scale-text", 'mode = "polled"', "it is polled, but nothing asks it; a request"),
        ("scale-text", 'words = { S = "steady" }', "steady"),
        ("scale-text", "decimals = 9", "9 is too high"),
        ("scale-text", 'separator = ","', '"mass 1-8" has columns'),
    ],
)
def test_what_is_wrong_with_it_is_said_with_its_place(
    kind: str, keys: str, said: str, tmp_path: Path
) -> None:
    faults = check(bench(tmp_path, kind, keys))

    assert said in " ".join(map(str, faults))
    assert all("scale-1" in fault.where for fault in faults)


def test_a_hid_scale_has_no_serial_port(tmp_path: Path) -> None:
    file = bench(tmp_path, "hid-scale")
    file.write_text(file.read_text().replace(HID, SERIAL))

    assert [fault.where for fault in check(file)][:1] == ["devices[1] scale-1.attach.kind"]
