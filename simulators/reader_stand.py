"""One fixed reader over a simulated belt: which labels are in its view, what goes wrong with it, what it says."""

from collections import deque
from typing import Final

from hub_config.lines import BeltReader
from hub_config.names import Instant
from simulators.bench import Sent
from simulators.bodies import Body
from simulators.devices.keyence_sr import KeyenceReader
from simulators.parcels import LabelCode
from simulators.reader_kinds import SimulatedReader

SHOWN_MAX: Final = 8
"""Parcels whose label may be in an answer of the reader."""


class ReaderStand:
    def __init__(self, config: BeltReader, device: SimulatedReader) -> None:
        self.config = config
        self.device = device
        self._in_view: list[tuple[Body, tuple[LabelCode, ...]]] = []
        self._shown: deque[Body] = deque(maxlen=SHOWN_MAX)

    def show(self, body: Body, codes: tuple[LabelCode, ...], now: Instant) -> None:
        self._in_view.append((body, codes))
        if all(one is not body for one in self._shown):
            self._shown.append(body)
        self._look(now)

    def hide(self, body: Body, codes: tuple[LabelCode, ...] | None, now: Instant) -> None:
        """`codes`: of one label; None: all of this body."""
        left = [one for one in self._in_view if one[0] is not body or codes not in (None, one[1])]
        if len(left) < len(self._in_view):
            self._in_view = left
            self._look(now)

    def _look(self, now: Instant) -> None:
        self.device.look([(code.data, code.aim) for _, codes in self._in_view for code in codes], now)

    def output(self, now: Instant) -> bytes:
        """What the reader says; notes whose labels are in it."""
        data = self.device.take_output(now)
        if data:
            for body in self._shown:
                for code in body.parcel.labels:
                    if code.data.encode() in data:
                        body.scans.append(Sent(now, code.data, code.aim, None))
        return data


def usual(config: BeltReader, read_ns: int) -> ReaderStand:
    """With a Keyence reader that collects."""
    return ReaderStand(config, KeyenceReader(aim=True, collects=True, read_ns=read_ns))
