"""A device loop's calls of one device, made by hand: no port, no thread, time as the test wants it."""

import random

from driver_configs import ms

from drivers.device_port import DevicePort
from drivers.reading import Reading
from hub_config.devices import Device


class NoPort:
    """Of a device that is played by the test."""

    def fileno(self) -> int:
        return -1

    def read(self) -> bytes:
        return b""

    def write(self, data: bytes) -> int:
        return len(data)

    def close(self) -> None:
        """Nothing is open."""


def played(device: Device, seed: int, calls: int = 400) -> tuple[DevicePort, list[Reading]]:
    """A device loop's calls of one device under random bytes, in random cuts, with openings and closings."""
    chance, at, told = random.Random(seed), 0, []
    attached = DevicePort(device)
    attached.opened(NoPort(), ms(at))
    frames = [
        b"S S      1.250 kg\r\n",
        b'I4 A "112"\r\n',
        b"RB123456785GB\r",
        b"ERROR\r",
        b"00001,12.5,kg,OK\r\n",
    ]
    pending = b""
    for _ in range(calls):
        at += chance.randint(1, 120)
        session = attached.session
        if attached.port is None:
            attached.opened(NoPort(), ms(at))
        elif session is not None and session.wake_at is not None and session.wake_at <= ms(at):
            told += attached.woken(ms(at))
        elif chance.random() < 0.02:
            told += attached.closed(ms(at))
        else:
            pending += chance.choice([*frames, chance.randbytes(chance.randint(1, 20))])
            cut = chance.randint(1, len(pending))
            told += attached.received(pending[:cut], ms(at))
            pending = pending[cut:]
    return attached, told
