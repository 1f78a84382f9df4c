"""The device loop of a gateway over the ptys that are named: tells each code with the instant its reading came.

`pumped.py PATH…` prints `ready` when all are up, and at the end of its input one line of JSON: code → ns.
"""

import json
import sys
import time

from drivers.pump import Pump
from drivers.reading import BarcodeRead, DeviceUp, Reading
from hub_config.attach import SerialAttach
from hub_config.names import DeviceId
from hub_config.scanners import LineScannerConfig


class Sink:
    def __init__(self, devices: int) -> None:
        self.came: dict[str, int] = {}
        self._missing = devices

    def put(self, reading: Reading) -> None:
        if isinstance(reading, BarcodeRead):
            self.came[reading.data] = time.monotonic_ns()
        elif isinstance(reading, DeviceUp):
            self._missing -= 1
            if self._missing == 0:
                sys.stdout.write("ready\n")
                sys.stdout.flush()


def main(paths: list[str]) -> None:
    devices = [
        LineScannerConfig(id=DeviceId(f"scan-{number}"), attach=SerialAttach(port=path), kind="line-scanner")
        for number, path in enumerate(paths)
    ]
    sink = Sink(len(devices))
    pump = Pump(devices, sink)
    pump.start()
    sys.stdin.read()
    pump.stop()
    sys.stdout.write(json.dumps(sink.came) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
