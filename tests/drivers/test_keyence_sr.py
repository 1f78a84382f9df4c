"""A triggered reader: one trigger out at a time, each answered once, and what is told when it is not.

That a late answer is never another trigger's is tested under random timings in `test_keyence_timings.py`.
"""

from typing import Any

import pytest
from driver_configs import READER, keyence, ms, reader_config

from drivers.command import SwitchOff, Trigger
from drivers.reading import BarcodeRead, DeviceFault, DeviceUp, NoRead, Reading
from drivers.scanners.answers import CODES_MAX
from drivers.scanners.reader import LINE_MAX_BYTES, LineReader
from drivers.scanners.trigger_steps import QUIET_NS, SILENT_AFTER
from drivers.session import Actuator
from hub_config.names import MILLISECOND, Instant

START = ms(2_000)
"""By then a reader that was opened at 0 is in step."""
TIMEOUT_MS = 100
QUIET_MS = QUIET_NS // MILLISECOND


def on(number: int) -> Trigger:
    return Trigger(READER, number, on=True)


def off(number: int) -> Trigger:
    return Trigger(READER, number, on=False)


def in_step(**config: Any) -> LineReader:
    """Opened at 0, quiet since."""
    reader = keyence(reader_config(**config))
    reader.wake(ms(0))
    assert reader.take_output() == b"LOFF\r"
    assert reader.wake_at == QUIET_NS
    assert reader.wake(Instant(QUIET_NS)) == []
    return reader


def reading(number: int = 1, **config: Any) -> LineReader:
    """Trigger `number` is on since START."""
    reader = in_step(**config)
    assert reader.command(on(number), START) == []
    assert reader.take_output() == b"LON\r"
    return reader


def unanswered(reader: LineReader, number: int, at: float) -> None:
    """A whole trigger that the reader swallows; ends at `at`."""
    reader.command(on(number), ms(at - 50))
    reader.command(off(number), ms(at))
    assert codes(reader.wake(ms(at + TIMEOUT_MS)))[0] == "unanswered"
    reader.take_output()


def codes(readings: list[Reading]) -> list[str]:
    return [one.code for one in readings if isinstance(one, DeviceFault)]


def read(data: str, trigger: int, at: Instant, raw: bytes | None = None) -> BarcodeRead:
    return BarcodeRead(READER, at, data, "unknown", None, raw or data.encode(), trigger)


def test_a_reader_can_be_told() -> None:
    assert isinstance(keyence(reader_config()), Actuator)


def test_a_reader_is_up_when_its_port_opens_and_what_was_on_before_is_ended() -> None:
    reader = keyence(reader_config())

    assert reader.wake_at == ms(0)
    assert reader.wake(ms(3)) == [DeviceUp(READER, ms(3), identity=None)]
    assert reader.take_output() == b"LOFF\r"


def test_after_opening_nothing_is_triggered_until_it_has_been_quiet() -> None:
    reader = keyence(reader_config())
    reader.wake(ms(0))
    reader.take_output()
    reader.command(on(1), ms(10))

    assert reader.take_output() == b""
    assert codes(reader.receive(b"OLD\r", ms(900))) == ["late_answer"]
    assert reader.wake(Instant(QUIET_NS)) == []
    assert reader.wake_at == ms(900) + QUIET_NS
    reader.wake(Instant(ms(900) + QUIET_NS))
    assert reader.take_output() == b"LON\r"


def test_a_trigger_is_lon_and_loff() -> None:
    reader = reading()

    assert reader.receive(b"ABC\r", ms(2_050)) == [read("ABC", 1, ms(2_050))]
    assert reader.command(off(1), ms(2_100)) == []
    assert reader.take_output() == b"LOFF\r"
    assert reader.wake_at is None


def test_an_answer_after_loff_is_still_its_triggers() -> None:
    reader = reading(7)
    reader.command(off(7), ms(2_200))

    assert reader.wake_at == ms(2_300)
    assert reader.receive(b"ERROR\r", ms(2_299)) == [NoRead(READER, ms(2_299), trigger=7)]
    assert reader.wake_at is None


def test_an_answer_that_arrived_before_the_timer_ran_is_no_late_one() -> None:
    reader = reading()
    reader.command(off(1), ms(2_200))

    assert reader.receive(b"ABC\r", ms(2_350)) == [read("ABC", 1, ms(2_350))]


@pytest.mark.parametrize("frame", [b"ABC\r", b"ABC\r\n", b"\x02ABC\x03", b"\x02ABC\r\x03"])
def test_an_answer_may_be_framed_by_stx_and_etx(frame: bytes) -> None:
    (answer,) = reading().receive(frame, ms(2_050))

    assert isinstance(answer, BarcodeRead)
    assert answer.data == "ABC"


def test_several_codes_of_one_answer_are_all_of_its_trigger() -> None:
    readings = reading(3).receive(b"A,B!120/44,?\r", ms(2_050))

    assert readings == [read("A", 3, ms(2_050)), read("B", 3, ms(2_050))]


