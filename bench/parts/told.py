"""A gateway's events on their way to a coordinator, and its decisions back: what a measurement needs of a gateway.

`told.py HOST PORT FOLDER RATE` publishes those of FOLDER/payloads (a JSON line each: kind, id, line,
payload) with a gateway's window, at RATE a second (0: as fast as the broker takes them), and writes to FOLDER/answers
how long after its question each decision came, in ms; it ends when its input ends.
"""

import json
import select
import socket
import sys
import threading
from pathlib import Path
from typing import Any, Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from edge.rim import clock
from edge.wire.topics import Topics
from hub_config.names import GatewayId, HubId, LineId
from simulators.practice import GATEWAY, HUB
from simulators.told_events import ASKING, BENCHES

WINDOW: Final = 100
PAUSE_S: Final = 0.001


def main() -> None:
    host, port, folder, rate = sys.argv[1:]
    told = [json.loads(line) for line in (Path(folder) / "payloads").read_bytes().splitlines()]
    topics = Topics("practice", HubId(HUB), GatewayId(GATEWAY))
    publisher = _Publisher(told, topics, float(rate))
    publisher.run(host, int(port))
    (Path(folder) / "answers").write_text(json.dumps(publisher.took_ms))


class _Publisher:
    def __init__(self, told: list[list[str]], topics: Topics, rate: float) -> None:
        self._told, self._rate = told, rate
        self._topic_of = {f"b{bench}": topics.event(LineId(f"b{bench}")) for bench in range(BENCHES)}
        self._decisions = topics.decision
        self._window = threading.Semaphore(WINDOW)
        self._granted = threading.Event()
        self._asked: dict[str, int] = {}
        self.took_ms: list[float] = []

    def run(self, host: str, port: int) -> None:
        client = paho.Client(CallbackAPIVersion.VERSION2, "bench-told", protocol=paho.MQTTv5)
        client.max_inflight_messages_set(WINDOW)
        client.on_connect = lambda *_: client.subscribe(self._decisions, 1)
        client.on_subscribe = lambda *_: self._granted.set()
        client.on_publish = lambda *_: self._window.release()
        client.on_message = self._answered
        client.on_socket_open = _at_once
        client.connect(host, port)
        client.loop_start()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        self._granted.wait()
        self._publish(client)
        sys.stdin.readline()
        client.loop_stop()

    def _publish(self, client: paho.Client) -> None:
        began = clock.now()
        for number, (kind, name, line, payload) in enumerate(self._told):
            while self._rate and (clock.now() - began) / 1e9 < number / self._rate:
                if _is_over(PAUSE_S):
                    return
            while not self._window.acquire(timeout=PAUSE_S):
                if _is_over(0):
                    return
            if kind == ASKING:
                self._asked[name] = clock.now()
            client.publish(self._topic_of[line], payload, qos=1)

    def _answered(self, _client: paho.Client, _userdata: Any, message: paho.MQTTMessage) -> None:  # noqa: ANN401
        asked_at = self._asked.pop(json.loads(message.payload)["data"]["for"], None)
        if asked_at is not None:
            self.took_ms.append((clock.now() - asked_at) / 1e6)


def _at_once(_client: paho.Client, _userdata: Any, sock: Any) -> None:  # noqa: ANN401  (paho's own union of sockets)
    """As a gateway's: paho leaves Nagle on, and an event would wait up to 40 ms for the broker's delayed TCP ack."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _is_over(seconds: float) -> bool:
    """Our input has ended, or does within this."""
    return bool(select.select([sys.stdin], [], [], seconds)[0])


if __name__ == "__main__":
    main()
