"""The floor of the coordinator: the shortest Python that receives events, verifies each and stores it durably.

`bare_coordinator.py HOST PORT TOPIC DATABASE PUBLIC`: subscribes with QoS 1, checks the signature over the canonical
bytes, inserts what has come (at most 100) in one transaction of SQLite (WAL, synchronous=FULL), then confirms it to the
broker. No chain, no cursor, no decision, no book: what any coordinator pays that takes nothing on trust.
"""

import base64
import json
import sqlite3
import sys
from queue import Empty, SimpleQueue

from nacl.signing import VerifyKey
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

BATCH_MAX = 100


def main() -> None:
    host, port, topic, database, public = sys.argv[1:]
    key = VerifyKey(_unb64(public))
    store = sqlite3.connect(database, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        store.execute(f"PRAGMA {pragma}").fetchall()
    store.execute("CREATE TABLE events(id TEXT PRIMARY KEY, gw, epoch, seq, data, UNIQUE(gw, epoch, seq))")
    came: SimpleQueue[MQTTMessage] = SimpleQueue()
    client = Client(CallbackAPIVersion.VERSION2, client_id="bench-bare", manual_ack=True)
    client.on_message = lambda _client, _data, message: came.put(message)
    client.connect(host, int(port))
    client.subscribe(topic, 1)
    client.loop_start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        batch = [came.get()]
        try:
            while len(batch) < BATCH_MAX:
                batch.append(came.get_nowait())
        except Empty:
            pass
        store.execute("BEGIN IMMEDIATE")
        store.executemany(
            "INSERT OR IGNORE INTO events VALUES(?, ?, ?, ?, ?)", [_row(one.payload, key) for one in batch]
        )
        store.execute("COMMIT")
        for one in batch:
            client.ack(one.mid, one.qos)


def _row(payload: bytes, key: VerifyKey) -> tuple[str, str, int, int, str]:
    event = json.loads(payload)
    data = event["data"]
    body = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    key.verify(body.encode(), _unb64(event["ehubsig"]))
    return event["id"], data["gw"], data["epoch"], data["seq"], body


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


if __name__ == "__main__":
    main()
