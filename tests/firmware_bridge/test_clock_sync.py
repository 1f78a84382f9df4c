"""The board's clock under a simulated channel: the true time is never outside the bound, through drift and wraps."""

import random
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from board_rig import FULL_TURN, ms

from firmware_bridge.clocksync import DRIFT_MAX_PPM, SAMPLES_MAX, BoardClock, transfer_ns
from hub_config.names import MICROSECOND, MILLISECOND, SECOND, Instant
from simulators.devices.io_board_clock import BoardTraits, TickClock

HZ = 2_000_000
REQUEST, REPLY = 6, 14


@dataclass
class Line:
    """How long each way takes beyond the transfer itself."""

    rng: random.Random
    baud: int
    there: Callable[[random.Random], int]
    back: Callable[[random.Random], int]


def jitter(rng: random.Random) -> int:
    outlier = rng.randrange(50) == 0
    return rng.randrange(30 * MILLISECOND) if outlier else rng.randrange(120 * MICROSECOND)


def latency_timer(rng: random.Random) -> int:
    return rng.randrange(16 * MILLISECOND) + jitter(rng)


LINES = {
    "uart-115200": (115_200, jitter, jitter),
    "uart-250000": (250_000, jitter, jitter),
    "usb-16ms": (250_000, jitter, latency_timer),
}


