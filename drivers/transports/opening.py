"""Which port belongs to which kind of attachment. May block: it runs in an opener thread.

Imports stand inside the cases, so that a gateway loads only what it uses.
"""

from typing import assert_never

from drivers.transports.port import Listener, Port
from hub_config.attach import FolderAttach, SerialAttach, TcpAttach, TcpListenAttach

AnyAttach = SerialAttach | TcpAttach | TcpListenAttach | FolderAttach


def open_port(attach: AnyAttach) -> Port | Listener:
    """Raises PortLostError with a reason for staff."""
    match attach:
        case SerialAttach():
            from drivers.transports.serial_port import SerialPort

            return SerialPort(attach)
        case TcpAttach():
            from drivers.transports.tcp import TcpPort

            return TcpPort(attach)
        case TcpListenAttach():
            from drivers.transports.tcp import TcpListener

            return TcpListener(attach)
        case FolderAttach():
            from drivers.transports.worker_port import WorkerPort

            return WorkerPort(attach)
        case _ as never:
            assert_never(never)
