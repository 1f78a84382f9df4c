"""The practice hub of the demo and the simulations: its config as a file, its keys, its rules and declarations.

The config is text, checked and loaded as any hub's, so the demo runs what `hub run` runs.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.wire.signing import Signer
from hub_config.hub import HubConfig
from hub_config.load import load
from hub_config.profiles import rules_file
from simulators.coordinator.desk import Declared
from simulators.parcels import Parcel, manifest

HUB: Final = "MY-KUL-1"
GATEWAY: Final = "gw-01"
COORDINATOR: Final = "co-1"
BENCH: Final = "b1"
RULES: Final = rules_file(HUB)

_CONFIG: Final = """\
# Written for a practice run; the same keys as examples/bench.toml.
[hub]
id = "{hub}"
mode = "practice"
utc_offset = "+08:00"

[gateway]
id = "{gateway}"

[coordinator]
id = "{coordinator}"

[broker]
host = "127.0.0.1"
port = {broker_port}
keepalive = "5 s"

[web]
host = "127.0.0.1"
port = {web_port}

[[trust]]
kid = "{kid}"
public_key = "{public_key}"
holder = "practice coordinator"
roles = ["release", "hold", "ack"]
modes = ["practice"]

[[devices]]
id = "scan-1"
kind = "line-scanner"
attach = {{ kind = "serial", port = "{ports}/scanner" }}
aim = true

[[devices]]
id = "scale-1"
kind = "mt-sics"
attach = {{ kind = "serial", port = "{ports}/scale" }}
poll = "50 ms"
answer_timeout = "500 ms"

[devices.metrology]
regime = "nawi"
class = "III"
max = "30 kg"
min = "25 g"
e = "5 g"
mpe = "5 g"

[[benches]]
id = "{bench}"
name = "Bench 1"
scanners = ["scan-1"]
scale = "scale-1"
stable_for = "200 ms"
bays = [
  {{ lane = "green", bay = "G1", barcode = "HUBXGREEN" }},
  {{ lane = "hold", bay = "H1", barcode = "HUBXHOLD" }},
  {{ lane = "xray", bay = "X1", barcode = "HUBXXRRE" }},
  {{ lane = "manual", bay = "M1", barcode = "HUBXOPEN" }},
  {{ lane = "return", bay = "R1", barcode = "HUBXRETURN" }},
  {{ lane = "custody", bay = "C1", barcode = "HUBXCUSTO" }},
]
"""


@dataclass(frozen=True, slots=True)
class PracticeHub:
    """One practice hub in a folder: `config_file`, `rules_file`, `manifest_file`."""

    folder: Path
    config_file: Path
    config: HubConfig
    manifest_file: Path

    @property
    def bays(self) -> dict[str, str]:
        """Bay as staff know it → its barcode."""
        return {bay.bay: bay.barcode for bay in self.config.benches[0].bays}


def write_hub(
    folder: Path,
    parcels: Sequence[Parcel],
    coordinator: Signer,
    *,
    ports: Path,
    broker_port: int,
    web_port: int,
) -> PracticeHub:
    """Writes config and declarations of a practice hub into `folder`; `ports` has the device ports."""
    text = _CONFIG.format(
        hub=HUB, gateway=GATEWAY, coordinator=COORDINATOR, bench=BENCH, broker_port=broker_port,
        web_port=web_port, kid=coordinator.kid, public_key=coordinator.public_b64, ports=ports,
    )  # fmt: skip
    config_file, manifest_file = folder / "hub.toml", folder / "manifest.json"
    config_file.write_text(text)
    manifest_file.write_text(json.dumps(manifest(parcels), indent=1) + "\n")
    return PracticeHub(folder, config_file, load(config_file), manifest_file)


def declarations(parcels: Sequence[Parcel]) -> dict[str, Declared]:
    """What the coordinator knows in advance, by code."""
    known = (parcel.declared for parcel in parcels if parcel.declared is not None)
    return {one.code: Declared(one.mass_mg, one.value_minor, one.currency, one.description) for one in known}


def practice_signer(label: str) -> Signer:
    """A key made from a label: for simulations only, where the same run must give the same bytes."""
    return Signer(Ed25519PrivateKey.from_private_bytes(sha256(f"practice/{label}".encode()).digest()))
