"""The names in a hub config and where they stand, read leniently from the raw file.

Checks between parts work on this outline, so that a typo in one table doesn't hide what is wrong with another:
a part that can't be read is None here and has its own fault already.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hub_config.external import EXTERNAL, place_kind
from hub_config.finding import KeyPath
from hub_config.hub import HubConfig
from hub_config.spots import Channel, Spot

NODE_KINDS: Final = ("serial", "hid", "evdev")
"""Attachments whose `port` is a device of this computer."""


@dataclass(frozen=True, slots=True)
class DeviceSpots:
    id: Spot | None
    kind: Spot | None
    port: Spot | None
    """Of a serial line, a USB HID device or a wedge."""
    tcp: Spot | None
    """Host and port, where the gateway dials the device."""
    listen: Spot | None
    """Host and port, where the device dials the gateway."""
    folder: Spot | None
    """Of a camera's pictures."""
    weighs: bool
    """It has the metrology of a scale."""
    told_to_read: bool
    """The gateway triggers it."""
    inputs: Mapping[int, str] | None
    """Of an I/O board: channel and use; None where one of them can't be read."""


@dataclass(frozen=True, slots=True)
class BaySpots:
    lane: Spot | None
    bay: Spot | None
    barcode: Spot | None


@dataclass(frozen=True, slots=True)
class BenchSpots:
    path: KeyPath
    id: Spot | None
    scanners: tuple[Spot | None, ...]
    scale: Spot | None
    printer: Spot | None
    """Without one, None like an unreadable one: it need not be there. So of the dimensioner."""
    dimensioner: Spot | None
    identifiers: tuple[Spot, ...]
    free_lane: Spot | None
    fail_safe: Spot | None
    bays: tuple[BaySpots, ...] | None


@dataclass(frozen=True, slots=True)
class BeamSpots:
    id: Spot | None
    channel: Channel | None


@dataclass(frozen=True, slots=True)
class DiverterSpots:
    id: Spot | None
    channel: Channel | None
    lane: Spot | None
    bay: Spot | None
    beam: Spot | None


@dataclass(frozen=True, slots=True)
class LineSpots:
    path: KeyPath
    table: Mapping[str, object]
    """As in the file: what `linecheck` makes a Line of."""
    id: Spot | None
    board: Spot | None
    belt_boards: tuple[Spot | None, ...]
    """Of those belts that name one, and of those at the side."""
    readers: tuple[Spot | None, ...]
    scale: Spot | None
    scale_beam: Spot | None
    dimensioner: Spot | None
    """Without one, None like an unreadable one: it need not be there."""
    dimensioner_beam: Spot | None
    beams: tuple[BeamSpots, ...] | None
    diverters: tuple[DiverterSpots, ...] | None
    end_lane: Spot | None
    end_bay: Spot | None
    end_beam: Spot | None
    identifiers: tuple[Spot, ...]
    free_lane: Spot | None
    late_lane: Spot | None

    @property
    def weighs_and_sizes(self) -> bool:
        """One device stands for scale and dimensioner."""
        return (
            self.scale is not None
            and self.dimensioner is not None
            and self.scale.text == self.dimensioner.text
        )


@dataclass(frozen=True, slots=True)
class PlcLineSpots:
    path: KeyPath
    table: Mapping[str, object]
    id: Spot | None
    plc: Spot | None
    readers: tuple[Spot | None, ...]
    scale: Spot | None
    """Without one, None like an unreadable one: it need not be there."""
    exits: tuple[BaySpots, ...]


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
    web: Spot | None
    """Host and port of the pages."""
    devices: tuple[DeviceSpots, ...] | None
    benches: tuple[BenchSpots, ...]
    lines: tuple[LineSpots, ...]
    plc_lines: tuple[PlcLineSpots, ...]
    trust: tuple[TrustSpots, ...] | None
    all_known: bool
    """Every table of the file was recognised: a bench or line that isn't here isn't there."""


def outline(data: Mapping[str, object]) -> Outline:
    """Of what `tomllib` made of the file."""
    hub, web = _table(data.get("hub")), _table(data.get("web"))
    devices, benches, lines, plc_lines, trust = (
        _tables(data.get(key)) for key in ("devices", "benches", "lines", "plc_lines", "trust")
    )
    unread = [
        key for key in ("benches", "lines", "plc_lines") if key in data and not isinstance(data[key], list)
    ]
    return Outline(
        mode=_spot(hub, "mode", ("hub",)),
        web=_address({"host": "127.0.0.1", "port": 8040, **web}, ("web",)),
        devices=None if devices is None else tuple(_device(t, ("devices", i)) for i, t in enumerate(devices)),
        benches=tuple(_bench(t, ("benches", i)) for i, t in enumerate(benches or ())),
        lines=tuple(_line(t, ("lines", i)) for i, t in enumerate(lines or ())),
        plc_lines=tuple(_plc_line(t, ("plc_lines", i)) for i, t in enumerate(plc_lines or ())),
        trust=None if trust is None else tuple(_trust(t, ("trust", i)) for i, t in enumerate(trust)),
        all_known=set(data) <= set(HubConfig.model_fields) and not unread,
    )


def _device(table: Mapping[str, object], path: KeyPath) -> DeviceSpots:
    attach, place = {"kind": "serial", **_table(table.get("attach"))}, (*path, "attach")
    listened = {"host": "127.0.0.1", **attach}
    return DeviceSpots(
        id=_spot(table, "id", path),
        kind=_place_kind(table, path),
        port=_spot(attach, "port", place) if attach["kind"] in NODE_KINDS else None,
        tcp=_address(attach, place) if attach["kind"] == "tcp" else None,
        listen=_address(listened, place) if attach["kind"] == "tcp-listen" else None,
        folder=_spot(attach, "path", place) if attach["kind"] == "folder" else None,
        weighs="metrology" in table,
        told_to_read=table.get("trigger") == "host" or bool(table.get("trigger_on")),
        inputs=_inputs(table),
    )


