"""The device loop and a controller on a real socket: destinations go out, a lost link is said and made again."""

import socket
from collections.abc import Iterator

import pytest
from pump_rig import pumping
from test_plc_telegrams import PLC, plc_config

from drivers.command import Destination
from drivers.reading import DeviceDown, DeviceUp, Inducted
from hub_config.attach import TcpAttach

pytestmark = pytest.mark.system

DEADLINE_S = 20.0


@pytest.fixture
def ears() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(DEADLINE_S)
        yield listening


def heard(line: socket.socket, wanted: bytes) -> bytes:
    line.settimeout(DEADLINE_S)
    data = b""
    while wanted not in data:
        more = line.recv(1_024)
        assert more, f"closed after {data!r}"
        data += more
    return data


def test_a_destination_reaches_the_controller_and_a_lost_link_is_made_again(ears: socket.socket) -> None:
    attach = TcpAttach(kind="tcp", host="127.0.0.1", port=ears.getsockname()[1])
    with pumping(plc_config().model_copy(update={"attach": attach})) as (pump, readings):
        line, _ = ears.accept()
        with line:
            line.sendall(b"\x02LF0001\x03\x02IN00020000")
            readings.next(DeviceUp)
            line.sendall(b"17\x03")
            inducted = readings.next(Inducted)
            pump.command(Destination(PLC, 17, "HOLD"))
            first = heard(line, b"000017HOLD  \x03")
        readings.next(DeviceDown)

        again, _ = ears.accept()
        with again:
            second = heard(again, b"\x02LF0000\x03")

    assert isinstance(inducted, Inducted)
    assert inducted.track == 17
    assert first.startswith(b"\x02LF0000\x03")
    assert b"HOLD" not in second  # what it was told before, the new connection does not repeat by itself
