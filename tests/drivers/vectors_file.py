"""Loads `tests/vectors/*.jsonl`: frames from manuals with what they mean."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent.parent / "vectors"
_FILES = (_FOLDER / "vectors.jsonl", _FOLDER / "layout-scales.jsonl")


@dataclass(frozen=True, slots=True)
class Vector:
    id: str
    protocol: str
    direction: str
    frame: bytes
    meaning: dict[str, Any]


OPTIONS: dict[str, dict[str, str]] = {
    "mt-continuous-02": {"checksum": "off"},
    "mt-continuous-short-02": {"checksum": "off"},
    "modbus-tcp-09": {"direction": "response"},  # an echo: the same bytes as its request
}
"""What the driver must be told (`hub decode --config`) to understand the frames of a protocol, or one vector."""
NOT_ON_THE_WIRE: dict[str, set[str]] = {"line-prefix01-cr": {"symbology"}}
"""Keys of meanings that no byte says: the manual prints which symbol was scanned."""


def options_of(vector: "Vector") -> dict[str, str]:
    return OPTIONS.get(vector.id, OPTIONS.get(vector.protocol, {}))


@cache
def _rows() -> list[dict[str, Any]]:
    return [json.loads(line) for file in _FILES for line in file.read_text(encoding="utf-8").splitlines()]


def protocols() -> list[str]:
    """Every one of the files, in their order."""
    return list(dict.fromkeys(row["protocol"] for row in _rows()))


def vectors(*protocols: str, direction: str | None = None) -> list[Vector]:
    """Of these protocols, in the order of the files."""
    found = [
        Vector(row["id"], row["protocol"], row["direction"], bytes.fromhex(row["hex"]), row["meaning"])
        for row in _rows()
        if row["protocol"] in protocols and direction in (None, row["direction"])
    ]
    if not found:
        raise ValueError(f"no vector of {protocols}; a test of nothing would pass")
    return found
