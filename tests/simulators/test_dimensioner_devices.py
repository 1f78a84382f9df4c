"""The simulated DM3610, SICK MDA and CubiScan: what the real drivers read of them, and what goes wrong."""

from collections.abc import Callable
from typing import Literal

import pytest

from drivers.command import Measure
from drivers.decode import decode
from drivers.dimensioners.registry import new_dimensioner
from drivers.reading import DeviceFault, DeviceUp, DimensionsRead, OrderAnswered, Reading, WeightRead
from drivers.session import Actuator
from hub_config.attach import TcpAttach
from hub_config.dimensioners import CubiscanConfig, DimensionerConfig, Dm3610Config, SickMdaConfig
from hub_config.metrology import Metrology
from hub_config.names import MILLISECOND, DeviceId, Instant
from simulators.devices.cubiscan_stand import MEASURES_NS, CubiscanStand
from simulators.devices.cubiscan_wire import HELD_BYTES_MAX, CubiscanDevice
from simulators.devices.dimensioner import Dimensioner
from simulators.devices.dm3610_wire import MAX_MESSAGES, Dm3610Device
from simulators.devices.mda_wire import MAX_TELEGRAMS, SickMdaDevice
from simulators.one_device import new_device

BOX = (301_200, 200_100, 99_800)
SHOWN = (300_000, 200_000, 100_000)
LATER = Instant(10**12)
WHERE = TcpAttach(kind="tcp", host="127.0.0.1", port=4_001)
METROLOGY = Metrology(regime="none", max_mg=30_000_000, min_mg=100_000, e_mg=5_000, mpe_mg=5_000)
DIM = DeviceId("dim-1")


def ms(milliseconds: int) -> Instant:
    return Instant(milliseconds * MILLISECOND)


def told(config: DimensionerConfig, data: bytes) -> list[Reading]:
    """By the real driver, byte for byte; a CubiScan was asked before."""
    session = new_dimensioner(config)
    session.wake(ms(0))
    if isinstance(session, Actuator):
        session.command(Measure(DIM, 1), ms(0))
    readings = [reading for at in range(len(data)) for reading in session.receive(data[at : at + 1], ms(1))]
    return [one for one in readings if not isinstance(one, OrderAnswered)]


def sides(reading: Reading) -> tuple[int | None, int | None, int | None]:
    assert isinstance(reading, DimensionsRead)
    return reading.l_um, reading.w_um, reading.h_um


DM3610 = Dm3610Config(kind="datalogic-dm3610", id=DIM, attach=WHERE, u_um=5_000)
MDA = SickMdaConfig(kind="sick-mda", id=DIM, attach=WHERE, u_um=5_000, metrology=METROLOGY)
CUBISCAN = CubiscanConfig(kind="cubiscan", id=DIM, attach=WHERE, u_um=5_000, metrology=METROLOGY)


@pytest.mark.parametrize(("unit", "precision"), [("cm", 1), ("cm", 2), ("mm", 0), ("mm", 1)])
def test_a_dm3610_numbers_its_messages_and_the_driver_reads_every_side(
    unit: Literal["cm", "mm"], precision: int
) -> None:
    device = Dm3610Device(Dimensioner(), unit=unit, precision=precision)
    assert [device.pass_by(BOX, ms(0)), device.pass_by(BOX, ms(10))] == [SHOWN, SHOWN]
    assert device.take_output(ms(149)) == b""

    one, two = told(DM3610, device.take_output(ms(160)))

    assert (sides(one), sides(two)) == (SHOWN, SHOWN)
    assert isinstance(one, DimensionsRead)
    assert isinstance(two, DimensionsRead)
    assert (one.record, two.record, one.status) == (0, 1, "READY")


def test_a_dm3610_with_a_check_is_read_where_it_is_declared() -> None:
    device = Dm3610Device(Dimensioner(), bcc=True)
    device.pass_by(BOX, ms(0))
    data = device.take_output(LATER)

    (one,) = told(DM3610.model_copy(update={"check": "xor data hex"}), data)
    assert sides(one) == SHOWN
    assert [type(reading) for reading in told(DM3610, data)] == [DeviceFault]


