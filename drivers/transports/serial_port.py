"""A serial port: opened with pyserial for its settings and its lock, then read and written by descriptor.

Opening may block, so it is not done in the device loop. Every reason why a port can't be opened is put in words here.
"""

import errno
import os
import termios
from typing import Final

import serial

from hub_config.attach import SerialAttach

READ_MAX_BYTES: Final = 4_096
"""Taken from one port in one turn, so that a flooding device does not starve the others."""

_PARITY: Final = {"none": serial.PARITY_NONE, "even": serial.PARITY_EVEN, "odd": serial.PARITY_ODD}
_BYTESIZE: Final = {7: serial.SEVENBITS, 8: serial.EIGHTBITS}
_STOPBITS: Final = {1: serial.STOPBITS_ONE, 2: serial.STOPBITS_TWO}


class PortLostError(Exception):
    """The port went away or can't be opened. The text says why, and names the port."""


class SerialPort:
    """One open port. Close it once; nothing else may be called after that."""

    def __init__(self, attach: SerialAttach) -> None:
        """Opens it. Raises PortLostError with a reason for staff."""
        self._name = attach.port
        try:
            self._serial = _open(attach)
        except (OSError, ValueError, termios.error) as error:
            raise PortLostError(_reason(attach, error)) from error
        self._fd: int = self._serial.fileno()
        try:
            _block_no_read_on_emptiness(self._fd)
        except termios.error as error:
            self.close()
            raise PortLostError(_reason(attach, error)) from error

    def fileno(self) -> int:
        return self._fd

    def read(self) -> bytes:
        """What has arrived, at most READ_MAX_BYTES; empty if nothing has. Raises PortLostError."""
        try:
            data = os.read(self._fd, READ_MAX_BYTES)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise PortLostError(f"{self._name} was lost ({os.strerror(error.errno or errno.EIO)})") from error
        if not data:
            raise PortLostError(f"{self._name} was lost (hung up)")
        return data

    def write(self, data: bytes) -> int:
        """How many bytes the port took; 0 while it takes none. Raises PortLostError."""
        try:
            return os.write(self._fd, data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise PortLostError(f"{self._name} was lost ({os.strerror(error.errno or errno.EIO)})") from error

    def close(self) -> None:
        self._serial.close()


def _open(attach: SerialAttach) -> serial.Serial:
    return serial.Serial(
        port=attach.port,
        baudrate=attach.baud,
        bytesize=_BYTESIZE[attach.data_bits],
        parity=_PARITY[attach.parity],
        stopbits=_STOPBITS[attach.stop_bits],
        timeout=0,
        write_timeout=0,
        xonxoff=False,
        rtscts=False,
        dsrdtr=False,
        exclusive=True,
    )


def _block_no_read_on_emptiness(fd: int) -> None:
    """pyserial sets VMIN 0, under which an empty port reads like a lost one. With VMIN 1 it says EAGAIN."""
    attributes = termios.tcgetattr(fd)
    attributes[6][termios.VMIN] = 1
    termios.tcsetattr(fd, termios.TCSANOW, attributes)


def _reason(attach: SerialAttach, error: Exception) -> str:
    number = _number(error)
    port = attach.port
    match number:
        case errno.ENOENT | errno.ENXIO | errno.ENODEV | errno.ENOTDIR:
            return f"{port} does not exist; check plug and power"
        case errno.EACCES | errno.EPERM:
            return f"{port} may not be opened by this user; add it to the group dialout or hub-devices"
        case errno.EBUSY | errno.EAGAIN:
            return f"{port} is in use by another program; end that program"
        case errno.ENOTTY | errno.EISDIR:
            return f"{port} is no serial port; correct attach.port"
        case errno.EIO:
            return f"{port} has nothing at its other end; check plug and power"
        case errno.EINVAL | None:
            return f"{port} does not take {attach.baud} baud {_framing(attach)}; correct attach"
        case _:
            return f"{port} can't be opened ({os.strerror(number)})"


def _framing(attach: SerialAttach) -> str:
    return f"{attach.data_bits}{attach.parity[0].upper()}{attach.stop_bits}"


def _number(error: Exception) -> int | None:
    if isinstance(error, OSError) and error.errno:
        return error.errno
    # pyserial hides the number of a failed tcgetattr in its text; the original error still has it.
    origin = error if isinstance(error, termios.error) else error.__context__
    return origin.args[0] if isinstance(origin, termios.error) else None
