"""Scanners and readers in a hub's configuration: what a file may leave out, and where each may stand."""

from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from hub_config.attach import EvdevAttach, SerialAttach, TcpAttach
from hub_config.devices import READER_KINDS, SCANNER_KINDS, Device
from hub_config.load import ConfigFaults, load
from hub_config.readers import DatalogicConfig, HoneywellConfig, SickReadConfig, is_triggered
from hub_config.scanners import EvdevWedgeConfig, LineScannerConfig

DEVICE: TypeAdapter[Device] = TypeAdapter(Device)
EXAMPLES = Path(__file__).parent.parent.parent / "examples"
TCP = {"kind": "tcp", "host": "10.1.2.3", "port": 9004}


def made(kind: str, **more: object) -> Device:
    return DEVICE.validate_python({"id": "dev-1", "kind": kind, "attach": TCP, **more})


@pytest.mark.parametrize(
    ("kind", "more", "triggered"),
    [
        ("keyence-sr", {}, True),
        ("sick-cola-a", {}, True),
        ("sick-read", {}, False),
        ("honeywell", {}, False),
        ("honeywell", {"trigger": "host"}, True),
        ("cognex-dmcc", {"trigger": "host"}, True),
        ("ssi", {"trigger": "host"}, True),
        ("datalogic", {}, False),
        ("datalogic", {"trigger_on": "T"}, True),
        ("line-scanner", {}, False),
    ],
)
def test_which_readers_the_gateway_tells_to_read(kind: str, more: dict[str, object], triggered: bool) -> None:
    assert is_triggered(made(kind, **more)) is triggered


def test_what_a_file_leaves_out_of_a_reader_is_the_makers_default() -> None:
    honeywell, datalogic, sick = made("honeywell"), made("datalogic"), made("sick-read")

    assert isinstance(honeywell, HoneywellConfig)
    assert (honeywell.suffix, honeywell.no_read[-1], honeywell.separator) == ("\r", "NR", "")
    assert isinstance(datalogic, DatalogicConfig)
    assert (datalogic.header, datalogic.terminator, datalogic.separator) == ("\x02", "\r\n", ",")
    assert isinstance(sick, SickReadConfig)
    assert sick.heartbeat == ""


def test_a_hand_scanner_is_on_a_serial_line_unless_its_entry_says_otherwise() -> None:
    usual = made("line-scanner", attach={"port": "/dev/ttyACM0"})
    dialled = made("line-scanner")

    assert isinstance(usual, LineScannerConfig)
    assert usual.attach == SerialAttach(port="/dev/ttyACM0")
    assert isinstance(dialled, LineScannerConfig)
    assert isinstance(dialled.attach, TcpAttach)
    assert "ack" not in usual.model_dump()  # a key that came later


def test_a_scanner_that_types_is_an_input_device() -> None:
    wedge = made("evdev-wedge", attach={"kind": "evdev", "port": "/dev/input/event3"}, layout="de")

    assert isinstance(wedge, EvdevWedgeConfig)
    assert isinstance(wedge.attach, EvdevAttach)
    assert (wedge.terminator, wedge.key_gap_ms, wedge.idle_gap_ms) == ("enter", 100, 50)
    with pytest.raises(ValidationError):
        made("evdev-wedge")


@pytest.mark.parametrize(
    ("kind", "more"),
    [("honeywell", {"suffix": ""}), ("datalogic", {"terminator": ""}), ("cognex-dmcc", {"footer": ""}),
     ("ssi", {"trigger": "photo"}), ("keyence-sr", {"separator": ""}), ("sick-read", {"no_read": []})],
)  # fmt: skip
def test_what_can_not_be_is_refused(kind: str, more: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        made(kind, **more)


def test_what_stands_at_a_bench_can_read_by_itself() -> None:
    attaches = {"evdev-wedge": {"kind": "evdev", "port": "/dev/input/event3"}}
    for kind in SCANNER_KINDS:
        if "external" not in kind:
            assert not is_triggered(made(kind, attach=attaches.get(kind, TCP))), kind
    assert "evdev-wedge" not in READER_KINDS
    assert {"keyence-sr", "sick-cola-a"} & set(SCANNER_KINDS) == set()


SCANNER = 'kind = "line-scanner"'


@pytest.mark.parametrize(
    "kind", [one for one in SCANNER_KINDS if one != "evdev-wedge" and "external" not in one]
)
def test_hub_check_takes_each_of_them_at_a_bench(tmp_path: Path, kind: str) -> None:
    assert findings(tmp_path, f'kind = "{kind}"') == []


@pytest.mark.parametrize("more", ['kind = "ssi"\ntrigger = "host"', 'kind = "datalogic"\ntrigger_on = "T"'])
def test_a_scanner_of_a_bench_that_waits_to_be_triggered_is_a_fault(tmp_path: Path, more: str) -> None:
    (said,) = findings(tmp_path, more)

    assert '"scan-1" waits to be triggered; a scanner of a bench reads by itself; remove its trigger' in said


READER = 'kind = "keyence-sr"      # a fixed reader: LON, LOFF, one answer a trigger'


@pytest.mark.parametrize(
    "kind", [one for one in READER_KINDS if one != "folder-camera" and "external" not in one]
)
def test_hub_check_takes_each_reader_beside_a_belt(tmp_path: Path, kind: str) -> None:
    assert findings(tmp_path, f'kind = "{kind}"', name="demo.toml", old=READER) == []


def findings(folder: Path, new: str, *, name: str = "bench.toml", old: str = SCANNER) -> list[str]:
    text = (EXAMPLES / name).read_text(encoding="utf-8")
    start = text.index(old)
    path = folder / "hub.toml"
    changed = text[:start] + new + text[start + len(old) :]
    path.write_text(changed.replace("rules/", f"{EXAMPLES}/rules/"), encoding="utf-8")
    try:
        load(path)
    except ConfigFaults as faults:
        return str(faults).splitlines()
    return []
