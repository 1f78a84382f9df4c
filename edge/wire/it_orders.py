"""What IT says to a gateway, and back: a configuration (`cfg`), an order for a scale (`cmd`), its result (`res`).

Clearance contract §6: signed and versioned, a command with an idempotency key, and **no command releases**: the three
orders below are all there are, and a signature of the role `config` is good for nothing else. Parsed and refused as
decisions are (`messages.py`): size, form, hub, gateway, mode, role, signature.
"""

import hashlib
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from edge.wire.canonical import JsonObject, canonical
from edge.wire.messages import Count, ForGateway, Name, Time, Word, parse_addressed
from edge.wire.signing import Signer, TrustStore
from edge.wire.topics import Mode, Topics
from edge.wire.utc import parse_rfc3339
from hub_config.names import DeviceId, GatewayId, HubId

TOML_CHARS_MAX: Final = 49_152
"""With its envelope it stays below the 64 KiB of a message, also where every fourth character is escaped."""
DETAIL_CHARS_MAX: Final = 200

ScaleWord = Literal["zero", "tare", "tare_clear"]
Outcome = Literal["done", "refused", "unanswered"]
"""unanswered: the device said nothing in time, so nobody knows."""


class ConfigData(ForGateway):
    version: Count
    toml: Annotated[str, StringConstraints(min_length=1, max_length=TOML_CHARS_MAX)]


class CommandData(ForGateway):
    device: Name
    key: Annotated[Word, Field(description="idempotency: the same key is carried out once")]
    command: ScaleWord
    until: Time


class ResultData(ForGateway):
    device: Name
    key: Word
    outcome: Outcome
    detail: Annotated[str, StringConstraints(max_length=DETAIL_CHARS_MAX)]


@dataclass(frozen=True, slots=True)
class OfferedText:
    version: int
    toml: str
    digest: str
    """SHA-256 of the text, in hex."""


@dataclass(frozen=True, slots=True)
class DeviceCommand:
    device: DeviceId
    key: str
    command: ScaleWord
    until_us: int


@dataclass(frozen=True, slots=True)
class Result:
    device: DeviceId
    key: str
    outcome: Outcome
    detail: str


def parse_config(
    payload: bytes, trust: TrustStore, hub: HubId, gateway: GatewayId, mode: Mode
) -> OfferedText:
    told, _ = parse_addressed(ConfigData, payload, trust, hub, gateway, mode, "config")
    return OfferedText(told.version, told.toml, hashlib.sha256(told.toml.encode()).hexdigest())


def parse_command(
    payload: bytes, trust: TrustStore, hub: HubId, gateway: GatewayId, mode: Mode
) -> DeviceCommand:
    told, _ = parse_addressed(CommandData, payload, trust, hub, gateway, mode, "config")
    return DeviceCommand(DeviceId(told.device), told.key, told.command, parse_rfc3339(told.until))


def build_result(result: Result, topics: Topics, signer: Signer) -> bytes:
    data: JsonObject = {"v": 1, "hub": topics.hub, "gw": topics.gateway, "mode": topics.mode}
    data |= {"device": result.device, "key": result.key, "outcome": result.outcome}
    data["detail"] = "".join(char for char in result.detail if char.isprintable())[:DETAIL_CHARS_MAX]
    return sealed(data, signer)


def sealed(data: JsonObject, signer: Signer) -> bytes:
    """`{data, ehubkid, ehubsig}`."""
    return canonical({"data": data, "ehubkid": signer.kid, "ehubsig": signer.sign(canonical(data))})