def _address(table: Mapping[str, object], path: KeyPath) -> Spot | None:
    host, port = table.get("host"), table.get("port")
    known = isinstance(host, str) and isinstance(port, int) and 0 < port < 1 << 16
    return Spot(f"{host}:{port}", (*path, "port")) if known else None


def _inputs(table: Mapping[str, object]) -> Mapping[int, str] | None:
    inputs = _tables(table.get("inputs"))
    if inputs is None:
        return None
    uses = {one["channel"]: one.get("use") for one in inputs if type(one.get("channel")) is int}
    known = {channel: use for channel, use in uses.items() if isinstance(use, str)}
    return {int(str(channel)): use for channel, use in known.items()} if len(known) == len(inputs) else None


def _bench(table: Mapping[str, object], path: KeyPath) -> BenchSpots:
    bays = _tables(table.get("bays"))
    return BenchSpots(
        path=path,
        id=_spot(table, "id", path),
        scanners=_spots(table, "scanners", path) or (None,),
        scale=_spot(table, "scale", path),
        printer=_spot(table, "printer", path),
        dimensioner=_spot(table, "dimensioner", path),
        identifiers=_spots(table, "identifiers", path),
        free_lane=_spot({"free_lane": "green", **table}, "free_lane", path),
        fail_safe=_spot({"fail_safe": "hold", **table}, "fail_safe", path),
        bays=None if bays is None else tuple(_bay(t, (*path, "bays", i)) for i, t in enumerate(bays)),
    )


def _bay(table: Mapping[str, object], path: KeyPath) -> BaySpots:
    return BaySpots(*(_spot(table, key, path) for key in ("lane", "bay", "barcode")))


def _line(table: Mapping[str, object], path: KeyPath) -> LineSpots:
    readers, beams, diverters = (_tables(table.get(key)) for key in ("readers", "beams", "diverters"))
    scale, sizer, end = (_table(table.get(key)) for key in ("scale", "dimensioner", "end"))
    with_lane = {"lane": "hold", **end} if end else end
    return LineSpots(
        path=path,
        table=table,
        id=_spot(table, "id", path),
        board=_spot(table, "board", path),
        belt_boards=tuple(
            _spot(belt, "board", (*path, key, number))
            for key in ("belts", "sides")
            for number, belt in enumerate(_tables(table.get(key)) or ())
            if "board" in belt
        ),
        readers=tuple(_spot(t, "device", (*path, "readers", i)) for i, t in enumerate(readers or ({},))),
        scale=_spot(scale, "device", (*path, "scale")),
        scale_beam=_spot(scale, "beam", (*path, "scale")),
        dimensioner=_spot(sizer, "device", (*path, "dimensioner")),
        dimensioner_beam=_spot(sizer, "beam", (*path, "dimensioner")),
        beams=None if beams is None else tuple(_beam(t, (*path, "beams", i)) for i, t in enumerate(beams)),
        diverters=None
        if diverters is None
        else tuple(_diverter(t, (*path, "diverters", i)) for i, t in enumerate(diverters)),
        end_lane=_spot(with_lane, "lane", (*path, "end")),
        end_bay=_spot(end, "bay", (*path, "end")),
        end_beam=_spot(end, "beam", (*path, "end")),
        identifiers=_spots(table, "identifiers", path),
        free_lane=_spot({"free_lane": "green", **table}, "free_lane", path),
        late_lane=_spot(table, "late_lane", path),
    )


def _plc_line(table: Mapping[str, object], path: KeyPath) -> PlcLineSpots:
    exits = [
        BaySpots(_spot(t, "lane", (*path, "exits", i)), _spot(t, "bay", (*path, "exits", i)), None)
        for i, t in enumerate(_tables(table.get("exits")) or ())
    ]
    return PlcLineSpots(
        path=path,
        table=table,
        id=_spot(table, "id", path),
        plc=_spot(table, "plc", path),
        readers=tuple(
            _spot(t, "device", (*path, "readers", i))
            for i, t in enumerate(_tables(table.get("readers")) or ())
        ),
        scale=_spot(_table(table.get("scale")), "device", (*path, "scale")),
        exits=tuple(exits),
    )


def _beam(table: Mapping[str, object], path: KeyPath) -> BeamSpots:
    return BeamSpots(_spot(table, "id", path), _channel(table, path))


def _diverter(table: Mapping[str, object], path: KeyPath) -> DiverterSpots:
    lane, bay, beam = (_spot(table, key, path) for key in ("lane", "bay", "beam"))
    return DiverterSpots(_spot(table, "id", path), _channel(table, path), lane, bay, beam)


def _channel(table: Mapping[str, object], path: KeyPath) -> Channel | None:
    number = table.get("channel")
    return Channel(number, (*path, "channel")) if type(number) is int and 0 <= number <= 31 else None


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


def _place_kind(table: Mapping[str, object], path: KeyPath) -> Spot | None:
    """A driver from outside stands where what it gives is wanted."""
    kind, gives = _spot(table, "kind", path), _spot(table, "gives", path)
    if kind is None or kind.text != EXTERNAL:
        return kind
    return None if gives is None else Spot(place_kind(gives.text), kind.path)
