"""What must fit between the parts of a hub config: names, ports, benches and lines with their devices, bays, keys.

What must fit within one belt line is `linecheck`'s; of the lanes, `lanecheck`'s.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from posixpath import normpath

from hub_config.devices import (
    BELT_SCALE_KINDS,
    BOARD_KINDS,
    PLC_KINDS,
    PLC_READER_KINDS,
    READER_KINDS,
    SCALE_KINDS,
    SCANNER_KINDS,
)
from hub_config.dimensioners import BELT_DIMENSIONER_KINDS, DWS_KINDS, STANDING_KINDS
from hub_config.finding import Finding, KeyPath, listed, show
from hub_config.lanecheck import free_and_safe_findings
from hub_config.lightcheck import light_findings
from hub_config.linecheck import line_findings
from hub_config.modbuscheck import modbus_findings
from hub_config.outline import BaySpots, BenchSpots, DeviceSpots, LineSpots, Outline, TrustSpots, outline
from hub_config.plccheck import plc_findings
from hub_config.printers import PRINTER_KINDS
from hub_config.scalecheck import unit_findings
from hub_config.spots import Spot, absent, placed, twice
from hub_config.trust import WELL_KNOWN_KEYS
from hub_config.usb import USB_PREFIX, usb_selector
from hub_config.values import LANES


def cross_findings(data: Mapping[str, object]) -> list[Finding]:
    """Of the raw file, whatever else is wrong with it."""
    whole = outline(data)
    devices = {device.id.text: device for device in whole.devices or () if device.id}
    lines = (finding for line in whole.lines for finding in line_findings(line, devices))
    tables = {
        str(one.get("id")): one for one in _raw_tables(data.get("devices")) if isinstance(one.get("id"), str)
    }
    plcs = (finding for line in whole.plc_lines for finding in plc_findings(line.table, line.path, tables))
    return [
        *_device_findings(whole),
        *unit_findings(data.get("devices")),
        *_name_findings(whole),
        *_place_findings(whole),
        *_trigger_findings(whole),
        *(finding for bench in whole.benches for finding in _bench_findings(bench)),
        *_bench_sizer_findings(whole),
        *lines,
        *plcs,
        *light_findings(data),
        *(finding for line in whole.lines for finding in modbus_findings(line, tables)),
        *(finding for line in whole.lines for finding in _weighing_findings(line, devices)),
        *_shared_bay_findings(whole.benches),
        *_bay_name_findings(whole),
        *_trust_findings(whole),
    ]


def _raw_tables(value: object) -> list[Mapping[str, object]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _device_findings(whole: Outline) -> Iterator[Finding]:
    devices = whole.devices or ()
    yield from twice((device.id for device in devices), "id", "give this device another id")
    ports = (_normal(device.port) for device in devices)
    yield from twice(ports, "port", "correct the port, or remove one of the devices")
    folders = (_normal(device.folder) for device in devices)
    yield from twice(folders, "folder", "give each camera a folder of its own")
    dialled = (device.tcp for device in devices)
    yield from twice(dialled, "address", "correct host or port, or remove one of the devices")
    for port in (device.port for device in devices):
        if port is not None and port.text.strip():
            yield from _port_findings(port)
    yield from _listening_findings([whole.web, *(device.listen for device in devices)])


def _port_findings(port: Spot) -> Iterator[Finding]:
    if port.text.startswith(USB_PREFIX):
        if usb_selector(port.text) is None:
            limit, todo = "usb:VID:PID:SERIAL or usb:VID:PID@HUB-PORT", "copy it from hub devices"
            yield Finding(port.path, f"{show(port.text)} names no USB device", limit, todo)
    elif not port.text.startswith("/"):
        limit, todo = "a path from the root is wanted", 'write for example "/dev/ttyUSB0"'
        yield Finding(port.path, f"{show(port.text)} is no path of a port", limit, todo)


def _normal(path: Spot | None) -> Spot | None:
    return path and Spot(_one_way_to_write(path.text), path.path)


def _one_way_to_write(port: str) -> str:
    selector = usb_selector(port)
    return normpath(port) if selector is None else str(selector)


def _listening_findings(listening: list[Spot | None]) -> Iterator[Finding]:
    """The gateway can wait at one of its own ports for one device, or for browsers, not for both."""
    seen: list[Spot] = []
    for spot in listening:
        if spot is None:
            continue
        other = next((one for one in seen if _same_ear(one.text, spot.text)), None)
        if other is None:
            seen.append(spot)
        else:
            what = f"the gateway listens at {spot.text} already, for {placed(other.path)}"
            yield Finding(spot.path, what, "one port each", "choose another port, and set it at the device")


def _same_ear(one: str, other: str) -> bool:
    (host, _, port), (other_host, _, other_port) = one.rpartition(":"), other.rpartition(":")
    return port == other_port and (host == other_host or _is_any(host) or _is_any(other_host))


def _is_any(host: str) -> bool:
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False


def _name_findings(whole: Outline) -> Iterator[Finding]:
    """Benches and lines are the same to the world: what parcels pass through."""
    ids = [*(bench.id for bench in whole.benches), *(line.id for line in whole.lines)]
    ids += [line.id for line in whole.plc_lines]
    yield from twice(ids, "id", "give this one another id")
    if whole.all_known and not whole.benches and not whole.lines and not whole.plc_lines:
        limit, todo = "a hub has at least one of them", "add [[benches]] or [[lines]]"
        yield Finding(("benches",), "there is no bench and no line: nothing to run", limit, todo)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a device stands; without a spot, it can't be read which one."""

    spot: Spot | None
    noun: str
    kinds: tuple[str, ...]


