"""The hub's MQTT broker as a gateway sees it: one address or several, and the certificates for TLS.

Files are named here and read where the gateway runs: `hub check` may look at a config on another computer.
"""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field, model_validator

from hub_config.finding import Finding, refusal, show
from hub_config.units import quantity
from hub_config.values import Entry, entries, text, whole

OTHERS_MAX: Final = 7
"""Brokers beside the first."""

_ADDRESS: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]{1,253}):([0-9]{1,5})")

Address = tuple[str, int]
"""Host and port."""


def parse_address(value: str) -> Address | None:
    """`host:port`, the host of IPv6 in brackets; None for anything else."""
    found = _ADDRESS.fullmatch(value)
    if found is None or not 1 <= int(found[2]) <= 65_535:
        return None
    return found[1].strip("[]"), int(found[2])


def _address(value: str) -> str:
    if parse_address(value) is None:
        limit = "a host, a colon and a port from 1 to 65535"
        raise refusal(
            Finding((), f"{show(value)} is no address", limit, 'write for example "broker-2.hub:8883"')
        )
    return value


def _path(value: str) -> str:
    if not value.startswith("/") or "\0" in value:
        limit, todo = "a path from the root is wanted", 'write for example "/etc/hub/tls/gw-01.crt"'
        raise refusal(Finding((), f"{show(value)} is no path of a file", limit, todo))
    return value


File = Annotated[str, text(1, 4_096), AfterValidator(_path)]


class BrokerTls(Entry):
    """TLS with certificates on both sides; `hub broker config --certs` makes a set."""

    ca: File
    """Who signs the broker's certificate (PEM)."""
    cert: File
    """This gateway's own certificate; its CN is the gateway's id, which the broker's ACL goes by."""
    key: File
    server_name: Annotated[str, text(1, 253)] | None = None
    """The name in the broker's certificate, where it is not the host that is dialled."""


class Broker(Entry):
    host: Annotated[str, text(1, 253)]
    port: Annotated[int, whole(1, 65_535)]
    others: Annotated[
        tuple[Annotated[str, AfterValidator(_address)], ...], Field(strict=False), entries(0, OTHERS_MAX)
    ] = ()
    """Further addresses of the same broker or cluster, tried in turn when one is lost."""
    keepalive_s: Annotated[int, quantity("s", example="10 s", low="1 s", high="10 min")] = Field(
        default=10, alias="keepalive"
    )
    tls: BrokerTls | None = None

    @model_validator(mode="after")
    def _each_once(self) -> "Broker":
        seen = [(self.host, self.port)]
        for place, address in enumerate(self.addresses[1:]):
            if address in seen:
                what = f"{show(self.others[place])} is listed twice"
                raise refusal(Finding(("others", place), what, "each address once", "remove one of them"))
            seen.append(address)
        return self

    @property
    def addresses(self) -> tuple[Address, ...]:
        """In the order in which they are tried."""
        others = (parse_address(other) for other in self.others)
        return (self.host, self.port), *(address for address in others if address is not None)
