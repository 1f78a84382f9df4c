"""A serial port: opened with pyserial for its settings and its lock, then read and written by descriptor.

Opening may block, so it is not done in the device loop. It is opened for us alone: by a lock, which programs that know
of it respect, and by TIOCEXCL, which the kernel enforces. DTR and RTS are set to their configured levels at opening
and left as they are at closing (HUPCL is off), so that a device that resets on DTR keeps running while the hub
restarts. (The kernel itself raises both for a moment at opening; that can't be turned off.)
"""

import errno
import fcntl
import os
import termios
from collections.abc import Callable
from typing import Any, Final

import serial

from drivers.transports.lost import PortLostError, read_some, why_not_opened, write_some
from hub_config.attach import SerialAttach

PTYS: Final = "/dev/pts/"
"""Pseudo-terminals keep TIOCEXCL for as long as their other side lives, so that a restart would find them busy."""
_PARITY: Final = {
    "none": serial.PARITY_NONE,
    "even": serial.PARITY_EVEN,
    "odd": serial.PARITY_ODD,
    "mark": serial.PARITY_MARK,
    "space": serial.PARITY_SPACE,
}
_BYTESIZE: Final = {7: serial.SEVENBITS, 8: serial.EIGHTBITS}
_STOPBITS: Final = {1: serial.STOPBITS_ONE, 2: serial.STOPBITS_TWO}


class SerialPort:
    """One open port. Close it once; nothing else may be called after that."""

    def __init__(
        self,
        attach: SerialAttach,
        node: str | None = None,
        *,
        make: Callable[..., Any] = serial.Serial,
        ioctl: Callable[[int, int], object] = fcntl.ioctl,
    ) -> None:
        """Opens it; `node`: where its selector led. Raises PortLostError with a reason for staff."""
        self._name = attach.port
        node = node or attach.port
        try:
            self._serial = _open(attach, node, make)
        except (OSError, ValueError, termios.error) as error:
            raise PortLostError(_reason(attach, node, error)) from error
        self._fd: int = self._serial.fileno()
        try:
            _settle_line(self._fd)
            if not os.path.realpath(node).startswith(PTYS):
                ioctl(self._fd, termios.TIOCEXCL)
        except (OSError, termios.error) as error:
            self.close()
            raise PortLostError(_reason(attach, node, error)) from error

    def fileno(self) -> int:
        return self._fd

    def read(self) -> bytes:
        return read_some(self._fd, self._name)

    def write(self, data: bytes) -> int:
        return write_some(self._fd, self._name, data)

    def close(self) -> None:
        self._serial.close()


def _open(attach: SerialAttach, node: str, make: Callable[..., Any]) -> Any:  # noqa: ANN401  (pyserial has no types)
    opening = make(
        port=None,
        baudrate=attach.baud,
        bytesize=_BYTESIZE[attach.data_bits],
        parity=_PARITY[attach.parity],
        stopbits=_STOPBITS[attach.stop_bits],
        timeout=0,
        write_timeout=0,
        xonxoff=attach.flow == "xon-xoff",
        rtscts=attach.flow == "rts-cts",
        dsrdtr=False,
        exclusive=True,
    )
    # Before the port is open, so that the lines never leave their level.
    opening.dtr = attach.dtr
    opening.rts = attach.rts
    opening.port = node
    opening.open()
    return opening


def _settle_line(fd: int) -> None:
    """pyserial sets VMIN 0, under which an empty port reads like a lost one. With VMIN 1 it says EAGAIN.
    Without HUPCL the system leaves DTR and RTS alone when the port is closed."""
    attributes = termios.tcgetattr(fd)
    attributes[2] &= ~termios.HUPCL
    attributes[6][termios.VMIN] = 1
    termios.tcsetattr(fd, termios.TCSANOW, attributes)


def _reason(attach: SerialAttach, node: str, error: Exception) -> str:
    number = _number(error)
    if number is None or number == errno.EINVAL:
        return f"{attach.port} does not take {attach.baud} baud {_framing(attach)}; correct attach"
    return why_not_opened(attach.port, node, number, "serial port")


def _framing(attach: SerialAttach) -> str:
    return f"{attach.data_bits}{attach.parity[0].upper()}{attach.stop_bits}"


def _number(error: Exception) -> int | None:
    if isinstance(error, OSError) and error.errno:
        return error.errno
    # pyserial hides the number of a failed tcgetattr in its text; the original error still has it.
    origin = error if isinstance(error, termios.error) else error.__context__
    return origin.args[0] if isinstance(origin, termios.error) else None
