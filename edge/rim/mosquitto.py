"""The settings of a hub's Mosquitto: two listeners with certificates on both sides, and an ACL by identity.

Follows event-path-facts §2 and §3 and the ACL of the clearance contract §6. Live and practice share a process and
nothing else: each root has its own port, certificate authority and ACL, so that a practice certificate opens no
connection to the live listener, and could not read or write the live root if it did. Only text; nothing is opened.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from edge.rim import rights
from edge.wire.topics import root
from hub_config.names import HubId

MODES: Final = ("live", "practice")
BrokerMode = Literal["live", "practice"]

SETTINGS_FILE: Final = "mosquitto.conf"
STORE: Final = "store"

# The broker is transport, never memory: what it loses is sent again, so autosave is left at 30 s.
_SETTINGS: Final = """\
# The MQTT broker of hub {hub}. Written by `hub broker config`; what it says of limits is in docs/brokers.md.
user {user}
per_listener_settings true
persistence true
persistence_location {store}/
autosave_interval 30
max_inflight_messages 100
max_queued_messages 100000
max_queued_bytes 67108864
max_packet_size 262144
max_keepalive 60
persistent_client_expiration 14d
set_tcp_nodelay true
log_dest stderr
log_type error
log_type warning
log_type notice
"""

_LISTENER: Final = """
# {title}
listener {port}{bind}
allow_anonymous false
acl_file {folder}/{mode}.acl
cafile {folder}/{mode}/ca.crt
certfile {folder}/{mode}/broker.crt
keyfile {folder}/{mode}/broker.key
crlfile {folder}/{mode}/crl.pem
require_certificate true
use_identity_as_username true
tls_version tlsv1.2
"""
# `tls_version` names the lowest allowed; Mosquitto offers 1.3 as well.


@dataclass(frozen=True, slots=True)
class Listener:
    mode: BrokerMode
    port: int
    bind: str | None
    """An address of this machine; None listens on all of them."""


def settings(hub: HubId, folder: Path, listeners: Sequence[Listener], user: str) -> str:
    """`folder` is absolute; `user` is who the broker becomes when it is started by root."""
    text = _SETTINGS.format(hub=hub, store=folder / STORE, user=user)
    for listener in listeners:
        text += _LISTENER.format(
            title=f"mode {listener.mode}: {root(listener.mode, hub)}",
            port=listener.port,
            bind=f" {listener.bind}" if listener.bind else "",
            folder=folder,
            mode=listener.mode,
        )
    return text


def acl(mode: BrokerMode, hub: HubId, coordinator: str, it: str | None = None) -> str:
    """%u is the CN of the client's certificate. `it`: who sends configurations and orders for devices."""
    top = root(mode, hub)
    lines = [f"# Who may do what below {top}: %u is the CN of the certificate. Clearance contract §6."]
    lines += [f"pattern write {top}/{topic}" for topic in rights.gateway_writes("%u")]
    lines += [f"pattern read {top}/{topic}" for topic in rights.gateway_reads("%u")]
    lines += ["", f"user {coordinator}"]
    lines += [f"topic write {top}/{topic}" for topic in rights.coordinator_writes(coordinator)]
    lines += [f"topic read {top}/{topic}" for topic in rights.COORDINATOR_READS]
    if it is not None:
        lines += ["", f"user {it}"]
        lines += [f"topic write {top}/{topic}" for topic in rights.IT_WRITES]
        lines += [f"topic read {top}/{topic}" for topic in rights.IT_READS]
    return "\n".join(lines) + "\n"
