"""Toledo 8217, SMA and NCI beyond the vectors: every form and option of scales.md §2, 8, 9 and 11."""

import pytest
from driver_configs import ms

from drivers.command import ScaleOrder
from drivers.decode import decode
from drivers.decode_config import METROLOGY, config_of
from drivers.meanings import Meaning
from drivers.reading import DeviceFault, OrderAnswered, WeightRead
from drivers.scales.bench_scale import BenchScale
from drivers.scales.standards import STANDARDS, standards_wire
from hub_config.names import DeviceId
from hub_config.request_scales import NciConfig, SmaConfig, Toledo8217Config


def decoded(protocol: str, data: bytes, **options: str) -> Meaning:
    (meaning,) = decode(protocol, [data], options)
    return meaning


def weight(protocol: str, data: bytes, **options: str) -> tuple[object, ...]:
    told = decoded(protocol, data, **options)
    assert told["kind"] == "weight", told
    return told.get("value"), told.get("unit"), told.get("stable"), told.get("mode"), told["mass_mg"]


def no_number(told: Meaning) -> bool:
    return told["mass_mg"] is None and told.get("value") is None


# Toledo 8217 and 8213 ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        (b"\x0212.34\r", "12.34"),
        (b"\x02123.45\r", "123.45"),
        (b"\x02001250\r", "1250"),
        (b"\x02  1.250\r", "1.250"),
        (b"\x0212.3455\r", "12.3455"),
    ],
)
def test_8213_layouts_and_high_resolution_are_weights_in_the_configured_unit(
    answer: bytes, value: str
) -> None:
    told = weight("toledo-8217", answer, unit="g")

    assert told[:4] == (value, None, True, "gross")
    assert told[4] is not None


@pytest.mark.parametrize(
    ("picture", "high", "good", "bad"),
    [
        ("00.000", "no", b"\x0212.345\r", b"\x0212.34\r"),
        ("00.000", "no", b"\x0212.345\r", b"\x021.2345\r"),
        ("00.000", "yes", b"\x0212.3455\r", b"\x0212.345\r"),
        ("000000", "no", b"\x02001250\r", b"\x0201250\r"),
    ],
)
def test_a_picture_refuses_a_number_that_has_lost_a_digit(
    picture: str, high: str, good: bytes, bad: bytes
) -> None:
    options = {"picture": picture, "high_resolution": high, "unit": "kg"}

    assert weight("toledo-8217", good, **options)[0]
    assert decoded("toledo-8217", bad, **options)["kind"] == "error"


@pytest.mark.parametrize("picture", ["", "00,000", "0.", "00000000"])
def test_a_picture_that_is_none_is_refused(picture: str) -> None:
    with pytest.raises(ValueError, match="picture"):
        decode("toledo-8217", [b"\x021\r"], {"picture": picture})


def test_any_character_may_be_a_status_and_a_digit_of_it_is_no_weight() -> None:
    for status in range(0x20, 0x80):
        told = decoded("toledo-8217", b"\x02?" + bytes([status]) + b"\r", unit="kg")

        assert told["kind"] == "status"


@pytest.mark.parametrize("answer", [b"\x02\r", b"\x02?\r"])
def test_the_confidence_test_is_acknowledged(answer: bytes) -> None:
    assert decoded("toledo-8217", answer) == {"kind": "ack", "command": "confidence_test"}


def test_what_a_scale_echoes_is_no_fault_until_it_says_that_it_stops() -> None:
    told = decode("toledo-8217", [b"\x02E\r", b"hello\x7f\r1.2\r", b"\x02F\r", b"x\r", b"\x021.250\r"], {})

    assert [one.get("command") or one["kind"] for one in told] == [
        "echo_probe",
        "echo_end",
        "error",
        "weight",
    ]


def test_a_weight_ends_echoing_too_so_that_no_scale_is_deaf_for_ever() -> None:
    told = decode("toledo-8217", [b"\x02E\r", b"\x021.250\r", b"x\r"], {})

    assert [one["kind"] for one in told] == ["ack", "weight", "error"]


def test_a_preset_tare_is_a_command_of_five_digits() -> None:
    assert decoded("toledo-8217", b"T01250\r") == {
        "kind": "command",
        "command": "tare_set",
        "digits": "01250",
    }
    assert decoded("toledo-8217", b"T\r")["command"] == "tare"


# SMA -----------------------------------------------------------------------------------------------------


