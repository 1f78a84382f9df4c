"""`hub run --shadow`: listens to lines that their controllers drive, sends not a byte to them, and says at the end
where a controller and the gateway would not have agreed (docs/plc-lines.md)."""

from collections.abc import Iterator

from edge.core.snapshot import Disagreement, PlcLineView
from hub_config.hub import HubConfig
from hub_config.names import SECOND
from hub_config.plc import PlcWcsConfig


def listening(config: HubConfig) -> HubConfig:
    """The same hub, which drives nothing. Raises ValueError, in one sentence, for one that can't be a shadow."""
    if not config.plc_lines:
        raise ValueError("there is no line to listen to; --shadow is for [[plc_lines]]")
    driven = [*(bench.id for bench in config.benches), *(line.id for line in config.lines)]
    if driven:
        names = ", ".join(driven)
        raise ValueError(
            f"--shadow drives nothing, and {names} would be driven; give a config of [[plc_lines]] alone"
        )
    if config.hub.mode != "practice":
        raise ValueError(
            f"[hub] mode is {config.hub.mode}; what a shadow tells is not what happens, so it runs in mode practice"
        )
    devices = tuple(
        one.model_copy(update={"drives": False}) if isinstance(one, PlcWcsConfig) else one
        for one in config.devices
    )
    return config.model_copy(update={"devices": devices})


def told(lines: tuple[PlcLineView, ...]) -> Iterator[str]:
    """For people: what was compared, then the latest disagreements."""
    for line in lines:
        seen = line.shadow
        if seen is None:
            continue
        yield (
            f"line {line.line}: {seen.compared} parcels left; {seen.lanes_differ} into another lane than ours; of "
            f"{seen.codes_compared} that both have named {seen.codes_differ} under another name"
        )
        yield from (f"  {_one(disagreement)}" for disagreement in seen.last)


def _one(seen: Disagreement) -> str:
    parts = [f"at {seen.at / SECOND:.1f} s: track {seen.track}, visit {seen.visit}"]
    if seen.code_differs:
        parts.append(f"the controller says {', '.join(seen.told)}, we have read {', '.join(seen.read)}")
    if seen.lane_differs:
        ours = "nothing was decided" if seen.ours is None else f"ours is {seen.ours}"
        parts.append(f"it went to {seen.lane}, {ours}")
    return "; ".join(parts)
