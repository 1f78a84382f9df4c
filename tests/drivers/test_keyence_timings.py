"""Whatever the timings, no answer of a reader is told for another trigger than the one that caused it."""

import heapq
from dataclasses import dataclass, field

from driver_configs import READER, keyence, ms, reader_config
from hypothesis import given
from hypothesis import strategies as st

from drivers.command import Trigger
from drivers.reading import BarcodeRead, DeviceFault, Reading
from drivers.scanners.reader import LineReader
from drivers.scanners.trigger_steps import QUIET_NS
from hub_config.names import MILLISECOND, Instant

START = ms(2_000)
TIMEOUT_MS = 100
QUIET_MS = QUIET_NS // MILLISECOND


@dataclass
class Plan:
    """What the reader does with one `LON`."""

    during_ms: int | None
    """It answers so long after `LON`, if nothing else decides."""
    after_ms: int | None
    """Not before `LOFF`, and then so long after it. Neither: it never answers."""


@dataclass
class Reader:
    """A reader that answers each `LON` at most once, with the number of that `LON`, as late as it likes."""

    plans: list[Plan]
    ons: list[int] = field(default_factory=list)
    """The trigger that each `LON` was sent for."""
    answer_at: dict[int, Instant] = field(default_factory=dict)
    lit: int | None = None

    def hear(self, output: bytes, wanted: int | None, at: Instant) -> None:
        for command in output.split(b"\r")[:-1]:
            if command == b"LON":
                assert wanted is not None
                self.lit = len(self.ons)
                self.ons.append(wanted)
                during = self.plan(self.lit).during_ms
                if during is not None:
                    self.answer_at[self.lit] = Instant(at + during * MILLISECOND)
            elif self.lit is not None:
                latest = Instant(at + TIMEOUT_MS * MILLISECOND + QUIET_NS - MILLISECOND)
                after = self.plan(self.lit).after_ms
                if self.lit in self.answer_at:
                    self.answer_at[self.lit] = min(self.answer_at[self.lit], latest)
                elif after is not None and self.plan(self.lit).during_ms is None:
                    self.answer_at[self.lit] = min(Instant(at + after * MILLISECOND), latest)
                self.lit = None

    def plan(self, place: int) -> Plan:
        return self.plans[place % len(self.plans)]


plans = st.lists(
    st.builds(
        Plan,
        during_ms=st.none() | st.integers(1, 1_500),
        after_ms=st.none() | st.integers(0, TIMEOUT_MS + QUIET_MS - 1),
    ),
    min_size=1,
    max_size=8,
)
pauses_ms = st.lists(st.integers(0, 900), min_size=1, max_size=30)


def run(reader: Reader, pauses: list[int]) -> tuple[LineReader, list[Reading], Instant]:
    """Triggers on and off with these pauses between; some begin while the one before is still on."""
    session = keyence(reader_config())
    session.wake(ms(0))
    session.wake(Instant(QUIET_NS))
    session.take_output()
    commands: list[tuple[Instant, int, bool]] = []
    at = START
    for place, pause in enumerate(pauses):
        at = Instant(at + pause * MILLISECOND)
        number = place // 2 + 1
        if place % 2 == 0:
            heapq.heappush(commands, (at, number, True))
        elif pause % 3:
            heapq.heappush(commands, (at, number, False))
    wanted: int | None = None
    readings: list[Reading] = []
    end = Instant(at + 10 * QUIET_NS)
    while True:
        answers = [(when, place) for place, when in reader.answer_at.items()]
        due = [one[0] for one in (*answers, *commands)]
        wake_at = session.wake_at
        now = min([*due, *([] if wake_at is None else [wake_at])], default=end)
        if now >= end:
            return session, readings, end
        if answers and min(answers)[0] == now:
            place = min(answers)[1]
            del reader.answer_at[place]
            readings += session.receive(b"L%d\r" % place, now)
        elif commands and commands[0][0] == now:
            _, number, is_on = heapq.heappop(commands)
            wanted = number if is_on else None if wanted == number else wanted
            ended_first = session.command(Trigger(READER, number, is_on), now)
            readings += ended_first
        else:
            readings += session.wake(now)
        reader.hear(session.take_output(), wanted, now)


@given(plans, pauses_ms)
def test_no_answer_is_ever_told_for_another_trigger_than_the_one_that_caused_it(
    given_plans: list[Plan], pauses: list[int]
) -> None:
    reader = Reader(given_plans)

    _, readings, _ = run(reader, pauses)

    told = [one for one in readings if isinstance(one, BarcodeRead)]
    assert [one.trigger for one in told] == [reader.ons[int(one.data[1:])] for one in told]
    assert len({one.data for one in told}) == len(told)


@given(plans, pauses_ms)
def test_every_trigger_that_has_ended_is_answered_or_said_to_be_unanswered_and_the_reader_recovers(
    given_plans: list[Plan], pauses: list[int]
) -> None:
    reader = Reader(given_plans)

    session, readings, end = run(reader, pauses)

    answered = {one.trigger for one in readings if isinstance(one, BarcodeRead)}
    unanswered = sum(isinstance(one, DeviceFault) and one.code == "unanswered" for one in readings)
    numbers = range(1, (len(pauses) + 1) // 2 + 1)
    assert len(answered) + unanswered >= len(numbers) - 1
    session.command(Trigger(READER, 1_000, on=True), end)
    session.take_output()
    if session.wake_at is not None:
        session.wake(session.wake_at)
    if session.wake_at is not None:
        session.wake(session.wake_at)
    later = Instant(end + 5 * QUIET_NS)
    last = BarcodeRead(READER, later, "GOOD", "unknown", None, b"GOOD", 1_000)
    assert last in session.receive(b"GOOD\r", later)
