"""A polled MT-SICS scale: it must prove itself, one request is out at a time, and a late answer is never used."""

import pytest
from driver_configs import SCALE, ms, scale_config

from drivers.reading import DeviceFault, DeviceUp, Reading, WeightRead
from drivers.scales.mass import mass_mg
from drivers.scales.mt_sics import LINE_MAX_BYTES, PROOF_INTERVAL_NS, SILENT_AFTER, SicsScale
from hub_config.names import Instant

SERIAL = b'I4 A "1126493049"\r\n'
KG_1_25 = b"S S      1.250 kg\r\n"


def weight(at: Instant, mg: int | None, text: str, unit: str | None, stable: bool | None) -> WeightRead:
    return WeightRead(SCALE, at, mg, text, unit, stable)


def proven_scale() -> SicsScale:
    """Opened at 0, proven at 1 ms, its first `SI` sent at 1 ms."""
    scale = SicsScale(scale_config())
    scale.wake(ms(0))
    scale.receive(SERIAL, ms(1))
    scale.wake(ms(1))
    assert scale.take_output() == b"@\r\nSI\r\n"
    return scale


def answer(data: bytes) -> list[Reading]:
    return proven_scale().receive(data, ms(5))


def codes(readings: list[Reading]) -> list[str]:
    return [reading.code for reading in readings if isinstance(reading, DeviceFault)]


def test_a_new_session_first_asks_who_is_there() -> None:
    scale = SicsScale(scale_config())

    assert scale.wake_at == ms(0)
    assert scale.wake(ms(7)) == []
    assert scale.take_output() == b"@\r\n"
    assert scale.take_output() == b""
    assert scale.wake_at == ms(7) + PROOF_INTERVAL_NS


@pytest.mark.parametrize("line", [SERIAL, b'@ A "1126493049"\r\n'])
def test_a_serial_number_proves_the_scale_and_starts_the_polling(line: bytes) -> None:
    scale = SicsScale(scale_config())
    scale.wake(ms(0))
    scale.take_output()

    assert scale.receive(line, ms(20)) == [DeviceUp(SCALE, ms(20), identity="1126493049")]
    assert scale.wake_at == ms(20)
    assert scale.wake(ms(20)) == []
    assert scale.take_output() == b"SI\r\n"


@pytest.mark.parametrize(
    "line", [b'I4 A "112649\r\n', b'I4 A ""\r\n', b'4 A "1126493049"\r\n', b'I2 A "XS204"\r\n']
)
def test_half_a_serial_number_proves_nothing(line: bytes) -> None:
    scale = SicsScale(scale_config())
    scale.wake(ms(0))

    assert not any(isinstance(reading, DeviceUp) for reading in scale.receive(line, ms(20)))
    assert scale.wake_at == PROOF_INTERVAL_NS


def test_weights_before_the_proof_are_dropped_and_said_once() -> None:
    scale = SicsScale(scale_config())
    scale.wake(ms(0))

    readings = scale.receive(KG_1_25 * 3, ms(5))

    assert codes(readings) == ["not_proven"]
    assert len(readings) == 1


def test_a_weight_split_across_two_reads_is_one_reading() -> None:
    scale = proven_scale()

    assert scale.receive(b"S S     1.2", ms(3)) == []
    assert scale.receive(b"50 kg\r\n", ms(7)) == [weight(ms(7), 1_250_000, "1.250", "kg", True)]


@pytest.mark.parametrize(
    ("line", "reading"),
    [
        (b"S S      0.000 kg", weight(ms(5), 0, "0.000", "kg", True)),
        (b"S S     -0.005 kg", weight(ms(5), -5_000, "-0.005", "kg", True)),
        (b"S D     12.345 kg", weight(ms(5), 12_345_000, "12.345", "kg", False)),
        (b"S D 1.234 g", weight(ms(5), 1_234, "1.234", "g", False)),
        (b"S S      1.250", weight(ms(5), None, "1.250", None, True)),
        (b"S +", WeightRead(SCALE, ms(5), None, "", None, None, overload=True)),
        (b"S -", WeightRead(SCALE, ms(5), None, "", None, None, underload=True)),
    ],
)
def test_an_answer_is_a_weight_reading(line: bytes, reading: WeightRead) -> None:
    assert answer(line + b"\r\n") == [reading]


def test_parity_in_bit_7_of_a_line_opened_with_eight_data_bits_is_masked() -> None:
    line = bytes(byte | 0x80 * (byte.bit_count() % 2) for byte in b"S S      1.250 kg")

    assert answer(line + b"\x8d\n") == [weight(ms(5), 1_250_000, "1.250", "kg", True)]


