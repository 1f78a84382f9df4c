"""What must fit between a line that a controller drives and its devices: lanes, widths, who tells codes and weights."""

from collections.abc import Iterator, Mapping

from pydantic import ValidationError

from hub_config.finding import Finding, KeyPath, listed, show
from hub_config.lanecheck import free_and_safe_findings
from hub_config.plc import PlcLine, PlcWcsConfig
from hub_config.spots import Spot, twice
from hub_config.units import FROM_FILE


def plc_findings(
    table: Mapping[str, object], path: KeyPath, devices: Mapping[str, Mapping[str, object]]
) -> Iterator[Finding]:
    """`devices`: tables of the file by id."""
    try:
        line = PlcLine.model_validate(table, by_alias=True, by_name=False, context=FROM_FILE)
    except ValidationError:
        return  # it has faults of its own, which the whole file's model tells
    identifiers = [Spot(one, (*path, "identifiers", place)) for place, one in enumerate(line.identifiers)]
    yield from twice(identifiers, "rank", "remove it here")
    free, safe = Spot(line.free_lane, (*path, "free_lane")), Spot(line.fail_safe, (*path, "fail_safe"))
    yield from free_and_safe_findings(free, safe, "fail_safe")
    try:
        told = devices.get(line.plc, {})
        plc = PlcWcsConfig.model_validate(told, by_alias=True, by_name=False, context=FROM_FILE)
    except ValidationError:
        return
    yield from _width_findings(line, plc, path)
    if plc.telegram("read") is None and not line.readers:
        what = "nothing tells a code"
        limit = "a telegram read of the controller, or readers of the gateway's own"
        yield Finding((*path, "readers"), what, limit, "declare one of them")
    if line.scale is None and (plc.telegram("weighed") is None or plc.metrology is None):
        what, limit = (
            "nothing tells a weight",
            "a telegram weighed with metrology, or a scale of the gateway's own",
        )
        yield Finding((*path, "scale"), what, limit, f"name a scale, or add metrology to {show(plc.id)}")


def _width_findings(line: PlcLine, plc: PlcWcsConfig, path: KeyPath) -> Iterator[Finding]:
    for means in ("destination", "discharged"):
        telegram = plc.telegram(means)
        width = 0 if telegram is None else telegram.width_of("lane")
        for place, one in enumerate(line.exits):
            if len(one.code) > width:
                what = f"code {show(one.code)} has {len(one.code)} characters"
                limit = f"the field lane of {means} has {width} ({listed([plc.id])})"
                yield Finding((*path, "exits", place, "code"), what, limit, "correct the code or the field")
