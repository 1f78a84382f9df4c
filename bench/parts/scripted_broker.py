"""The broker's side of one connection, played by the thread that measures: no other process, no chance.

Speaks as much MQTT 5 as a coordinator needs to believe in a broker, over a socket of this computer: CONNACK, SUBACK,
PUBLISH with QoS 1, PUBACK for whatever comes (MQTT 5.0 §3).
"""

import socket
import struct
from collections.abc import Iterable
from typing import Final

CONNACK: Final = b"\x20\x03\x00\x00\x00"
CONTENT_TYPE: Final = b"application/cloudevents+json; charset=utf-8"
BUFFER_BYTES: Final = 4_194_304
"""A whole batch lies in it, since nobody reads while we write."""
QOS_1: Final = 0x02


class ScriptedBroker:
    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
        self.address: tuple[str, int] = self._listener.getsockname()
        self._peer: socket.socket | None = None
        self._unread = b""
        self._mid = 0
        self._owed: list[bytes] = []
        self.published = 0
        """Messages that have come."""

    def accept(self) -> None:
        self._peer, _ = self._listener.accept()
        self._peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._peer.sendall(CONNACK)

    def send(self, events: Iterable[tuple[str, bytes]]) -> None:
        """Topic and payload, each as a PUBLISH of its own, and before them what is owed for those that have come."""
        assert self._peer is not None
        packets, self._owed = self._owed, []
        for topic, payload in events:
            self._mid = self._mid % 65_535 + 1
            name = topic.encode()
            told = b"\x03" + struct.pack("!H", len(CONTENT_TYPE)) + CONTENT_TYPE
            head = struct.pack("!H", len(name)) + name + struct.pack("!HB", self._mid, len(told)) + told
            packets.append(b"\x32" + _length(len(head) + len(payload)) + head + payload)
        self._peer.sendall(b"".join(packets))

    @property
    def owes(self) -> bool:
        return bool(self._owed)

    def read(self) -> None:
        """What the coordinator has said so far; what that wants is sent with the next `send`."""
        assert self._peer is not None
        self._peer.setblocking(False)
        try:
            while chunk := self._peer.recv(BUFFER_BYTES):
                self._unread += chunk
        except BlockingIOError:
            pass
        self._peer.setblocking(True)
        while (packet := self._packet()) is not None:
            command, body = packet
            if command & 0xF0 == 0x80:
                topics = body[3:].count(b"/v1/")
                self._peer.sendall(bytes((0x90, 3 + topics)) + body[:2] + b"\x00" + b"\x01" * topics)
            elif command & 0xF0 == 0x30 and command & QOS_1:
                topic = int.from_bytes(body[:2], "big")
                self._owed.append(b"\x40\x02" + body[2 + topic : 4 + topic])
                self.published += 1

    def _packet(self) -> tuple[int, bytes] | None:
        length, at = 0, 1
        while True:
            if at >= len(self._unread):
                return None
            byte = self._unread[at]
            length |= (byte & 0x7F) << (7 * (at - 1))
            at += 1
            if not byte & 0x80:
                break
        if len(self._unread) < at + length:
            return None
        packet = self._unread[0], self._unread[at : at + length]
        self._unread = self._unread[at + length :]
        return packet

    def close(self) -> None:
        if self._peer is not None:
            self._peer.close()
        self._listener.close()


def _length(value: int) -> bytes:
    told = bytearray()
    while True:
        value, byte = value >> 7, value & 0x7F
        told.append(byte | (0x80 if value else 0))
        if not value:
            return bytes(told)
