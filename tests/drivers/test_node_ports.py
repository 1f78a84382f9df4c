"""HID and typing scanners as ports. No such hardware is here: a stand-in for the kernel records the calls."""

import errno
import os
import struct

import pytest
from pump_rig import pumping
from tcp_peers import until

from drivers.reading import DeviceDown, WeightRead
from drivers.transports.evdev_port import CLOCK_MONOTONIC, EVIOCGRAB, EVIOCSCLOCKID, EvdevPort
from drivers.transports.hidraw_port import HIDIOCGRAWINFO, HidrawPort
from drivers.transports.lost import PortLostError
from hub_config.attach import EvdevAttach, HidAttach
from hub_config.metrology import Metrology
from hub_config.names import DeviceId
from hub_config.scale_makers import HidScaleConfig

pytestmark = pytest.mark.system

SCALE = HidAttach(kind="hid", port="/dev/hidraw3")
WEDGE = EvdevAttach(kind="evdev", port="/dev/input/event5")


class FakeKernel:
    """Its device is a pipe for each direction that is looked at; every call is kept."""

    def __init__(self, refuse: tuple[str, int] | None = None) -> None:
        self.ours, self.theirs = os.pipe()
        os.set_blocking(self.ours, False)
        self.calls: list[tuple[object, ...]] = []
        self._refuse = refuse

    def open(self, path: str, flags: int) -> int:
        self._call("open", path, flags & os.O_ACCMODE, bool(flags & os.O_NONBLOCK))
        return self.ours

    def lock(self, fd: int) -> None:
        assert fd == self.ours
        self._call("lock")

    def ioctl(self, fd: int, request: int, argument: int | bytes) -> None:
        assert fd == self.ours
        self._call("ioctl", request, argument)

    def close(self, fd: int) -> None:
        self._call("close")
        os.close(fd)

    def _call(self, *call: object) -> None:
        self.calls.append(call)
        if self._refuse is not None and call[0] == self._refuse[0]:
            raise OSError(self._refuse[1], os.strerror(self._refuse[1]))


def test_a_wedge_is_grabbed_before_anything_is_read_and_given_back() -> None:
    kernel = FakeKernel()
    port = EvdevPort(WEDGE, kernel=kernel)
    record = struct.pack("<qqHHi", 1, 2, 1, 30, 1)
    os.write(kernel.theirs, record)

    assert port.read() == record
    assert port.read() == b""
    assert port.write(b"beep") == 4
    port.close()
    assert kernel.calls == [
        ("open", "/dev/input/event5", os.O_RDONLY, True), ("lock",),
        ("ioctl", EVIOCSCLOCKID, CLOCK_MONOTONIC), ("ioctl", EVIOCGRAB, 1),
        ("ioctl", EVIOCGRAB, 0), ("close",),
    ]  # fmt: skip


def test_a_wedge_that_another_program_has_grabbed_is_refused_and_closed() -> None:
    kernel = FakeKernel(("ioctl", errno.EBUSY))

    with pytest.raises(PortLostError, match=r"^/dev/input/event5 is in use by another program"):
        EvdevPort(WEDGE, kernel=kernel)

    assert kernel.calls[-1] == ("close",)


def test_a_wedge_that_was_pulled_out_closes_without_a_word() -> None:
    kernel = FakeKernel()
    port = EvdevPort(WEDGE, kernel=kernel)
    os.close(kernel.theirs)

    with pytest.raises(PortLostError, match="was lost"):
        port.read()
    kernel._refuse = ("ioctl", errno.ENODEV)
    port.close()

    assert kernel.calls[-1] == ("close",)


def test_a_hid_scale_gives_a_report_a_read_and_is_ours_alone() -> None:
    kernel = FakeKernel()
    port = HidrawPort(SCALE, node="/dev/hidraw7", kernel=kernel)
    os.write(kernel.theirs, bytes.fromhex("030402001400"))

    assert port.read() == bytes.fromhex("030402001400")
    port.close()
    assert kernel.calls == [
        ("open", "/dev/hidraw7", os.O_RDWR, True), ("lock",), ("ioctl", HIDIOCGRAWINFO, bytes(8)), ("close",),
    ]  # fmt: skip


def test_a_hid_device_that_another_hub_holds_says_so() -> None:
    kernel = FakeKernel(("lock", errno.EAGAIN))

    with pytest.raises(PortLostError, match=r"^/dev/hidraw3 is in use by another program; end that program$"):
        HidrawPort(SCALE, kernel=kernel)

    assert kernel.calls[-1] == ("close",)


def test_the_reports_of_a_hid_scale_are_weights_and_an_order_is_a_report() -> None:
    """From the port to the reading, but for the hardware."""
    kernel = FakeKernel()
    metrology = Metrology(regime="none", max_mg=10_000_000, min_mg=1_000, e_mg=2_000, mpe_mg=2_000)
    scale = HidScaleConfig(kind="hid-scale", id=DeviceId("scale-1"), attach=SCALE, metrology=metrology)
    with pumping(scale, open_port=lambda attach: HidrawPort(attach, kernel=kernel)) as (_, sink):
        for _ in range(3):  # the first report after opening may be an old one, and is left out
            os.write(kernel.theirs, bytes.fromhex("030402001400"))
        weight = sink.next(WeightRead)

    assert isinstance(weight, WeightRead)
    assert (weight.mass_mg, weight.unit, weight.stable) == (20_000, "g", True)
    assert kernel.calls[-1] == ("close",)


def test_a_hid_scale_that_falls_asleep_is_opened_again_and_its_first_report_is_left_out_again() -> None:
    """A Dymo switches itself off after three minutes: its node is gone until somebody presses its key."""
    awake: list[FakeKernel] = []

    def wake(attach: HidAttach) -> HidrawPort:
        awake.append(FakeKernel())
        return HidrawPort(attach, kernel=awake[-1])

    metrology = Metrology(regime="none", max_mg=10_000_000, min_mg=1_000, e_mg=2_000, mpe_mg=2_000)
    scale = HidScaleConfig(kind="hid-scale", id=DeviceId("scale-1"), attach=SCALE, metrology=metrology)
    with pumping(scale, open_port=wake) as (pump, sink):
        for number in range(3):
            until(lambda count=number: pump.stats()[0].openings > count)  # type: ignore[misc]
            os.write(awake[number].theirs, bytes.fromhex("030402006400"))  # 100 g, from before
            until(lambda count=number: pump.stats()[0].bytes_in >= 12 * count + 6)  # type: ignore[misc]
            os.write(awake[number].theirs, bytes.fromhex("030402001400"))
            weight = sink.next(WeightRead)
            assert isinstance(weight, WeightRead)
            assert weight.mass_mg == 20_000
            os.close(awake[number].theirs)
            sink.next(DeviceDown)


@pytest.mark.parametrize(
    ("node", "words"),
    [
        ("/dev/hidraw-none", "does not exist; check plug and power"),
        ("/dev/null", r"is no HID device \(/dev/hidraw…\); correct attach.port"),
    ],
)
def test_what_is_no_hid_device_is_refused_by_the_real_kernel(node: str, words: str) -> None:
    with pytest.raises(PortLostError, match=f"^{node} {words}$"):
        HidrawPort(HidAttach(kind="hid", port=node))


def test_what_is_no_input_device_is_refused_by_the_real_kernel() -> None:
    with pytest.raises(PortLostError, match=r"^/dev/null is no input device"):
        EvdevPort(EvdevAttach(kind="evdev", port="/dev/null"))
