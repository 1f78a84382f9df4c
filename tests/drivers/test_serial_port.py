"""Opening a serial port: every refusal in words, its own lock, and an empty port is no lost one."""

import errno
import grp
import os
import select
import termios
from collections.abc import Callable
from typing import Any

import pytest
from serial_pty import DEADLINE_S, Pty
from tcp_peers import until

from drivers.transports import lost
from drivers.transports.lost import PortLostError
from drivers.transports.serial_port import SerialPort
from hub_config.attach import SerialAttach

pytestmark = pytest.mark.system


class Recorded:
    """In pyserial's place: keeps in order what was set and called; its descriptor is a pty's."""

    def __init__(self, fd: int, calls: list[tuple[str, Any]], **settings: Any) -> None:
        object.__setattr__(self, "_fd", fd)
        object.__setattr__(self, "calls", calls)
        calls.append(("settings", settings))

    def __setattr__(self, name: str, value: Any) -> None:
        self.calls.append((name, value))

    def open(self) -> None:
        self.calls.append(("open", None))

    def fileno(self) -> int:
        return self._fd

    def close(self) -> None:
        self.calls.append(("close", None))


def refusing(number: int) -> Callable[..., Any]:
    def make(**_: Any) -> Any:
        raise OSError(number, os.strerror(number))

    return make


def opened(pty: Pty, **attach: Any) -> tuple[dict[str, Any], list[tuple[str, Any]]]:
    """Settings and calls of one opening of a port that is no pty."""
    calls: list[tuple[str, Any]] = []

    def ioctl(fd: int, request: int) -> None:
        assert fd == pty.near
        calls.append(("ioctl", request))

    SerialPort(
        SerialAttach(port="/dev/ttyUSB0", **attach),
        make=lambda **all_: Recorded(pty.near, calls, **all_),
        ioctl=ioctl,
    ).close()
    return calls[0][1], calls[1:]


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
    group = grp.getgrgid(0).gr_name
    monkeypatch.setattr(lost.grp, "getgrgid", lambda _: grp.struct_group(("dialout", "x", 20, [])))

    with pytest.raises(PortLostError) as refused:
        SerialPort(SerialAttach(port="/dev/null"), make=refusing(errno.EACCES))

    assert group == "root"
    assert str(refused.value).startswith(
        "/dev/null may not be opened by this user; sudo usermod -aG dialout "
    )


def test_a_port_of_root_alone_asks_for_the_udev_rule() -> None:
    """Root, who runs some test machines, may open everything: the refusal is made up."""
    with pytest.raises(PortLostError, match="it belongs to root alone; install the udev rule"):
        SerialPort(SerialAttach(port="/dev/null"), make=refusing(errno.EACCES))


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


def test_dtr_and_rts_have_their_levels_before_the_port_is_open(scanner_pty: Pty) -> None:
    _, calls = opened(scanner_pty, dtr=False)

    assert calls == [
        ("dtr", False), ("rts", True), ("port", "/dev/ttyUSB0"), ("open", None),
        ("ioctl", termios.TIOCEXCL), ("close", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("flow", "rtscts", "xonxoff"), [(None, False, False), ("rts-cts", True, False), ("xon-xoff", False, True)]
)
def test_flow_control_is_what_the_config_says(
    scanner_pty: Pty, flow: str | None, rtscts: bool, xonxoff: bool
) -> None:
    settings, _ = opened(scanner_pty, flow=flow, parity="space", data_bits=7, stop_bits=2, baud=1_200)

    assert (settings["rtscts"], settings["xonxoff"], settings["dsrdtr"]) == (rtscts, xonxoff, False)
    assert (settings["baudrate"], settings["bytesize"], settings["parity"], settings["stopbits"]) == (
        1_200,
        7,
        "S",
        2,
    )
    assert settings["exclusive"] is True


def test_closing_leaves_dtr_alone(scanner_pty: Pty) -> None:
    """HUPCL drops it, and many boards and some scales start anew on that."""
    attributes = termios.tcgetattr(scanner_pty.near)
    attributes[2] |= termios.HUPCL
    termios.tcsetattr(scanner_pty.near, termios.TCSANOW, attributes)

    SerialPort(SerialAttach(port=str(scanner_pty.link))).close()

    assert not termios.tcgetattr(scanner_pty.near)[2] & termios.HUPCL


def test_a_device_that_says_xoff_is_sent_nothing_until_it_says_xon(scanner_pty: Pty) -> None:
    port = SerialPort(SerialAttach(port=str(scanner_pty.link), flow="xon-xoff"))

    scanner_pty.send(b"\x13")
    until(lambda: not select.select([], [port], [], 0)[1])  # the kernel passes it on in its own time
    held = port.write(b"SI\r\n")
    scanner_pty.send(b"\x11")
    select.select([], [port], [], DEADLINE_S)

    assert held == 0
    assert port.write(b"SI\r\n") == 4
    assert scanner_pty.receive(b"\r\n") == b"SI\r\n"
    port.close()


def test_a_speed_that_no_port_has_is_refused_with_the_setting() -> None:
    with pytest.raises(PortLostError, match=r"^/dev/ttyUSB0 does not take 9600 baud 7E1; correct attach$"):
        SerialPort(SerialAttach(port="/dev/ttyUSB0", data_bits=7, parity="even"), make=refusing(errno.EINVAL))
