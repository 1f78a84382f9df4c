"""Which checkpoints wait for a countersignature, and when they get it: as soon as their events are stored here."""

import logging

from edge.rim import clock
from simulators.coordinator.letters import Data, Letters
from simulators.coordinator.store import Store

_log = logging.getLogger("hub.coordinator")


class Countersigning:
    def __init__(self, store: Store, letters: Letters) -> None:
        self._store = store
        self._letters = letters
        self._witness = store.witness(letters.root)
        self._unsettled = True
        """A checkpoint may wait for its events, or for its turn."""

    def take(self, gateway: str, payload: Data, public: str) -> None:
        """A gateway's checkpoint. Raises Refused for one that is not good."""
        if self._witness.take(gateway, self._witness.read(payload, gateway, public)):
            self._unsettled = True

    def settle(self) -> list[tuple[str, int]]:
        """Judges what waits, as far as its events are here; whose acks now have a countersignature to carry."""
        if not self._unsettled:
            return []
        signed: list[tuple[str, int]] = []
        with self._store.transaction():
            for gateway, epoch in self._witness.waiting():
                through = self._store.cursor(gateway, epoch).through_seq
                at_s = clock.wall_time().utc_us // 1_000_000
                verdict = self._witness.judge(gateway, epoch, through, self._letters.countersignature, at_s)
                if verdict == "countersigned":
                    signed.append((gateway, epoch))
                elif verdict == "contradicts":
                    self._store.count("checkpoint_contradicts")
                    _log.error("%s: its checkpoint of epoch %d is not of the events it sent", gateway, epoch)
            self._unsettled = bool(self._witness.waiting())
        return signed

    def newest(self, gateway: str, epoch: int) -> Data | None:
        """The newest checkpoint with our signature under it, for the ack."""
        return self._witness.newest(gateway, epoch)
