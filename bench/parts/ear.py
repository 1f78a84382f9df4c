"""Who hears the events of a measurement: a subscriber in a process of its own, that notes when each message came.

`ear.py HOST PORT TOPIC FILE`: writes `arrival_ns payload` lines to FILE when its standard input ends.
"""

import sys
import time
from pathlib import Path

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion


def main() -> None:
    host, port, topic, file = sys.argv[1:]
    heard: list[tuple[int, bytes]] = []
    client = Client(CallbackAPIVersion.VERSION2, client_id="bench-ear")

    def on_message(_client: Client, _data: object, message: MQTTMessage) -> None:
        heard.append((time.time_ns(), message.payload))

    client.on_message = on_message
    client.connect(host, int(port))
    client.subscribe(topic, 1)
    client.loop_start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()
    client.disconnect()
    client.loop_stop()
    Path(file).write_bytes(b"".join(b"%d %s\n" % one for one in heard))


if __name__ == "__main__":
    main()
