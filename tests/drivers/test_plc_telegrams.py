"""Telegrams of a controller in declared frames: any cut, garbage between, numbers out of turn, life and silence."""

from typing import Any

import pytest
from driver_configs import ms
from hypothesis import given
from hypothesis import strategies as st

from drivers.command import Destination, Trigger
from drivers.conveyors.plc_telegrams import (
    LATE_MAX,
    LIVES_MISSED,
    OUTPUT_MAX_BYTES,
    Frame,
    Frames,
    PlcTelegrams,
    telegram_bytes,
)
from drivers.reading import (
    BarcodeRead,
    DeviceFault,
    DeviceUp,
    Discharged,
    EventsLost,
    Inducted,
    NoRead,
    Reading,
    WeightRead,
)
from hub_config.attach import TcpAttach
from hub_config.names import DeviceId, Instant
from hub_config.plc import PlcWcsConfig, Telegram

PLC = DeviceId("plc-1")


def plc_config(**more: Any) -> PlcWcsConfig:
    attach = TcpAttach(kind="tcp", host="127.0.0.1", port=2_000)
    return PlcWcsConfig(kind="plc-wcs", id=PLC, attach=attach, **more)


STREAM = (
    b"\x02LF0001\x03\x02IN0002000017\x03\x02RD0003000017RB123456785GB                 \x03"
    b"\x02RD0004000017NOREAD                        \x03\x02WT0005000017     500\x03\x02WT0006000017        \x03"
    b"\x02DC0007000017GREEN OK  \x03"
)


def opened(config: PlcWcsConfig | None = None) -> PlcTelegrams:
    session = PlcTelegrams(config or plc_config())
    session.wake(ms(0))
    session.take_output()
    return session


def told(session: PlcTelegrams, *reads: bytes) -> list[Reading]:
    return [one for read in reads for one in session.receive(read, ms(10))]


def test_every_telegram_is_its_reading() -> None:
    at = ms(10)

    assert told(opened(), STREAM) == [
        DeviceUp(PLC, at, None),
        Inducted(PLC, at, 17),
        BarcodeRead(PLC, at, "RB123456785GB", "unknown", None, STREAM[22:66], 17),
        NoRead(PLC, at, 17),
        WeightRead(PLC, at, 500_000, "500", "g", stable=None, record=17),
        WeightRead(PLC, at, None, "", "g", stable=None, record=17, invalid=True),
        Discharged(PLC, at, 17, "GREEN", "OK"),
    ]


GARBAGE = b"\x02IN00\x02\x03xx\x02IN00AB000001\x03" + STREAM + b"\x02RD9"


def test_any_cut_gives_the_same_readings() -> None:
    whole = told(opened(), GARBAGE)

    assert len(whole) == 8
    for cut in range(len(GARBAGE) + 1):
        assert told(opened(), GARBAGE[:cut], GARBAGE[cut:]) == whole, cut
    assert told(opened(), *(bytes((byte,)) for byte in GARBAGE)) == whole


def test_garbage_before_a_telegram_is_one_fault() -> None:
    fault = told(opened(), GARBAGE)[0]

    assert isinstance(fault, DeviceFault)
    assert fault.code == "garbled"


@pytest.mark.parametrize(
    "frame",
    [
        b"\x02IN0002 12 17\x03",  # no number
        b"\x02IN0002000017\x02",  # not ended
        b"\x02XX0002000017\x03",  # no such telegram
        b"\x02RD0003000017RB123\x00456785GB                \x03",  # a control character
        b"\x02IN0002\xff00017\x03",
    ],
)
def test_what_is_no_telegram_of_the_layout_is_none(frame: bytes) -> None:
    frames = Frames(plc_config())

    assert not [one for one in frames.feed(frame) if isinstance(one, Frame)]


@given(st.binary(max_size=120), st.integers(0, 6))
def test_after_any_garbage_the_second_repetition_is_read(noise: bytes, which: int) -> None:
    good = [b"\x02" + one for one in STREAM.split(b"\x02")[1:]][which]
    frames = Frames(plc_config())
    frames.feed(noise)

    read = frames.feed(good) + frames.feed(good)

    assert any(isinstance(one, Frame) and one.raw == good for one in read)
    assert frames.held_bytes <= frames.frame_max


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_no_bytes_raise_and_what_is_held_is_bounded(reads: list[bytes]) -> None:
    session = opened()

    for read in reads:
        for one in session.receive(read, ms(5)):
            if isinstance(one, DeviceFault):
                assert len(one.raw) <= 64
        assert session._frames.held_bytes <= session._frames.frame_max


# Turns --------------------------------------------------------------------------------------------------


def life(number: int) -> bytes:
    return b"\x02LF%04d\x03" % number


