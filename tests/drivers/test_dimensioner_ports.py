"""Dimensioners on real ports: a record cut over two writes, a lost port and its return, on a pty and on a socket."""

import pytest
from driver_configs import dimensioner_config, dws_config
from pump_rig import pumping
from serial_pty import Pty
from tcp_peers import dial, free_port

from drivers.reading import DeviceDown, DeviceUp, DimensionsRead, WeightRead
from hub_config.attach import SerialAttach, TcpListenAttach

pytestmark = pytest.mark.system


def test_a_record_cut_over_two_writes_is_one_box_and_so_is_the_first_after_plugging_in_again(
    scanner_pty: Pty,
) -> None:
    config = dimensioner_config().model_copy(update={"attach": SerialAttach(port=str(scanner_pty.link))})
    with pumping(config) as (pump, sink):
        sink.next(DeviceUp)
        scanner_pty.send(b"7;300;20")
        scanner_pty.send(b"0;100;mm;OK\r\n")
        first = sink.next(DimensionsRead)
        frames = pump.stats()[0].frames
        scanner_pty.send(b"8;30")
        scanner_pty.unplug()
        sink.next(DeviceDown)
        again = Pty(scanner_pty.link)
        sink.next(DeviceUp)
        again.send(b"9;310;200;100;mm;OK\r\n")
        second = sink.next(DimensionsRead)

        assert isinstance(first, DimensionsRead)
        assert isinstance(second, DimensionsRead)
        assert [(one.record, one.l_um) for one in (first, second)] == [(7, 300_000), (9, 310_000)]
        assert frames == 1
        again.close()


def test_a_dimensioner_that_dials_in_tells_box_and_weight_with_one_number() -> None:
    number = free_port()
    attach = TcpListenAttach(kind="tcp-listen", host="127.0.0.1", port=number, peer="127.0.0.1")
    with pumping(dws_config().model_copy(update={"attach": attach})) as (_, sink), dial(number) as far:
        sink.next(DeviceUp)
        far.sendall(b"7;300;200;100;1250;OK\r\n")
        box, weight = sink.next(DimensionsRead), sink.next(WeightRead)

        assert isinstance(box, DimensionsRead)
        assert isinstance(weight, WeightRead)
        assert (box.record, box.l_um, weight.record, weight.mass_mg) == (7, 300_000, 7, 1_250_000)
