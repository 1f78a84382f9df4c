"""The hash chain of one gateway's epoch: seq 1, 2, 3 …, each event naming the id of the one before (contract §3)."""

from functools import lru_cache
from hashlib import sha256
from typing import Final

from edge.core.event import Event
from edge.wire.canonical import ZERO_ID, event_id
from edge.wire.envelope import EventContext
from edge.wire.event_body import EventBodies
from edge.wire.signing import Signer
from hub_config.value import value

VISITS_KEPT: Final = 256
"""Visits once worked out: each has half a dozen events."""


@value
class Head:
    """Where a chain stands: what its next event will be numbered and point at."""

    next_seq: int = 1
    prev: str = ZERO_ID


@value
class Link:
    """One event in its place: `body` are the canonical bytes of its data."""

    seq: int
    id: str
    prev: str
    body: bytes
    sig: str | None
    kid: str | None


class Chain:
    """Turns events into links. All are hashed and chained; simulated runs may sign one visit in `sign_one_in`."""

    def __init__(
        self,
        context: EventContext,
        signer: Signer,
        next_seq: int = 1,
        prev: str = ZERO_ID,
        sign_one_in: int = 1,
    ) -> None:
        if sign_one_in < 1 or (sign_one_in != 1 and context.mode == "live"):
            raise ValueError(
                f"sign_one_in is {sign_one_in}; live events are all signed, others one visit in 1 or more"
            )
        self._bodies = EventBodies(context)
        self._signer = signer
        self._head = Head(next_seq, prev)
        self._sign_one_in = sign_one_in

    @property
    def head(self) -> Head:
        return self._head

    def append(self, event: Event) -> Link:
        head = self._head
        seq, prev = head.next_seq, head.prev
        body = self._bodies.body(event, seq, prev)
        identity = event_id(body)
        signed = self._signs(event.visit)
        self._head = Head(seq + 1, identity)
        if not signed:
            return Link(seq, identity, prev, body, None, None)
        return Link(seq, identity, prev, body, self._signer.sign(body), self._signer.kid)

    def rewind(self, head: Head) -> None:
        """Takes back links that could not be stored. The same events then give the same links again."""
        self._head = head

    def _signs(self, visit: str | None) -> bool:
        """The choice follows from the visit alone, so all events of a visit are signed or none, in every run."""
        if visit is None or self._sign_one_in == 1:
            return True
        return _share(visit) % self._sign_one_in == 0


@lru_cache(maxsize=VISITS_KEPT)
def _share(visit: str) -> int:
    return int.from_bytes(sha256(visit.encode()).digest()[:8])
