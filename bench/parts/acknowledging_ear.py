"""The lightest hub a gateway can have: an ear that notes when each event came, and acknowledges.

`acknowledging_ear.py HOST PORT FILE KEY`: says that a coordinator is there, signs an `ack` over what has come without
a gap (every ACK_EVENTS events, or after a pause), and writes `arrival_ns payload` lines to FILE when its standard input
ends. It verifies nothing, keeps nothing and decides nothing: what a gateway needs of the other side to send on.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Final

from nacl.signing import SigningKey
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from edge.wire.messages import Ack, State, build_ack, build_state
from edge.wire.signing import Signer
from edge.wire.topics import HubTopics
from simulators.practice import COORDINATOR, GATEWAY, HUB

ACK_EVENTS: Final = 100
PAUSE_S: Final = 0.1

Heard = tuple[int, bytes]


def main() -> None:
    host, port, file, key = sys.argv[1:]
    signer = Signer(SigningKey(bytes.fromhex(key)))
    topics = HubTopics("practice", HUB).gateway(GATEWAY)
    came: SimpleQueue[Heard] = SimpleQueue()
    client = Client(CallbackAPIVersion.VERSION2, client_id="bench-ear")

    def on_message(_client: Client, _data: object, message: MQTTMessage) -> None:
        came.put((time.time_ns(), message.payload))

    def send(ack: Ack) -> None:
        client.publish(topics.ack, build_ack(ack, HUB, GATEWAY, "practice", signer), 1, retain=True)

    client.on_message = on_message
    client.connect(host, int(port))
    client.subscribe(HubTopics("practice", HUB).events, 1)
    client.loop_start()
    state = build_state(State(online=True, session="bench", t_us=None, catchup=None))
    client.publish(topics.state("coordinator", COORDINATOR), state, 1, retain=True)
    heard: list[Heard] = []
    over = Event()
    acknowledging = Thread(target=_acknowledge, args=(came, heard, send, over))
    acknowledging.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()
    over.set()
    acknowledging.join()
    client.disconnect()
    client.loop_stop()
    Path(file).write_bytes(b"".join(b"%d %s\n" % one for one in heard))


def _acknowledge(
    came: "SimpleQueue[Heard]", heard: list[Heard], send: Callable[[Ack], None], over: Event
) -> None:
    ids: dict[int, tuple[int, str]] = {}
    through = told = 0
    while not over.is_set():
        try:
            one = came.get(timeout=PAUSE_S)
        except Empty:
            due = through > told
        else:
            heard.append(one)
            event = json.loads(one[1])
            ids[event["data"]["seq"]] = (event["data"]["epoch"], event["id"])
            while through + 1 in ids:
                ids.pop(through, None)
                through += 1
            due = through - told >= ACK_EVENTS
        if due:
            epoch, name = ids[through]
            send(Ack(epoch, through, name))
            told = through


if __name__ == "__main__":
    main()