@pytest.mark.parametrize(
    ("numbers", "missing", "late"),
    [
        ((5, 6, 7), [], 0),
        ((9_998, 9_999, 0, 1), [], 0),
        ((9_999, 1), [], 0),  # some count from 1
        ((5, 8), [2], 0),
        ((5, 7, 6, 8), [1], 1),
        ((5, 5), [], 1),
        ((5_000, 5_000 - LATE_MAX - 1), [1], 0),  # it counts anew
        ((9_999, 3), [3], 0),
    ],
)
def test_numbers_tell_what_is_missing_and_what_comes_late(
    numbers: tuple[int, ...], missing: list[int], late: int
) -> None:
    readings = told(opened(), *(life(number) for number in numbers))

    assert [one.count for one in readings if isinstance(one, EventsLost)] == missing
    assert sum(isinstance(one, DeviceFault) and one.code == "out_of_turn" for one in readings) == late


@pytest.mark.parametrize(("width", "late"), [(1, 2), (2, LATE_MAX)])
def test_a_short_number_does_not_hide_a_loss(width: int, late: int) -> None:
    layout = tuple(
        Telegram(
            means=one.means,
            code=one.code,
            fields=tuple(text.replace("sequence:4", f"sequence:{width}") for text in one.fields),
        )
        for one in plc_config().telegrams
    )
    numbered = [b"\x02LF%0*d\x03" % (width, number % 10**width) for number in (4, 6, 7, 7 - late, 8)]

    readings = told(opened(plc_config(telegrams=layout)), *numbered)

    assert [one.count for one in readings if isinstance(one, EventsLost)] == [1]
    assert sum(isinstance(one, DeviceFault) and one.code == "out_of_turn" for one in readings) == 1


def test_a_telegram_told_late_counts_for_nothing() -> None:
    readings = told(opened(), life(5), life(7), b"\x02IN0006000001\x03")

    assert not any(isinstance(one, Inducted) for one in readings)


def test_a_layout_without_numbers_takes_what_comes() -> None:
    layout = (
        Telegram(means="life", code="L"), Telegram(means="inducted", code="I", fields=("track_no:3", "skip:2")),
        Telegram(means="destination", code="D", fields=("lane:2", "track_no:3")),
        Telegram(means="discharged", code="X", fields=("track_no:3", "lane:2", "result:1")),
    )  # fmt: skip
    session = opened(plc_config(telegrams=layout, start="<", end=">"))

    readings = told(session, b"<I007 9><I007 9><X007G1K>")

    assert [type(one) for one in readings] == [DeviceUp, Inducted, Inducted, Discharged]
    session.command(Destination(PLC, 7, "G1"), ms(11))
    assert session.take_output() == b"<DG1007>"


# Life ---------------------------------------------------------------------------------------------------


def test_it_says_that_it_lives_and_hears_when_the_controller_does_not() -> None:
    session = PlcTelegrams(plc_config())

    said, readings = b"", []
    for second in range(LIVES_MISSED + 3):
        while session.wake_at is not None and session.wake_at <= ms(1_000 * second):
            readings += session.wake(ms(1_000 * second))
        said += session.take_output()

    assert said == b"".join(life(number) for number in range(LIVES_MISSED + 3))
    assert [one.code for one in readings if isinstance(one, DeviceFault)] == ["silent"]  # said once
    assert isinstance(told(session, life(1))[0], DeviceUp)


def test_one_that_is_only_listened_to_is_sent_not_a_byte() -> None:
    session = PlcTelegrams(plc_config(drives=False))
    said = b""
    for second in range(10):
        session.wake(ms(1_000 * second))
        session.command(Destination(PLC, 17, "GREEN"), ms(1_000 * second))
        said += session.take_output()

    assert said == b""
    assert session.unsent == 10


# Destinations -------------------------------------------------------------------------------------------


def test_a_destination_is_sent_in_its_frame_with_the_next_number() -> None:
    session = opened()

    session.command(Destination(PLC, 17, "GREEN"), ms(1))
    session.command(Destination(PLC, 123_456, "HOLD"), ms(1))
    session.command(Trigger(PLC, 1, on=True), ms(1))

    assert session.take_output() == b"\x02DS0001000017GREEN \x03\x02DS0002123456HOLD  \x03"


def test_destinations_past_the_bound_are_not_sent_and_counted() -> None:
    session = opened()
    one = len(b"\x02DS0001000017GREEN \x03")

    for track in range(OUTPUT_MAX_BYTES // one + 5):
        session.command(Destination(PLC, track, "HOLD"), ms(1))

    assert session.unsent == 5
    assert len(session.take_output()) <= OUTPUT_MAX_BYTES


def test_a_number_without_room_is_refused() -> None:
    config = plc_config()
    telegram = config.telegram("destination")
    assert telegram is not None

    with pytest.raises(ValueError, match="does not fit into track_no:6"):
        telegram_bytes(config, telegram, {"track_no": 1_000_000, "lane": "HOLD", "sequence": 1})


def test_it_wants_to_be_woken_at_once_and_then_for_the_next_life() -> None:
    session = PlcTelegrams(plc_config())

    assert session.wake_at == Instant(0)
    session.wake(ms(7))
    assert session.wake_at == ms(1_007)
