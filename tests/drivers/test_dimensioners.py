"""Dimensioners: what their records say of a parcel, and what is no result."""

from dataclasses import replace
from typing import Any

import pytest
from driver_configs import (
    DIMENSIONER,
    cubiscan_config,
    dimensioner_config,
    dimensioner_configs,
    dm3610_config,
    dws_config,
    mda_config,
    ms,
)
from vectors_file import vectors

from drivers.command import Measure, Trigger
from drivers.decode import decode
from drivers.dimensioners.cubiscan import Cubiscan
from drivers.dimensioners.dm3610 import Dm3610
from drivers.dimensioners.length import SIDE_MAX_UM, side_um
from drivers.dimensioners.record_dimensioner import RecordDimensioner
from drivers.dimensioners.registry import new_dimensioner
from drivers.dimensioners.sick_mda import SickMda
from drivers.reading import DeviceFault, DeviceUp, DimensionsRead, OrderAnswered, Reading, WeightRead
from simulators.devices.cubiscan_stand import CubiscanStand
from simulators.devices.cubiscan_wire import CubiscanDevice

AT = ms(5)
BOX = DimensionsRead(
    DIMENSIONER, AT, 300_000, 200_000, 100_000, 5_000, "cuboid", 7, ("300", "200", "100"), "mm", "OK"
)
NO_BOX = replace(BOX, l_um=None, w_um=None, h_um=None)


def received(data: bytes, **config: Any) -> list[Reading]:
    return RecordDimensioner(dimensioner_config(**config)).receive(data, AT)


def only(readings: list[Reading]) -> Reading:
    (one,) = readings
    return one


def test_a_dimensioner_of_any_kind_is_up_when_its_port_opens_and_asks_for_nothing() -> None:
    for config in dimensioner_configs():
        session = new_dimensioner(config)

        assert session.wake_at == ms(0)
        assert session.wake(AT) == [DeviceUp(DIMENSIONER, AT, identity=None)]
        assert (session.wake_at, session.take_output(), session.wake(AT)) == (None, b"", [])


def test_a_record_is_the_box_around_one_item() -> None:
    assert received(b"7;300;200;100;mm;OK\r\n") == [BOX]


@pytest.mark.parametrize(
    ("record", "config", "wanted"),
    [
        (b"7;;;;mm;NODIM", {}, replace(NO_BOX, text=("", "", ""), status="NODIM")),
        (b"7;300;200;100;mm;NODIM", {}, replace(NO_BOX, status="NODIM")),
        (b"7;300;ERR;100;mm;OK", {}, replace(NO_BOX, text=("300", "ERR", "100"))),
        (b"7;300;000.0;100;mm;OK", {}, replace(NO_BOX, text=("300", "000.0", "100"))),
        (b"7;300;200;100;mm;SOFT", {"irregular": ("SOFT",)}, replace(BOX, shape="irregular", status="SOFT")),
        (b"7;300;-1;100;mm;OK", {}, replace(NO_BOX, text=("300", "-1", "100"))),
    ],
)
def test_what_was_not_measured_has_no_sides_and_is_no_zero(
    record: bytes, config: dict[str, Any], wanted: DimensionsRead
) -> None:
    assert received(record + b"\r", **config) == [wanted]


def test_units_and_decimal_signs_are_those_of_the_grammar() -> None:
    fields = ("height", "width", "length", "skip")

    read = only(received(b"4,5;8,0;12,3;x\n", fields=fields, unit="in", decimal=","))

    assert isinstance(read, DimensionsRead)
    assert (read.l_um, read.w_um, read.h_um) == (312_420, 203_200, 114_300)
    assert (read.record, read.text, read.unit, read.status) == (None, ("12.3", "8.0", "4.5"), "in", None)


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (b"7;300;200;100;furlong;OK", "unit 'furlong' is unknown; known: mm, cm, m, in"),
        (b"7;300;-200;100;mm;OK", "width '-200' is no length in record 7; check fields"),
        (b"7;300;200;1e3;mm;OK", "height '1e3' is no length"),
        (b"7;300;200;100;m;OK", "length '300' is no length"),
        (b"seven;300;200;100;mm;OK", "record number 'seven'"),
        (b"7;300;200;100;OK", "a record of 5 fields, 6 wanted"),
    ],
)
def test_a_line_that_is_no_record_is_a_fault_that_says_why(record: bytes, said: str) -> None:
    fault = only(received(record + b"\r"))

    assert isinstance(fault, DeviceFault)
    assert fault.code == "garbled"
    assert said in fault.detail


def test_no_side_is_longer_than_any_parcel() -> None:
    assert side_um("100", "m") == SIDE_MAX_UM
    assert side_um("100.001", "m") is None
    assert side_um("9999999999999999", "m") is None


def test_a_record_with_a_weight_is_two_readings_with_one_number() -> None:
    sizes, weight = RecordDimensioner(dws_config()).receive(b"7;300;200;100;1250;OK\r", AT)

    assert sizes == BOX
    assert weight == WeightRead(DIMENSIONER, AT, 1_250_000, "1250", "g", None, record=7)


