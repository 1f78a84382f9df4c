"""`hub devices`: what is plugged into this computer; names for it; zero and tare for a scale of a running gateway.

hub devices [--json]                      ports, what is behind them, who uses them, and the selector of each
hub devices name PORT NAME --config FILE  writes the selector into the config, and prints the udev rule
hub devices zero|tare|tare-clear DEVICE   tells a scale of a running gateway
"""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from drivers.discovery import Found, discover
from drivers.sysfs import ROOT, SysPort
from drivers.udev_rule import GROUP, RULES_FILE, udev_rule
from edge.commands import DATA, EXIT_FAULTS, EXIT_OK, EXIT_WRONG_USE
from edge.commands.control import Unreachable, ask
from hub_config.edit import NotEditable, has_device, with_device, with_port
from hub_config.usb import usb_selector
from hub_config.values import is_name

ORDERS: Final = ("zero", "tare", "tare-clear")
_KINDS: Final = {
    ("scanner", "serial"): "line-scanner",
    ("scanner", "evdev"): "evdev-wedge",
    ("scale", "serial"): "mt-sics",
    ("scale", "hid"): "hid-scale",
    ("io-board", "serial"): "io-board",
}
"""What is new in a config is written as this kind, by guess and attachment, unless --kind says another."""


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="hub devices", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="?", choices=["list", "name", *ORDERS], default="list")
    parser.add_argument("rest", nargs="*", metavar="PORT NAME | DEVICE")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="the hub config that a name is written to"
    )
    parser.add_argument("--kind", help="of a device that is new in the config, for example toledo-8217")
    parser.add_argument(
        "--data", type=Path, default=DATA, help=f"data folder of the gateway (default {DATA})"
    )
    parser.add_argument("--root", type=Path, default=ROOT, help="where /sys and /dev are, if not here")
    args = parser.parse_args(argv)
    wanted = {"list": 0, "name": 2}.get(args.what, 1)
    if len(args.rest) != wanted:
        takes = {0: "nothing more", 1: "DEVICE", 2: "PORT and NAME"}[wanted]
        parser.error(f"{args.what} takes {takes}: see hub devices --help")
    match args.what:
        case "list":
            return _list(args.root, args.data, as_json=args.json)
        case "name":
            return _name(args.root, args.rest[0], args.rest[1], args.config, args.kind)
        case order:
            return _order(args.data, args.rest[0], order, as_json=args.json)


def _list(root: Path, data: Path, *, as_json: bool) -> int:
    devices = _of_gateway(data)
    rows = [_row(found, devices) for found in discover(root)]
    if as_json:
        print(json.dumps(rows, indent=1))
        return EXIT_OK
    for row in rows:
        usb = f"{row['vid']}:{row['pid']}" if row["vid"] else "-"
        made = " ".join(str(row[key]) for key in ("manufacturer", "product") if row[key])
        print(f"{row['port']}  {row['device_type']} ({row['confidence']})  {usb}  {made}".rstrip())
        for key in ("serial", "driver", "by_id", "by_path", "in_use_by", "identity"):
            if row[key]:
                print(f"    {key.replace('_', '-').replace('in-use-by', 'in use by')}: {row[key]}")
        print(f"    attach.port: {row['selector']}  (by {row['selector_by']})")
        for refused in row["refused"]:
            print(f"    not {refused}")
    if not rows:
        print("no serial port, USB HID device or keyboard is plugged in")
    return EXIT_OK


