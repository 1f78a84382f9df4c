"""A scanner that types as a port (/dev/input/event3), taken for the gateway alone: nothing else gets its keys.

`read` gives whole `input_event` records (scanners.md §1), stamped by the monotonic clock.
"""

import os
from typing import Final

from drivers.transports.lost import PortLostError, read_some, why_not_opened
from drivers.transports.node import Kernel, Linux, open_node
from hub_config.attach import EvdevAttach

EVIOCGRAB: Final = 0x40044590
"""_IOW('E', 0x90, int): 1 takes the device for this descriptor alone, 0 gives it back. The number goes by value."""
EVIOCSCLOCKID: Final = 0x400445A0
"""_IOW('E', 0xa0, int): which clock stamps the events."""
CLOCK_MONOTONIC: Final = (1).to_bytes(4, "little")
"""That of every `Instant`, so that gaps between keys are right even when the loop is late."""
NOUN: Final = "input device (/dev/input/event…)"


class EvdevPort:
    """One open device, grabbed. Close it once; nothing else may be called after that."""

    def __init__(self, attach: EvdevAttach, node: str | None = None, *, kernel: Kernel | None = None) -> None:
        """Opens and grabs it. Raises PortLostError with a reason for staff."""
        self._name = attach.port
        self._kernel = kernel or Linux()
        node = node or attach.port
        self._fd = open_node(self._kernel, attach.port, node, os.O_RDONLY, NOUN)
        try:
            self._kernel.ioctl(self._fd, EVIOCSCLOCKID, CLOCK_MONOTONIC)
            self._kernel.ioctl(self._fd, EVIOCGRAB, 1)
        except OSError as error:
            self._kernel.close(self._fd)
            raise PortLostError(why_not_opened(attach.port, node, error.errno or 0, NOUN)) from error

    def fileno(self) -> int:
        return self._fd

    def read(self) -> bytes:
        return read_some(self._fd, self._name)

    def write(self, data: bytes) -> int:
        """A keyboard takes no orders; what is written to it goes nowhere."""
        return len(data)

    def close(self) -> None:
        """Gives the keys back; the kernel would do it too. A device that is gone has nothing to give back."""
        try:
            self._kernel.ioctl(self._fd, EVIOCGRAB, 0)
        except OSError:
            pass
        finally:
            self._kernel.close(self._fd)