def test_an_answer_of_no_reads_alone_is_one_no_read() -> None:
    assert reading(3).receive(b"ERROR,ERROR\r", ms(2_050)) == [NoRead(READER, ms(2_050), 3)]


def test_the_separator_is_configuration() -> None:
    readings = reading(separator="\x1d|").receive(b"A,1\x1d|B,2\r", ms(2_050))

    assert [one.data for one in readings if isinstance(one, BarcodeRead)] == ["A,1", "B,2"]


def test_aim_identifiers_name_the_symbology_of_each_code() -> None:
    readings = reading(aim=True).receive(b"]C0RB123456785GB,]Q1http://a!7/9\r", ms(2_050))

    assert [(one.data, one.symbology) for one in readings if isinstance(one, BarcodeRead)] == [
        ("RB123456785GB", "code128"),
        ("http://a", "qr"),
    ]


def test_an_aim_identifier_without_data_is_a_fault() -> None:
    assert codes(reading(aim=True).receive(b"]C1\r", ms(2_050))) == ["garbled"]


def test_acknowledgements_are_no_answers() -> None:
    reader = reading()

    assert reader.receive(b"OK,LON\r", ms(2_001)) == []
    reader.command(off(1), ms(2_100))
    assert reader.receive(b"OK,LOFF\r", ms(2_101)) == []
    assert reader.receive(b"ERROR\r", ms(2_102)) == [NoRead(READER, ms(2_102), 1)]


def test_the_error_that_follows_loff_after_a_read_is_normal() -> None:
    """SR-750 manual, timing OFF command: after a successful reading it is answered by an error."""
    reader = reading()
    reader.receive(b"ABC\r", ms(2_050))
    reader.command(off(1), ms(2_100))

    assert reader.receive(b"ER,LOFF,20\r", ms(2_102)) == []
    assert reader.wake_at is None


def test_a_refused_trigger_is_ended_and_begun_anew_when_it_is_quiet() -> None:
    reader = reading()

    (fault,) = reader.receive(b"ER,LON,20\r", ms(2_002))
    assert isinstance(fault, DeviceFault)
    assert (fault.code, fault.detail) == ("refused", "refused LON: error 20 (not executable)")
    assert reader.take_output() == b"LOFF\r"
    assert codes(reader.receive(b"OTHERS\r", ms(2_010))) == ["late_answer"]
    reader.wake(Instant(ms(2_010) + QUIET_NS))
    assert reader.take_output() == b"LON\r"


def test_a_number_of_refusals_each_say_their_error() -> None:
    readings = in_step().receive(b"ER,KEYENCE,00\rER,RP,77\r", ms(2_050))

    assert [one.detail for one in readings if isinstance(one, DeviceFault)] == [
        "refused KEYENCE: error 00 (undefined)",
        "refused RP: error 77 (unknown)",
    ]


def test_a_new_trigger_ends_the_one_before_it_and_waits_for_that_ones_answer() -> None:
    reader = reading(1)

    assert reader.command(on(2), ms(2_100)) == []
    assert reader.take_output() == b"LOFF\r"
    assert reader.receive(b"A\r", ms(2_120)) == [read("A", 1, ms(2_120))]
    assert reader.take_output() == b"LON\r"
    assert reader.receive(b"B\r", ms(2_150)) == [read("B", 2, ms(2_150))]


def test_a_trigger_told_twice_is_one_and_the_end_of_one_long_ended_is_nothing() -> None:
    reader = reading(2)

    assert reader.command(on(2), ms(2_010)) == []
    assert reader.command(off(1), ms(2_020)) == []
    assert reader.take_output() == b""


def test_a_trigger_without_an_answer_is_told() -> None:
    reader = reading()
    reader.command(off(1), ms(2_200))

    assert reader.wake(ms(2_299)) == []
    (fault,) = reader.wake(ms(2_300))
    assert isinstance(fault, DeviceFault)
    assert fault.code == "unanswered"
    assert "trigger 1 within 100 ms" in fault.detail


def test_a_late_answer_counts_for_nothing_and_brings_the_reader_into_step() -> None:
    reader = in_step()
    unanswered(reader, 1, at=2_200)
    reader.command(on(2), ms(2_600))
    assert reader.take_output() == b""

    (late,) = reader.receive(b"FIRST\r", ms(2_700))
    assert isinstance(late, DeviceFault)
    assert (late.code, late.raw) == ("late_answer", b"FIRST")
    assert reader.take_output() == b"LON\r"
    assert reader.receive(b"SECOND\r", ms(2_750)) == [read("SECOND", 2, ms(2_750))]