def test_of_a_record_without_a_weight_the_item_has_none() -> None:
    _, weight = RecordDimensioner(dws_config()).receive(b"7;300;200;100;----;OK\r", AT)
    refused = RecordDimensioner(dws_config()).receive(b"8;300;200;100;1250;BAD\r", AT)

    assert weight == WeightRead(DIMENSIONER, AT, None, "", None, None, record=7)
    assert [getattr(one, "mass_mg", None) or getattr(one, "l_um", None) for one in refused] == [None, None]


def test_a_dm3610_tells_its_sequence_and_nothing_of_what_is_not_legal_for_trade() -> None:
    frames = b"".join(vector.frame for vector in vectors("datalogic-dm3610"))
    first, second, third, fourth = Dm3610(dm3610_config(unit="in")).receive(
        frames + b"\x020030035.50;0024.00;0018.20;cm;NOTREADY\r\n", AT
    )

    assert isinstance(first, DimensionsRead)
    assert (first.record, first.l_um, first.unit) == (None, 312_420, "in")
    assert isinstance(second, DimensionsRead)
    assert (second.record, second.l_um, second.w_um, second.h_um) == (1, 355_000, 240_000, 182_000)
    assert isinstance(third, DimensionsRead)
    assert (third.record, third.l_um, third.status) == (2, None, "NODIM_BOX_STACKED")
    assert isinstance(fourth, DimensionsRead)
    assert (fourth.record, fourth.l_um, fourth.status) == (3, None, "NOTREADY")


@pytest.mark.parametrize(
    "message",
    [
        b"12.3;8.0;4.5;A7",
        b"012.3;08.0;004.5",
        b"00001012.3;008.0;004.5",
        b"012.3;008.0",
        b"a;b;c",
        b"012.3;08.00;004.5",
    ],
)
def test_a_dm3610_message_of_another_form_is_a_fault(message: bytes) -> None:
    """With a check value, of other widths, with a longer sequence: none of these was seen in a manual's frame."""
    assert isinstance(only(Dm3610(dm3610_config()).receive(b"\x02" + message + b"\r\n", AT)), DeviceFault)


def test_an_mda_telegram_of_zeros_was_not_measured() -> None:
    _, _, third, fourth = (vector.frame for vector in vectors("sick-mda"))
    sizes, no_weight = SickMda(mda_config()).receive(third, AT)
    no_sizes, weight = SickMda(mda_config()).receive(fourth, AT)

    assert isinstance(sizes, DimensionsRead)
    assert (sizes.record, sizes.l_um, sizes.w_um, sizes.h_um) == (147, 300_000, 200_000, 100_000)
    assert no_weight == WeightRead(DIMENSIONER, AT, None, "", "g", None, record=147)
    assert isinstance(no_sizes, DimensionsRead)
    assert (no_sizes.record, no_sizes.l_um, no_sizes.status) == (148, None, "0001")
    assert weight == WeightRead(DIMENSIONER, AT, 640_000, "000000640", "g", None, record=148)


def test_an_mda_volume_of_more_than_seven_digits_costs_no_box() -> None:
    frame = b"\x020012;NoRead;000081212;g;0;0401;0200;0200;mm;0000;16040000\x03"

    sizes, weight = SickMda(mda_config()).receive(frame, AT)

    assert isinstance(sizes, DimensionsRead)
    assert isinstance(weight, WeightRead)
    assert (sizes.l_um, sizes.w_um, sizes.h_um, sizes.record) == (401_000, 200_000, 200_000, 12)
    assert weight.mass_mg == 81_212_000


def test_an_mda_whose_scale_is_not_configured_tells_no_weight() -> None:
    config = mda_config().model_copy(update={"metrology": None})

    assert isinstance(only(SickMda(config).receive(vectors("sick-mda")[0].frame, AT)), DimensionsRead)


def test_a_cubiscan_tells_box_and_weight_and_no_side_where_one_has_no_value() -> None:
    frames = {vector.id: vector.frame for vector in vectors("cubiscan")}
    scan = Cubiscan(cubiscan_config())

    sizes, weight = scan.receive(frames["cubiscan-08"], AT)
    under, _ = scan.receive(frames["cubiscan-18"], AT)
    _, unstable = scan.receive(frames["cubiscan-19"], AT)

    assert isinstance(sizes, DimensionsRead)
    assert (sizes.l_um, sizes.w_um, sizes.h_um, sizes.record) == (200_000, 100_000, 300_000, None)
    assert weight == WeightRead(DIMENSIONER, AT, 500_500_000, "500.50", "kg", stable=True)
    assert isinstance(under, DimensionsRead)
    assert (under.l_um, under.w_um, under.status) == (None, None, "length_under")
    assert unstable == WeightRead(DIMENSIONER, AT, None, "", "kg", stable=False)


