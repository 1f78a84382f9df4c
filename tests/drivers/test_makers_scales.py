"""Scales of single makers: what looks like a weight and is none, and what is sent to them."""

from typing import cast

import pytest

from drivers.decode import decode
from drivers.decode_config import METROLOGY, config_of
from drivers.reading import DeviceFault, WeightRead
from drivers.registry import new_session
from drivers.scales.cas_ap1 import PRICED_BYTES
from drivers.scales.frame_wire import LOST_MAX
from drivers.scales.registry import EXPLAINED, new_wire
from drivers.scales.told import Garbled, Order, Told, Wire
from hub_config.names import SECOND, Instant
from hub_config.scales import BenchScale
from simulators.devices.cas_tongue import CasAp1Tongue
from simulators.devices.scale_text import Display

NO_WEIGHTS = {
    "and-standard": (
        b"ST,+0001.234kg\r\n",  # a byte is missing
        b"ST,+001.234 kg\r\n",
        b"ST,0001.2345 kg\r\n",
        b"ST,+0001.2.4 kg\r\n",
        b"XX,+0001.234 kg\r\n",
        b"ST,XX,+0001.234 kg\r\n",
        b"ST,+0001.278, ct\r\n",
        b"T,+0001.234 kg\r\n",
        b"@2ST,+0001.234 kg\r\n",
        b"ST,+0001.234  %\r\n",
        b"UW,+0001.234  g\r\n",
        b"EC,+0001.234  g\r\n",
        b"S\x00,+0001.234 kg\r\n",
    ),
    "and-csv": (
        b"ST,+0001.278 ct\r\n",
        b"ST;+0001.278, ct\r\n",
        b"ST,+0001,278, ct\r\n",
        b"ST,+0001.278,\r\n",
    ),
    "and-mt": (b"S  1,27 g\r\n", b"S\r\n", b"SX       1.27 g\r\n", b"S  1.2.7 g\r\n", b"S S     1.27 g\r\n"),
    "and-nu": (b"00001.27\r\n", b"+0001.27\r\n", b"+000001.27\r\n", b"+00001 27\r\n", b"+00a01.27\r\n"),
    "and-dp": (b"WT     +1.27  g\r\n", b"XX     +1.27   g\r\n", b"WT     +1+27   g\r\n"),
    "and-kf": (
        b"+   123.45   g\r\n"[1:],  # its sign was lost
        b"    123.45  g \r\n",
        b"+   1+3.45  g \r\n",
        b"+   1 3.45  g \r\n",
        b"+             \r\n",
        b"S    1.27 g   \r\n",
        b"       HL     \r\n",
        b"ST,+00001.27  g\r\n",
    ),
    "and-18": (
        b"ST,GS,+  4.876k\r\n",
        b"ST,GS,+ 4.876kg\r\n",
        b"ST,XX,+  4.876kg\r\n",
        b"ST,GS,+  4. 76kg\r\n",
        b"ST,TR,+  4.876kg\r\n",
        b"ST,GS,        kg\r\n",
    ),
    "ohaus": (
        b"2.73 g    ?\r\n",  # its start was lost
        b"-2.73 g    ?\r\n",
        b"       12.73\r\n",
        b"       12.73 \r\n",
        b"       12.73 gg\r\n",
        b"       12,73 g \r\n",
        b"     1:12.73 lb:oz \r\n",
        b"       1.2.3 g \r\n",
        b"26 Nov 2026\r\n",
        b"12/04/2026 10:20 AM\r\n",
        b"      0.500 kg    PT\r\n",
        b"  Err 8.3  \r\n",
    ),
    "sartorius-sbi": (
        b"+   123.56 g \r\n",
        b"N    +   0.1234 g  \r\n",
        b"+   12 .56 g  \r\n",
        b"+   123.5x g  \r\n",
        b"      Hi      \r\n",
        b"Nom   +   0.1234 g  \r\n",
        b"T1    +   0.1234 g  \r\n",
        b"+   12[3][4] g  \r\n",
        b"              \r\n",
        b"--------------\r\n",
    ),
    "cas-22": (
        b"ST,GS,1\xc4,00013.5 kg\r\n",
        b"ST,GS,1\xc4,0000 3.5 kg\r\n",
        b"ST,XX,1\xc4,000013.5 kg\r\n",
        b"ST,GS,\x11\xc4,000013.5 kg\r\n",
        b"ST,GS,1\xc4,         kg\r\n",
        b"ST,GS,1\xc4,000013.5 kg\n",
    ),
    "cas-10": (b"00013.5\r\n", b"0000013.5\r\n", b"000013.x\r\n", b"        \r\n", b"0000.3.5\r\n"),
    "cas-ap1": (
        b"\x01\x02S 12.345kg\x61\x03\x04",
        b"\x01\x02S 12.345kg\x60\x03\x05",
        b"\x02S 12.345kg\x60\x03\x04",
        b"\x01\x02X 12.345kg\x6b\x03\x04",
        b"\x01\x02S 12.345oz" + bytes([0x60 ^ 0x6B ^ 0x67 ^ 0x6F ^ 0x7A]) + b"\x03\x04",
    ),
    "dini": (
        b"ST,GS,    0.0,kg\r\n",
        b"ST,XX,     0.0,kg\r\n",
        b"ST,GS,     0.0,xx\r\n",
        b"US,VL,   12345,vv\r\n",
        b"1ST,GS,     0.0,kg\r\n",
        b"ST,GS,     0 0,kg\r\n",
        b"ERR04\r\n",
    ),
    "dini-af": (
        b"ST,1,      12.5kg\r\n",
        b"ST,0,      12.5kg,         2.0kg\r\n",
        b"ST,1,      12.5kg,          2.0g\r\n",
        b"ST,1,      12.5kg,         2.0kg,XX\r\n",
        b"ST,1,      12.5xx,         2.0xx\r\n",
        b"ST,1,   (2/ 12.5kg,         2.0kg\r\n",
    ),
    "radwag": (
        b"SI      0.256 kg \r\n",
        b"SI  !    0.256 kg \r\n",
        b"SI  ?x   0.256 kg \r\n",
        b"SI   -   0.2x6 kg \r\n",
        b"S A\r\n",
    ),
    "hid-scale": (
        b"\x03\x09\x02\x00\x14\x00",  # no such status
        b"\x03\x04\x00\x00\x14\x00",  # no unit
        b"\x03\x04\x0d\x00\x14\x00",
        b"\x03\x04\x02\x04\x14\x00",  # an exponent past every scale for parcels
        b"\x03\x04\x02\xf9\x14\x00",
        b"\x01\x04\x02\x00\x14\x00",
        b"\x03\x01\x02\x00\x14\x00",  # a fault
    ),
}
POLLED = {
    "and-standard": ({}, "weight", b"Q\r\n"),
    "and-csv": ({"line_end": "cr"}, "zero", b"Z\r"),
    "and-rs485": ({"address": "23"}, "weight", b"@23Q\r\n"),
    "and-mt": ({}, "repeat", b"SIR\r\n"),
    "ohaus": ({}, "tare_clear", b"0T\r\n"),
    "sartorius-sbi": ({}, "weight", b"\x1bP\r\n"),
    "cas-ap1": ({}, "weight", b"\x05"),
    "dini": ({"escape": "yes", "address": "01"}, "weight", b"\x1b01READ\x02"),
    "dini-af": ({"request": "REXT"}, "weight", b"REXT\r\n"),
    "radwag": ({}, "tare", b"T\r\n"),
    "hid-scale": ({}, "zero", b"\x02\x02"),
    "and-18": ({}, "weight", None),
    "cas-22": ({}, "zero", None),
    "cas-10": ({}, "tare", None),
}


