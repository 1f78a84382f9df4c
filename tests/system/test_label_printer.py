"""A whole gateway with a label printer: what is held has its label, and what has none is held all the same."""

from pathlib import Path

import pytest
from live_hub import LABELS, LiveHub, wait_for
from printer_peer import served
from serial_peers import LIGHT_MG

from simulators.broker import free_port
from simulators.devices.label_printer import LabelPrinter

pytestmark = pytest.mark.system

DEVICE = """[[devices]]
id = "print-1"
kind = "zpl-printer"
attach = {{ kind = "tcp", host = "127.0.0.1", port = {port} }}
poll = "500 ms"

[[devices]]
id = "scale-1"
"""


def test_a_held_parcel_has_its_label_and_one_without_labels_goes_its_way(tmp_path: Path) -> None:
    port = free_port()
    changes = {
        '[[devices]]\nid = "scale-1"\n': DEVICE.format(port=port),
        'scale = "scale-1"\n': 'scale = "scale-1"\nprinter = "print-1"\n',
    }
    printer = LabelPrinter()
    with (
        served(printer, port),
        LiveHub(tmp_path, declared_mg=2 * LIGHT_MG, changes=changes) as hub,  # nothing weighs what it should
    ):
        hub.start()
        wait_for(lambda: does(hub) == "prints", "the printer is well")
        hub.measure(LABELS[0])
        hub.wait_state("hold", "inspect", "ask")
        wait_for(lambda: hub.gateway.figures()["printers"][0]["printed"] == 1, "its label is printed")
        bay = hub.gateway.bench["bay"]
        assert printer.printed[0][1:3] == (bay, LABELS[0])

        printer.labels = 0
        wait_for(lambda: does(hub) == "paper_out", "the page says that it is out of labels")
        page = hub.gateway.page
        assert page is not None
        assert page["devices_down"] == ["print-1"]
        hub.take_to(f"HUBX{BAYS[bay]}")
        hub.measure(LABELS[1])
        second = hub.wait_state("hold", "inspect", "ask")
        hub.take_to(f"HUBX{BAYS[second['bay']]}")
        printer.labels = 10
        wait_for(lambda: does(hub) == "prints", "the printer is well again")
        hub.wait_settled()

        assert len(printer.printed) == 1
        told = hub.gateway.figures()["printers"][0]
        assert (told["asked"], told["printed"], told["not_printed"], told["missing"]) == (1, 1, 1, False)
        hub.assert_each_once()


BAYS = {"H1": "HOLD", "X1": "XRRE", "M1": "OPEN"}


def does(hub: LiveHub) -> str | None:
    page = hub.gateway.page
    return None if page is None else str(page["printers"][0]["does"])
