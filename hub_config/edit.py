"""Changes one device's port in the text of a config and leaves everything else as people wrote it."""

import re
import tomllib
from typing import Any, Final

from hub_config.finding import show
from hub_config.source_lines import source_lines

_PORT: Final = re.compile(r"""(?P<key>\bport\s*=\s*)(?P<old>"(?:[^"\\]|\\.)*"|'[^']*')""")

ENTRY: Final = """
[[devices]]
id = {id}
kind = {kind}
attach = {{ kind = {attach}, port = {port} }}
"""
METROLOGY: Final = """
[devices.metrology]      # copy it from the plate of the scale
regime = "none"          # none: never legal for duty; nawi, mid-awi: a verified scale
max = ""                 # for example "30 kg"
min = ""
e = ""
mpe = ""
"""


class NotEditable(Exception):  # noqa: N818  (a verdict on the file, not a mistake)
    """The text says what to do by hand."""


def with_port(text: str, device: str, port: str, attach: str) -> str:
    """Raises NotEditable, and ValueError for a text that is no TOML."""
    before = tomllib.loads(text)
    places = [place for place, one in enumerate(_devices(before)) if one.get("id") == device]
    if not places:
        raise NotEditable(f"there is no device {device}")
    old = {"kind": "serial", **_table(_devices(before)[places[0]].get("attach"))}
    if old["kind"] != attach or not isinstance(old.get("port"), str):
        raise NotEditable(
            f"{device} is attached as {show(old['kind'])}, and this is a {attach} device; "
            f"write by hand: attach = {{ kind = {show(attach)}, port = {show(port)} }}"
        )
    line = source_lines(text).line(("devices", places[0], "attach", "port"))
    lines = text.split("\n")
    lines[line - 1] = _PORT.sub(lambda found: found["key"] + show_whole(port), lines[line - 1], count=1)
    changed = "\n".join(lines)
    _devices(before)[places[0]]["attach"]["port"] = port
    if tomllib.loads(changed) != before:
        raise NotEditable(
            f"line {line} is written in a way that is not understood; write port = {show_whole(port)}"
        )
    return changed


def with_device(text: str, device: str, kind: str, port: str, attach: str, *, weighs: bool) -> str:
    """A new entry at the end. A scale's plate is left to be filled in, which `hub check` asks for."""
    entry = ENTRY.format(
        id=show_whole(device), kind=show_whole(kind), port=show_whole(port), attach=show_whole(attach)
    )
    return text.rstrip("\n") + "\n" + entry + (METROLOGY if weighs else "")


def has_device(text: str, device: str) -> bool:
    """Raises ValueError for a text that is no TOML."""
    return any(one.get("id") == device for one in _devices(tomllib.loads(text)))


def show_whole(text: str) -> str:
    """As TOML."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _devices(data: dict[str, Any]) -> list[dict[str, Any]]:
    devices = data.get("devices")
    return [one for one in devices if isinstance(one, dict)] if isinstance(devices, list) else []


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
