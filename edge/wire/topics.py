"""Topics of the contract §6. Live and practice have different roots, so that neither ever reads the other.

Replay has no topics: a replayed day is never published.
"""

import re
from dataclasses import dataclass
from typing import Literal

from hub_config.names import GatewayId, HubId, LineId

Mode = Literal["live", "practice", "replay"]
StateRole = Literal["gateway", "coordinator", "station"]

_LEVEL = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


def root(mode: Mode, hub: HubId) -> str:
    match mode:
        case "live":
            return f"ehub/v1/{_level(hub)}"
        case "practice":
            return f"ehub-practice/v1/{_level(hub)}"
        case "replay":
            raise ValueError("mode replay has no topics: a replayed day is never published")


def client_id(mode: Mode, name: str) -> str:
    """MQTT client id of a gateway or coordinator."""
    return _level(name) if mode == "live" else f"{_level(name)}-{mode}"


@dataclass(frozen=True, slots=True)
class Topics:
    """What one gateway publishes and reads."""

    mode: Mode
    hub: HubId
    gateway: GatewayId

    @property
    def root(self) -> str:
        return root(self.mode, self.hub)

    @property
    def client_id(self) -> str:
        """A practice gateway never takes the live one's place at a broker that both use."""
        return client_id(self.mode, self.gateway)

    def event(self, line: LineId) -> str:
        """`line` is `gw` for events without a parcel."""
        return f"{self.root}/evt/{_level(line)}/{self.gateway}"

    @property
    def ack(self) -> str:
        return f"{self.root}/ack/{self.gateway}"

    @property
    def nak(self) -> str:
        return f"{self.root}/nak/{self.gateway}"

    @property
    def decision(self) -> str:
        return f"{self.root}/dec/{self.gateway}"

    @property
    def checkpoint(self) -> str:
        return f"{self.root}/ckpt/{self.gateway}"

    @property
    def manifest(self) -> str:
        return f"{self.root}/pre/manifest"

    def shard(self, number: str) -> str:
        return f"{self.root}/pre/shard/{_level(number)}"

    @property
    def shards(self) -> str:
        """Of every number: a filter, not a topic."""
        return f"{self.root}/pre/shard/+"

    def is_shard(self, topic: str) -> bool:
        return topic.startswith(f"{self.root}/pre/shard/")

    def alert(self, kind: str) -> str:
        return f"{self.root}/alert/{_level(kind)}/{self.gateway}"

    @property
    def config(self) -> str:
        return f"{self.root}/cfg/{self.gateway}"

    @property
    def commands(self) -> str:
        """Of every device: a filter, not a topic."""
        return f"{self.root}/cmd/{self.gateway}/+"

    def command(self, device: str) -> str:
        return f"{self.root}/cmd/{self.gateway}/{_level(device)}"

    def commanded(self, topic: str) -> str | None:
        """Which device a command is for; None for any other topic."""
        prefix = f"{self.root}/cmd/{self.gateway}/"
        return topic[len(prefix) :] if topic.startswith(prefix) else None

    def result(self, device: str) -> str:
        return f"{self.root}/res/{self.gateway}/{_level(device)}"

    @property
    def health(self) -> str:
        return f"{self.root}/health/{self.gateway}"

    def state(self, role: StateRole, name: str) -> str:
        return f"{self.root}/state/{role}/{_level(name)}"

    @property
    def own_state(self) -> str:
        return self.state("gateway", self.gateway)


@dataclass(frozen=True, slots=True)
class HubTopics:
    """What the coordinator of one hub reads: every gateway's events and states."""

    mode: Mode
    hub: HubId

    @property
    def events(self) -> str:
        return f"{root(self.mode, self.hub)}/evt/+/+"

    @property
    def gateway_states(self) -> str:
        return f"{root(self.mode, self.hub)}/state/gateway/+"

    def gateway(self, gateway: GatewayId) -> Topics:
        return Topics(self.mode, self.hub, GatewayId(_level(gateway)))

    def event_origin(self, topic: str) -> tuple[LineId, GatewayId] | None:
        """Line and gateway of an event's topic; None for any other topic."""
        match topic.removeprefix(root(self.mode, self.hub) + "/").split("/"):
            case ["evt", line, gateway]:
                return LineId(line), GatewayId(gateway)
            case _:
                return None

    def state_origin(self, topic: str) -> GatewayId | None:
        match topic.removeprefix(root(self.mode, self.hub) + "/").split("/"):
            case ["state", "gateway", gateway]:
                return GatewayId(gateway)
            case _:
                return None


def _level(name: str) -> str:
    if _LEVEL.fullmatch(name) is None:
        raise ValueError(f"{name!r} can't be a topic level; allowed are A-Z a-z 0-9 _ -")
    return name