def _places(whole: Outline) -> Iterator[_Place]:
    for bench in whole.benches:
        yield from (_Place(spot, "a scanner", SCANNER_KINDS) for spot in bench.scanners)
        yield _Place(bench.scale, "a scale", SCALE_KINDS)
        if bench.printer is not None:
            yield _Place(bench.printer, "a label printer", PRINTER_KINDS)
        if bench.dimensioner is not None:
            yield _Place(bench.dimensioner, "a dimensioner of a bench", STANDING_KINDS)
    for line in whole.lines:
        yield _Place(line.board, "an I/O board", BOARD_KINDS)
        # What the last belt names is checked with the belts: it may be the line's own.
        yield from (
            _Place(spot, "an I/O board", BOARD_KINDS)
            for spot in line.belt_boards
            if spot is None or line.board is None or spot.text != line.board.text
        )
        yield from (_Place(spot, "a reader", READER_KINDS) for spot in line.readers)
        if line.weighs_and_sizes:  # one device, one place
            yield _Place(line.scale, "a dimensioner that weighs", DWS_KINDS)
            continue
        yield _Place(line.scale, "an in-motion scale", BELT_SCALE_KINDS)
        if "dimensioner" in line.table:
            yield _Place(line.dimensioner, "a dimensioner of a belt", BELT_DIMENSIONER_KINDS)

    for plc_line in whole.plc_lines:
        yield _Place(plc_line.plc, "a controller", PLC_KINDS)
        yield from (
            _Place(spot, "a reader that reads by itself", PLC_READER_KINDS) for spot in plc_line.readers
        )
        if "scale" in plc_line.table:
            yield _Place(plc_line.scale, "an in-motion scale", BELT_SCALE_KINDS)


_KINDS = (
    *SCANNER_KINDS, *SCALE_KINDS, *READER_KINDS, *BELT_SCALE_KINDS, *BOARD_KINDS, *BELT_DIMENSIONER_KINDS,
    *STANDING_KINDS, *PLC_KINDS, *PRINTER_KINDS,
)  # fmt: skip


def _weighing_findings(line: LineSpots, devices: Mapping[str, DeviceSpots]) -> Iterator[Finding]:
    """A dimensioner tells weights where it stands for the scale too, and nowhere else."""
    spot = line.dimensioner
    device = devices.get(spot.text) if spot else None
    if spot is None or device is None or device.weighs == line.weighs_and_sizes:
        return
    if device.weighs:
        what, limit = (
            f"{show(spot.text)} weighs, and is not the scale of this line",
            "its weights would go nowhere",
        )
        todo = "name it at the scale too, or remove its metrology"
        yield Finding(spot.path, what, limit, todo)
    elif device.kind and device.kind.text in DWS_KINDS and line.scale:
        what, limit = f"{show(spot.text)} tells no weight", "a scale has its metrology"
        yield Finding(line.scale.path, what, limit, "add [devices.metrology] to it, or name another scale")


