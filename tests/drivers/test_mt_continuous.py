"""Mettler-Toledo continuous output beyond the vectors: whether there is a checksum, dialects, damage (scales.md §3)."""

import pytest
from driver_configs import ms
from hypothesis import given
from hypothesis import strategies as st

from drivers.decode import decode
from drivers.decode_config import METROLOGY, config_of
from drivers.meanings import Meaning
from drivers.reading import DeviceFault, DeviceUp, WeightRead
from drivers.scales.bench_scale import QUIET_NS, BenchScale
from drivers.scales.mt_continuous import RELEARN_AFTER, MtContinuous
from drivers.scales.told import Garbled, Piece, Told
from hub_config.names import DeviceId, Instant
from hub_config.stream_scales import MtContinuousConfig


def checked(frame: bytes) -> bytes:
    """Two's complement of the low seven bits of the sum of all before."""
    return frame + bytes([-sum(frame) & 0x7F])


def frame(digits: bytes = b"001234", tare: bytes = b"000000", status: bytes = b"-0 ") -> bytes:
    return b"\x02" + status + digits + tare + b"\r"


def with_checksum(wanted: int) -> bytes:
    """A frame whose checksum is `wanted`."""
    digits = (
        b"9" * nines + bytes([0x30 + last]) + b"0" * (5 - nines) for nines in range(6) for last in range(10)
    )
    frames = (frame(one, status=status) for one in digits for status in (b"-0 ", b"=1 ", b"508"))
    return next(checked(one) for one in frames if checked(one)[-1] == wanted)


def config(**more: object) -> MtContinuousConfig:
    return config_of(MtContinuousConfig, "mt-continuous", {}, (), {"metrology": METROLOGY, **more})


def wire(**more: object) -> MtContinuous:
    return MtContinuous(config(**more))


def decoded(data: bytes, **options: str) -> Meaning:
    (meaning,) = decode("mt-continuous", [data], options)
    return meaning


def values(pieces: list[Piece]) -> list[str]:
    return [piece.load.text if isinstance(piece, Told) and piece.load else "error" for piece in pieces]


PLAIN, CR_SUM, STX_SUM = frame(), with_checksum(0x0D), with_checksum(0x02)


def test_the_last_frame_ends_with_the_silence_after_it() -> None:
    one = wire()

    assert one.feed(PLAIN) == []
    assert one.waits
    assert values(one.quiet()) == ["001.234"]
    assert not one.waits
    assert values(one.feed(PLAIN)) == ["001.234"], "once it is known that no checksum comes"


def test_a_checksum_that_is_a_cr_or_an_stx_ends_its_frame() -> None:
    one = wire()
    for data in (CR_SUM, STX_SUM):
        pieces = one.feed(data * 3)

        assert [isinstance(piece, Told) and piece.keys["checksum"] for piece in pieces] == ["ok"] * 3


@pytest.mark.parametrize("mode", ["on", "auto"])
def test_a_stream_of_checksums_that_look_like_the_next_frame_is_read(mode: str) -> None:
    one = wire(checksum=mode)

    pieces = one.feed(STX_SUM * 4) + one.quiet()

    assert values(pieces) == values(pieces)[:1] * 4
    assert "error" not in values(pieces)


def test_a_frame_alone_whose_checksum_looks_like_the_next_frame_is_told_after_the_silence() -> None:
    one = wire()

    assert one.feed(STX_SUM) == []
    assert [piece.keys["checksum"] for piece in one.quiet() if isinstance(piece, Told)] == ["ok"]


def test_without_checksums_two_frames_tell_the_end_of_the_first() -> None:
    assert values(wire().feed(PLAIN + PLAIN[:2])) == ["001.234"]


def test_a_terminal_that_is_set_to_send_checksums_from_now_on_is_followed() -> None:
    one = wire()
    one.feed(PLAIN * 3)

    told = values(one.feed(checked(PLAIN) * 3))

    assert told.count("001.234") >= 2
    assert not one.waits


def test_a_terminal_that_is_set_to_send_none_from_now_on_is_followed() -> None:
    one = wire()
    one.feed(checked(PLAIN) * 2)

    told = values(one.feed(PLAIN * (RELEARN_AFTER + 3)) + one.quiet())

    assert told == ["error"] * RELEARN_AFTER + ["001.234"] * 3


def test_a_checksum_lost_on_the_line_lets_no_unchecked_frame_through() -> None:
    one = wire()
    one.feed(checked(PLAIN))

    told = values(one.feed((PLAIN + PLAIN + checked(PLAIN)) * 3) + one.quiet())

    assert told == ["error", "error", "001.234"] * 3


@given(st.integers(0, 17), st.integers(1, 127))
def test_a_byte_that_is_another_never_gives_a_weight_where_a_checksum_is_wanted(
    place: int, change: int
) -> None:
    damaged = bytearray(checked(PLAIN))
    damaged[place] ^= change

    pieces = wire(checksum="on").feed(bytes(damaged))

    assert [piece for piece in pieces if isinstance(piece, Told)] == []


@given(st.integers(0, 17), st.integers(1, 127))
def test_a_byte_that_is_another_gives_no_weight_once_checksums_were_seen(place: int, change: int) -> None:
    one = wire()
    one.feed(checked(PLAIN))
    damaged = bytearray(checked(PLAIN))
    damaged[place] ^= change

    pieces = one.feed(bytes(damaged)) + one.quiet()

    assert [piece for piece in pieces if isinstance(piece, Told)] == []


