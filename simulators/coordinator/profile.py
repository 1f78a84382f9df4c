"""How the coordinator connects: what it reads, and what the broker says when it is gone (clearance contract §6)."""

from typing import Final

from edge.rim.mqtt_client import Profile
from edge.rim.tls import BrokerIdentity
from edge.wire.topics import client_id
from hub_config.broker import Address
from simulators.coordinator.letters import Letters

KEEPALIVE_S: Final = 10


def profile_of(
    letters: Letters, name: str, session: str, addresses: tuple[Address, ...], identity: BrokerIdentity | None
) -> Profile:
    return Profile(
        addresses=addresses,
        keepalive_s=KEEPALIVE_S,
        client_id=client_id(letters.mode, name),
        subscriptions=(letters.events, letters.gateway_states, letters.checkpoints),
        will_topic=letters.state_topic,
        session=session,
        will=letters.will,
        manual_ack=True,
        identity=identity,
    )
