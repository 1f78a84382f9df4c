"""TCP ports: a device that the gateway dials (`TcpPort`), and a device that dials the gateway (`TcpListener`).

Dialling may block, so it is not done in the device loop; listening and letting in never do. A connection is one opening
of the port: what it had sent in part is void when it ends. Every reason is put in words here.
"""

import errno
import ipaddress
import os
import socket
import time
from collections import deque
from typing import Any, Final

from drivers.transports.lost import READ_MAX_BYTES, PortLostError
from hub_config.attach import TcpAttach, TcpListenAttach

CONNECT_TIMEOUT_S: Final = 2.0
"""For one dialling, over all addresses of a name. A device in the same building answers in milliseconds."""
ADDRESSES_MAX: Final = 4
"""Of one name that are tried."""
BACKLOG: Final = 8
"""Connections that wait to be let in or sent away; the system refuses more."""
ACCEPT_MAX: Final = 8
"""Taken from one listener in one turn, so that strangers who dial without end do not starve the devices."""
KEEPALIVE_IDLE_S: Final = 2
KEEPALIVE_INTERVAL_S: Final = 1
KEEPALIVE_PROBES: Final = 3
"""A device that was switched off and on says nothing of it: it is asked every second once it has been silent for 2 s,
and its answer (that it knows of no connection) ends the old one."""
UNACKED_MAX_MS: Final = 4_000
"""What was written, or asked, and is not acknowledged for so long ends the connection."""


class TcpConnection:
    """One open connection. Close it once; nothing else may be called after that."""

    def __init__(self, connected: socket.socket, name: str) -> None:
        self._socket = connected
        self._name = name
        connected.setblocking(False)
        for level, option, value in _OPTIONS:
            connected.setsockopt(level, option, value)

    def fileno(self) -> int:
        return self._socket.fileno()

    def read(self) -> bytes:
        """What has arrived, at most READ_MAX_BYTES; empty if nothing has. Raises PortLostError."""
        try:
            data = self._socket.recv(READ_MAX_BYTES)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise PortLostError(_lost(self._name, error)) from error
        if not data:
            raise PortLostError(f"{self._name} closed the connection")
        return data

    def write(self, data: bytes) -> int:
        """How many bytes the connection took; 0 while it takes none. Raises PortLostError."""
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise PortLostError(_lost(self._name, error)) from error

    def close(self) -> None:
        self._socket.close()


class TcpPort(TcpConnection):
    """A device that the gateway dials."""

    def __init__(self, attach: TcpAttach) -> None:
        """Dials it. Raises PortLostError with a reason for staff."""
        try:
            connected = _dial(attach)
        except OSError as error:
            raise PortLostError(_not_reached(attach, error)) from error
        super().__init__(connected, attach.place)


class TcpListener:
    """Waits for one device to dial. It outlives its connections; close it once."""

    def __init__(self, attach: TcpListenAttach) -> None:
        """Listens from now on. Raises PortLostError with a reason for staff."""
        self._peer = ipaddress.ip_address(attach.peer)
        self._name = attach.peer
        self.waiting = f"waiting for {attach.peer} to dial {attach.host}, port {attach.port}"
        """In words, for as long as nobody is connected."""
        self._strangers: deque[str] = deque(maxlen=ACCEPT_MAX)
        try:
            self._socket = _listen(attach)
        except OSError as error:
            raise PortLostError(_not_listening(attach, error)) from error

    def fileno(self) -> int:
        return self._socket.fileno()

    def accept(self) -> TcpConnection | None:
        """The newest connection of the device, if it has dialled. Raises PortLostError if listening is over."""
        newest: TcpConnection | None = None
        for _ in range(ACCEPT_MAX):
            try:
                dialled, address = self._socket.accept()
            except BlockingIOError:
                break
            except ConnectionError:
                continue  # it hung up before it was let in
            except OSError as error:
                if newest is not None:
                    newest.close()
                raise PortLostError(f"can't let {self._name} in ({_words(error)})") from error
            if not self._is_peer(address[0]):
                self._strangers.append(str(address[0]))
                dialled.close()
                continue
            if newest is not None:
                newest.close()
            newest = self._let_in(dialled)
        return newest

    def take_strangers(self) -> list[str]:
        """Addresses of others that dialled, and were sent away, since this was last asked; the newest ACCEPT_MAX."""
        strangers = list(self._strangers)
        self._strangers.clear()
        return strangers

    def close(self) -> None:
        self._socket.close()

    def _let_in(self, dialled: socket.socket) -> TcpConnection | None:
        try:
            return TcpConnection(dialled, self._name)
        except OSError:  # it has hung up: setting options on a dead connection fails
            dialled.close()
            return None

    def _is_peer(self, address: str) -> bool:
        found = ipaddress.ip_address(address)
        mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
        return (mapped or found) == self._peer