@pytest.mark.parametrize("line", [b"S S         12 PCS", b"S D       12.5 %"])
def test_pieces_and_shares_are_no_weight_and_said_once(line: bytes) -> None:
    (fault,) = answer(line + b"\r\n")

    assert isinstance(fault, DeviceFault)
    assert (fault.code, "request for a weight" in fault.detail) == ("refused", True)


@pytest.mark.parametrize(
    ("number", "unit", "mg"),
    [
        ("1", "mg", 1),
        ("0.0005", "g", 0),
        ("0.0015", "g", 2),
        ("0.0025", "g", 2),
        ("-0.0015", "g", -2),
        ("1", "ct", 200),
        ("1", "lb", 453_592),
        ("2.5", "lb", 1_133_981),
        ("1", "oz", 28_350),
        ("0.001", "t", 1_000_000),
        ("-0.000", "kg", 0),
        ("1", "GN", None),
        ("1", None, None),
    ],
)
def test_mass_is_exact_with_halves_to_even(number: str, unit: str | None, mg: int | None) -> None:
    assert mass_mg(number, unit) == mg


@pytest.mark.parametrize(
    "line",
    [
        b"S",
        b"S S",
        b"S S kg",
        b"S     1.250 kg",
        b"     1.250 kg",
        b"S S 1.2.5 kg",
        b"S S 1,250 kg",
        b"S S   1.25S S      1.250 kg",
        b"S X      1.250 kg",
        b"S S      1.250 kg 7",
        b"S S - 1.250 kg",
        b"S S 12345678901234567890 g",
        b"S S      1.250 k\xff",
        b"S S \x00    1.250 kg",
        b"\x80\x81\x82",
        b"SI",
    ],
)
def test_half_frames_and_garbage_are_a_fault_and_never_a_weight(line: bytes) -> None:
    readings = answer(line + b"\r\n")

    assert codes(readings) == ["garbled"]
    assert len(readings) == 1


def test_the_second_valid_frame_after_garbage_is_read() -> None:
    readings = answer(b"\xff\x00S S   1.2" + KG_1_25 * 2)

    assert readings[-1] == weight(ms(5), 1_250_000, "1.250", "kg", True)


@pytest.mark.parametrize(
    "broken", [b"S S      1250 kg", b"S S      .250 kg", b"S S     1.250 kg", b"S S      1.25 kg"]
)
def test_a_character_lost_on_the_line_is_noticed_by_the_width_of_the_weight_field(broken: bytes) -> None:
    scale = proven_scale()
    scale.receive(KG_1_25, ms(5))

    readings = scale.receive(broken + b"\r\n", ms(6))

    assert codes(readings) == ["garbled"]
    assert len(readings) == 1
    assert scale.receive(KG_1_25, ms(7)) == [weight(ms(7), 1_250_000, "1.250", "kg", True)]


def test_a_scale_that_goes_on_with_another_width_is_believed_at_the_third_frame() -> None:
    scale = proven_scale()
    scale.receive(KG_1_25, ms(5))

    readings = scale.receive(b"S S     1.250 kg\r\n" * 4, ms(6))

    assert codes(readings) == ["garbled", "garbled"]
    assert readings[2:] == [weight(ms(6), 1_250_000, "1.250", "kg", True)] * 2


def test_without_padding_the_width_of_the_field_says_nothing() -> None:
    readings = answer(b"S S 1.250 kg\r\nS S 12.250 kg\r\n")

    assert codes(readings) == []


def test_the_next_request_goes_out_one_interval_after_the_last_and_only_after_its_answer() -> None:
    scale = proven_scale()

    assert scale.wake_at == ms(501)
    scale.receive(KG_1_25, ms(30))
    assert scale.wake_at == ms(101)
    scale.wake(ms(100))
    assert scale.take_output() == b""
    scale.wake(ms(101))
    assert scale.take_output() == b"SI\r\n"


def test_after_an_answer_slower_than_the_interval_the_next_request_goes_out_at_once() -> None:
    scale = proven_scale()

    scale.receive(KG_1_25, ms(300))

    assert scale.wake_at == ms(300)


def test_a_late_answer_is_never_taken_for_that_of_a_later_request() -> None:
    scale = proven_scale()

    assert scale.wake(ms(501)) == []
    assert scale.take_output() == b"@\r\n"
    assert codes(scale.receive(KG_1_25, ms(600))) == ["not_proven"]
    assert scale.receive(SERIAL, ms(610)) == []
    assert scale.wake_at == ms(610)
    scale.wake(ms(610))
    assert scale.take_output() == b"SI\r\n"
    assert scale.receive(b"S S      0.300 kg\r\n", ms(620)) == [weight(ms(620), 300_000, "0.300", "kg", True)]


