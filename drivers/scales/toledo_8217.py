"""Toledo 8217 and 8213, the request of points of sale (scales.md §2; PSC Magellan 8500 service manual p. 39–45).

Commands are one letter without a terminator; answers `STX … CR`. A number is a stable weight, gross unless an `N`
follows; `?` and one character is a status instead of a weight. There is no unit on the wire: it comes from config.
"""

import re
from functools import partial
from typing import Final

from drivers.scales.line_wire import LineWire
from drivers.scales.told import Garbled, Load, Order, Piece, Told, Wire
from hub_config.request_scales import Toledo8217Config

LINE_MAX_BYTES: Final = 64

_WEIGHT: Final = re.compile(r" {0,8}([0-9]{0,6}\.?[0-9]{1,6})(N?)")
_COMMANDS: Final = {
    b"W": "weight", b"H": "weight_high_res", b"Z": "zero", b"T": "tare", b"C": "tare_clear",
    b"A": "confidence_test", b"B": "confidence_result", b"E": "echo_start", b"Ehello": "echo_probe", b"F": "echo_end",
}  # fmt: skip
_ORDERS: Final[dict[Order, bytes]] = {"weight": b"W", "zero": b"Z", "tare": b"T\r", "tare_clear": b"C"}
_PASSED: Final = 0x40
"""Of the confidence test: no bit of a fault is set."""


def toledo_8217(config: Toledo8217Config) -> Wire:
    return LineWire(
        partial(_answer, config.benchpro),
        _ORDERS,
        max_bytes=LINE_MAX_BYTES,
        terminators=(b"\r",),
        prefix=b"\x02",
    )


def _answer(benchpro: bool, line: bytes) -> Piece:
    if len(line) == 2 and line[:1] == b"?":
        return Told("status", *_status(line[1], benchpro), raw=line)
    if line in (b"E", b"F"):
        return Told("ack", keys={"command": "echo_probe" if line == b"E" else "echo_end"}, raw=line)
    found = _WEIGHT.fullmatch(line.decode("latin-1"))
    if found is None:
        return Garbled(line)
    return Told("weight", Load(text=found[1], stable=True, mode="net" if found[2] else "gross"), raw=line)


def _status(status: int, benchpro: bool) -> tuple[Load | None, dict[str, object]]:
    if status == _PASSED:
        return None, {"confidence_test": "pass"}
    motion, over, under, off_zero, zero, net = (bool(status >> bit & 1) for bit in range(6))
    net = net and not benchpro
    load = Load(
        stable=not motion,
        mode="net" if net else None,
        zero=zero,
        overload=over,
        underload=under,
        invalid=True,
    )
    return load, {
        "motion": motion, "overload": over, "underload": under, "outside_zero_range": off_zero,
        "center_of_zero": zero, "net": net,
    }  # fmt: skip


def parse_command(sent: bytes) -> Told | None:
    """What a host sends; None: no command of this protocol."""
    command = _COMMANDS.get(sent.rstrip(b"\r"))
    return None if command is None else Told("command", keys={"command": command}, raw=sent)