@pytest.mark.parametrize(
    ("status", "options", "value", "unit"),
    [
        (b"T0 ", {"dialect": "liden"}, "12.34", "kg"),
        (b"T0!", {"dialect": "liden"}, "12.34", "lb"),
        (b"T0!", {"dialect": "liden", "unit_from": "config", "unit": "kg"}, "12.34", None),
        (b"-0'", {"unit": "kg"}, "1.234", None),
        (b"-0\x22", {}, "1.234", "t"),
        (b"-0#", {}, "1.234", "oz"),
        (b"-0$", {}, "1.234", "unit 4"),
        (b"-\x10 ", {"dialect": "fairbanks"}, "1.234", "kg"),
        (b"-\x02 ", {"dialect": "fairbanks"}, "-1.234", "lb"),
        (b"-\x10 ", {}, "1.234", "kg"),
        (b"/0 ", {}, "0.01234", "kg"),
        (b"(0 ", {}, "123400", "kg"),
    ],
)
def test_status_bytes_in_the_dialects_of_the_manuals(
    status: bytes, options: dict[str, str], value: str, unit: str | None
) -> None:
    told = decoded(checked(frame(status=status)), **options)

    assert (told["kind"], told["value"], told["unit"]) == ("weight", value, unit)
    assert (told["mass_mg"] is None) == (unit == "unit 4")


def test_a_keyboard_tare_of_fairbanks_is_told_and_liden_has_no_increment() -> None:
    told = decoded(checked(frame(status=b"-1`")), dialect="fairbanks")

    assert (told["keyboard_tare"], told["mode"]) == (True, "net")
    assert "keyboard_tare" not in decoded(checked(frame(status=b"-1`")))
    assert "increment" not in decoded(checked(frame(status=b"T0 ")), dialect="liden")


@pytest.mark.parametrize("digits", [b"      ", b"------"])
def test_a_display_without_digits_is_invalid_and_no_weight(digits: bytes) -> None:
    told = decoded(checked(frame(digits)))

    assert (told["invalid"], told["mass_mg"], told.get("value")) == (True, None, None)


@pytest.mark.parametrize("digits", [b"12 345", b"12.345", b"00123A"])
def test_digits_with_something_else_between_them_are_no_weight(digits: bytes) -> None:
    assert decoded(checked(frame(digits)))["kind"] == "error"


@pytest.mark.parametrize("ready_digits", [b"      ", b"******", b"001234"])
def test_out_of_range_never_has_digits(ready_digits: bytes) -> None:
    told = decoded(checked(frame(ready_digits, status=b"-4 ")))

    assert (told["out_of_range"], told["mass_mg"], told.get("value")) == (True, None, None)


def test_parity_of_seven_bits_is_masked() -> None:
    parity = bytes(byte | (byte.bit_count() % 2) << 7 for byte in checked(PLAIN))

    assert decoded(parity) == decoded(checked(PLAIN))


@pytest.mark.parametrize(
    ("sent", "command"),
    [(b"P", "print"), (b"T\r\n", "tare"), (b"Z\r\n", "zero"), (b"C", "tare_clear"), (b"T1.250", "tare_set")],
)
def test_what_the_host_sends_is_explained(sent: bytes, command: str) -> None:
    assert decoded(sent)["command"] == command


def test_the_session_tells_an_unchecked_first_frame_after_the_silence_and_the_next_at_once() -> None:
    scale = BenchScale(config(), wire())
    scale.wake(ms(0))

    assert scale.receive(PLAIN, ms(10)) == []
    quiet_at = Instant(ms(10) + QUIET_NS)
    assert scale.wake_at == quiet_at
    up, first = scale.wake(quiet_at)
    (second,) = scale.receive(PLAIN, ms(150))

    assert up == DeviceUp(DeviceId("decode"), quiet_at, None)
    assert isinstance(first, WeightRead)
    assert isinstance(second, WeightRead)
    assert (first.mass_mg, first.stable, first.tare, second.at) == (1_234_000, True, "000.000", ms(150))


def test_a_scale_that_stops_sending_is_silent_once() -> None:
    scale = BenchScale(config(), wire())
    told = [one for second in range(8) for one in scale.wake(ms(1_000 * second))]

    assert [one.code for one in told if isinstance(one, DeviceFault)] == ["silent"]


def test_its_commands_end_as_configured() -> None:
    assert wire().order("zero") == b"Z"
    assert wire(command_end="\r\n").order("tare_clear") == b"C\r\n"
    assert wire().order("weight") is None


def test_garbage_before_a_frame_is_told_once_and_a_flood_is_told_by_its_head() -> None:
    pieces = wire().feed(b"noise" + checked(PLAIN))
    flood = wire().feed(b"x" * 1_000)

    assert isinstance(pieces[0], Garbled)
    assert pieces[0].head == b"noise"
    assert all(isinstance(piece, Garbled) and len(piece.head) <= 64 for piece in flood)


DAMAGED = PLAIN[:5] + b"~" + PLAIN[6:]
SENT = (
    PLAIN,
    checked(PLAIN),
    CR_SUM,
    STX_SUM,
    frame(b"   777"),
    DAMAGED,
    checked(DAMAGED),
    b"\r",
    b"\x02",
    b"8",
)


@given(st.lists(st.sampled_from(SENT), max_size=30), st.sampled_from(["auto", "on", "off"]))
def test_what_is_known_of_the_last_frame_changes_no_reading(sent: list[bytes], checksum: str) -> None:
    remembers, forgets = wire(checksum=checksum), wire(checksum=checksum)
    for data in sent:
        forgets._known = None

        assert remembers.feed(data) == forgets.feed(data)
        assert (remembers.waits, remembers._checked, remembers._misfits) == (
            forgets.waits, forgets._checked, forgets._misfits,
        )  # fmt: skip