def sync(clock: BoardClock, board: TickClock, line: Line, asked: Instant) -> Instant:
    """One exchange; returns when the reply is in."""
    byte_ns = 10 * SECOND / line.baud / 1.02  # the board's UART is 2 % fast
    rx_at = Instant(asked + round(REQUEST * byte_ns) + line.there(line.rng))
    tx_at = Instant(rx_at + 100 * MICROSECOND)
    received = Instant(tx_at + round(REPLY * byte_ns) + line.back(line.rng))
    ways = transfer_ns(REQUEST, line.baud), transfer_ns(REPLY, line.baud)
    t_rx, t_tx = board.ticks_at(rx_at) % FULL_TURN, board.ticks_at(tx_at) % FULL_TURN
    assert clock.sync(asked, received, t_rx=t_rx, t_tx=t_tx, ways_ns=ways)
    return received


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("drift_ppm", [-200, 0, 50, 200])
def test_the_true_time_of_a_stamp_is_never_outside_its_bound(name: str, drift_ppm: int) -> None:
    baud, there, back = LINES[name]
    seed = 20_240 + drift_ppm
    line = Line(random.Random(seed), baud, there, back)
    board = TickClock(BoardTraits(drift_ppm=drift_ppm), Instant(0), FULL_TURN - 300 * 2_000_000)
    clock = BoardClock(HZ)
    at = ms(10)
    worst_ns, checked, errors = 0, 0, []
    while at < 600 * SECOND:
        at = Instant(sync(clock, board, line, at) + line.rng.randrange(250, 1_000) * MILLISECOND)
        stamped = Instant(at - line.rng.randrange(600 * MILLISECOND))
        ticks = clock.extend(board.ticks_at(stamped) % FULL_TURN, at)
        bound = clock.bound(ticks)

        assert bound.low <= stamped <= bound.high, f"{name}, seed {seed}, {at / 1e9:.3f} s"
        assert abs(stamped - bound.at) <= bound.unc_ns
        assert ticks == board.ticks_at(stamped), "extended through the wrap"
        worst_ns = max(worst_ns, bound.half_width_ns)
        errors.append(abs(stamped - bound.at))
        checked += 1
    errors.sort()

    assert checked > 900
    assert clock.contradictions == 0
    assert worst_ns < 10 * MILLISECOND
    assert errors[len(errors) // 2] < 200 * MICROSECOND  # a line through the samples will do better


def test_stamps_out_of_order_around_the_wrap_extend_to_the_right_side() -> None:
    clock = BoardClock(HZ)
    clock.take(FULL_TURN - 1_000, ms(0), ms(1))

    assert clock.extend(5_000, ms(4)) == FULL_TURN + 5_000
    assert clock.extend(FULL_TURN - 500, ms(4)) == FULL_TURN - 500
    assert clock.extend(6_000, ms(4)) == FULL_TURN + 6_000


def test_a_clock_that_was_not_asked_for_an_hour_is_extended_by_the_hosts_time() -> None:
    clock = BoardClock(HZ)
    clock.take(1_000, ms(0), ms(1))
    hour = 3_600 * HZ

    assert clock.extend((1_000 + hour) % FULL_TURN, Instant(3_600 * SECOND)) == 1_000 + hour


def test_between_samples_the_bound_grows_by_the_named_drift() -> None:
    clock = BoardClock(HZ)
    clock.take(0, ms(0), ms(1))
    near = clock.bound(0).half_width_ns
    far = clock.bound(10 * HZ).half_width_ns

    assert far - near == pytest.approx(10 * SECOND * DRIFT_MAX_PPM / 1_000_000, abs=2)
    assert clock.within(ms(6), Instant(10 * SECOND))
    assert not clock.within(ms(5), Instant(10 * SECOND))


def test_a_finer_sample_narrows_the_bound_and_a_coarser_one_widens_nothing() -> None:
    clock = BoardClock(HZ)
    clock.take(0, ms(0), ms(4))
    clock.take(20_000, ms(9.9), ms(10.2))
    fine = clock.bound(20_000).half_width_ns
    clock.take(40_000, ms(12), ms(28))

    assert fine < 200 * MICROSECOND
    assert clock.bound(20_000).half_width_ns <= fine


def test_the_estimate_follows_the_way_to_the_board() -> None:
    """The reply may hang in an adapter for 16 ms; the request did not."""
    clock = BoardClock(HZ)
    for turn in range(8):
        at = ms(50 * turn)
        clock.sync(
            at, ms(50 * turn + 17), t_rx=turn * 100_000 + 600, t_tx=turn * 100_000 + 800, ways_ns=(0, 0)
        )

    assert abs(clock.bound(100_000 + 600).at - ms(50)) <= 100 * MICROSECOND


def test_a_sample_that_contradicts_the_others_is_not_taken_until_they_are_distrusted() -> None:
    clock = BoardClock(HZ)
    clock.take(0, ms(0), ms(1))

    assert not clock.take(2_000_000, ms(5_000), ms(5_001))
    assert clock.bound(2_000_000).high < ms(1_010)
    clock.distrust()
    assert clock.take(2_000_000, ms(5_000), ms(5_001))
    assert clock.contradictions == 2
    bound = clock.bound(2_000_000)
    assert ms(4_999) <= bound.low <= bound.high <= ms(5_002)


def test_a_sample_that_contradicts_itself_is_not_taken() -> None:
    clock = BoardClock(HZ)

    assert not clock.sync(ms(10), ms(11), t_rx=0, t_tx=20_000, ways_ns=(0, 0))
    assert not clock.known
    assert clock.contradictions == 1


def test_a_line_faster_than_its_rate_says_is_not_believed_to_take_time() -> None:
    """A USB port without a UART behind it, or a pseudo-terminal."""
    clock = BoardClock(HZ)
    ways = transfer_ns(REQUEST, 9_600), transfer_ns(REPLY, 9_600)

    assert clock.sync(ms(0), ms(0.3), t_rx=200, t_tx=300, ways_ns=ways)
    assert clock.sync(ms(50), ms(90), t_rx=100_200, t_tx=100_300, ways_ns=ways)
    bound = clock.bound(100_200)
    assert bound.low <= ms(50.1) <= bound.high


def test_ticks_of_an_instant_and_the_instant_of_ticks_agree() -> None:
    clock = BoardClock(HZ)
    for turn in range(SAMPLES_MAX + 5):
        clock.take(turn * 1_000_000, Instant(turn * 500_050_000), Instant(turn * 500_050_000 + 300_000))
    at = Instant(35 * SECOND)

    assert abs(clock.bound(clock.ticks_at(at)).at - at) <= 1 * MICROSECOND


def test_no_more_samples_are_kept_than_the_bound() -> None:
    clock = BoardClock(HZ)
    clock.take(0, ms(0), Instant(1))
    for turn in range(SAMPLES_MAX):
        clock.take(
            (turn + 1) * 100, Instant((turn + 1) * 50_000), Instant((turn + 1) * 50_000 + 9 * MILLISECOND)
        )

    assert clock.bound(0).half_width_ns > 4 * MILLISECOND


def test_a_clock_of_no_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="0 Hz"):
        BoardClock(0)
