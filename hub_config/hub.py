"""The whole configuration of one gateway in one hub. What must fit between its parts is checked in `crosscheck`."""

import hashlib
import ipaddress
import json
import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from hub_config.broker import Broker
from hub_config.devices import Device
from hub_config.finding import Finding, refusal, show
from hub_config.journal import JournalSettings
from hub_config.layout import Bench
from hub_config.lines import Line
from hub_config.names import DeviceId, GatewayId, HubId
from hub_config.offline import OfflineSettings
from hub_config.plc import PlcLine
from hub_config.stack_lights import StackLight
from hub_config.trust import Trust
from hub_config.values import Entry, Mode, entries, is_empty, name, whole

MAX_DEVICES: Final = 64
MAX_BENCHES: Final = 32
MAX_LINES: Final = 32
MAX_PLC_LINES: Final = 8
MAX_TRUST: Final = 64
MAX_STACK_LIGHTS: Final = 32

_OFFSET: Final = re.compile(r"[+-](0[0-9]|1[0-3]):[0-5][0-9]|\+14:00")
_PORT: Final = whole(1, 65_535)


def _offset(value: str) -> str:
    if not _OFFSET.fullmatch(value):
        limit = "-13:59 to +14:00, sign and two digits each"
        raise refusal(Finding((), f"{show(value)} is no UTC offset", limit, 'write for example "+08:00"'))
    return value


def _loopback(value: str) -> str:
    if value == "localhost" or _is_loopback(value):
        return value
    raise refusal(
        Finding(
            (),
            f"{show(value)} is not loopback",
            "without TLS and login the pages are for this computer only (SEC-02)",
            'write "127.0.0.1"',
        )
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Hub(Entry):
    id: Annotated[HubId, name("MY-KUL-1")]
    mode: Mode
    utc_offset: Annotated[str, AfterValidator(_offset)]
    """Of the hub's wall clock; EPCIS wants it on every event."""


class GatewayEntry(Entry):
    id: Annotated[GatewayId, name("gw-01")]


class CoordinatorEntry(Entry):
    id: Annotated[str, name("co-1")]


class Web(Entry):
    host: Annotated[str, AfterValidator(_loopback)] = "127.0.0.1"
    port: Annotated[int, _PORT] = 8040


class HubConfig(Entry):
    hub: Hub
    gateway: GatewayEntry
    coordinator: CoordinatorEntry
    broker: Broker
    web: Web = Web()
    journal: JournalSettings = JournalSettings()
    offline: OfflineSettings = OfflineSettings()
    trust: Annotated[tuple[Trust, ...], Field(strict=False), entries(1, MAX_TRUST)]
    devices: Annotated[tuple[Device, ...], Field(strict=False), entries(1, MAX_DEVICES)]
    benches: Annotated[tuple[Bench, ...], Field(strict=False), entries(0, MAX_BENCHES)] = ()
    lines: Annotated[tuple[Line, ...], Field(strict=False), entries(0, MAX_LINES)] = ()
    plc_lines: Annotated[tuple[PlcLine, ...], Field(strict=False), entries(0, MAX_PLC_LINES)] = Field(
        default=(), exclude_if=is_empty
    )
    """Lines that a controller drives: it tracks and diverts, the gateway decides."""
    stack_lights: Annotated[tuple[StackLight, ...], Field(strict=False), entries(0, MAX_STACK_LIGHTS)] = (
        Field(default=(), exclude_if=is_empty)
    )

    def device(self, device_id: DeviceId) -> Device:
        """Raises KeyError for an id that `load` would have refused."""
        for device in self.devices:
            if device.id == device_id:
                return device
        raise KeyError(f"no device {device_id} in the config of {self.gateway.id}")

    def digest(self) -> str:
        """SHA-256, in hex, of the effective config, defaults filled in (`prov.cfg` of every event)."""
        return hashlib.sha256(canonical(self)).hexdigest()


def canonical(entry: Entry) -> bytes:
    """Sorted JSON without floats (they become text), so that equal configs have equal bytes."""
    plain = json.loads(entry.model_dump_json(), parse_float=str)
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