def test_what_a_dm3610_could_not_measure_has_its_reason_and_what_is_not_legal_counts_for_nothing() -> None:
    device = Dm3610Device(Dimensioner())
    device.pass_by(BOX, ms(0), soft=True)
    device.ready = False
    device.pass_by(BOX, ms(0))
    device.pass_by(BOX, ms(0), lost=True)
    device.ready = True
    device.pass_by(BOX, ms(0))

    bag, outdated, good = told(DM3610, device.take_output(LATER))

    assert (sides(bag), sides(outdated), sides(good)) == ((None,) * 3, (None,) * 3, SHOWN)
    assert [one.status for one in (bag, outdated) if isinstance(one, DimensionsRead)] == [
        "NODIM_BOX_SIDES_TO_NOISY",
        "NOTREADY",
    ]
    assert isinstance(good, DimensionsRead)
    assert good.record == 3


def test_an_mda_tells_box_weight_and_code_of_one_object() -> None:
    device = SickMdaDevice(Dimensioner(), number=9_999)
    device.pass_by(BOX, ms(0), mass_mg=1_234_567, code="RB123456785GB")
    device.pass_by(BOX, ms(0), soft=True, scale_fails=True)
    data = device.take_output(LATER)

    box, weight, no_box, no_weight = told(MDA, data)

    assert (sides(box), sides(no_box)) == (SHOWN, (None,) * 3)
    assert isinstance(box, DimensionsRead)
    assert isinstance(weight, WeightRead)
    assert isinstance(no_weight, WeightRead)
    assert (box.record, weight.record, weight.mass_mg, no_weight.mass_mg) == (9_999, 9_999, 1_234_000, None)
    first, second = decode("sick-mda", [data], {})
    assert (first["barcode"], first["object"], first["volume_mm3"]) == ("RB123456785GB", 9_999, 6_000_000)
    assert (second["no_read"], second["object"], second["scale_error"]) == (True, 0, True)


def test_a_cubiscan_measures_when_it_is_told_to_and_at_its_key() -> None:
    stand = CubiscanStand()
    device = CubiscanDevice(stand, padding=3)
    stand.put(BOX, 1_234_567, ms(0))
    device.receive(b"\x02M\x03", ms(10))
    device.receive(b"\r\n", ms(11))
    assert device.wake_at == Instant(ms(11) + MEASURES_NS)
    assert device.take_output(ms(1_000)) == b""

    by_host = device.take_output(LATER)
    device.press_key(LATER)
    by_key = device.take_output(Instant(LATER + MEASURES_NS))

    box, weight = told(CUBISCAN, by_host)
    assert sides(box) == (301_000, 200_000, 100_000)
    assert isinstance(weight, WeightRead)
    assert (weight.mass_mg, weight.stable) == (1_230_000, True)
    assert [decode("cubiscan", [one], {})[0]["origin"] for one in (by_host, by_key)] == ["H", "C"]


def test_a_cubiscan_says_what_it_can_not_measure() -> None:
    stand = CubiscanStand()
    device = CubiscanDevice(stand)

    def measured(prepare: Callable[[], object] = lambda: None) -> bytes:
        device.receive(b"\x02M\x03\r\n", ms(0))
        prepare()
        return device.take_output(LATER)

    empty, _ = told(CUBISCAN, measured())
    moved, unstable = told(CUBISCAN, measured(lambda: stand.put(BOX, 500_000, ms(100))))
    stand.put((300_000, 200_000, 10_500_000), 1_000_000_000, ms(0))
    tall, heavy = told(CUBISCAN, measured())
    stand.sensor_fails = True
    (refused,) = told(CUBISCAN, measured())

    assert (sides(empty), sides(moved), sides(tall)) == ((None,) * 3,) * 3
    assert isinstance(unstable, WeightRead)
    assert isinstance(heavy, WeightRead)
    assert (unstable.stable, heavy.overload, heavy.mass_mg) == (False, True, None)
    assert isinstance(refused, DeviceFault)
    assert refused.detail == "it says corner_sensor_error"