_OPTIONS: Final = (
    (
        socket.IPPROTO_TCP,
        socket.TCP_NODELAY,
        1,
    ),  # a trigger must not wait for the answer to the one before it
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_IDLE_S),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, KEEPALIVE_PROBES),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKED_MAX_MS),
)


def _dial(attach: TcpAttach) -> socket.socket:
    """The first address of the name that answers."""
    deadline = time.monotonic() + CONNECT_TIMEOUT_S
    failed: OSError = TimeoutError()
    found = socket.getaddrinfo(attach.host, attach.port, type=socket.SOCK_STREAM)
    for family, kind, protocol, _, address in found[:ADDRESSES_MAX]:
        dialling = socket.socket(family, kind, protocol)
        try:
            dialling.settimeout(max(0.001, deadline - time.monotonic()))
            dialling.connect(address)
            if dialling.getsockname() == dialling.getpeername():
                # On loopback the system may hand out the very port that is dialled: it then answers itself.
                raise ConnectionRefusedError(errno.ECONNREFUSED, "dialled itself")
        except OSError as error:
            dialling.close()
            failed = error
        else:
            return dialling
    raise failed


def _listen(attach: TcpListenAttach) -> socket.socket:
    address = ipaddress.ip_address(attach.host)
    listening = socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_STREAM)
    try:
        # Without it a restart has to wait until the system has forgotten the connections of before.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # With its scope, which a link-local address needs.
        where: tuple[Any, ...] = socket.getaddrinfo(attach.host, attach.port, flags=socket.AI_NUMERICHOST)[0][
            4
        ]
        listening.bind(where)
        listening.listen(BACKLOG)
        listening.setblocking(False)
    except OSError:
        listening.close()
        raise
    return listening


def _not_reached(attach: TcpAttach, error: OSError) -> str:
    place = attach.place
    if isinstance(error, socket.gaierror):
        return (
            f"{place}: the name {attach.host} is unknown; correct attach.host, or write the device's address"
        )
    match error.errno:
        case errno.ECONNREFUSED:
            return (
                f"{place} refuses the connection; check attach.port, and that nothing else is connected to it"
            )
        case errno.EHOSTUNREACH | errno.ENETUNREACH | errno.EHOSTDOWN | errno.ENETDOWN:
            return f"{place} can't be reached; check power, cable and the gateway's network"
        case errno.ETIMEDOUT | None:
            limit = f"{CONNECT_TIMEOUT_S:g} s"
            return f"{place} does not answer within {limit}; check power, cable and attach.host"
        case _:
            return f"{place} can't be dialled ({_words(error)})"


def _not_listening(attach: TcpListenAttach, error: OSError) -> str:
    place = f"{attach.host}, port {attach.port}"
    match error.errno:
        case errno.EADDRINUSE:
            return f"{place} is in use by another program; end that program, or correct attach.port"
        case errno.EADDRNOTAVAIL:
            return f"{place} is no address of this gateway; correct attach.host"
        case errno.EACCES | errno.EPERM:
            return f"{place} may not be listened on by this user; choose an attach.port above 1023"
        case _:
            return f"{place} can't be listened on ({_words(error)})"


def _lost(name: str, error: OSError) -> str:
    match error.errno:
        case errno.ECONNRESET | errno.EPIPE | errno.ECONNABORTED:
            return f"{name} broke the connection"
        case errno.ETIMEDOUT | errno.EHOSTUNREACH | errno.ENETUNREACH:
            return f"{name} does not answer any more; check power and cable"
        case _:
            return f"{name} was lost ({_words(error)})"


def _words(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else str(error)