def _bench_sizer_findings(whole: Outline) -> Iterator[Finding]:
    """A bench has one scale: what its dimensioner weighs besides would be another weight of the same parcel."""
    weighing = {one.id.text for one in whole.devices or () if one.id and one.weighs}
    for bench in whole.benches:
        spot = bench.dimensioner
        if spot is not None and spot.text in weighing:
            what, limit = (
                f"{show(spot.text)} weighs, and is not the scale of this bench",
                "one weight a parcel",
            )
            yield Finding(spot.path, what, limit, "remove its metrology")


def _trigger_findings(whole: Outline) -> Iterator[Finding]:
    """At a bench nobody tells a scanner to read: the operator does."""
    told = {one.id.text for one in whole.devices or () if one.id and one.told_to_read}
    for bench in whole.benches:
        for spot in bench.scanners:
            if spot is not None and spot.text in told:
                what, limit = (
                    f"{show(spot.text)} waits to be triggered",
                    "a scanner of a bench reads by itself",
                )
                todo = 'remove its trigger (the default is "self"), or let it stand beside a belt'
                yield Finding(spot.path, what, limit, todo)


def _place_findings(whole: Outline) -> Iterator[Finding]:
    """A place names a device that fits there, and a device stands at exactly one place."""
    places = list(_places(whole))
    fitting = [place.spot for place in places if place.spot]
    faulty = [place for place in places if not place.spot]
    if whole.devices is not None:
        kinds = {device.id.text: device.kind for device in whole.devices if device.id}
        for place in places:
            misfit = place.spot and _misfit(place.spot, place, kinds)
            if place.spot and misfit:
                yield misfit
                fitting.remove(place.spot)
                faulty.append(place)
    todo = "a reading can belong to one bench or line only: remove it here"
    again = list(twice(fitting, "place at a bench or line", todo))
    yield from again
    paths = [finding.path for finding in again]
    faulty += [place for place in places if place.spot and place.spot.path in paths]
    if whole.all_known and places:
        yield from _idle_findings(whole.devices or (), {spot.text for spot in fitting}, faulty)


def _idle_findings(
    devices: tuple[DeviceSpots, ...], named: set[str], faulty: list[_Place]
) -> Iterator[Finding]:
    """What stands nowhere would be read, and its readings thrown away.

    Not said of a device that fits where another one is misspelt: that place may be its own.
    """
    maybe = {kind for place in faulty for kind in place.kinds}
    for device in devices:
        if device.id is None or device.id.text in named:
            continue
        known = device.kind is not None and device.kind.text in _KINDS
        if not faulty or (device.kind and known and device.kind.text not in maybe):
            what, limit = (
                f"{show(device.id.text)} stands at no bench or line",
                "its readings would go nowhere",
            )
            yield Finding(device.id.path, what, limit, "name it in a bench or line, or remove it")


def _misfit(spot: Spot, place: _Place, kinds: Mapping[str, Spot | None]) -> Finding | None:
    if spot.text not in kinds:
        return absent(spot, "device", list(kinds), "add it under [[devices]]")
    kind = kinds[spot.text]
    if kind is None or kind.text not in _KINDS or kind.text in place.kinds:
        return None
    what = f"{show(spot.text)} is of kind {show(kind.text)}"
    return Finding(
        spot.path, what, f"{place.noun} is wanted ({listed(place.kinds)})", f"name {place.noun} here"
    )


def _bench_findings(bench: BenchSpots) -> Iterator[Finding]:
    yield from twice(bench.identifiers, "rank", "remove it here")
    free, safe, bays = bench.free_lane, bench.fail_safe, bench.bays
    yield from free_and_safe_findings(free, safe, "fail_safe")
    if bays is None:
        return
    lanes = [bay.lane.text for bay in bays if bay.lane]
    # With a lane that can't be read, the missing lane may be the misspelt one.
    all_read = len(lanes) == len(bays) and set(lanes) <= set(LANES)
    for spot, noun in ((free, "free"), (safe, "fail-safe")):
        if spot and spot.text in LANES and spot.text not in lanes and all_read:
            what = f"no bay of the {noun} lane {show(spot.text)}"
            todo = f'add {{ lane = "{spot.text}", bay = "…", barcode = "HUBX…" }} to bays'
            yield Finding((*bench.path, "bays"), what, f"bays serve {listed(lanes)}", todo)
    yield from twice((bay.lane for bay in bays), "bay a lane", "staff are sent to one bay: remove one")
    yield from twice((bay.bay for bay in bays), "name", "give this bay another name")
    yield from twice((bay.barcode for bay in bays), "barcode", "give this bay another barcode and print it")


