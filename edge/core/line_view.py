"""What a line's drawing shows, as a pure function of what the line knows."""

from typing import Final

from edge.core.item import Item
from edge.core.line import Line
from edge.core.snapshot import BeltItem, BenchState, ItemState, LineState, LineView
from edge.core.transfer import Section
from hub_config.names import Instant

ITEM_STATES: Final[dict[BenchState, ItemState]] = {
    "release": "release",
    "hold": "hold",
    "inspect": "inspect",
    "ask": "ask",
}


def view_of_line(line: Line, at: Instant) -> LineView:
    return LineView(
        line=line.config.id,
        at=at,
        state=state_of_line(line, at),
        speed_um_s=line.belt.speed_um_s,
        board=line.board,
        items=tuple(
            _item(line, section, item, section.belt.travel_at(at))
            for section in reversed(line.sections[: len(line.config.belts)])  # a side belt has no place in it
            for item in section.track.items
            if item.parcel is not None
        ),
        lanes=line.lanes.views(),
        wrong=line.wrong,
        network_away=line.clearing.away,
        trouble=line.diverting.trouble,
    )


def state_of_line(line: Line, at: Instant) -> LineState:
    if any(section.jams.beams for section in line.sections) and line.board == "ready":
        return "jam"
    if line.board != "ready" or line.diverting.trouble or line.devices_down:
        return "fault"
    if any(section.belt.is_stale(at) for section in line.sections):
        return "fault"
    return "runs" if any(section.belt.moving for section in line.sections) else "stands"


def _item(line: Line, section: Section, item: Item, travel: int) -> BeltItem:
    parcel = item.parcel
    assert parcel is not None, f"{line.config.id}: only parcels are drawn"
    # Told once it is on disk, as at the bench.
    verdict = parcel.verdict if parcel.phase in ("placing", "placed") else None
    state: ItemState = "asking" if parcel.phase in ("asking", "recording") else "measuring"
    if item.stray:
        state = "stray"
    elif verdict is not None:
        state = ITEM_STATES[verdict.state]
    front, dims = item.front_um + travel, parcel.dims
    return BeltItem(
        visit=parcel.visit,
        number=item.number,
        state=state,
        front_um=front,
        rear_um=front - section.track.length_um(item, travel),
        code=line.clearing.own_code(parcel) or (parcel.codes[0].data if parcel.codes else None),
        mass_mg=parcel.mass.mg if parcel.mass is not None else None,
        lane=verdict.bay.lane if verdict is not None else None,
        reasons=verdict.reasons if verdict is not None else (),
        ordered=item.ordered,
        in_doubt=parcel.in_doubt,
        dims_um=None if dims is None else (dims.l_um, dims.w_um, dims.h_um),
    )
