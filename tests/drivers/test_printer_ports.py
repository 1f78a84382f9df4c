"""A printer on a real socket: it prints, is lost, is another one's trouble, and prints again after it is back."""

import pytest
from printer_peer import served
from pump_rig import pumping
from tcp_peers import free_port, until

from drivers.command import PrintLabel
from drivers.reading import DeviceDown, DeviceUp, OrderAnswered, PrinterChanged
from hub_config.attach import TcpAttach
from hub_config.names import DeviceId
from hub_config.printers import ZplPrinterConfig
from simulators.devices.label_printer import LabelPrinter

pytestmark = pytest.mark.system

PRINTER = DeviceId("print-1")


def test_it_prints_is_lost_and_prints_again() -> None:
    port = free_port()
    printer = LabelPrinter()
    attach = TcpAttach(kind="tcp", host="127.0.0.1", port=port)
    config = ZplPrinterConfig(kind="zpl-printer", id=PRINTER, attach=attach, poll_ms=500)
    first = PrintLabel(PRINTER, 1, "HOLD", "H1", "RB123456785GB", ("no declaration",))
    second = PrintLabel(PRINTER, 2, "INSPECT", "X1", "RB123456785GB", ("sampled",))
    with pumping(config) as (pump, sink):
        with served(printer, port):
            sink.next(DeviceUp)
            sink.next(PrinterChanged)
            pump.command(first)
            answered = sink.next(OrderAnswered)
        sink.next(DeviceDown)
        with served(printer, port):
            sink.next(DeviceUp)
            pump.command(second)
            again = sink.next(OrderAnswered)
            until(lambda: len(printer.printed) == 2)

    assert isinstance(answered, OrderAnswered)
    assert isinstance(again, OrderAnswered)
    assert (answered.order, answered.accepted, again.order, again.accepted) == (1, True, 2, True)
    assert [one[:3] for one in printer.printed] == [
        ("HOLD", "H1", "RB123456785GB"),
        ("INSPECT", "X1", "RB123456785GB"),
    ]