def sma(
    status: bytes,
    mode: bytes,
    value: bytes,
    unit: bytes = b"kg ",
    motion: bytes = b" ",
    in_range: bytes = b"1",
) -> bytes:
    return b"\n" + status + in_range + mode + motion + b" " + value.rjust(10) + unit + b"\r"


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        (sma(b" ", b"G", b"5.025", b"g  ", in_range=b"2"), ("5.025", "g", True, "gross", 5_025)),
        (sma(b" ", b"n", b"-0.5025"), ("-0.5025", "kg", True, "net", -502_500)),
        (sma(b"Z", b"G", b"0.0", b"oz "), ("0.0", "oz", True, "gross", 0)),
        (sma(b" ", b"G", b"12", b"t  ", b"M"), ("12", "t", False, "gross", 12_000_000_000)),
        (sma(b" ", b"G", b"12", b"   "), ("12", None, True, "gross", None)),
    ],
)
def test_weights_of_sma(frame: bytes, told: tuple[object, ...]) -> None:
    assert weight("sma", frame) == told


def test_what_sma_can_not_show_has_no_mass() -> None:
    for status, flag in ((b"O", "overload"), (b"U", "underload"), (b"e", "invalid")):
        for value in (b"150.20", b"----------"):
            told = decoded("sma", sma(status, b"G", value))

            assert (told["kind"], told[flag], told["mass_mg"]) == ("weight", True, None)


def test_errors_of_zero_and_tare_are_no_weights_even_with_digits() -> None:
    assert decoded("sma", sma(b"I", b"G", b"----------"))["error"] == "initial_zero_error"
    for status in (b"E", b"I", b"T"):
        assert decoded("sma", sma(status, b"G", b"1.250"))["kind"] == "error"


@pytest.mark.parametrize(
    "frame",
    [
        b"\n 1G       7.025kg\r",
        b"\n 1G      7.025kg \r",
        b"\n 1G      7.025 kg \r",
        b"\n 1X       7.025kg \r",
    ],
)
def test_a_weight_of_sma_that_has_lost_or_got_a_character_is_none(frame: bytes) -> None:
    assert decoded("sma", frame)["kind"] == "error"


def test_sma_tells_of_itself() -> None:
    assert decoded("sma", b"\nSMA:2/1.0\r") == {"kind": "info", "field": "SMA", "text": "2/1.0"}
    assert decoded("sma", b"\nMFG:A maker\r")["text"] == "A maker"
    told = decoded("sma", b"\nRECx\r")
    assert (told["ram_rom_error"], told["eeprom_error"], told["calibration_error"]) == (True, True, True)
    assert told["maker"] == "x"


@pytest.mark.parametrize(
    ("letter", "command"),
    [
        (b"P", "weight_stable"),
        (b"S", "weight_high_res_repeat"),
        (b"I", "info_first"),
        (b"N", "info_next"),
        (b"C", "tare_clear"),
    ],
)
def test_commands_of_sma(letter: bytes, command: str) -> None:
    assert decoded("sma", b"\n" + letter + b"\r")["command"] == command


def test_avery_weigh_tronix_zm_says_that_it_does_not_know_a_command() -> None:
    for protocol in ("sma", "nci"):
        assert decoded(protocol, b"\r?\n") == {"kind": "error", "error": "unknown_command"}


@pytest.mark.parametrize(
    ("ask", "sent"),
    [
        ("displayed", b"\nW\r"),
        ("high-resolution", b"\nH\r"),
        ("stable", b"\nP\r"),
        ("high-resolution-stable", b"\nQ\r"),
    ],
)
def test_sma_is_asked_as_configured(ask: str, sent: bytes) -> None:
    config = config_of(SmaConfig, "sma", {"ask": ask}, (), {"metrology": METROLOGY})

    assert standards_wire(config).order("weight") == sent


def test_a_scale_that_repeats_is_told_to_at_the_start_and_after_each_silence() -> None:
    config = config_of(SmaConfig, "sma", {}, (), {"metrology": METROLOGY, "mode": "continuous"})
    scale = BenchScale(config, standards_wire(config))

    scale.wake(ms(0))
    assert scale.take_output() == b"\nR\r"
    assert len(scale.receive(sma(b" ", b"G", b"1.250"), ms(500))) == 2
    assert scale.wake(ms(1_000)) == []
    assert scale.take_output() == b""
    scale.wake(ms(1_500))
    assert scale.take_output() == b"\nR\r"


# NCI -----------------------------------------------------------------------------------------------------


def nci(status: bytes, field: bytes = b"001.250kg") -> bytes:
    return b"\n" + field + b"\r\n" + status + b"\r\x03"


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        (nci(b"S00"), ("1.250", "kg", True, None, 1_250_000)),
        (nci(b"0p0"), ("1.250", "kg", True, "gross", 1_250_000)),
        (nci(b"0pp7"), ("1.250", "kg", True, "gross", 1_250_000)),
        (nci(b"1pt1"), ("1.250", "kg", False, "net", 1_250_000)),
        (nci(b"00", b"-001.250KG"), ("-1.250", "kg", True, None, -1_250_000)),
        (nci(b"00", b"001.2505kg"), ("1.2505", "kg", True, None, 1_250_500)),
        (nci(b"00", b" 0016.0oz"), ("16.0", "oz", True, None, 453_592)),
    ],
)
def test_weights_of_nci_with_two_to_four_status_characters(frame: bytes, told: tuple[object, ...]) -> None:
    assert weight("nci", frame) == told


