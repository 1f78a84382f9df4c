"""`hub devices` on a made-up tree: what it lists, the name it writes into a config, and the udev rule."""

import json
import stat
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest
from fake_tree import CONTROLLER, FakeTree, UsbStick, ch340

from edge.cli import main
from hub_config.load import load

EXAMPLE = Path(__file__).parents[2] / "examples" / "bench.toml"
SOCKET = f"pci-{CONTROLLER}-usb-0:"
FTDI = UsbStick("0403", "6001", "A5XK3RJT", "FT232R", "ftdi_sio")


@pytest.fixture
def tree(tmp_path: Path) -> FakeTree:
    return FakeTree(tmp_path / "root")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "hub.toml"
    file.write_text(EXAMPLE.read_text())
    file.chmod(0o640)
    return file


def devices(tree: FakeTree, *words: object) -> int:
    """The words before the options."""
    return main(["devices", *map(str, words), "--root", str(tree.root), "--data", str(tree.root)])


def test_the_list_tells_everything_of_a_port_as_json(
    tree: FakeTree, capsys: pytest.CaptureFixture[str]
) -> None:
    tree.plug("1.2", FTDI, "ttyUSB0")

    assert devices(tree, "--json") == 0

    assert json.loads(capsys.readouterr().out) == [
        {
            "port": "/dev/ttyUSB0", "kind": "serial", "vid": "0403", "pid": "6001", "serial": "A5XK3RJT",
            "manufacturer": None, "product": "FT232R", "driver": "ftdi_sio",
            "by_id": "/dev/serial/by-id/usb-FT232R_A5XK3RJT-if00-port0",
            "by_path": f"/dev/serial/by-path/{SOCKET}1.2:1.0-port0", "hub_port": f"{SOCKET}1.2", "interface": 0,
            "in_use_by": None, "device": None, "identity": None,
            "device_type": "serial adapter (FTDI)", "confidence": "high",
            "selector": "usb:0403:6001:A5XK3RJT", "selector_by": "serial number", "refused": [],
        }
    ]  # fmt: skip


def test_two_equal_adapters_are_listed_with_the_reason_why_by_id_is_refused(
    tree: FakeTree, capsys: pytest.CaptureFixture[str]
) -> None:
    tree.plug("1.1", ch340(), "ttyUSB0")
    tree.plug("1.2", ch340(), "ttyUSB1")

    assert devices(tree) == 0

    told = capsys.readouterr().out
    assert f"attach.port: usb:1a86:7523@{SOCKET}1.1  (by hub port)" in told
    assert told.count("not by-id: 1a86:7523 has no serial number") == 2


def test_nothing_plugged_in_is_said(tree: FakeTree, capsys: pytest.CaptureFixture[str]) -> None:
    assert devices(tree) == 0
    assert capsys.readouterr().out == "no serial port, USB HID device or keyboard is plugged in\n"


