"""Whether a message is an event of a gateway of this hub, as signed, on its own topic (contract §2, §6)."""

from collections.abc import Mapping

from edge.rim.mqtt_client import Arrived
from edge.wire.verifier import Checked, Refused, examine
from simulators.coordinator.letters import Letters


def examined(message: Arrived, letters: Letters, keys: Mapping[str, Mapping[str, str]]) -> Checked:
    """Raises Refused."""
    origin = letters.event_origin(message.topic)
    if origin is None or origin[1] not in keys:
        raise Refused("unknown_gateway", f"no gateway of this hub has the topic {message.topic[:80]}")
    line, gateway = origin
    event = examine(message.payload, keys[gateway])
    data = event.data
    if (data["hub"], data["gw"], data["line"]) != (letters.hub, gateway, line):
        raise Refused("wrong_gateway", f"the event says {data['hub']}, {data['gw']}, {data['line']}")
    if data["mode"] != letters.mode:
        raise Refused("wrong_mode", f"mode {data['mode']} on the root of {letters.mode}")
    return event
