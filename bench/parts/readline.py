"""The shortest Python that reads the same: a thread a pty, pyserial's `readline`. Tells what `pumped.py` does."""

import json
import sys
import threading
import time

import serial

POLL_S = 1.0
"""How often a thread looks whether it is to end."""


def main(paths: list[str]) -> None:
    came: dict[str, int] = {}
    ending = threading.Event()

    def read(path: str) -> None:
        with serial.Serial(path, 9_600, timeout=POLL_S, exclusive=True) as port:
            while not ending.is_set():
                line = port.readline()
                if line:
                    came[line.strip(b"\r\n").decode("latin-1")] = time.monotonic_ns()

    threads = [threading.Thread(target=read, args=(path,)) for path in paths]
    for thread in threads:
        thread.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()
    ending.set()
    for thread in threads:
        thread.join()
    sys.stdout.write(json.dumps(came) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