def test_a_second_answer_to_a_repeated_reset_disturbs_no_request() -> None:
    scale = SicsScale(scale_config())
    scale.wake(ms(0))
    scale.wake(ms(1_000))
    scale.receive(SERIAL, ms(1_001))
    scale.wake(ms(1_001))

    assert scale.receive(SERIAL, ms(1_002)) == []
    assert scale.wake_at == ms(1_501)
    assert scale.receive(KG_1_25, ms(1_003)) == [weight(ms(1_003), 1_250_000, "1.250", "kg", True)]


def run_unanswered(scale: SicsScale, times: int) -> list[Reading]:
    """Wakes it at each of its own instants; nothing ever answers."""
    readings: list[Reading] = []
    for _ in range(times):
        at = scale.wake_at
        assert at is not None
        readings += scale.wake(at)
    return readings


def test_silence_is_said_once_after_three_requests_and_the_scale_is_asked_for_ever() -> None:
    scale = proven_scale()

    assert run_unanswered(scale, SILENT_AFTER - 1) == []
    assert codes(run_unanswered(scale, 1)) == ["silent"]
    assert run_unanswered(scale, 100) == []
    assert scale.take_output() == b"@\r\n" * 103


def test_a_scale_that_answers_again_is_up_again_and_its_next_silence_is_said_again() -> None:
    scale = proven_scale()
    run_unanswered(scale, SILENT_AFTER)
    scale.receive(SERIAL, ms(9_000))
    scale.wake(ms(9_000))

    assert scale.receive(KG_1_25, ms(9_010)) == [
        DeviceUp(SCALE, ms(9_010), identity="1126493049"),
        weight(ms(9_010), 1_250_000, "1.250", "kg", True),
    ]
    run_unanswered(scale, 1)
    assert codes(run_unanswered(scale, SILENT_AFTER)) == ["silent"]


def test_a_scale_that_proves_itself_but_answers_no_request_is_silent_all_the_same() -> None:
    scale = proven_scale()
    readings: list[Reading] = []
    for second in range(1, 10):
        readings += scale.wake(ms(second * 1_000))
        readings += scale.receive(SERIAL, ms(second * 1_000 + 1))
        readings += scale.wake(ms(second * 1_000 + 1))

    assert codes(readings) == ["silent"]
    assert len(readings) == 1


def test_a_scale_that_was_off_at_the_start_is_said_silent_and_then_up() -> None:
    scale = SicsScale(scale_config())
    scale.wake(ms(0))

    assert codes(run_unanswered(scale, 10)) == ["silent"]
    assert scale.receive(SERIAL, ms(20_000)) == [DeviceUp(SCALE, ms(20_000), identity="1126493049")]


def test_another_scale_on_the_same_port_is_told() -> None:
    scale = proven_scale()

    assert scale.receive(b'I4 A "77"\r\n', ms(50)) == [DeviceUp(SCALE, ms(50), identity="77")]


def test_refusals_are_said_once_a_run_and_count_as_answers() -> None:
    scale = proven_scale()
    readings: list[Reading] = []
    for turn in range(5):
        readings += scale.receive(b"S I\r\n", ms(100 * turn + 50))
        readings += scale.wake(ms(100 * turn + 101))

    assert codes(readings) == ["refused"]
    assert codes(scale.receive(KG_1_25, ms(560))) == []
    assert codes(scale.receive(b"ES\r\n", ms(570))) == ["refused"]


@pytest.mark.parametrize(
    "line", [b"Z A", b"ZI S", b"T S      2.486 g", b"TA A 2.486 g", b'I2 A "XS204"', b'I0 B 0 "I0"']
)
def test_answers_to_what_somebody_else_asked_are_no_readings_and_no_faults(line: bytes) -> None:
    assert answer(line + b"\r\n") == []


def test_an_unasked_weight_of_a_proven_scale_is_a_reading_and_moves_no_request() -> None:
    scale = proven_scale()
    scale.receive(KG_1_25, ms(10))

    assert scale.receive(b"S S      1.255 kg\r\n", ms(20)) == [weight(ms(20), 1_255_000, "1.255", "kg", True)]
    assert scale.wake_at == ms(101)


def test_a_line_past_the_bound_is_one_fault() -> None:
    readings = answer(b"9" * 100_000 + b"\r\n" + KG_1_25)

    assert codes(readings) == ["too_long"]
    assert str(LINE_MAX_BYTES) in str(readings[0])
    assert readings[1:] == [weight(ms(5), 1_250_000, "1.250", "kg", True)]
