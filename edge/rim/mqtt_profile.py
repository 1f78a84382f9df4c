"""Who connects to the broker: names, subscriptions, and what the broker says of it when it is gone."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from edge.rim.tls import BrokerIdentity
from hub_config.broker import Address


@dataclass(frozen=True, slots=True)
class Profile:
    """Who connects where, what it reads, and what the broker says of it when it is gone."""

    addresses: tuple[Address, ...]
    """Of one broker or cluster; tried in turn."""
    keepalive_s: int
    client_id: str
    subscriptions: tuple[str, ...]
    will_topic: str
    session: str
    """Names this run; `session_of` each connection of it."""
    will: Callable[[str], bytes]
    """What the broker says, retained, when the connection of that session is lost."""
    manual_ack: bool = False
    """The owner confirms each message itself with `confirm`, after its own commit."""
    identity: BrokerIdentity | None = None
    """Its certificate; None without TLS."""
    alone: bool = False
    """No other may run under this name: asked before the client id is used (contract §6)."""

    def probe_id(self, attempt: int) -> str:
        """Client id of the look for another of our name; different for every run and attempt."""
        return f"{self.client_id}-probe-{hashlib.sha256(self.session_of(attempt).encode()).hexdigest()[:8]}"

    def session_of(self, attempt: int) -> str:
        """One per connection, so that the late will of an earlier one can be told from the present one."""
        return f"{self.session}-{attempt}"
