"""The names in a hub config and where they stand, read leniently from the raw file.

Checks between parts work on this outline, so that a typo in one table doesn't hide what is wrong with another:
a part that can't be read is None here and has its own fault already.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hub_config.finding import KeyPath


@dataclass(frozen=True, slots=True)
class Spot:
    """A text and where it stands."""

    text: str
    path: KeyPath


@dataclass(frozen=True, slots=True)
class DeviceSpots:
    id: Spot | None
    kind: Spot | None
    port: Spot | None


@dataclass(frozen=True, slots=True)
class BaySpots:
    lane: Spot | None
    bay: Spot | None
    barcode: Spot | None


@dataclass(frozen=True, slots=True)
class BenchSpots:
    path: KeyPath
    id: Spot | None
    scanners: tuple[Spot, ...]
    scale: Spot | None
    identifiers: tuple[Spot, ...]
    free_lane: Spot | None
    fail_safe: Spot | None
    bays: tuple[BaySpots, ...] | None


@dataclass(frozen=True, slots=True)
class TrustSpots:
    path: KeyPath
    kid: Spot | None
    public_key: Spot | None
    roles: tuple[Spot, ...]
    modes: tuple[Spot, ...]


@dataclass(frozen=True, slots=True)
class Outline:
    mode: Spot | None
    devices: tuple[DeviceSpots, ...] | None
    benches: tuple[BenchSpots, ...]
    trust: tuple[TrustSpots, ...] | None


def outline(data: Mapping[str, object]) -> Outline:
    """Of what `tomllib` made of the file."""
    hub = _table(data.get("hub"))
    devices, benches, trust = (_tables(data.get(key)) for key in ("devices", "benches", "trust"))
    return Outline(
        mode=_spot(hub, "mode", ("hub",)),
        devices=None if devices is None else tuple(_device(t, ("devices", i)) for i, t in enumerate(devices)),
        benches=tuple(_bench(t, ("benches", i)) for i, t in enumerate(benches or ())),
        trust=None if trust is None else tuple(_trust(t, ("trust", i)) for i, t in enumerate(trust)),
    )


def _device(table: Mapping[str, object], path: KeyPath) -> DeviceSpots:
    return DeviceSpots(
        id=_spot(table, "id", path),
        kind=_spot(table, "kind", path),
        port=_spot(_table(table.get("attach")), "port", (*path, "attach")),
    )


def _bench(table: Mapping[str, object], path: KeyPath) -> BenchSpots:
    bays = _tables(table.get("bays"))
    return BenchSpots(
        path=path,
        id=_spot(table, "id", path),
        scanners=_spots(table, "scanners", path),
        scale=_spot(table, "scale", path),
        identifiers=_spots(table, "identifiers", path),
        free_lane=_spot({"free_lane": "green", **table}, "free_lane", path),
        fail_safe=_spot({"fail_safe": "hold", **table}, "fail_safe", path),
        bays=None if bays is None else tuple(_bay(t, (*path, "bays", i)) for i, t in enumerate(bays)),
    )


def _bay(table: Mapping[str, object], path: KeyPath) -> BaySpots:
    return BaySpots(*(_spot(table, key, path) for key in ("lane", "bay", "barcode")))


def _trust(table: Mapping[str, object], path: KeyPath) -> TrustSpots:
    return TrustSpots(
        path=path,
        kid=_spot(table, "kid", path),
        public_key=_spot(table, "public_key", path),
        roles=_spots(table, "roles", path),
        modes=_spots(table, "modes", path),
    )


def _table(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _tables(value: object) -> Sequence[Mapping[str, object]] | None:
    return [_table(entry) for entry in value] if isinstance(value, list) else None


def _spot(table: Mapping[str, object], key: str, path: KeyPath) -> Spot | None:
    value = table.get(key)
    return Spot(value, (*path, key)) if isinstance(value, str) else None


def _spots(table: Mapping[str, object], key: str, path: KeyPath) -> tuple[Spot, ...]:
    values = table.get(key)
    if not isinstance(values, list):
        return ()
    return tuple(Spot(v, (*path, key, i)) for i, v in enumerate(values) if isinstance(v, str))
