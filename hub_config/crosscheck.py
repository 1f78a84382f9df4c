"""What must fit between the parts of a hub config: names, ports, benches and their devices, lanes and bays, keys.

The layout rule is the architecture's §6.3: a parcel nobody decided about must have a fail-safe bay to go to.
"""

from collections.abc import Iterable, Iterator, Mapping
from posixpath import normpath
from typing import Final

from hub_config.devices import SCALE_KINDS, SCANNER_KINDS
from hub_config.finding import Finding, KeyPath, listed, show
from hub_config.outline import BaySpots, BenchSpots, DeviceSpots, Outline, Spot, TrustSpots, outline
from hub_config.trust import WELL_KNOWN_KEYS
from hub_config.values import LANES, nearest

FREE_LANE: Final = "green"
"""The contract's only lane of a release (§5)."""
SAFE_LANES: Final = ("hold", "manual")


def cross_findings(data: Mapping[str, object]) -> list[Finding]:
    """Of the raw file, whatever else is wrong with it."""
    whole = outline(data)
    return [
        *_device_findings(whole.devices or ()),
        *_bench_findings(whole),
        *_shared_bay_findings(whole.benches),
        *_trust_findings(whole),
    ]


def _twice(spots: Iterable[Spot | None], noun: str, todo: str) -> Iterator[Finding]:
    """Each text that was there before, pointing at the first."""
    first: dict[str, Spot] = {}
    for spot in spots:
        if spot is None:
            continue
        if spot.text in first:
            place = _place(first[spot.text].path)
            yield Finding(spot.path, f"{show(spot.text)} is already {place}", f"one {noun} each", todo)
        else:
            first[spot.text] = spot


def _place(path: KeyPath) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")


def _device_findings(devices: tuple[DeviceSpots, ...]) -> Iterator[Finding]:
    yield from _twice((device.id for device in devices), "id", "give this device another id")
    ports = [device.port and Spot(normpath(device.port.text), device.port.path) for device in devices]
    yield from _twice(ports, "port", "correct the port, or remove one of the devices")
    for port in (device.port for device in devices):
        if port is not None and port.text.strip() and not port.text.startswith("/"):
            limit, todo = "a path from the root is wanted", 'write for example "/dev/ttyUSB0"'
            yield Finding(port.path, f"{show(port.text)} is no path of a port", limit, todo)


def _bench_findings(whole: Outline) -> Iterator[Finding]:
    yield from _twice((bench.id for bench in whole.benches), "id", "give this bench another id")
    if whole.devices is not None:
        kinds = {device.id.text: device.kind for device in whole.devices if device.id}
        for bench in whole.benches:
            for scanner in bench.scanners:
                yield from _wanted_device(scanner, kinds, "scanner", SCANNER_KINDS)
            if bench.scale:
                yield from _wanted_device(bench.scale, kinds, "scale", SCALE_KINDS)
    used = [spot for bench in whole.benches for spot in (*bench.scanners, bench.scale)]
    yield from _idle_device_findings(whole.devices or (), used)
    yield from _twice(used, "bench and place", "a reading can belong to one bench only: remove it here")
    for bench in whole.benches:
        yield from _twice(bench.identifiers, "rank", "remove it here")
        yield from _lane_findings(bench)


def _idle_device_findings(devices: tuple[DeviceSpots, ...], used: list[Spot | None]) -> Iterator[Finding]:
    """What stands at no bench would be read, and its readings thrown away."""
    named = {spot.text for spot in used if spot is not None}
    if None in used or not named <= {device.id.text for device in devices if device.id}:
        return  # the bench that should name it may be the one that is misspelt
    for device in devices:
        if device.id and device.id.text not in named:
            what = f"{show(device.id.text)} stands at no bench"
            yield Finding(
                device.id.path, what, "its readings would go nowhere", "name it in a bench, or remove it"
            )


def _wanted_device(
    spot: Spot, kinds: Mapping[str, Spot | None], noun: str, wanted: tuple[str, ...]
) -> Iterator[Finding]:
    if spot.text not in kinds:
        near = nearest(spot.text, list(kinds))
        todo = f"did you mean {show(near)}?" if near else "add it under [[devices]]"
        yield Finding(
            spot.path, f"there is no device {show(spot.text)}", f"devices are {listed(list(kinds))}", todo
        )
        return
    kind = kinds[spot.text]
    if kind is not None and kind.text in (*SCANNER_KINDS, *SCALE_KINDS) and kind.text not in wanted:
        what = f"{show(spot.text)} is of kind {show(kind.text)}"
        yield Finding(spot.path, what, f"a {noun} is wanted ({listed(wanted)})", f"name a {noun} here")


def _lane_findings(bench: BenchSpots) -> Iterator[Finding]:
    free, safe, bays = bench.free_lane, bench.fail_safe, bench.bays
    if free and safe and free.text == safe.text:
        what = f"the fail-safe lane is the free lane, {show(free.text)}"
        yield Finding(
            safe.path, what, "doubt must never lead to the free lane", 'write for example fail_safe = "hold"'
        )
    if free and free.text in LANES and free.text != FREE_LANE:
        what = f"the free lane is {show(free.text)}"
        yield Finding(free.path, what, f"a release names lane {FREE_LANE}", "remove this line")
    if safe and safe.text in LANES and safe.text not in SAFE_LANES and not (free and free.text == safe.text):
        what = f"the fail-safe lane is {show(safe.text)}"
        limit = f"doubt leads where staff look again: {listed(SAFE_LANES)}"
        yield Finding(safe.path, what, limit, 'write for example fail_safe = "hold"')
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
    yield from _twice((bay.lane for bay in bays), "bay a lane", "staff are sent to one bay: remove one")
    yield from _twice((bay.bay for bay in bays), "name", "give this bay another name")
    yield from _twice((bay.barcode for bay in bays), "barcode", "give this bay another barcode and print it")


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
                what = f"{show(bay.barcode.text)} is bay {name} of lane {lane} at {_place(owner)}"
                todo = "give this bay another barcode and print it"
                yield Finding(bay.barcode.path, what, "one barcode names one bay in the whole hub", todo)


def _names(bay: BaySpots) -> tuple[str, str]:
    return (bay.lane.text if bay.lane else "", bay.bay.text if bay.bay else "")


def _trust_findings(whole: Outline) -> Iterator[Finding]:
    if not whole.trust:
        return
    yield from _twice((key.kid for key in whole.trust), "entry", "join the two entries of this key")
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
