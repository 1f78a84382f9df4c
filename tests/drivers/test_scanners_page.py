"""docs/scanners.md lists every kind of scanner and reader, and says of each where it may stand and who triggers it."""

import re
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from drivers.decode import DECODERS
from hub_config.devices import READER_KINDS, SCANNER_KINDS, Device
from hub_config.readers import is_triggered
from simulators.one_device import KINDS as SIMULATED

PAGE = (Path(__file__).parents[2] / "docs" / "scanners.md").read_text(encoding="utf-8")
LINES = [line for line in PAGE.splitlines() if line.startswith("| `") and "`kind`" not in line]
CELLS = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in LINES]
ROWS = {cells[0].strip("`"): cells for cells in CELLS}
DEVICE: TypeAdapter[Device] = TypeAdapter(Device)


def test_every_kind_has_its_row() -> None:
    kinds = {kind for kind in (*SCANNER_KINDS, *READER_KINDS) if not kind.startswith("external")}

    assert set(ROWS) == kinds - {"folder-camera"}  # docs/cameras.md


@pytest.mark.parametrize("kind", ROWS)
def test_where_it_may_stand_and_who_tells_it_to_read_is_as_the_configuration_has_it(kind: str) -> None:
    _, _, bench, belt, told_by = ROWS[kind]
    attach = {"kind": "tcp", "host": "10.1.2.3", "port": 9004}
    if kind == "evdev-wedge":
        attach = {"kind": "evdev", "port": "/dev/input/event3"}
    device = DEVICE.validate_python({"id": "dev-1", "kind": kind, "attach": attach})

    assert (bench == "yes", belt == "yes") == (kind in SCANNER_KINDS, kind in READER_KINDS)
    assert told_by.startswith("always") == is_triggered(device)


def test_what_the_page_tries_exists() -> None:
    tried = re.findall(r"--protocol ([a-z-]+)|simulated-device ([a-z-]+)", PAGE)

    assert tried
    assert all(protocol in DECODERS if protocol else device in SIMULATED for protocol, device in tried)
