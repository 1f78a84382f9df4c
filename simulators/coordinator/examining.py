"""Whether a message is an event of a gateway of this hub, as signed, on its own topic (contract §2, §6)."""

from collections.abc import Mapping

from edge.rim.mqtt_client import Arrived
from edge.wire.verifier import Checked, Refused, examine
from simulators.coordinator.letters import Letters, Origin
from simulators.coordinator.quick import quick
from simulators.coordinator.stamps import parse_utc
from simulators.coordinator.well_formed import misfit


def examined(
    message: Arrived, origin: Origin, letters: Letters, keys: Mapping[str, Mapping[str, str]]
) -> Checked:
    """`origin`: of its topic. Raises Refused."""
    gateway = origin.gateway
    if origin.kind != "event" or gateway not in keys:
        raise Refused("unknown_gateway", f"no gateway of this hub has the topic {message.topic[:80]}")
    event = quick(message.payload, keys[gateway]) or examine(message.payload, keys[gateway])
    data = event.data
    if (data["hub"], data["gw"], data["line"]) != (letters.hub, gateway, origin.line):
        raise Refused("wrong_gateway", f"the event says {data['hub']}, {data['gw']}, {data['line']}")
    if data["mode"] != letters.mode:
        raise Refused("wrong_mode", f"mode {data['mode']} on the root of {letters.mode}")
    try:
        parse_utc(data["t"])
    except ValueError:
        raise Refused("bad_shape", f"data.t: there is no {data['t']}") from None
    wrong = misfit(data)
    if wrong is not None:
        raise Refused("bad_shape", f"data.{wrong} is not what the contract has there")
    return event
