"""The practice hub of the demo and the simulations: its config, its keys, its rules and declarations.

The config is `examples/demo.toml` (with a camera `examples/cameras.toml`), checked and loaded as any hub's, so the demo
runs what `hub run` runs.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final, Literal

from nacl.signing import SigningKey

from edge.wire.signing import Signer
from hub_config.devices import Device
from hub_config.hub import HubConfig
from hub_config.lines import Line
from hub_config.load import load
from hub_config.names import DeviceId, LineId
from hub_config.profiles import rules_file
from simulators.coordinator.declared import Declared
from simulators.parcels import Declared as DeclaredParcel
from simulators.parcels import Parcel, manifest

HUB: Final = "MY-KUL-1"
GATEWAY: Final = "gw-01"
COORDINATOR: Final = "co-1"
BENCH: Final = "b1"
RULES: Final = rules_file(HUB)

EXAMPLE: Final = Path(__file__).resolve().parents[1] / "examples" / "demo.toml"
"""What the demo runs is what people are shown; only ports, keys and addresses are a run's own."""
CAMERA_EXAMPLE: Final = EXAMPLE.with_name("cameras.toml")
"""The same with a camera over the line."""
Scenario = Literal["bench", "demo"]
"""What the demo can be; `hub simulate` runs more (`scenario.py`)."""
BENCH_ONE_IN: Final = 4
"""In the demo the belt takes three parcels while the bench takes one."""

_BLOCK: Final = re.compile(r"(?m)^(?=\[\[)")
_NUMBER: Final = re.compile(r"[0-9]+$")
_OF_THE_LINE: Final = ("io-1", "tunnel-1", "wim-1")


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the gateway finds the simulated devices and the broker."""

    folder: Path
    """Of the serial ports."""
    broker: int = 1883
    web: int = 8040
    reader: int = 9004
    """The fixed reader listens here."""
    scale: int = 9010
    """The gateway listens here for the scale of the belt."""
    pictures: Path | None = None
    """The folder of the line's camera; None: it has none."""


NO_PORTS: Final = Ports(Path("/nowhere"))
"""Nothing opens a port under simulated time; the config, and so the digest, is the same on every machine."""


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


def config_text(scenario: Scenario, coordinator: Signer, ports: Ports) -> str:
    """The example, with this run's ports and keys; of scenario `bench` without the line."""
    example = EXAMPLE if ports.pictures is None else CAMERA_EXAMPLE
    pictures = {} if ports.pictures is None else {'"/var/lib/hub/cam-1"': f'"{ports.pictures}"'}
    shown_and_own = {
        '"/dev/hub/': f'"{ports.folder}/',
        "port = 1883": f"port = {ports.broker}",
        "port = 8040": f"port = {ports.web}",
        "port = 9004": f"port = {ports.reader}",
        "port = 9010": f"port = {ports.scale}",
        **pictures,
    }
    text = replaced(example, keyed(example, coordinator), shown_and_own)
    if scenario == "bench":
        text = "".join(block for block in _BLOCK.split(text) if not _is_of_the_line(block))
    return text


def keyed(file: Path, coordinator: Signer) -> str:
    """A config that trusts the well-known practice key, with this run's key instead."""
    keys = {
        'kid = "Vkdap1RjR0wChd9d"': f'kid = "{coordinator.kid}"',
        "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg": coordinator.public_b64,
    }
    return replaced(file, file.read_text(encoding="utf-8"), keys)


def replaced(file: Path, text: str, shown_and_own: Mapping[str, str]) -> str:
    for shown, own in shown_and_own.items():
        if shown not in text:
            raise ValueError(
                f"{file.name} does not hold {shown!r}, which a practice hub replaces; correct it"
            )
        text = text.replace(shown, own)
    return text


def _is_of_the_line(block: str) -> bool:
    return block.startswith("[[lines]]") or any(f'id = "{device}"' in block for device in _OF_THE_LINE)


def write_hub(
    folder: Path, parcels: Sequence[Parcel], coordinator: Signer, *, ports: Ports, scenario: Scenario
) -> PracticeHub:
    """Writes config and declarations of a practice hub into `folder`."""
    config_file, manifest_file = folder / "hub.toml", folder / "manifest.json"
    config_file.write_text(config_text(scenario, coordinator, ports))
    manifest_file.write_text(json.dumps(manifest(parcels), indent=1) + "\n")
    return PracticeHub(folder, config_file, load(config_file), manifest_file)


