"""The floors of the event path: the shortest Python from a serial port to a broker, and the same made durable.

`floor.py HOST PORT DATABASE PORTS…`: reads lines from the ports (pyserial's settings, one selectors loop),
and publishes one JSON message a line with QoS 1. With DATABASE other than `-` each line is first committed to SQLite
(WAL, synchronous=FULL), grouped as event-path-facts §6 measured best: at most 100 lines or 2 ms. No chain, no
signature, no core, no acknowledgement: what any gateway pays that loses nothing by itself.
"""

import json
import selectors
import sqlite3
import sys
import threading
import time
from queue import Empty, SimpleQueue

import serial
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

GROUP_MAX = 100
GROUP_WAIT_S = 0.002
READ_BYTES = 4_096


def read(paths: list[str], lines: "SimpleQueue[tuple[str, bytes]]") -> None:
    selector = selectors.DefaultSelector()
    buffers = {}
    for path in paths:
        port = serial.Serial(path, 115_200, timeout=0, exclusive=True)
        selector.register(port.fd, selectors.EVENT_READ, port)
        buffers[port.fd] = b""
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        for key, _ in selector.select():
            *whole, buffers[key.fd] = (buffers[key.fd] + key.data.read(READ_BYTES)).split(b"\r")
            for line in whole:
                lines.put((key.data.port, line))


def main() -> None:
    host, port, database, *paths = sys.argv[1:]
    client = Client(CallbackAPIVersion.VERSION2, client_id="bench-floor")
    client.max_inflight_messages_set(0)
    client.connect(host, int(port))
    client.loop_start()
    lines: SimpleQueue[tuple[str, bytes]] = SimpleQueue()
    threading.Thread(target=read, args=(paths, lines), daemon=True).start()
    store = None if database == "-" else sqlite3.connect(database, isolation_level=None)
    if store is not None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=1000"):
            store.execute(f"PRAGMA {pragma}").fetchall()
        store.execute("CREATE TABLE outbox(seq INTEGER PRIMARY KEY, body BLOB)")
    while True:
        group = [lines.get()]
        until = time.monotonic() + GROUP_WAIT_S
        try:
            while store is not None and len(group) < GROUP_MAX:
                group.append(lines.get(timeout=max(0, until - time.monotonic())))
        except Empty:
            pass
        bodies = [
            json.dumps({"dev": path, "code": line.decode(), "t": time.time_ns()}).encode()
            for path, line in group
        ]
        if store is not None:
            store.execute("BEGIN IMMEDIATE")
            store.executemany("INSERT INTO outbox(body) VALUES(?)", [(body,) for body in bodies])
            store.execute("COMMIT")
        for body in bodies:
            client.publish("floor/readings", body, qos=1)


if __name__ == "__main__":
    main()
