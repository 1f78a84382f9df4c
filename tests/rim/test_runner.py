"""The core's thread: when it makes a picture, and how it ends."""

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from drivers.command import Command
from drivers.reading import BoardChanged, DeviceUp
from edge.core.effects import Alert, Effect
from edge.core.gateway import Gateway
from edge.core.inputs import Input, MessageRejected, Tick
from edge.core.snapshot import Snapshot
from edge.rim import clock
from edge.rim.inbox import Inbox
from edge.rim.metrics import Metrics
from edge.rim.refused import RefusedLog
from edge.rim.runner import GLANCE_EVERY_NS, TOGETHER_NS, TURN_MAX, Recorder, Runner
from edge.rim.writer import ForDisk
from hub_config.hub import HubConfig
from hub_config.load import load
from hub_config.names import MILLISECOND, SECOND, DeviceId, Instant

EXAMPLE = Path(__file__).parents[2] / "examples" / "bench.toml"


class Around:
    """Journal, screens, devices and alerts; it hears and does nothing."""

    watched = True

    def put(self, told: Sequence[ForDisk]) -> None: ...
    def notify(self) -> None: ...
    def command(self, command: Command) -> None: ...
    def alert(self, alert: Alert) -> None: ...


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The clock: its one element is the instant."""
    at = [1]
    monkeypatch.setattr(clock, "now", lambda: Instant(at[0]))
    return at


def runner(config: HubConfig, inbox: Inbox, recorder: Recorder | None = None) -> Runner:
    around = Around()
    return Runner(Gateway(config, bytes(32)), inbox, around, around, Metrics(), around, around, recorder)


class Steps:
    """What the core was given, in order: `Tick` or when the device was heard."""

    def __init__(self) -> None:
        self.taken: list[object] = []

    def given(self, given: Input) -> None:
        if isinstance(given, DeviceUp | Tick):
            self.taken.append(Tick if isinstance(given, Tick) else given.at)

    def wanted(self, effects: Sequence[Effect]) -> None: ...


def turn(one: Runner, inbox: Inbox) -> None:
    inbox.nudge()
    one._turn()


def test_a_picture_is_made_of_what_came_in_and_of_nothing_else(now: list[int]) -> None:
    config, inbox = load(EXAMPLE), Inbox()
    one = runner(config, inbox)
    now[0] += GLANCE_EVERY_NS
    turn(one, inbox)  # the clock was told
    first = one.snapshot

    now[0] += 10 * GLANCE_EVERY_NS
    turn(one, inbox)
    assert one.snapshot is first

    inbox.put(DeviceUp(config.devices[0].id, Instant(now[0]), None))
    one._turn()
    assert one.snapshot is not first


def test_of_many_inputs_the_picture_is_made_at_the_end_of_the_gap(now: list[int]) -> None:
    config, inbox = load(EXAMPLE), Inbox()
    one = runner(config, inbox)
    now[0] += GLANCE_EVERY_NS
    turn(one, inbox)
    first = one.snapshot

    inbox.put(DeviceUp(config.devices[0].id, Instant(now[0]), None))
    one._turn()
    assert one.snapshot is first

    now[0] += GLANCE_EVERY_NS
    turn(one, inbox)
    assert one.snapshot is not first


def test_a_message_that_is_not_believed_is_logged_once_a_reason(
    now: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    inbox = Inbox()
    one = runner(load(EXAMPLE), inbox)
    topic = "ehub-practice/v1/MY-KUL-1/ack/gw-01"
    for reason in ("unknown_key", "unknown_key", "bad_signature"):
        detail = "key LiZT6oDZR37Qa-Lj is not in this hub's trust list"
        inbox.put(MessageRejected(Instant(now[0]), topic, reason, detail))
        one._turn()
    now[0] += 10 * GLANCE_EVERY_NS
    turn(one, inbox)

    told = [record.getMessage() for record in caplog.records]
    assert [f"{topic} is not believed: {reason}, key LiZT6oDZR37Qa-Lj" in line for line, reason in zip(
        told, ("unknown_key", "bad_signature"), strict=True
    )] == [True, True]  # fmt: skip
    assert one.snapshot.rejected_messages == (("bad_signature", 1), ("unknown_key", 2))


def test_what_follows_an_input_closely_is_taken_together_and_a_tick_waits_for_nobody(
    now: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    config, inbox = load(EXAMPLE), Inbox()
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += round(seconds * SECOND)
        if len(slept) == 1:
            inbox.put(up())

    def up() -> DeviceUp:
        return DeviceUp(config.devices[0].id, Instant(now[0]), None)

    monkeypatch.setattr(time, "sleep", sleep)
    one = runner(config, inbox)
    inbox.put(up())
    one._turn()  # after a pause: at once
    assert (slept, inbox.is_empty) == ([], True)

    now[0] += TOGETHER_NS // 3
    inbox.put(up())
    one._turn()
    assert (slept, inbox.is_empty) == ([pytest.approx(TOGETHER_NS * 2 / 3 / SECOND)], True)

    monkeypatch.setattr(Gateway, "wake_at", property(lambda _: Instant(now[0])))
    for _ in range(2):
        inbox.put(up())
    one._turn()
    assert (len(slept), inbox.is_empty) == (1, False)


def test_a_flood_of_inputs_keeps_no_tick_waiting_for_more_than_a_turn_and_waits_for_nothing_itself(
    now: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    config, inbox = load(EXAMPLE), Inbox()
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    for _ in range(TURN_MAX + 2):
        inbox.put(DeviceUp(config.devices[0].id, Instant(now[0]), None))
    one = runner(config, inbox)
    one._turn()
    assert inbox.get(0) is not None
    assert not inbox.is_empty
    one._turn()
    assert (slept, inbox.is_empty) == ([], True)


def test_a_tick_comes_after_what_came_before_its_time_and_before_what_came_after(
    now: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a beam that saw its parcel in time could be heard after the parcel was given up."""
    config, inbox, steps = load(EXAMPLE), Inbox(), Steps()
    monkeypatch.setattr(time, "sleep", lambda seconds: now.__setitem__(0, now[0] + round(seconds * SECOND)))
    one = runner(config, inbox, steps)
    due = now[0] + 5
    monkeypatch.setattr(
        Gateway, "wake_at", property(lambda _: Instant(due) if Tick not in steps.taken else None)
    )
    for at in range(1, 10):
        inbox.put(DeviceUp(config.devices[0].id, Instant(at), None))
    now[0] += 20  # it has been about something else
    one._turn()
    one._turn()

    assert steps.taken == [1, 2, 3, 4, 5, Tick, 6, 7, 8, 9]


