"""A USB HID device as a port (/dev/hidraw0): one `read` is one report, one `write` one output report."""

import os
from typing import Final

from drivers.transports.lost import PortLostError, read_some, why_not_opened, write_some
from drivers.transports.node import Kernel, Linux, open_node
from hub_config.attach import HidAttach

HIDIOCGRAWINFO: Final = 0x80084803
"""_IOR('H', 3, struct hidraw_devinfo): only a HID device answers it."""
NOUN: Final = "HID device (/dev/hidraw…)"


class HidrawPort:
    """One open device. Close it once; nothing else may be called after that."""

    def __init__(self, attach: HidAttach, node: str | None = None, *, kernel: Kernel | None = None) -> None:
        """Opens it. Raises PortLostError with a reason for staff."""
        self._name = attach.port
        self._kernel = kernel or Linux()
        node = node or attach.port
        self._fd = open_node(self._kernel, attach.port, node, os.O_RDWR, NOUN)
        try:
            self._kernel.ioctl(self._fd, HIDIOCGRAWINFO, bytes(8))
        except OSError as error:
            self._kernel.close(self._fd)
            raise PortLostError(why_not_opened(attach.port, node, error.errno or 0, NOUN)) from error

    def fileno(self) -> int:
        return self._fd

    def read(self) -> bytes:
        return read_some(self._fd, self._name)

    def write(self, data: bytes) -> int:
        """A report with its number in front, whole or not at all."""
        return write_some(self._fd, self._name, data)

    def close(self) -> None:
        self._kernel.close(self._fd)