def with_lines(config: HubConfig, copies: int | None, *, benches: bool) -> HubConfig:
    """Its first line so many times (None: its lines as they are), with or without its benches."""
    line_devices = {
        device
        for line in config.lines
        for device in (
            *line.boards,
            *(one.device for one in line.readers),
            *(one.device for one in line.recorders),
        )
    }
    line_devices |= {device for driven in config.plc_lines for device in driven.devices}
    devices = {device.id: device for device in config.devices}
    if copies is None:
        lines, all_devices = config.lines, [one for one in config.devices if one.id in line_devices]
    else:
        made = [_copy(config, number) for number in range(1, copies + 1)]
        lines = tuple(line for line, _ in made)
        all_devices = [device for _, own in made for device in own]
    if benches:
        all_devices = [one for one in devices.values() if one.id not in line_devices] + all_devices
    return config.model_copy(
        update={
            "benches": config.benches if benches else (),
            "lines": lines,
            "devices": tuple(all_devices),
            "plc_lines": config.plc_lines if copies is None else (),
        }
    )


def _copy(config: HubConfig, number: int) -> tuple[Line, list[Device]]:
    """The first line under another number, with its devices."""
    line = config.lines[0]
    names = {
        old: DeviceId(f"{_NUMBER.sub('', old)}{number}" + (f"-{place}" if place > 1 else ""))
        for place, old in enumerate((line.board, *(one.device for one in line.readers)))
    }
    for belt in line.belts:
        if belt.board not in (None, line.board):
            names[belt.board] = DeviceId(f"{_NUMBER.sub('', line.board)}{number}-{belt.id}")
    for side in line.sides:
        names[side.board] = DeviceId(f"{_NUMBER.sub('', line.board)}{number}-{side.id}")
    for one in line.recorders:
        names[one.device] = DeviceId(f"{_NUMBER.sub('', one.device)}{number}")
    devices = [config.device(old).model_copy(update={"id": new}) for old, new in names.items()]
    readers = tuple(one.model_copy(update={"device": names[one.device]}) for one in line.readers)
    scale = line.scale.model_copy(update={"device": names[line.scale.device]})
    update = {"id": f"l{number}", "board": names[line.board], "readers": readers, "scale": scale}
    if len(line.belts) > 1:
        update["belts"] = tuple(
            belt if belt.board is None else belt.model_copy(update={"board": names[belt.board]})
            for belt in line.belts
        )
    if line.sides:
        update["sides"] = tuple(side.model_copy(update={"board": names[side.board]}) for side in line.sides)
    if line.dimensioner is not None:
        own = {"device": names[line.dimensioner.device]}
        update["dimensioner"] = line.dimensioner.model_copy(update=own)
    return line.model_copy(update=update), devices


def places_of(config: HubConfig) -> list[LineId]:
    """Benches and lines in the order in which they get a parcel each."""
    benches = [bench.id for bench in config.benches]
    lines = [line.id for line in config.lines]
    lines += [line.id for line in config.plc_lines]
    return [*benches, *(lines * (BENCH_ONE_IN - 1) if benches else lines)]


def shared_out(config: HubConfig, parcels: Sequence[Parcel]) -> Mapping[LineId, list[Parcel]]:
    """Which bench or line each parcel passes, in the order of the stream."""
    places = places_of(config)
    shares: dict[LineId, list[Parcel]] = {place: [] for place in places}
    for parcel in parcels:
        shares[places[parcel.number % len(places)]].append(parcel)
    return shares


def declarations(parcels: Sequence[Parcel]) -> dict[str, Declared]:
    """What the coordinator knows in advance, by code."""
    known = (parcel.declared for parcel in parcels if parcel.declared is not None)
    return {one.code: declaration(one) for one in known}


def declaration(told: DeclaredParcel) -> Declared:
    """As the coordinator has it."""
    return Declared(told.mass_mg, told.value_minor, told.currency, told.description, dims_um=told.dims_um)


def practice_signer(label: str) -> Signer:
    """A key made from a label: for simulations only, where the same run must give the same bytes."""
    return Signer(SigningKey(sha256(f"practice/{label}".encode()).digest()))
