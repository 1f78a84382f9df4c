"""What is known of each device, by the configuration: told with every event (`prov.dev`, contract §4), and by
`device.changed` where a run finds it otherwise than the run before.

Read from the configuration's canonical text, which the journal keeps of earlier runs as well.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from edge.core.inputs import ConfigChanged
from edge.wire.envelope import DeviceProvenance
from hub_config.names import DeviceId, Instant


def provenances(config: str) -> dict[DeviceId, DeviceProvenance]:
    """Of each device of this configuration."""
    return {DeviceId(device["id"]): _of(device) for device in json.loads(config)["devices"]}


def _of(device: Mapping[str, Any]) -> DeviceProvenance:
    """A dimensioner with a scale inside has two certificates: both are told, with the day on which the first ends."""
    metrology = device.get("metrology") or {}
    papers = (device, metrology)
    ends = [str(paper["valid_until"]) for paper in papers if paper.get("valid_until")]
    return DeviceProvenance(
        fw=device.get("firmware"), drv=device["kind"],
        cal=", ".join(paper["cal"] for paper in papers if paper.get("cal")) or None,
        cal_until=min(ends, default=None), seal=metrology.get("seal"),
    )  # fmt: skip


def config_changed(
    kept: Mapping[str, Any] | None, config: str, digest: str, at: Instant
) -> ConfigChanged | None:
    """`kept`: what the journal has of earlier runs. None where the run before went by the same, or there was none."""
    before = kept["newest_last"][-1] if kept and kept["newest_last"] else None
    if before is None or before["digest"] == digest:
        return None
    old, new = provenances(before["text"]), provenances(config)
    told = [tuple(_changes(device, old.get(device), new.get(device))) for device in sorted(old | new)]
    return ConfigChanged(at, before["digest"], digest, tuple(note for note in told if note))


def _changes(
    device: DeviceId, old: DeviceProvenance | None, new: DeviceProvenance | None
) -> Iterator[tuple[str, str]]:
    if old == new:
        return
    yield "device", device
    if old is None or new is None:
        yield "change", "added" if old is None else "removed"
    for name in (field.name for field in fields(DeviceProvenance)):
        was, now = getattr(old, name, None), getattr(new, name, None)
        if was != now:
            yield from ((f"{name}_before", was),) if was is not None else ()
            yield from ((name, now),) if now is not None else ()
