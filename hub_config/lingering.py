"""How long an output stays on when board or cable fall silent, and how much free belt a diverter needs for that.

A parcel behind a pushed one may be taken along by such an output if it is to go elsewhere, so there has to be room; the
one ahead may not: no output is on before its time (docs/modbus-io.md).
"""

from collections.abc import Iterator

from hub_config.external import ExternalConfig
from hub_config.hub import HubConfig
from hub_config.lines import Line
from hub_config.modbus import ModbusIoConfig
from hub_config.names import MILLISECOND
from hub_config.units import as_text


def lingers_ms(hub: HubConfig, line: Line) -> int:
    """Of the board that switches its diverters; 0: it times each push by itself."""
    board = hub.device(line.board)
    return board.lingers_ms or 0 if isinstance(board, ModbusIoConfig | ExternalConfig) else 0


def notes(hub: HubConfig) -> Iterator[str]:
    """What a line whose outputs may linger needs of its traffic: parcels that come closer are held, which no check of
    the file can see."""
    for line in hub.lines:
        linger_ms = lingers_ms(hub, line)
        for one in line.diverters if linger_ms else ():
            needed_um, more_um = line.gap_needed_um(one), line.travel_um(linger_ms * MILLISECOND)
            answer_ms = line.answer_time_ns(one) // MILLISECOND
            yield (
                f"line {line.id}, diverter {one.id}: of two parcels that go to different lanes the first is"
                f" diverted only if the second is {as_text(needed_um + more_um, 'um')} behind,"
                f" {as_text(needed_um, 'um')} for the diverter and {as_text(more_um, 'um')} as its output may stay"
                f" on for {as_text(linger_ms, 'ms')}; of two nearer ones that go to the same both must be decided"
                f" by then, and the coordinator has {as_text(answer_ms, 'ms')} for each"
            )
