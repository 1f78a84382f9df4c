"""Who may write and read which topics of a hub: the ACL of the clearance contract §6, for whichever broker keeps it.

Topics are below the hub's root. A broker goes by the name (CN) in the client's certificate.
"""

from typing import Final

_GATEWAY_WRITES: Final = ("evt/+/{}", "ckpt/{}", "health/{}", "res/{}/+", "state/gateway/{}", "alert/+/{}")
_GATEWAY_READS: Final = (
    "dec/{}",
    "ack/{}",
    "nak/{}",
    "cfg/{}",
    "cmd/{}/+",
    "pre/#",
    "state/coordinator/+",
    "state/gateway/{}",
)
_COORDINATOR_WRITES: Final = ("ack/+", "nak/+", "dec/+", "pre/#", "state/coordinator/{}", "alert/+/{}")
COORDINATOR_READS: Final = ("evt/+/+", "ckpt/+", "health/+", "state/#", "alert/+/+")
IT_WRITES: Final = ("cfg/+", "cmd/+/+")
IT_READS: Final = ("res/+/+", "evt/gw/+", "health/+", "state/#", "alert/+/+")
"""Of whoever configures gateways: no event of a parcel, and nothing that decides about one."""


def gateway_writes(name: str) -> list[str]:
    """`name` may be what a broker puts in the place of every name, like Mosquitto's %u."""
    return [topic.format(name) for topic in _GATEWAY_WRITES]


def gateway_reads(name: str) -> list[str]:
    return [topic.format(name) for topic in _GATEWAY_READS]


def coordinator_writes(name: str) -> list[str]:
    return [topic.format(name) for topic in _COORDINATOR_WRITES]
