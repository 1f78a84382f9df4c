"""What there is to see of a line that a controller drives, as a pure function of what the line knows."""

from edge.core.line_view import ITEM_STATES
from edge.core.plc_line import PlcDrivenLine
from edge.core.snapshot import ItemState, PlcLineView, TrackedView
from edge.core.tracked import Tracked
from hub_config.names import Instant


def view_of_plc_line(line: PlcDrivenLine, at: Instant) -> PlcLineView:
    return PlcLineView(
        line=line.config.id,
        at=at,
        ready=line.destinations.ready,
        tracks=tuple(_track(line, one) for one in line.table.items),
        lanes=tuple(line.views.values()),
        devices_down=line.devices_down,
        shadow=None if line.shadow is None else line.shadow.view(),
    )


def _track(line: PlcDrivenLine, one: Tracked) -> TrackedView:
    parcel = one.parcel
    # Told once it is on disk, as at the bench.
    verdict = parcel.verdict if parcel.phase == "placing" else None
    state: ItemState = "asking" if parcel.phase in ("asking", "recording") else "measuring"
    return TrackedView(
        visit=parcel.visit,
        track=one.track,
        since=one.at,
        state=state if verdict is None else ITEM_STATES[verdict.state],
        code=line.clearing.own_code(parcel),
        mass_mg=parcel.mass.mg if parcel.mass is not None else None,
        lane=verdict.bay.lane if verdict is not None else None,
        reasons=verdict.reasons if verdict is not None else (),
        ordered=one.ordered,
    )