def _shared_bay_findings(benches: tuple[BenchSpots, ...]) -> Iterator[Finding]:
    """Two benches may share a bay; then it is the same lane, name and barcode at both."""
    first: dict[str, tuple[BaySpots, KeyPath]] = {}
    for bench in benches:
        for bay in bench.bays or ():
            if not (bay.lane and bay.bay and bay.barcode):
                continue
            other, owner = first.setdefault(bay.barcode.text, (bay, bench.path))
            if owner != bench.path and _names(other) != _names(bay):
                lane, name = _names(other)
                what = f"{show(bay.barcode.text)} is bay {name} of lane {lane} at {placed(owner)}"
                todo = "give this bay another barcode and print it"
                yield Finding(bay.barcode.path, what, "one barcode names one bay in the whole hub", todo)


def _bay_name_findings(whole: Outline) -> Iterator[Finding]:
    """Staff know a bay by its name: the same name at another bench or line is the same lane."""
    first: dict[str, tuple[BaySpots, KeyPath]] = {}
    for path, bays in _exits(whole):
        for bay in bays:
            if not (bay.lane and bay.bay):
                continue
            other, owner = first.setdefault(bay.bay.text, (bay, path))
            if owner == path or other.lane is None or other.lane.text == bay.lane.text:
                continue
            if bay.barcode and other.barcode and bay.barcode.text == other.barcode.text:
                continue  # said of the barcode
            what = f"bay {show(bay.bay.text)} is of lane {other.lane.text} at {placed(owner)}"
            limit = "one name of a bay is one lane in the whole hub"
            yield Finding(bay.bay.path, what, limit, "give this bay another name")


def _exits(whole: Outline) -> Iterator[tuple[KeyPath, list[BaySpots]]]:
    for bench in whole.benches:
        yield bench.path, list(bench.bays or ())
    for line in whole.lines:
        diverted = [BaySpots(one.lane, one.bay, None) for one in line.diverters or ()]
        yield line.path, [*diverted, BaySpots(line.end_lane, line.end_bay, None)]
    for plc_line in whole.plc_lines:
        yield plc_line.path, list(plc_line.exits)


def _names(bay: BaySpots) -> tuple[str, str]:
    return (bay.lane.text if bay.lane else "", bay.bay.text if bay.bay else "")


def _trust_findings(whole: Outline) -> Iterator[Finding]:
    if not whole.trust:
        return
    yield from twice((key.kid for key in whole.trust), "entry", "join the two entries of this key")
    for key in whole.trust:
        yield from _mode_findings(key, whole.mode)
    roles = {role.text for key in whole.trust for role in key.roles}
    for role, why in (
        ("release", "nothing could ever be released"),
        ("ack", "no event could ever leave the journal"),
    ):
        if role not in roles and all(key.roles for key in whole.trust):
            todo = f'add "{role}" to the roles of the coordinator\'s key'
            yield Finding(("trust",), f"no trusted key has the role {role}", why, todo)


def _mode_findings(key: TrustSpots, mode: Spot | None) -> Iterator[Finding]:
    modes = [spot.text for spot in key.modes]
    path = (*key.path, "modes")
    if "live" in modes and len(modes) > 1:
        what = f"one key for {listed(modes)}"
        yield Finding(path, what, "a live key signs nothing but live", "make a separate key for each mode")
    elif mode and modes and mode.text not in modes:
        what = f"the hub is {show(mode.text)}, this key is for {listed(modes)}"
        yield Finding(path, what, "practice never reaches live", "list a key of this hub's mode instead")
    if "live" in modes and key.public_key and key.public_key.text in WELL_KNOWN_KEYS:
        what = "this is the well-known practice key"
        limit = "its private half is printed in the contract"
        yield Finding((*key.path, "public_key"), what, limit, "make a new key for live")