def test_a_cubiscan_answers_its_other_commands_and_a_busy_one_refuses() -> None:
    device = CubiscanDevice(CubiscanStand(), site="004600")
    device.receive(
        b'\x02U\x03\r\n\x02"E\x03\r\n\x02#E\x03\r\n\x02LABCDEF\x03\r\n\x02?\x03\r\n\x02T\x03\r\n', ms(0)
    )
    units, *done, unknown, test = decode("cubiscan", [device.take_output(ms(1))], {})
    assert units["site"] == "004600"
    assert [one["command"] for one in done] == ["dim_unit", "weight_unit", "set_site"]
    assert (unknown["error"], test["code"]) == ("unknown_command", "42")

    device.stand.put((508_000, 254_000, 127_000), 4_535_920, ms(2))
    device.receive(b"\x02M\x03\r\n\x02M\x03\r\n", ms(3))
    (busy,) = decode("cubiscan", [device.take_output(ms(4))], {})
    (inches,) = decode("cubiscan", [device.take_output(LATER)], {})
    assert busy["error"] == "measure_error"
    assert (inches["length"], inches["unit"], inches["weight"], inches["weight_unit"]) == (
        "20.0", "in", "10.00", "lb",
    )  # fmt: skip


def test_what_waits_is_bounded_and_gone_when_the_power_is() -> None:
    dm3610, mda = Dm3610Device(Dimensioner()), SickMdaDevice(Dimensioner())
    for _ in range(MAX_MESSAGES + 2):
        dm3610.pass_by(BOX, ms(0))
    for _ in range(MAX_TELEGRAMS + 2):
        mda.pass_by(BOX, ms(0))
    assert (dm3610.lost_messages, mda.lost_telegrams) == (2, 2)
    for one in (dm3610, mda):
        one.power_up()
        assert (one.wake_at, one.take_output(LATER)) == (None, b"")

    deaf, cubiscan = CubiscanDevice(CubiscanStand(), answers=False), CubiscanDevice(CubiscanStand())
    deaf.receive(b"\x02U\x03\r\n", ms(0))
    cubiscan.receive(b"x" * HELD_BYTES_MAX * 4 + b"\x02U\x03\r\n", ms(0))
    assert deaf.take_output(LATER) == b""
    assert cubiscan.take_output(LATER).startswith(b"\x02UAMM")
    cubiscan.power_up()


@pytest.mark.parametrize("kind", ["record-dimensioner", "datalogic-dm3610", "sick-mda"])
def test_one_over_a_belt_is_served_and_told_what_passes(kind: str) -> None:
    device = new_device(kind, ms(0))

    assert device.told(["pass", "300", "200", "100"], ms(0)) == "a body of 300 x 200 x 100 mm has passed"
    assert "bag" in device.told(["bag"], ms(0))
    assert len(decode(kind, [device.take_output(LATER)], {"separator": ";"} if "record" in kind else {})) == 2
    device.receive(b"whatever", ms(0))
    for wrong in (["pass", "a", "b", "c"], ["put"]):
        with pytest.raises(ValueError, match=r"three sides|knows"):
            device.told(wrong, ms(0))


def test_a_served_cubiscan_measures_what_is_put_on_it() -> None:
    device = new_device("cubiscan", ms(0))
    device.told(["put", "300", "200", "100", "1.25", "kg"], ms(0))
    device.told(["key"], ms(1))
    (told_by_key,) = decode("cubiscan", [device.take_output(LATER)], {})
    device.told(["take"], LATER)
    device.receive(b"\x02M\x03\r\n", LATER)
    (empty,) = decode("cubiscan", [device.take_output(Instant(LATER + MEASURES_NS))], {})

    assert (told_by_key["length"], told_by_key["weight"]) == ("30.0", "1.25")
    assert empty["error"] == "length_under"
    for wrong in (["put", "300", "200", "100", "heavy"], ["pass", "1", "2", "3"]):
        with pytest.raises(ValueError, match=r"mass|knows"):
            device.told(wrong, LATER)


def test_the_drivers_are_up_as_soon_as_their_port_is() -> None:
    for config in (DM3610, MDA, CUBISCAN):
        assert [type(one) for one in new_dimensioner(config).wake(ms(0))] == [DeviceUp]