def config(protocol: str, **options: str) -> BenchScale:
    known = EXPLAINED[protocol]
    more = {"metrology": METROLOGY, **known.fixed}
    return cast(BenchScale, config_of(known.config, known.kind, options, (), more))


def wire(protocol: str, **options: str) -> Wire:
    return new_wire(config(protocol, **options))


@pytest.mark.parametrize(
    ("protocol", "frame"), [(name, frame) for name, frames in NO_WEIGHTS.items() for frame in frames]
)
def test_what_is_no_weight_never_becomes_one(protocol: str, frame: bytes) -> None:
    (meaning,) = decode(protocol, [frame], {"unit": "kg"})

    assert meaning["kind"] != "weight"
    told = [piece for piece in wire(protocol).feed(frame) if isinstance(piece, Told)]
    assert [piece.load for piece in told] == [None] * len(told)


@pytest.mark.parametrize(("protocol", "asked"), POLLED.items(), ids=POLLED)
def test_orders_are_sent_as_the_manual_says(
    protocol: str, asked: tuple[dict[str, str], Order, bytes | None]
) -> None:
    options, order, sent = asked

    assert wire(protocol, **options).order(order) == sent


def test_every_command_that_is_sent_is_one_that_the_protocol_knows() -> None:
    for protocol in NO_WEIGHTS:
        for order in ("weight", "repeat", "zero", "tare", "tare_clear"):
            sent = wire(protocol).order(order)
            if sent is not None:
                told = EXPLAINED[protocol].parse_command(sent)
                assert told is not None, (protocol, sent)
                assert told.kind == "command"


