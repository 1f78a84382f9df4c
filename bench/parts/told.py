"""A gateway's events on their way to a coordinator, and its decisions back: what a measurement needs of a gateway.

`told.py HOST PORT FOLDER RATE` publishes those of FOLDER/payloads (a JSON line each: kind, id, line,
payload) with a gateway's window, at RATE a second (0: as fast as the broker takes them), and writes to FOLDER/answers
how long after its question each decision came, in ms; it ends when its input ends.
"""

import json
import select
import sys
from pathlib import Path
from typing import Final

from edge.rim import clock
from edge.rim.mqtt_client import Accepted, Arrived, Delivered, Ended, Granted, MqttClient
from edge.rim.mqtt_profile import Profile
from edge.wire.topics import Topics
from hub_config.names import GatewayId, HubId, LineId
from simulators.practice import GATEWAY, HUB
from simulators.told_events import ASKING, BENCHES

WINDOW: Final = 100


def main() -> None:
    host, port, folder, rate = sys.argv[1:]
    told = [json.loads(line) for line in (Path(folder) / "payloads").read_bytes().splitlines()]
    topics = Topics("practice", HubId(HUB), GatewayId(GATEWAY))
    profile = Profile(
        ((host, int(port)),), 60, "bench-told", (topics.decision,), topics.own_state, "bench", lambda _: b"{}"
    )
    client = MqttClient(profile, profile.addresses[0], "MQTT 5", 1)
    client.connect()
    publisher = _Publisher(client, told, topics, float(rate))
    publisher.run()
    (Path(folder) / "answers").write_text(json.dumps(publisher.took_ms))


class _Publisher:
    def __init__(self, client: MqttClient, told: list[list[str]], topics: Topics, rate: float) -> None:
        self._client, self._told, self._rate = client, told, rate
        self._topic_of = {f"b{bench}": topics.event(LineId(f"b{bench}")) for bench in range(BENCHES)}
        self._next = self._in_flight = 0
        self._asked: dict[str, int] = {}
        self.took_ms: list[float] = []
        self._open = False
        self._began = 0

    def run(self) -> None:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            self._publish()
            self._client.flush()
            watched = [self._client.fileno, sys.stdin.fileno()]
            ready, _, _ = select.select(watched, [], [], 0.001 if self._rate else 0.05)
            if sys.stdin.fileno() in ready and not sys.stdin.readline():
                return
            for happened in self._client.receive():
                match happened:
                    case Granted():
                        self._open, self._began = True, clock.now()
                    case Delivered():
                        self._in_flight -= 1
                    case Arrived(_, payload, _, at):
                        asked_at = self._asked.pop(json.loads(payload)["data"]["for"], None)
                        if asked_at is not None:
                            self.took_ms.append((at - asked_at) / 1e6)
                    case Ended(_, reason):
                        raise SystemExit(reason)
                    case Accepted():
                        pass

    def _publish(self) -> None:
        while self._open and self._in_flight < WINDOW and self._next < len(self._told):
            if self._rate and (clock.now() - self._began) / 1e9 < self._next / self._rate:
                return
            kind, name, line, payload = self._told[self._next]
            self._client.publish(self._topic_of[line], payload.encode(), event=True)
            if kind == ASKING:
                self._asked[name] = clock.now()
            self._next += 1
            self._in_flight += 1


if __name__ == "__main__":
    main()