def test_ticks_that_follow_one_another_closely_leave_no_input_lying(
    now: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One every 2 ms, and 600 inputs a second: each turn with a Tick took one of them, so 100 a second were left."""
    every, inputs = 2 * MILLISECOND, SECOND // 600
    config, inbox, steps = load(EXAMPLE), Inbox(), Steps()
    monkeypatch.setattr(
        Gateway, "wake_at", property(lambda _: Instant((1 + steps.taken.count(Tick)) * every))
    )
    put = [0]

    def sleep(seconds: float) -> None:
        now[0] += round(seconds * SECOND)
        while put[0] * inputs <= now[0]:
            inbox.put(DeviceUp(config.devices[0].id, Instant(put[0] * inputs), None))
            put[0] += 1

    def get(timeout_s: float) -> Input | None:
        given = take(0)
        if given is None and timeout_s > 0:
            sleep(timeout_s)
        return given

    take = inbox.get
    monkeypatch.setattr(inbox, "get", get)
    monkeypatch.setattr(time, "sleep", sleep)
    one = runner(config, inbox, steps)
    while now[0] < SECOND:
        one._turn()

    assert inbox._queue.qsize() < 5


def test_why_a_board_has_restarted_is_logged(now: list[int], caplog: pytest.LogCaptureFixture) -> None:
    inbox = Inbox()
    one = runner(load(EXAMPLE), inbox)
    why = "the board has restarted: brown-out"
    inbox.put(BoardChanged(DeviceId("io-1"), Instant(now[0]), "opening", why, continued=False))
    one._turn()

    assert [record.getMessage() for record in caplog.records] == [f"io-1 is opening: {why}"]


def test_a_message_of_another_shape_is_logged_for_each_kind_with_its_schema(
    caplog: pytest.LogCaptureFixture,
) -> None:
    said = RefusedLog()
    for kind in ("ack", "ack", "dec"):
        topic = f"ehub-practice/v1/MY-KUL-1/{kind}/gw-01"
        said.tell(MessageRejected(Instant(0), topic, "bad_shape", "v, hub, gw, mode: Field required"))

    told = [record.getMessage() for record in caplog.records]
    assert ["hub contract schema ack" in told[0], "hub contract schema decision" in told[1]] == [True, True]
    assert len(told) == 2
    assert all("v, hub, gw, mode: Field required" in line for line in told)


def test_stopping_ends_a_core_that_waits_for_an_input() -> None:
    inbox = Inbox()
    one = runner(load(EXAMPLE), inbox)
    one.start()

    one.stop()

    assert not one._thread.is_alive()
    assert not one.failed.is_set()


def test_a_core_that_hangs_keeps_nobody_from_stopping_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture made of what it is changing may fail, and then the journal would not be stopped."""

    class Hung(threading.Thread):
        def join(self, timeout: float | None = None) -> None: ...
        def is_alive(self) -> bool:
            return True

    def torn(_: Gateway) -> Snapshot:
        raise RuntimeError("dictionary changed size during iteration")

    one = runner(load(EXAMPLE), Inbox())
    before, one._thread = one.snapshot, Hung()
    monkeypatch.setattr(Gateway, "snapshot", torn)
    one.stop()

    assert one.snapshot is before
