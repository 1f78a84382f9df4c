"""Rice Lake, Cardinal and WI-120 beyond the vectors: every form and option of scales.md §10."""

import pytest
from vectors_file import options_of, vectors

from drivers.decode import decode
from drivers.decode_config import METROLOGY, config_of
from drivers.meanings import Meaning
from drivers.scales.standards import STANDARDS
from hub_config.stream_scales import RiceLakeConfig


def decoded(protocol: str, data: bytes, **options: str) -> Meaning:
    (meaning,) = decode(protocol, [data], options)
    return meaning


def weight(protocol: str, data: bytes, **options: str) -> tuple[object, ...]:
    told = decoded(protocol, data, **options)
    assert told["kind"] == "weight", told
    return told.get("value"), told.get("unit"), told.get("stable"), told.get("mode"), told["mass_mg"]


def no_number(told: Meaning) -> bool:
    return told["mass_mg"] is None and told.get("value") is None


# Streams -------------------------------------------------------------------------------------------------


def ricelake(
    field: bytes, unit: bytes = b"K", mode: bytes = b"G", status: bytes = b" ", sign: bytes = b" "
) -> bytes:
    return b"\x02" + sign + field.rjust(7) + unit + mode + status + b"\r"


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        (ricelake(b"1250", b"G"), ("1250", "g", True, "gross", 1_250_000)),
        (ricelake(b"1250.", b"L"), ("1250", "lb", True, "gross", 566_990_462)),
        (ricelake(b".5", b"T"), ("0.5", "t", True, "gross", 500_000_000)),
        (ricelake(b"0.5", b"T", b"N"), ("0.5", "t", True, "net", 500_000_000)),
        (ricelake(b"2.5", b" "), ("2.5", None, True, "gross", None)),
        (ricelake(b"2.5", b"O", sign=b"+"), ("2.5", "oz", True, "gross", 70_874)),
    ],
)
def test_weights_of_rice_lake(frame: bytes, told: tuple[object, ...]) -> None:
    assert weight("ricelake-stream", frame) == told


@pytest.mark.parametrize("status", [b" ", b"M", b"O", b"I"])
def test_bars_instead_of_digits_are_no_weight(status: bytes) -> None:
    told = decoded("ricelake-stream", ricelake(b"------", status=status))

    assert no_number(told)
    assert told.get("invalid") or told.get("out_of_range")


def test_a_held_display_is_shown_and_not_stable() -> None:
    told = decoded("ricelake-stream", ricelake(b"12.50", status=b"H"))

    assert (told["value"], told["stable"], told["hold"]) == ("12.50", False, True)


def test_the_marks_of_a_920i_are_settings() -> None:
    options = {
        "valid_mark": "OK",
        "motion_mark": "MO",
        "range_mark": "OL",
        "invalid_mark": "",
        "zero_mark": "",
        "hold_mark": "",
        "kg_mark": "k",
        "net_mark": "n",
        "gross_mark": "g",
    }

    assert weight("ricelake-stream", b"\x02   12.50knMO\r\n", **options) == (
        "12.50",
        "kg",
        False,
        "net",
        12_500_000,
    )
    assert decoded("ricelake-stream", b"\x02   12.50kgOL\r\n", **options)["out_of_range"] is True
    assert decoded("ricelake-stream", b"\x02   12.50KGM\r\n", **options)["kind"] == "error"


@pytest.mark.parametrize(
    "marks", [{"motion_mark": "O"}, {"motion_mark": "MO"}, {"gross_mark": "", "net_mark": ""}]
)
def test_marks_that_can_not_be_told_apart_are_refused(marks: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="told apart"):
        config_of(RiceLakeConfig, "ricelake-stream", marks, (), {"metrology": METROLOGY})


def test_cardinal_over_capacity_has_no_number_and_signs_are_kept() -> None:
    assert no_number(decoded("cardinal-stream", b"\r+999.99o kg g  \x03"))
    assert weight("cardinal-stream", b"\r-002.50  lb n  \x03") == ("-2.50", "lb", True, "net", -1_133_981)
    assert decoded("cardinal-stream", b"\r+12.50  kg g  \x03")["kind"] == "error"


def test_a_wi_120_never_says_that_a_weight_is_stable() -> None:
    assert weight("wi-stream", b" N-002.50 kg\r\n") == ("-2.50", "kg", None, "net", -2_500_000)
    assert decoded("wi-stream", b" G+12.50 lb\r\n")["kind"] == "error"
    assert decoded("wi-stream", b" G+------ lb\r\n")["kind"] == "error"


@pytest.mark.parametrize("protocol", STANDARDS)
def test_a_line_of_seven_bits_and_parity_that_was_opened_with_eight_is_understood(protocol: str) -> None:
    for vector in vectors(protocol, direction="device->host"):
        options = options_of(vector)
        for odd in (0, 1):
            parity = bytes(byte | (byte.bit_count() + odd) % 2 << 7 for byte in vector.frame)

            assert decode(protocol, [parity], options) == decode(protocol, [vector.frame], options), vector.id
