"""A cable between one process and the rest of the machine, which can be cut so that neither end notices: no reset, no
carrier lost, just silence.

The process runs in a network namespace of its own. Between it and the host lies a second one with a bridge in it, the
switch: with the bridge down, frames vanish there and both ends still see a live cable. Linux and root are needed.
Addresses are of 198.18.0.0/15, which RFC 2544 sets aside for trials; nothing is routed beyond the machine.
"""

import os
import subprocess
from contextlib import suppress
from ipaddress import IPv4Address
from typing import Final, Self

FIRST_ADDRESS: Final = IPv4Address("198.18.0.0")
SUBNETS: Final = 2**17 // 4
PREFIX: Final = 30
IP_TIMEOUT_S: Final = 10.0


class LinkFault(Exception):  # noqa: N818  (the fault is the machine's, not the program's)
    """No such network can be made here; the text says why."""


class SilentLink:
    """Made when constructed; `remove` takes all of it away. One of a process at a time."""

    def __init__(self) -> None:
        """Raises LinkFault."""
        first = FIRST_ADDRESS + os.getpid() % SUBNETS * 4
        self.host = str(first + 1)
        """Where what runs outside is found from inside."""
        self._inside = str(first + 2)
        name = f"ehub{os.getpid()}"
        self._space, self._switch, self._outer = f"{name}-in", f"{name}-sw", f"{name}h"
        try:
            self._make()
        except LinkFault:
            self.remove()
            raise

    def _make(self) -> None:
        space, switch, outer = self._space, self._switch, self._outer
        for made in (space, switch):
            _ip("netns", "add", made)
        _ip("link", "add", outer, "type", "veth", "peer", "name", "outward", "netns", switch)
        _ip("-n", switch, "link", "add", "inward", "type", "veth", "peer", "name", "eth0", "netns", space)
        _ip("-n", switch, "link", "add", "bridge", "type", "bridge")
        for port in ("outward", "inward"):
            _ip("-n", switch, "link", "set", "dev", port, "master", "bridge", "up")
        self.mend()
        _ip("addr", "add", f"{self.host}/{PREFIX}", "dev", outer)
        _ip("link", "set", outer, "up")
        _ip("-n", space, "addr", "add", f"{self._inside}/{PREFIX}", "dev", "eth0")
        for card in ("eth0", "lo"):
            _ip("-n", space, "link", "set", card, "up")

    @property
    def words(self) -> tuple[str, ...]:
        """Before a command, so that it runs inside."""
        return "ip", "netns", "exec", self._space

    def cut(self) -> None:
        _ip("-n", self._switch, "link", "set", "bridge", "down")

    def mend(self) -> None:
        _ip("-n", self._switch, "link", "set", "bridge", "up")

    def remove(self) -> None:
        """The cards go with the namespaces."""
        for made in (self._space, self._switch):
            with suppress(LinkFault):
                _ip("netns", "del", made)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


def _ip(*words: str) -> None:
    try:
        told = subprocess.run(
            ["ip", *words], capture_output=True, text=True, timeout=IP_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as fault:
        raise LinkFault(f"ip {' '.join(words)}: {fault}") from fault
    if told.returncode:
        raise LinkFault(f"ip {' '.join(words)}: {told.stderr.strip()}; run it as root")