def _row(found: Found, devices: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    port = found.port
    used = next((one for one in devices if _leads_to(str(one["port"]), port)), {})
    ours = used.get("device")
    return {
        "port": port.port, "kind": port.kind, "vid": port.vid, "pid": port.pid, "serial": port.serial,
        "manufacturer": port.manufacturer, "product": port.product, "driver": port.driver,
        "by_id": found.by_id, "by_path": found.by_path, "hub_port": port.hub_port, "interface": port.interface,
        "in_use_by": found.in_use_by if ours is None else f"{ours} of the running gateway", "device": ours,
        "identity": used.get("identity"),
        "device_type": found.guess, "confidence": found.confidence, "selector": found.selector.port,
        "selector_by": found.selector.by, "refused": list(found.selector.refused),
    }  # fmt: skip


def _of_gateway(data: Path) -> Sequence[Mapping[str, Any]]:
    try:
        return [one for one in ask(data, "/devices") if one["open"]]
    except Unreachable:
        return []


def _leads_to(attached: str, port: SysPort) -> bool:
    selector = usb_selector(attached)
    if selector is None:
        return os.path.realpath(attached) == port.port
    where = (
        port.serial == selector.serial if selector.serial is not None else port.hub_port == selector.hub_port
    )
    return (
        where
        and port.usb == f"{selector.vid}:{selector.pid}"
        and selector.interface in (None, port.interface)
    )


def _name(root: Path, node: str, name: str, config: Path | None, kind: str | None) -> int:
    wanted = os.path.realpath(node) if root == ROOT else node
    if not is_name(name):
        print(f"hub devices: {name!r} is no name: 1 to 32 of A-Z a-z 0-9 _ - are wanted", file=sys.stderr)
        return EXIT_WRONG_USE
    found = next((one for one in discover(root) if one.port.port in (node, wanted)), None)
    if found is None:
        print(f"hub devices: there is no port {node}; hub devices lists them", file=sys.stderr)
        return EXIT_FAULTS
    for refused in found.selector.refused:
        print(f"not {refused}")
    print(f"{name} is named by {found.selector.by}: {found.selector.port}")
    code = EXIT_OK
    if config is None:
        print(f'write into its attach of the config: port = "{found.selector.port}"  (--config FILE does it)')
    else:
        code = _write(
            config, found, name, kind or _KINDS.get((found.guess.partition(" ")[0], found.port.kind))
        )
    print(f"for /dev/hub/{name} and the rights, put this line into {RULES_FILE}:\n")
    print(udev_rule(found.port, found.selector, name))
    print(f"\nthen: sudo groupadd -rf {GROUP}; sudo udevadm control --reload; sudo udevadm trigger")
    return code


def _write(config: Path, found: Found, name: str, kind: str | None) -> int:
    from hub_config.devices import (
        SCALE_KINDS,
    )  # late: the models of all devices take a second, and a list needs none
    from hub_config.load import check

    try:
        text = config.read_text(encoding="utf-8")
        if has_device(text, name):
            changed = with_port(text, name, found.selector.port, found.port.kind)
        elif kind is None:
            raise NotEditable(
                f"there is no device {name} in it, and nothing tells what it is; add --kind KIND"
            )
        else:
            weighs = kind in SCALE_KINDS
            changed = with_device(text, name, kind, found.selector.port, found.port.kind, weighs=weighs)
        fresh = config.with_name(f".{config.name}.new")
        fresh.write_text(changed, encoding="utf-8")
        fresh.chmod(config.stat().st_mode & 0o777)
        fresh.replace(config)
    except (NotEditable, OSError, ValueError) as refused:
        why: object = refused
        if isinstance(refused, OSError):
            why = f"{refused.strerror}; name the hub config, for example a copy of examples/bench.toml"
        elif isinstance(refused, UnicodeDecodeError):
            why = "it is no UTF-8 text; name the hub config"
        print(f"hub devices: {config}: {why}", file=sys.stderr)
        return EXIT_FAULTS
    print(f"written to {config}")
    for fault in check(config):
        print(f"still to do: {fault}")
    return EXIT_OK


_WHAT_TO_DO: Final = {
    "zero_upper_limit": "more lies on it than it may take for nothing: empty it, then again",
    "zero_lower_limit": "it is lighter than when it was set up: is its plate on?",
}


def _order(data: Path, device: str, order: str, *, as_json: bool) -> int:
    try:
        answer = ask(data, f"/devices/{device}/{order}", "POST")
    except Unreachable as refused:
        print(f"hub devices: {refused}", file=sys.stderr)
        return EXIT_FAULTS
    if as_json:
        print(json.dumps(answer))
    elif answer["accepted"]:
        print(f"{device}: {order} {answer['detail']}")
    else:
        said = answer["detail"]
        todo = f"; {_WHAT_TO_DO[said]}" if said in _WHAT_TO_DO else ""
        print(f"hub devices: {device} did not {order} ({said}){todo}", file=sys.stderr)
    return EXIT_OK if answer["accepted"] else EXIT_FAULTS
