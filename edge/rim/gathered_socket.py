"""The socket that paho gets: it reads from the network all that is there, and writes all that is said in one call.

paho by itself reads a packet in three to five calls and writes each by one. Each call gives up the interpreter, and
in a process of several threads that is where an event waits. So the owner reads (`fill`) and writes (`flush`) when it
is its turn, and paho's calls only move bytes in memory.
"""

import socket
import ssl
from contextlib import suppress
from typing import Any, Final

from paho.mqtt.client import MQTTMessageInfo
from paho.mqtt.enums import MQTTErrorCode

from edge.rim import clock
from edge.rim.quick_client import PUBACK, PUBLISH, QuickClient
from hub_config.names import SECOND

READ_BYTES: Final = 65_536
SHORT: Final = (PUBLISH, PUBACK)
"""Packets that go straight to `GatheredSocket.send`."""
UNSENT_MAX: Final = 262_144
"""Bytes that wait for the network; past it paho keeps its packets. A full window of ours is half of it."""


class GatheredSocket:
    """One thread's. As paho's `SocketLike`: `recv` and `send` never block and never touch the network."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._read = b""
        self._place = 0
        self._ended: OSError | None = None
        """What the network answered last, for `recv` to raise once all that came before is read."""
        self._unsent = bytearray()

    @property
    def has_unread(self) -> bool:
        """Bytes, or an end, that paho has not seen."""
        return self._place < len(self._read) or self._ended is not None

    @property
    def has_unsent(self) -> bool:
        return bool(self._unsent)

    def fill(self) -> None:
        """Reads what the network has, up to `READ_BYTES`: more than a record of TLS, so nothing stays decrypted in
        there where `poll` does not see it."""
        try:
            got = self._sock.recv(READ_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        except OSError as fault:
            self._ended = fault
            return
        if not got:
            self._ended = ConnectionResetError("closed by the broker")
        self._read, self._place = self._read[self._place :] + got, 0

    def flush(self) -> None:
        """Writes what the network takes. Raises OSError where the connection is gone."""
        while self._unsent:
            try:
                sent = self._sock.send(self._unsent)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return
            del self._unsent[:sent]

    # As paho calls it

    def recv(self, buffer_size: int) -> bytes:
        begin = self._place
        if begin == len(self._read):
            raise self._ended or BlockingIOError
        end = self._place = min(begin + buffer_size, len(self._read))
        return self._read[begin:end]

    def send(self, buffer: bytes | bytearray) -> int:
        if len(self._unsent) >= UNSENT_MAX:
            raise BlockingIOError
        self._unsent += buffer
        return len(buffer)

    def close(self) -> None:
        """What is said goes out, as far as the network takes it at once."""
        with suppress(OSError):
            self.flush()
        self.abandon()

    def abandon(self) -> None:
        self._sock.close()

    def fileno(self) -> int:
        return self._sock.fileno()

    def setblocking(self, flag: bool) -> None:
        self._sock.setblocking(flag)


class GatheringClient(QuickClient):
    """paho with that socket. That it dials by `_create_socket`, and then speaks to what comes of it, is paho 2.2's own
    way; where another version has another, `gathered` says so before anything is sent.
    """

    @property
    def gathered(self) -> GatheredSocket:
        sock = self.socket()
        if not isinstance(sock, GatheredSocket):
            raise TypeError(
                f"this paho-mqtt speaks to {type(sock).__name__}; the gateway wants paho-mqtt 2.2"
            )
        return sock

    def _packet_queue(
        self, command: int, packet: bytes | bytearray, mid: int, qos: int, info: MQTTMessageInfo | None = None
    ) -> MQTTErrorCode:
        """Without paho's own queue where nothing stands in it, and nobody waits to hear that the packet has left."""
        sock = self._sock
        if info is None and not self._out_packet and isinstance(sock, GatheredSocket) and command in SHORT:
            with suppress(BlockingIOError):
                sock.send(packet)
                self._last_msg_out = clock.now() / SECOND  # as paho's own: seconds of the monotonic clock
                return MQTTErrorCode.MQTT_ERR_SUCCESS
        return super()._packet_queue(command, packet, mid, qos, info)

    def _create_socket(self) -> Any:  # noqa: ANN401  (paho's own union of sockets)
        sock: Any = super()._create_socket()
        # paho leaves Nagle on: a small event would wait up to 40 ms for the broker's delayed TCP ack.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return GatheredSocket(sock)