def test_one_status_character_of_nci_is_the_rest_of_two_where_config_does_not_say_one() -> None:
    assert decoded("nci", nci(b"0"))["kind"] == "error"
    assert weight("nci", nci(b"0"), status_bytes="1")[0] == "1.250"


@pytest.mark.parametrize(
    ("status", "flag"),
    [
        (b"01", "underload"),
        (b"02", "overload"),
        (b"40", "invalid"),
        (b"80", "invalid"),
        (b"04", "invalid"),
        (b"08", "invalid"),
        (b"0p8", "invalid"),
    ],
)
def test_a_weight_of_nci_out_of_range_or_with_an_error_has_no_number(status: bytes, flag: str) -> None:
    told = decoded("nci", nci(status))

    assert no_number(told)
    assert told[flag] is True


@pytest.mark.parametrize("status", [b"", b"0p", b"0@", b"00000", b"p0", b" 0", b"ZZ"])
def test_a_status_of_nci_that_can_not_be_is_no_answer(status: bytes) -> None:
    assert decoded("nci", nci(status))["kind"] == "error"


@pytest.mark.parametrize("field", [b"1.25kg", b"001.250", b"0.1.25kg", b"00a.250kg"])
def test_a_weight_of_nci_that_has_lost_its_unit_or_a_digit_is_none(field: bytes) -> None:
    assert decoded("nci", nci(b"00", field), unit="kg")["kind"] == "error"


@pytest.mark.parametrize(
    ("field", "flag"), [(b"^^^^^^^kg", "overload"), (b"_______kg", "underload"), (b"-------kg", "invalid")]
)
def test_cas_fills_the_field_of_what_it_can_not_show(field: bytes, flag: str) -> None:
    told = decoded("nci", nci(b"00Az", field), dialect="cas-ci-100a")

    assert no_number(told)
    assert (told[flag], told["h3"], told["h4"]) == (True, "41", "7a")


def test_the_third_status_character_of_cas_is_no_net() -> None:
    assert weight("nci", nci(b"0044"), dialect="cas-ci-100a")[3] is None


def test_the_number_of_status_characters_may_be_configured() -> None:
    assert weight("nci", nci(b"0p0"), status_bytes="3")[0] == "1.250"
    assert decoded("nci", nci(b"00"), status_bytes="3")["kind"] == "error"


def test_a_status_alone_makes_a_reading_without_mass() -> None:
    config = config_of(NciConfig, "nci", {}, (), {"metrology": METROLOGY})
    scale = BenchScale(config, standards_wire(config))
    scale.wake(ms(0))
    told = [
        one for one in scale.receive(b"\n1p4\r\x03" + b"\n02\r\x03", ms(9)) if isinstance(one, WeightRead)
    ]

    assert [(one.mass_mg, one.stable, one.overload, one.mode) for one in told] == [
        (None, False, False, "net"),
        (None, True, True, None),
    ]


# The session ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("protocol", "order", "sent"),
    [
        ("toledo-8217", "zero", b"Z"),
        ("toledo-8217", "tare", b"T\r"),
        ("sma", "tare_clear", b"\nC\r"),
        ("nci", "tare", b"T\r"),
        ("nci", "tare_clear", None),
        ("wi-stream", "zero", None),
    ],
)
def test_orders_are_those_of_the_protocol(protocol: str, order: str, sent: bytes | None) -> None:
    known = STANDARDS[protocol]
    config = config_of(known.config, known.kind, {}, (), {"metrology": METROLOGY, **known.fixed})
    scale = BenchScale(config, standards_wire(config))  # type: ignore[arg-type]  # one of the union, by its name

    (told,) = scale.command(ScaleOrder(DeviceId("decode"), 3, order), ms(5))  # type: ignore[arg-type]  # a literal

    assert isinstance(told, OrderAnswered)
    assert (told.accepted, scale.take_output()) == (sent is not None, sent or b"")


def test_a_toledo_scale_that_asks_for_high_resolution_and_says_that_it_moves() -> None:
    options = {"high_resolution": "yes", "unit": "kg"}
    config = config_of(Toledo8217Config, "toledo-8217", options, (), {"metrology": METROLOGY})
    scale = BenchScale(config, standards_wire(config))
    scale.wake(ms(0))
    assert scale.take_output() == b"H"

    told = scale.receive(b"\x02?A\r", ms(20))

    assert [one.stable for one in told if isinstance(one, WeightRead)] == [False]
    assert [one for one in told if isinstance(one, DeviceFault)] == []