def test_a_reader_that_swallowed_a_trigger_is_in_step_again_when_it_has_been_quiet() -> None:
    reader = in_step()
    unanswered(reader, 1, at=2_200)
    reader.command(on(2), ms(2_900))

    assert reader.wake_at == ms(2_300) + QUIET_NS
    reader.wake(Instant(ms(2_300) + QUIET_NS))
    assert reader.take_output() == b"LON\r"
    assert reader.receive(b"SECOND\r", ms(3_400)) == [read("SECOND", 2, ms(3_400))]


def test_a_trigger_that_was_withheld_throughout_is_told() -> None:
    reader = in_step()
    unanswered(reader, 1, at=2_200)
    reader.command(on(2), ms(2_600))

    (fault,) = reader.command(off(2), ms(2_900))
    assert isinstance(fault, DeviceFault)
    assert (fault.code, fault.detail[:27]) == ("unanswered", "trigger 2 was withheld: an ")
    assert reader.take_output() == b""


def test_a_byte_is_not_quiet_and_half_a_late_answer_is_dropped() -> None:
    reader = in_step()
    unanswered(reader, 1, at=2_200)

    assert reader.receive(b"FIR", ms(3_000)) == []
    assert reader.wake_at == ms(3_000) + QUIET_NS
    reader.wake(Instant(ms(3_000) + QUIET_NS))
    reader.command(on(2), ms(4_100))
    assert reader.receive(b"SECOND\r", ms(4_150)) == [read("SECOND", 2, ms(4_150))]


@pytest.mark.parametrize("number", [None, 1])
def test_an_answer_with_no_trigger_is_nobodys_and_puts_the_reader_out_of_step(number: int | None) -> None:
    reader = in_step()
    if number is not None:
        reader.command(on(number), START)
        reader.receive(b"A\r", ms(2_010))
        reader.command(off(number), ms(2_020))
        reader.take_output()

    assert codes(reader.receive(b"WHOSE\r", ms(2_100))) == ["late_answer"]
    reader.command(on(5), ms(2_200))
    assert reader.take_output() == b""
    reader.wake(Instant(ms(2_100) + QUIET_NS))
    assert reader.take_output() == b"LON\r"


def test_a_second_answer_under_one_trigger_is_told_as_its_and_then_nothing_is_sure() -> None:
    reader = reading(4)
    reader.receive(b"A\r", ms(2_010))

    assert reader.receive(b"B\r", ms(2_020)) == [read("B", 4, ms(2_020))]
    assert reader.command(off(4), ms(2_030)) == []
    assert reader.wake_at == ms(2_030) + QUIET_NS
    reader.command(on(5), ms(2_040))
    assert reader.take_output() == b"LOFF\r"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"RB12\x00", "bad_text"),
        (b",,", "garbled"),
        (b"OVER", "refused"),
        (b"9" * (LINE_MAX_BYTES + 1), "too_long"),
        (b",".join([b"A"] * (CODES_MAX + 1)), "too_long"),
    ],
)
def test_a_damaged_answer_is_a_fault_and_nothing_is_triggered_until_it_is_quiet(
    line: bytes, code: str
) -> None:
    reader = reading()
    reader.command(off(1), ms(2_100))
    reader.take_output()

    readings = reader.receive(line + b"\r", ms(2_110))
    assert codes(readings) == [code]
    assert len(readings) == 1
    reader.command(on(2), ms(2_200))
    assert reader.take_output() == b""
    assert codes(reader.receive(b"A\r", ms(2_300))) == ["late_answer"]
    assert reader.take_output() == b""


def test_the_answer_behind_noise_is_still_its_triggers() -> None:
    reader = reading()

    readings = reader.receive(b"\x00\xff\rABC\r", ms(2_050))

    assert codes(readings) == ["bad_text"]
    assert readings[-1] == read("ABC", 1, ms(2_050))


def test_as_many_codes_as_the_bound_pass() -> None:
    readings = reading().receive(b",".join([b"A"] * CODES_MAX) + b"\r", ms(2_050))

    assert len(readings) == CODES_MAX


def test_a_reader_without_answers_is_silent_once_and_up_again_with_its_next_answer() -> None:
    reader = in_step()
    said: list[str] = []
    at = 3_000
    for number in range(1, SILENT_AFTER + 3):
        reader.command(on(number), ms(at))
        reader.command(off(number), ms(at + 50))
        said += codes(reader.wake(ms(at + 50 + TIMEOUT_MS)))
        reader.wake(ms(at + 50 + TIMEOUT_MS + QUIET_MS))
        at += 2_000

    assert said.count("unanswered") == SILENT_AFTER + 2
    assert said.count("silent") == 1
    assert said.index("silent") == SILENT_AFTER
    reader.command(on(99), ms(at))
    assert reader.receive(b"A\r", ms(at + 10)) == [
        DeviceUp(READER, ms(at + 10), identity=None),
        read("A", 99, ms(at + 10)),
    ]


def test_an_order_that_is_none_for_a_reader_is_our_own_mistake() -> None:
    with pytest.raises(TypeError, match="takes no SwitchOff"):
        in_step().command(SwitchOff(READER, 1, 0, START), START)
