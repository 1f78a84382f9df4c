"""Opening a serial port: every refusal in words, its own lock, and an empty port is no lost one."""

import errno
import select

import pytest
from serial_pty import DEADLINE_S, Pty

from drivers.transports import serial_port
from drivers.transports.serial_port import PortLostError, SerialPort
from hub_config.attach import SerialAttach

pytestmark = pytest.mark.system


@pytest.mark.parametrize(
    ("port", "words"),
    [
        ("/dev/does-not-exist", "does not exist; check plug and power"),
        ("/dev/null", "is no serial port; correct attach.port"),
        ("/", "is no serial port; correct attach.port"),
    ],
)
def test_a_port_that_cannot_be_opened_says_why(port: str, words: str) -> None:
    with pytest.raises(PortLostError, match=f"^{port} {words}$"):
        SerialPort(SerialAttach(port=port))


def test_a_port_in_use_says_so(scanner_pty: Pty) -> None:
    first = SerialPort(SerialAttach(port=str(scanner_pty.link)))
    with pytest.raises(PortLostError, match="is in use by another program"):
        SerialPort(SerialAttach(port=str(scanner_pty.link)))
    first.close()


def test_a_port_of_another_group_names_the_group(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: SerialAttach) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(
        serial_port, "_open", refuse
    )  # root, who runs some test machines, may open everything
    with pytest.raises(PortLostError, match="add it to the group dialout or hub-devices"):
        SerialPort(SerialAttach(port="/dev/ttyUSB0"))


def test_an_empty_port_is_not_taken_for_a_lost_one(scanner_pty: Pty) -> None:
    port = SerialPort(SerialAttach(port=str(scanner_pty.link), data_bits=7, parity="even", stop_bits=2))

    assert port.read() == b""
    scanner_pty.send(b"AB")
    select.select([port.fileno()], [], [], DEADLINE_S)
    assert port.read() == b"AB"
    assert port.write(b"SI\r\n") == 4
    scanner_pty.unplug()
    with pytest.raises(PortLostError, match="was lost"):
        port.read()
    port.close()
