"""Loads `tests/vectors/vectors.jsonl`: frames from manuals with what they mean."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FILE = Path(__file__).parent.parent / "vectors" / "vectors.jsonl"


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
}
"""What the driver must be told (`hub decode --config`) to understand the frames of a protocol, or one vector."""
NOT_ON_THE_WIRE: dict[str, set[str]] = {"line-prefix01-cr": {"symbology"}}
"""Keys of meanings that no byte says: the manual prints which symbol was scanned."""


def options_of(vector: "Vector") -> dict[str, str]:
    return OPTIONS.get(vector.id, OPTIONS.get(vector.protocol, {}))


def protocols() -> list[str]:
    """Every one of the file, in its order."""
    rows = _FILE.read_text(encoding="utf-8").splitlines()
    return list(dict.fromkeys(json.loads(line)["protocol"] for line in rows))


def vectors(*protocols: str, direction: str | None = None) -> list[Vector]:
    """Of these protocols, in the order of the file."""
    rows = [json.loads(line) for line in _FILE.read_text(encoding="utf-8").splitlines()]
    found = [
        Vector(row["id"], row["protocol"], row["direction"], bytes.fromhex(row["hex"]), row["meaning"])
        for row in rows
        if row["protocol"] in protocols and direction in (None, row["direction"])
    ]
    if not found:
        raise ValueError(f"no vector of {protocols}; a test of nothing would pass")
    return found
