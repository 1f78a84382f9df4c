"""Simulated scales on real ptys and sockets, read by a running pump: weights, a cable pulled and plugged in, zero."""

import os
import random
import selectors
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from pump_rig import Readings, pumping
from serial_pty import DEADLINE_S
from tcp_peers import free_port

from drivers.command import ScaleOrder
from drivers.decode_config import METROLOGY
from drivers.reading import DeviceDown, DeviceUp, OrderAnswered, Reading, WeightRead
from drivers.scales.explained import Explained
from drivers.scales.registry import EXPLAINED
from hub_config.devices import Device
from hub_config.names import DeviceId, Instant
from hub_config.scales import SicsScaleConfig
from simulators.one_device import OneDevice, new_device
from simulators.wires import PtyPort, TcpEnd, Wire

pytestmark = pytest.mark.system

SCALE = DeviceId("scale-1")
NAMES = (
    "mt-sics",
    "toledo-8217",
    "mt-continuous",
    "mt-continuous-short",
    "sma",
    "nci",
    "ricelake-stream",
    "cardinal-stream",
)
BAUD = 115_200


@contextmanager
def served(kind: str, place: Path | int) -> Iterator[Callable[[str], None]]:
    """Runs a simulated scale in a thread; gives what types to it."""
    typed, typing = os.pipe()

    def wire(selector: selectors.BaseSelector) -> Wire:
        if isinstance(place, int):
            return TcpEnd(place, listens=True, selector=selector)
        return PtyPort(place, BAUD, random.Random(1), selector)

    device = OneDevice(new_device(kind, Instant(time.monotonic_ns())), wire, typed)
    thread = threading.Thread(target=device.run)
    thread.start()
    try:
        yield lambda text: os.write(typing, f"{text}\n".encode()) and None
    finally:
        os.write(typing, b"quit\n")
        thread.join(DEADLINE_S)
        os.close(typed)
        os.close(typing)


def config(name: str, place: Path | int) -> Device:
    known = EXPLAINED.get(name, Explained(SicsScaleConfig, "mt-sics"))
    attach: dict[str, Any] = {"kind": "serial", "port": str(place), "baud": BAUD}
    if isinstance(place, int):
        attach = {"kind": "tcp", "host": "127.0.0.1", "port": place}
    made = known.config.model_validate(
        {"id": SCALE, "kind": known.kind, "attach": attach, "metrology": METROLOGY, "unit": "kg",
         "poll_ms": 50, **known.fixed}
    )  # fmt: skip
    return cast(Device, made)


def weighs(mass_mg: int) -> Callable[[Reading], bool]:
    return lambda read: isinstance(read, WeightRead) and read.stable is True and read.mass_mg == mass_mg


def zero_and_a_parcel(readings: Readings, type_: Callable[[str], None]) -> None:
    readings.until(weighs(0))
    type_("load 1.25 kg")
    readings.until(weighs(1_250_000))


@pytest.mark.parametrize("name", NAMES)
def test_a_scale_on_a_serial_port_weighs_and_after_its_cable_was_pulled_again(
    name: str, tmp_path: Path
) -> None:
    place = tmp_path / "scale"
    with served(name, place) as type_, pumping(config(name, place)) as (_, readings):
        readings.next(DeviceUp)
        zero_and_a_parcel(readings, type_)
        type_("unplug")
        readings.next(DeviceDown)
        type_("load 0 kg")
        type_("plug")
        readings.next(DeviceUp)
        zero_and_a_parcel(readings, type_)


@pytest.mark.parametrize("name", ["mt-sics", "mt-continuous", "sma"])
def test_a_scale_on_a_network_weighs_and_is_zeroed_by_a_person(name: str) -> None:
    port = free_port()
    with served(name, port) as type_, pumping(config(name, port)) as (pump, readings):
        zero_and_a_parcel(readings, type_)
        type_("load 100 g")
        readings.until(weighs(100_000))
        pump.command(ScaleOrder(SCALE, 5, "zero"))
        answered = readings.next(OrderAnswered)
        readings.until(weighs(0))

        assert isinstance(answered, OrderAnswered)
        assert (answered.order, answered.accepted) == (5, True)


def test_the_print_key_of_a_scale_sends_its_weight_once_it_rests(tmp_path: Path) -> None:
    place = tmp_path / "scale"
    printing = config("sma", place).model_copy(update={"mode": "print"})
    with served("sma", place) as type_, pumping(printing) as (_, readings):
        type_("load 0.75 kg")
        type_("print")
        readings.until(weighs(750_000))