def test_a_name_changes_one_port_of_the_config_and_nothing_else(
    tree: FakeTree, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tree.plug("1.2", FTDI, "ttyUSB0")
    before = config.read_text()

    assert devices(tree, "name", "/dev/ttyUSB0", "scale-1", "--config", config) == 0

    assert config.read_text() == before.replace('"/dev/ttyUSB1"', '"usb:0403:6001:A5XK3RJT"')
    assert stat.S_IMODE(config.stat().st_mode) == 0o640
    assert load(config).device("scale-1").attach.place == "usb:0403:6001:A5XK3RJT"  # type: ignore[arg-type]
    told = capsys.readouterr().out
    assert (
        'SUBSYSTEM=="tty", ATTRS{idVendor}=="0403", ATTRS{idProduct}=="6001", ATTRS{serial}=="A5XK3RJT", '
        'SYMLINK+="hub/scale-1", GROUP="hub-devices", MODE="0660", ENV{ID_MM_DEVICE_IGNORE}="1"\n'
    ) in told
    assert "/etc/udev/rules.d/70-hub.rules" in told
    assert "still to do" not in told


def test_a_socket_is_named_in_the_rule_where_the_serial_number_is_missing(
    tree: FakeTree, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tree.plug("1.4", ch340(), "ttyUSB3")

    assert devices(tree, "name", "/dev/ttyUSB3", "scan-1", "--config", config) == 0

    assert f'port = "usb:1a86:7523@{SOCKET}1.4"' in config.read_text()
    told = capsys.readouterr().out
    assert "not by-id: 1a86:7523 has no serial number" in told
    assert (
        f'ATTRS{{idProduct}}=="7523", ATTRS{{devpath}}=="1.4", DEVPATH=="*/{CONTROLLER}/usb*", SYMLINK'
        in told
    )


def test_a_new_scanner_is_added_and_a_new_scale_asks_for_its_plate(
    tree: FakeTree, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tree.plug("1.1", UsbStick("0c2e", "0aaf", "18291B4557", "Xenon", "cdc_acm"), "ttyACM0", acm=True)
    tree.plug("1.2", FTDI, "ttyUSB0")

    assert devices(tree, "name", "/dev/ttyACM0", "scan-2", "--config", config) == 0
    config.write_text(config.read_text().replace('scanners = ["scan-1"]', 'scanners = ["scan-1", "scan-2"]'))
    assert load(config).devices[-1].kind == "line-scanner"
    assert devices(tree, "name", "/dev/ttyUSB0", "scale-2", "--config", config, "--kind", "mt-sics") == 0

    told = capsys.readouterr().out
    assert "still to do: " in told
    assert "scale-2.metrology.max" in told


def test_a_typing_scanner_and_a_hid_scale_are_written_as_what_they_are(tree: FakeTree, config: Path) -> None:
    tree.plug_hid("1.1", UsbStick("0922", "8003", None, "M10"), "hidraw0")
    tree.plug_input("1.2", UsbStick("05e0", "1200", "S1", "Bar Code Scanner"), "event4")

    assert devices(tree, "name", "/dev/input/event4", "scan-2", "--config", config) == 0
    assert devices(tree, "name", "/dev/hidraw0", "scale-2", "--config", config) == 0

    added = tomllib.loads(config.read_text())["devices"][2:]
    assert [(one["kind"], one["attach"]) for one in added] == [
        ("evdev-wedge", {"kind": "evdev", "port": "usb:05e0:1200:S1"}),
        ("hid-scale", {"kind": "hid", "port": f"usb:0922:8003@{SOCKET}1.1"}),
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["name", "/dev/ttyUSB9", "scale-1"], "there is no port /dev/ttyUSB9; hub devices lists them"),
        (
            ["name", "/dev/ttyUSB0", "new-1"],
            "there is no device new-1 in it, and nothing tells what it is; add --kind",
        ),
    ],
)
def test_what_cannot_be_named_is_refused_and_the_config_stays(
    tree: FakeTree, config: Path, capsys: pytest.CaptureFixture[str], words: Sequence[str], said: str
) -> None:
    tree.plug("1.2", FTDI, "ttyUSB0")
    before = config.read_text()

    assert devices(tree, *words, "--config", config) == 1

    assert said in capsys.readouterr().err
    assert config.read_text() == before


def test_a_device_that_is_attached_otherwise_is_left_alone(
    tree: FakeTree, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tree.plug_hid("1.1", UsbStick("0922", "8003", None, "M10"), "hidraw0")

    assert devices(tree, "name", "/dev/hidraw0", "scale-1", "--config", config) == 1

    assert (
        'scale-1 is attached as "serial", and this is a hid device; write by hand' in capsys.readouterr().err
    )


def test_without_a_config_the_line_to_write_is_told(
    tree: FakeTree, capsys: pytest.CaptureFixture[str]
) -> None:
    tree.plug("1.2", FTDI, "ttyUSB0")

    assert devices(tree, "name", "/dev/ttyUSB0", "scale-1") == 0

    assert 'port = "usb:0403:6001:A5XK3RJT"' in capsys.readouterr().out


@pytest.mark.parametrize("words", [["name"], ["zero"], ["list", "x"], ["tare", "a", "b"]])
def test_a_wrong_number_of_words_is_wrong_use(tree: FakeTree, words: Sequence[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        devices(tree, *words)
    assert ended.value.code == 2


def test_without_a_gateway_an_order_says_so(tree: FakeTree, capsys: pytest.CaptureFixture[str]) -> None:
    assert devices(tree, "zero", "scale-1") == 1
    assert f"no gateway runs on the data folder {tree.root}" in capsys.readouterr().err


def test_a_scale_that_does_not_zero_says_what_it_said_and_what_to_do(
    tree: FakeTree, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {"accepted": False, "detail": "zero_upper_limit"}
    monkeypatch.setattr("edge.commands.devices.ask", lambda *_: told)

    assert devices(tree, "zero", "scale-1") == 1
    assert "did not zero (zero_upper_limit); more lies on it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("attach", "after"),
    [
        ("attach = { port = '/dev/ttyUSB0' }", 'attach = { port = "usb:0403:6001:A5XK3RJT" }'),
        (
            '[devices.attach]\nport   =   "/dev/a\\"b" # here',
            '[devices.attach]\nport   =   "usb:0403:6001:A5XK3RJT" # here',
        ),
    ],
)
def test_every_way_to_write_a_port_is_understood(
    tree: FakeTree, tmp_path: Path, attach: str, after: str
) -> None:
    tree.plug("1.2", FTDI, "ttyUSB0")
    file = tmp_path / "small.toml"
    file.write_text(f'[[devices]]\nid = "a"\n{attach}\n')

    devices(tree, "name", "/dev/ttyUSB0", "a", "--config", file)

    assert file.read_text() == f'[[devices]]\nid = "a"\n{after}\n'
