"""The ring of what passed: its bounds, its readers, and that a replay of it tells the same."""

from collections.abc import Sequence

import pytest
from driver_configs import (
    belt_scale_config,
    dimensioner_configs,
    ms,
    reader_config,
    scale_config,
    scanner_config,
)
from played_device import NoPort, played

from drivers.bytes_replay import again, command_of, command_text
from drivers.command import ScaleOrder, Trigger
from drivers.device_port import DevicePort
from drivers.reading import BeltMoved, DeviceUp, Reading, WeightRead
from drivers.tap import HEAD_BYTES_MAX, READING_BYTES, Record, Tap
from hub_config.devices import Device
from hub_config.names import MILLISECOND, SECOND, DeviceId, Instant

ID = DeviceId("scan-1")
RECORD_BYTES = 17
CONFIGS = [scanner_config(), scale_config(), reader_config(), belt_scale_config(), *dimensioner_configs()]


def up(at: int) -> list[Reading]:
    return [DeviceUp(ID, Instant(at), None)]


def fill(tap: Tap, calls: int, size: int = 100) -> None:
    for number in range(calls):
        tap.record("in", Instant(number), bytes([number % 256]) * size, b"", ())


def test_the_ring_never_grows_past_its_bound_and_forgets_the_oldest() -> None:
    tap = Tap(bytes_max=10_000, segment_bytes=1_000)

    fill(tap, 1_000)

    kept = tap.kept()
    assert sum(len(record.data) + RECORD_BYTES for record in kept.calls) <= 10_000
    assert kept.cut
    assert kept.calls[-1].at == 999
    assert len(kept.calls) > 50


def test_what_is_older_than_a_quarter_of_an_hour_is_forgotten_even_with_room() -> None:
    tap = Tap()
    for minute in range(60):
        for second in range(60):
            tap.record("in", Instant((60 * minute + second) * SECOND), b"x" * 2_000, b"", ())

    oldest = tap.kept().calls[0].at

    assert 44 * 60 * SECOND < oldest < 46 * 60 * SECOND


def test_ten_minutes_of_a_busy_scale_and_of_an_io_board_are_kept() -> None:
    """Asked ten times a second in pieces of 4 bytes; a board that reports a hundred times a second."""
    scale, board = Tap(), Tap()
    moved = [BeltMoved(ID, Instant(1), 5, moving=True)]
    for number in range(6_000):
        at = Instant(number * 100 * MILLISECOND)
        scale.record("wake", at, b"", b"SI\r\n", ())
        for piece in range(5):
            scale.record("in", at, b"1.25", b"", up(1) if piece == 4 else ())
        for _ in range(10):
            board.record("wake", at, b"", b"", ())
            board.record("in", at, b"x" * 16, b"", moved)

    assert not scale.kept().cut
    assert not board.kept().cut


def test_readings_count_for_the_bound_as_well() -> None:
    tap = Tap(bytes_max=10_000, segment_bytes=1_000)

    for number in range(1_000):
        tap.record("in", Instant(number), b"", b"", up(number))

    assert len(tap.kept().calls) <= 10_000 // READING_BYTES


def test_a_reader_gets_every_record_once_and_in_order() -> None:
    tap, position, seen = Tap(bytes_max=100_000, segment_bytes=1_000), 0, []
    for number in range(300):
        tap.record("in", Instant(number), b"x" * 20, b"", ())
        if number % 7 == 0:
            since = tap.since(position)
            position = since.position
            seen += [record.at for record in since.records]
    while (since := tap.since(position)).records:
        position = since.position
        seen += [record.at for record in since.records]

    assert seen == list(range(300))


def test_a_reader_that_is_too_slow_is_told_that_it_missed_something() -> None:
    tap = Tap(bytes_max=5_000, segment_bytes=1_000)
    fill(tap, 10)
    position = tap.position

    fill(tap, 500)

    since = tap.since(position)
    assert since.missed
    assert since.records
    assert not tap.since(since.position).missed


def test_readings_are_found_by_the_place_of_their_call() -> None:
    tap = Tap()
    for number in range(20):
        tap.record("in", Instant(number), b"x", b"", up(number) if number % 2 else ())

    since = tap.since(0)

    assert [since.readings.get(record.position, ()) for record in since.records] == [
        tuple(up(number)) if number % 2 else () for number in range(20)
    ]