def test_what_a_cubiscan_refuses_is_a_fault_and_padding_is_nothing() -> None:
    frames = {vector.id: vector.frame for vector in vectors("cubiscan")}
    scan = Cubiscan(cubiscan_config())

    fault = only(scan.receive(frames["cubiscan-10"] + b"\x00\x00\x00", AT))
    after = scan.receive(frames["cubiscan-13"], AT)

    assert isinstance(fault, DeviceFault)
    assert (fault.code, fault.detail) == ("refused", "it says zero_error")
    assert after == []


def test_a_record_is_decoded_by_the_grammar_that_is_given() -> None:
    grammar = {"fields": "record,length,width,height,mass", "unit": "cm", "mass_unit": "kg", "separator": ","}

    assert decode("record-dimensioner", [b"9,30,20,10.5,1.25\r"], grammar) == [
        {
            "kind": "dimensions", "length": "30", "width": "20", "height": "10.5", "record": 9, "unit": "cm",
            "l_um": 300_000, "w_um": 200_000, "h_um": 105_000,
        },
        {"kind": "weight", "record": 9, "value": "1.25", "unit": "kg", "mass_mg": 1_250_000},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("protocol", "options", "said"),
    [
        ("record-dimensioner", {"fields": "length,width,height,height"}, "2 fields are height"),
        ("record-dimensioner", {"unit": "mm"}, "the unit is declared twice"),
        ("datalogic-dm3610", {"order": "length,length,width"}, "a side is listed twice"),
        ("sick-mda", {"unit": "mm"}, "option unit=mm is unknown for sick-mda; known: none"),
    ],
)
def test_a_grammar_that_can_not_be_is_refused(protocol: str, options: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        decode(protocol, [b"1\r"], options)


# A CubiScan that is asked -------------------------------------------------------------------------------


class AskedCubiscan:
    """Driver and simulated stand, in time as the test says."""

    def __init__(self, **device: Any) -> None:
        self.stand = CubiscanStand()
        self.device = CubiscanDevice(self.stand, **device)
        self.scan = Cubiscan(cubiscan_config())
        self.now = 0
        self.told: list[Reading] = []
        self.scan.wake(ms(0))

    def ask(self, number: int) -> None:
        self.told += self.scan.command(Measure(DIMENSIONER, number), ms(self.now))

    def until(self, end_ms: int) -> "AskedCubiscan":
        while self.now < end_ms:
            self.now += 10
            at = ms(self.now)
            if self.scan.wake_at is not None and self.scan.wake_at <= at:
                self.told += self.scan.wake(at)
            self.device.receive(self.scan.take_output(), at)
            self.told += self.scan.receive(self.device.take_output(at), at)
        return self

    @property
    def answers(self) -> list[tuple[int, str]]:
        return [(one.order, one.detail) for one in self.told if isinstance(one, OrderAnswered)]

    @property
    def faults(self) -> list[str]:
        return [one.code for one in self.told if isinstance(one, DeviceFault)]


def test_a_cubiscan_that_is_asked_measures_once_and_says_so() -> None:
    one = AskedCubiscan()
    one.stand.put((300_000, 200_000, 100_000), 1_250_000, ms(0))
    one.ask(7)
    one.ask(8)
    one.until(3_000)

    assert one.answers == [(8, "busy"), (7, "measured")]
    assert [type(told) for told in one.told] == [OrderAnswered, DimensionsRead, WeightRead, OrderAnswered]


def test_what_it_refuses_is_no_result_and_its_key_answers_no_order() -> None:
    one = AskedCubiscan()
    one.stand.sensor_fails = True
    one.ask(1)
    one.until(100)
    assert (one.answers, one.faults) == ([(1, "corner_sensor_error")], ["refused"])

    one.stand.sensor_fails = False
    one.device.press_key(ms(one.now))
    one.until(2_000)
    assert one.answers == [(1, "corner_sensor_error")]
    assert isinstance(one.told[-2], DimensionsRead)


def test_a_measurement_that_is_never_answered_is_given_up_and_its_late_answer_counts_for_none() -> None:
    one = AskedCubiscan(answers=False)
    one.ask(1)
    one.until(10_100)
    assert (one.answers, one.faults) == ([(1, "unanswered")], ["silent"])
    one.ask(2)
    assert one.answers[-1] == (2, "not_ready")

    late = decode_frame("cubiscan-08").replace(b"MAC", b"MAH")
    one.told += one.scan.receive(late, ms(one.now))
    assert one.faults == ["silent", "late_answer"]
    one.ask(3)
    one.told += one.scan.receive(late, ms(one.now + 10))

    assert one.answers[-1] == (3, "measured")
    assert sum(isinstance(told, DeviceUp) for told in one.told) == 1  # it is heard again


def test_after_a_while_it_is_asked_again_and_other_orders_are_left_alone() -> None:
    one = AskedCubiscan(answers=False)
    one.ask(1)
    one.until(20_200)
    one.ask(2)

    assert one.answers == [(1, "unanswered")]
    assert one.scan.take_output() == b"\x02M\x03\r\n"
    assert one.scan.command(Trigger(DIMENSIONER, 1, on=True), ms(one.now)) == []


def decode_frame(name: str) -> bytes:
    return next(vector.frame for vector in vectors("cubiscan") if vector.id == name)
