"""What three NATS nodes cost beside one Mosquitto: publisher to subscriber at a large hub's live rate, and flat out.

One publisher with the gateway's window, one subscriber at another node where there are several; QoS 1, 1,200 bytes.
`ours` are the three nodes, the baseline is one Mosquitto with the settings of the demo. Publisher and subscriber are
one Python process, whose own limit is in both numbers.
"""

import os
import queue
import socket
import struct
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from hub_config.broker import Address
from simulators.broker import Broker
from simulators.cluster import NatsCluster
from simulators.practice import HUB

Figures = dict[str, dict[str, float | str | int]]

LIVE: Final = 133
"""Events a second of twenty lines (contract §14)."""
BYTES: Final = 1_200
WINDOW: Final = 100
TOPIC: Final = f"ehub-practice/v1/{HUB}/evt/l1/gw-01"
PATIENCE_S: Final = 60.0
CLOCK_TICKS: Final = os.sysconf("SC_CLK_TCK")


def measure(short: bool) -> Figures:
    seconds, count = (5.0, 1_000) if short else (30.0, 10_000)
    with tempfile.TemporaryDirectory(prefix="ehub-bench-") as made:
        broker = Broker.start(Path(made) / "one", "mosquitto")
        try:
            assert broker.pid is not None, "it was just started"
            here = (broker.host, broker.port)
            one = _try(here, here, [broker.pid], seconds, count)
        finally:
            broker.stop()
        cluster = NatsCluster.on_loopback(Path(made) / "three", HUB)
        cluster.start()
        try:
            pids = [cluster.pid(node) for node in cluster.nodes]
            three = _try(cluster.addresses[0], cluster.addresses[1], pids, seconds, count)
        finally:
            cluster.stop()
    return {
        name: {
            "ours": round(three[name, unit], 2), "baseline": round(one[name, unit], 2),
            "ratio": round(three[name, unit] / one[name, unit], 2), "unit": unit, "runs": 1,
        }
        for name, unit in three
    }  # fmt: skip


def _try(
    speaker: Address, listener: Address, pids: Sequence[int], seconds: float, count: int
) -> dict[tuple[str, str], float]:
    with _Pair(speaker, listener) as pair:
        pair.send(200, 0.0)  # streams and connections are made by the first messages
        cpu_s = _cpu_s(pids)
        took_ms = sorted(pair.send(int(LIVE * seconds), 1 / LIVE))
        cpu_s = _cpu_s(pids) - cpu_s
        began = time.monotonic()
        pair.send(count, 0.0)
        flat_s = time.monotonic() - began
    return {
        (f"{LIVE}/s, publisher to subscriber, p50", "ms"): took_ms[len(took_ms) // 2],
        (f"{LIVE}/s, publisher to subscriber, p99", "ms"): took_ms[len(took_ms) * 99 // 100],
        (f"{LIVE}/s, brokers' processor per message", "us"): cpu_s * 1e6 / len(took_ms),
        ("flat out", "messages/s"): count / flat_s,
    }


class _Pair:
    """A publisher and a subscriber."""

    def __init__(self, speaker: Address, listener: Address) -> None:
        self._places = threading.Semaphore(WINDOW)
        self._heard: queue.SimpleQueue[float] = queue.SimpleQueue()
        ready = threading.Event()
        self._listener = _client("bench-listener")
        self._listener.on_subscribe = lambda *_: ready.set()
        self._listener.on_message = lambda _c, _d, message: self._heard.put(
            (time.monotonic_ns() - struct.unpack("!q", message.payload[:8])[0]) / 1e6
        )
        self._listener.connect(*listener)
        self._listener.loop_start()
        self._listener.subscribe(TOPIC, 1)
        self._speaker = _client("bench-speaker")
        self._speaker.on_publish = lambda *_: self._places.release()
        self._speaker.connect(*speaker)
        self._speaker.loop_start()
        if not ready.wait(PATIENCE_S):
            raise TimeoutError("no SUBACK")

    def __enter__(self) -> "_Pair":
        return self

    def __exit__(self, *_raised: object) -> None:
        for client in (self._speaker, self._listener):
            client.disconnect()
            client.loop_stop()

    def send(self, count: int, every_s: float) -> list[float]:
        """How many milliseconds each took. Raises where one does not arrive."""
        began = time.monotonic()
        for number in range(count):
            time.sleep(max(0.0, began + number * every_s - time.monotonic()))
            if not self._places.acquire(timeout=PATIENCE_S):
                raise TimeoutError("no PUBACK")
            stamp = struct.pack("!q", time.monotonic_ns())
            self._speaker.publish(TOPIC, stamp + bytes(BYTES - len(stamp)), 1)
        return [self._heard.get(timeout=PATIENCE_S) for _ in range(count)]


def _client(name: str) -> Client:
    client = Client(CallbackAPIVersion.VERSION2, name, protocol=MQTTProtocolVersion.MQTTv311)
    client.max_inflight_messages_set(0)
    client.on_socket_open = lambda _c, _d, sock: sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def _cpu_s(pids: Sequence[int]) -> float:
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum(int(each[11]) + int(each[12]) for each in fields) / CLOCK_TICKS
