"""What the drawing of a floor needs to know once: benches, belts and where their parts stand.

Plain JSON values out of the configuration. They go into the floor page at first paint and answer `/layout.json`; what
moves is in the page state (`edge.web.state`).
"""

from hub_config.hub import HubConfig
from hub_config.lines import Diverter, Line
from hub_config.names import MILLISECOND
from hub_config.plc import PlcLine, PlcWcsConfig

FloorLayout = dict[str, object]


def floor_layout(config: HubConfig) -> FloorLayout:
    return {
        "hub": config.hub.id,
        "gateway": config.gateway.id,
        "mode": config.hub.mode,
        "benches": [{"id": bench.id, "name": bench.name} for bench in config.benches],
        "lines": [line_layout(line) for line in config.lines],
        "plc_lines": [_plc_line(config, line) for line in config.plc_lines],
    }


def _plc_line(config: HubConfig, line: PlcLine) -> FloorLayout:
    plc = config.device(line.plc)
    drives = isinstance(plc, PlcWcsConfig) and plc.drives
    return {"id": line.id, "name": line.name, "plc": line.plc, "drives": drives}


def line_layout(line: Line) -> FloorLayout:
    """Positions are along the way of a parcel; that of a lane's beam goes on from its diverter."""
    return {
        "id": line.id,
        "name": line.name,
        "board": line.board,
        "length_um": line.length_um,
        "speed_mm_s": line.belt.speed_mm_s,
        "beams": [{"id": beam.id, "position_um": beam.position_um} for beam in line.belt_beams],
        "readers": [
            {"device": one.device, "position_um": one.position_um, "window_um": one.window_um}
            for one in line.readers
        ],
        "scale": {"device": line.scale.device, "position_um": line.beam(line.scale.beam).position_um},
        "diverters": [_diverter(line, one) for one in line.diverters],
        "end": {"lane": line.end.lane, "bay": line.end.bay},
    }


def _diverter(line: Line, diverter: Diverter) -> FloorLayout:
    return {
        "id": diverter.id,
        "position_um": diverter.position_um,
        "swing_um": line.travel_um(diverter.actuation_ms * MILLISECOND),
        "clearance_um": line.clearance_um,
        "lane": diverter.lane,
        "bay": diverter.bay,
        "beam_um": line.beam(diverter.beam).position_um,
    }
