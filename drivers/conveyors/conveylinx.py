"""Registers of a ConveyLinx zone controller (PulseRoller, conveyor-io §3): what each word says.

Holding registers are counted from 1 (4:0001); on the wire the address is one less. The ERSC family keeps its words from
4:1700 on; the Ai2 has sensors at 4:1518 and the stop word at 4:1520 (Ai2 guide, port inputs and ConveyStop status).
What is written: 4:1800 to 4:1803 and the module's own registers behind them (PLC Developers Guide, ERSC family).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

FIRST: Final = 1700
"""Of the assembled input block."""

STOP: Final[Mapping[int, str]] = {
    5: "other_module",
    6: "lost_communication",
    7: "lost_plc",
    8: "left_control_port",
    9: "right_control_port",
    10: "plc",
}
ZONE: Final[Mapping[int, str]] = {
    1: "clear_stopped",
    2: "clear_running",
    4: "blocked_running",
    5: "blocked_stopped",
    6: "busy",
}
Said = dict[str, object]


def _stop(word: int) -> Said:
    return {"stop_status": word, "stopped_by": [name for bit, name in STOP.items() if word >> bit & 1]}


def _sensors(word: int) -> Said:
    """Pin 4 of a sensor port is the photo-eye."""
    ports = {0: "left_sensor_pin3", 2: "right_sensor_pin3", 4: "left_sensor_pin4", 6: "right_sensor_pin4"}
    told: Said = {name: bool(word >> bit & 1) for bit, name in ports.items()}
    control = [bit for bit in (1, 3, 5, 7) if word >> bit & 1]
    return {**told, "control_ports_on": control, "heartbeat": bool(word >> 15 & 1)}


def _control_ports(word: int) -> Said:
    return {"left_control_port_on": bool(word >> 1 & 1), "right_control_port_on": bool(word >> 3 & 1)}


def _detect(word: int) -> Said:
    return {"devices_connected": [name for bit, name in enumerate(("right", "left")) if word >> bit & 1]}


def _number(name: str) -> Callable[[int], Said]:
    return lambda word: {name: word}


def _zone(name: str) -> Callable[[int], Said]:
    return lambda word: {name: word, f"{name}_is": ZONE.get(word, "unknown")}


_WORDS: Final[Mapping[int, Callable[[int], Said]]] = {
    20: _number("stop_command"),
    37: _control_ports,
    1518: _sensors,
    1520: _stop,
    1700: _stop,
    1701: _sensors,
    1702: _detect,
    1703: _number("module_mV"),
    1704: _number("left_motor_mA"),
    1705: _number("left_Hz"),
    1716: _number("tracking_in_1"),
    1717: _number("tracking_in_2"),
    1800: _number("stop_command"),
    1803: _control_ports,
    1817: _zone("to_downstream"),
    1818: _zone("to_upstream"),
    1820: _number("tracking_out_1"),
    1821: _number("tracking_out_2"),
}


def explain(first: int, words: Sequence[int]) -> Said:
    """Of registers from `first` on, counted as the maker does; those that the manual does not name by their number."""
    told: Said = {}
    for register, word in enumerate(words, first):
        known = _WORDS.get(register)
        told |= {f"4:{register:04}": word} if known is None else known(word)
    return told


def reference(wire_address: int) -> str:
    """As the maker writes it."""
    return f"4:{wire_address + 1:04}"