def test_the_beginning_of_an_opening_is_kept_while_anything_of_it_is() -> None:
    tap = Tap(bytes_max=5_000, segment_bytes=1_000)
    tap.record("open", Instant(0), b"", b"@\r\n", ())
    tap.record("in", Instant(1), b"I4 A", b"", up(1))
    fill(tap, 500)

    kept = tap.kept()

    assert [record.call for record in kept.head] == ["open", "in"]
    assert kept.calls[0].call == "in"


def test_a_beginning_without_end_is_not_kept() -> None:
    tap = Tap(bytes_max=5_000, segment_bytes=1_000)
    tap.record("open", Instant(0), b"", b"", ())

    fill(tap, 2 * HEAD_BYTES_MAX // 100)

    assert tap.kept().head == ()


def test_a_closed_opening_leaves_no_head_behind() -> None:
    tap = Tap(bytes_max=5_000, segment_bytes=1_000)
    tap.record("open", Instant(0), b"", b"", ())
    tap.record("close", Instant(1), b"", b"", ())

    fill(tap, 500)

    assert tap.kept().head == ()


@pytest.mark.parametrize("command", [ScaleOrder(ID, 7, "zero"), Trigger(ID, 3, on=True)])
def test_a_command_is_read_back_as_it_was(command: ScaleOrder | Trigger) -> None:
    assert command_of(command_text(command)) == command


@pytest.mark.parametrize("text", [b"", b"{}", b'{"Nope": {}}', b'{"Trigger": {"x": 1}}', b"[1]"])
def test_what_is_no_command_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        command_of(text)


# Replay ------------------------------------------------------------------------------------------------


def all_records(tap: Tap) -> Sequence[Record]:
    return tap.kept().calls


@pytest.mark.parametrize("device", CONFIGS, ids=lambda device: str(device.kind))
@pytest.mark.parametrize("seed", range(5))
def test_a_replay_tells_the_same_readings_to_the_byte(device: Device, seed: int) -> None:
    attached, _ = played(device, seed)

    made = list(again(device, all_records(attached.tap)))

    assert all(one.same for one in made)
    assert any(one.readings for one in made)


def test_a_changed_byte_is_noticed() -> None:
    device = scanner_config()
    attached = DevicePort(device)
    attached.opened(NoPort(), ms(0))
    attached.received(b"RB123456785GB\r", ms(1))
    calls = [
        Record(one.position, one.at, one.call, one.data.replace(b"RB", b"RA"), one.out, one.told)
        for one in all_records(attached.tap)
    ]

    assert [one.same for one in again(device, calls)] == [True, False]


def test_a_trace_that_begins_within_an_opening_comes_into_step_and_stays_there() -> None:
    """MT-SICS believes no weight before it has heard the scale's serial number: that is in the head."""
    device = scale_config()
    attached = DevicePort(device)
    attached.tap = Tap(bytes_max=60_000, segment_bytes=2_000)
    attached.opened(NoPort(), ms(0))
    attached.woken(ms(1))
    attached.received(b'I4 A "112"\r\n', ms(2))
    for number in range(1, 1_500):
        attached.woken(ms(100 * number))
        attached.received(b"S S      1.2", ms(100 * number + 20))
        attached.received(b"50 kg\r\n", ms(100 * number + 30))
    kept = attached.tap.kept()
    head, tail = kept.head, kept.calls

    made = list(again(device, [*head, *tail]))

    assert kept.cut
    assert all(one.same for one in made[: len(head)])
    first_same = next(place for place, one in enumerate(made[len(head) :]) if one.same and one.readings)
    assert first_same <= 6
    assert all(one.same for one in made[len(head) + first_same :])
    assert sum(isinstance(reading, WeightRead) for one in made for reading in one.readings) > 100


def test_calls_before_any_opening_are_refused() -> None:
    with pytest.raises(ValueError, match="in at 5 comes before any opening"):
        list(again(scanner_config(), [Record(1, Instant(5), "in", b"x", b"", bytes(16))]))
