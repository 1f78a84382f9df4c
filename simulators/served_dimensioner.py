"""Dimensioners for `hub simulated-device`: what passes under them, or lies on their stand, is typed."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from hub_config.names import Instant
from hub_config.units import UnitError, amount
from simulators.devices.cubiscan_stand import CubiscanStand
from simulators.devices.cubiscan_wire import CubiscanDevice
from simulators.devices.dimensioner import Dimensioner, Sides
from simulators.devices.dm3610_wire import Dm3610Device
from simulators.devices.mda_wire import SickMdaDevice
from simulators.devices.record_dimensioner import RecordDimensionerDevice
from simulators.served_device import ServedDevice

Passed = Dm3610Device | SickMdaDevice | RecordDimensionerDevice
PASSED: Final[Mapping[str, Callable[[], Passed]]] = {
    "record-dimensioner": lambda: RecordDimensionerDevice(Dimensioner()),
    "datalogic-dm3610": lambda: Dm3610Device(Dimensioner()),
    "sick-mda": lambda: SickMdaDevice(Dimensioner()),
}
STANDING: Final = "cubiscan"
DIMENSIONERS: Final = (*PASSED, STANDING)


class ServedPassage(ServedDevice[Passed]):
    """A dimensioner over a belt."""

    def told(self, order: Sequence[str], now: Instant) -> str:
        match order:
            case ["pass", length, width, height]:
                self._device.pass_by(_sides(length, width, height), now)
                return f"a body of {length} x {width} x {height} mm has passed"
            case ["bag"]:
                self._device.pass_by((300_000, 200_000, 100_000), now, soft=True)
                return "a bag has passed, which it can not measure"
            case _:
                raise ValueError("a dimensioner knows: pass 300 200 100 (mm), bag, unplug, plug, quit")


class ServedStand(ServedDevice[CubiscanDevice]):
    """A CubiScan."""

    def __init__(self) -> None:
        super().__init__(CubiscanDevice(CubiscanStand()))

    def told(self, order: Sequence[str], now: Instant) -> str:
        match order:
            case ["put", length, width, height, *mass] if mass:
                try:
                    mass_mg = amount(" ".join(mass), "mg", "1.25 kg")
                except UnitError as fault:
                    raise ValueError(f"{fault.what}; {fault.limit}; {fault.todo}") from None
                self._device.stand.put(_sides(length, width, height), mass_mg, now)
                return f"{length} x {width} x {height} mm and {' '.join(mass)} lie on it"
            case ["take"]:
                self._device.stand.put((0, 0, 0), 0, now)
                return "nothing lies on it"
            case ["key"]:
                self._device.press_key(now)
                return "its key is pressed"
            case _:
                raise ValueError("a CubiScan knows: put 300 200 100 1.25 kg, take, key, unplug, plug, quit")


def _sides(*texts: str) -> Sides:
    """Of whole millimetres. Raises ValueError."""
    if not all(text.isdecimal() and len(text) <= 4 for text in texts):
        raise ValueError(
            f"{' '.join(texts)} are no three sides in whole mm; type for example pass 300 200 100"
        )
    length, width, height = (int(text) * 1_000 for text in texts)
    return length, width, height


def new_dimensioner(kind: str) -> ServedPassage | ServedStand:
    return ServedStand() if kind == STANDING else ServedPassage(PASSED[kind]())