def test_a_digit_of_an_af_string_that_got_lost_or_came_twice_is_seen() -> None:
    frame = b"ST,1,      12.5kg,PT       2.0kg\r\n"
    gross = range(frame.index(b"12.5"), frame.index(b"kg"))

    for place in gross:
        for spoilt in (
            frame[:place] + frame[place + 1 :],
            frame[:place] + frame[place : place + 1] + frame[place:],
        ):
            assert [piece for piece in wire("dini-af").feed(spoilt) if isinstance(piece, Told)] == []

    (told,) = wire("dini-af", request="REXT").feed(frame.replace(b"      12.5", b" 12.5"))
    assert isinstance(told, Told)


@pytest.mark.parametrize("sent", [b"\x06", b"\x06\r\n", b"\x86\r"])
def test_an_acknowledgement_of_and_needs_no_line_end(sent: bytes) -> None:
    frame = b"ST,+0001.234 kg\r\n"

    told = wire("and-standard").feed(sent + frame + sent)

    assert [piece.kind for piece in told if isinstance(piece, Told)] == ["ack", "weight", "ack"]
    (alone,) = wire("and-standard").feed(b"ST,+00\x0601.234 kg\r\n")
    assert isinstance(alone, Garbled)


def test_ap1_asks_for_the_weight_only_after_its_own_enquiry_was_acknowledged() -> None:
    scale = wire("cas-ap1")
    scale.feed(b"\x06")
    assert scale.take_reply() == b""

    scale.order("weight")
    scale.feed(b"\x15")
    assert scale.take_reply() == b""
    scale.feed(b"\x06\x06")

    assert scale.take_reply() == b"\x11"
    assert scale.take_reply() == b""


def test_an_ap1_frame_inside_a_false_start_is_found() -> None:
    frame = b"\x01\x02S 12.345kg\x60\x03\x04"
    scale = wire("cas-ap1")

    pieces = scale.feed(b"\x01\x02S 12.3" + frame)

    assert [type(piece) for piece in pieces] == [Garbled, Told]
    assert scale.held_bytes == 0


def test_a_weight_among_prices_is_a_weight_in_every_cut_and_the_next_one_is_found_after_a_damaged_one() -> (
    None
):
    answer = CasAp1Tongue().frame(
        "priced", Display(1_250_000, 1_250_000, 0, True, False, False, 1_000, 150_200_000)
    )
    assert len(answer) == PRICED_BYTES
    damaged = answer[:20] + b"\x7f" + answer[21:]
    whole = wire("cas-ap1").feed(answer + damaged + answer)
    assert [type(piece) for piece in whole] == [Told, Garbled, Told]

    for at in range(len(answer)):
        scale = wire("cas-ap1")
        assert scale.feed(answer[:at]) + scale.feed(answer[at:]) == whole[:1]
    (told,) = whole[:1]
    assert isinstance(told, Told)
    assert told.load is not None
    assert (told.load.text, told.keys["price"]) == ("1.250", "0.00")


def test_bytes_that_are_no_report_are_told_when_there_are_many() -> None:
    scale = wire("hid-scale")

    assert scale.feed(b"\x00" * (LOST_MAX - 1)) == []
    told = scale.feed(b"\x00" * (2 * LOST_MAX + 1))

    assert told == [Garbled(b"\x00" * 64)] * 3
    assert scale.held_bytes <= PRICED_BYTES


def test_a_weight_of_another_device_on_the_line_is_a_fault_with_what_to_do() -> None:
    session = new_session(config("cas-22", device_id="2"))
    frame = b"ST,GS,1\xc4,000013.5 kg\r\n"
    session.wake(Instant(0))

    (told,) = session.receive(frame, Instant(SECOND))
    again = session.receive(frame, Instant(2 * SECOND))
    (up, own) = session.receive(frame.replace(b",1", b",2"), Instant(3 * SECOND))

    assert isinstance(told, DeviceFault)
    assert (told.code, "a weight of device_id 1, another scale's" in told.detail) == ("refused", True)
    assert again == []
    assert isinstance(own, WeightRead), up


@pytest.mark.parametrize(
    ("options", "kind"), [({}, "weight"), ({"address": "01"}, "weight"), ({"address": "02"}, "error")]
)
def test_decode_takes_every_address_unless_one_is_given(options: dict[str, str], kind: str) -> None:
    (meaning,) = decode("dini", [b"01ST,GS,     0.0,kg\r\n"], options)

    assert meaning["kind"] == kind


def test_an_address_is_two_digits() -> None:
    with pytest.raises(ValueError, match='address: "7" is no address of a scale; two digits'):
        decode("dini", [b"\r"], {"address": "7"})
