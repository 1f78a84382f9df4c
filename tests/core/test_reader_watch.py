"""A reader that reads by itself and answers later than its `delay`: its codes are those of who has left its view."""

import random

import pytest
from line_driver import ENTROPY, READER, LineDriver, Object, config
from series_line import s10

from edge.core.gateway import Gateway
from edge.core.reader_watch import CODES
from hub_config.attach import TcpAttach
from hub_config.hub import HubConfig
from hub_config.names import MILLISECOND, SECOND
from hub_config.readers import SickReadConfig

IN_TIME_MS, LATE_MS = 40, 600


def by_itself() -> HubConfig:
    hub = config()
    reader = SickReadConfig(
        id=READER, kind="sick-read", attach=TcpAttach(kind="tcp", host="127.0.0.1", port=9004)
    )
    return hub.model_copy(
        update={"devices": tuple(reader if one.id == READER else one for one in hub.devices)}
    )


class Stream:
    """Parcels one after the other; each with its own code and weight."""

    def __init__(self, seed: int) -> None:
        self.driver = LineDriver(Gateway(by_itself(), ENTROPY)).start()
        self.rng = random.Random(seed)
        self.starts = self.driver.now
        self.own: dict[int, str] = {}
        """Code of each, by the instant at which its front came to the first beam."""
        self.count = 0

    def send(self, parcels: int, late_ms: int) -> None:
        for _ in range(parcels):
            self.count += 1
            length_um = self.rng.randrange(150_000, 500_000)
            thing = Object(self.starts, length_um)
            self.starts = thing.rear_at(self.rng.randrange(200_000, 1_200_000))
            self.driver.carry(thing)
            self.driver.weigh(thing)
            self.driver.read(thing, s10(self.count), late_ns=late_ms * MILLISECOND)
            self.own[thing.front_at(self.driver.line.beam("in").position_um)] = s10(self.count)
            self.driver.later(max(0.0, (self.starts - self.driver.now) / SECOND))

    @property
    def states(self) -> list[str]:
        told = [dict(one.note) for one in self.driver.events if one.kind == "device.changed"]
        return [str(note["state"]) for note in told if note["device"] == READER]

    def named(self, since: int = 0) -> list[bool]:
        """Of each parcel that was measured since then: whether its name is its own."""
        came = {one.visit: one.at for one in self.driver.events if one.kind == "parcel.arrived"}
        return [
            self.own[came[one.visit]] == one.codes[0].data
            for one in self.driver.events
            if one.kind == "parcel.measured" and one.at >= since
        ]

    def told_at(self, state: str) -> int:
        return next(
            one.at for one in self.driver.events
            if one.kind == "device.changed" and dict(one.note).get("state") == state
        )  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_a_late_reader_is_told_and_names_nobody_from_then_on(seed: int) -> None:
    stream = Stream(seed)
    stream.send(60, LATE_MS)

    assert stream.states == ["answers_late"]
    assert stream.named(stream.told_at("answers_late")) == []
    assert len(stream.named()) <= CODES


@pytest.mark.parametrize("seed", range(2))
def test_one_that_answers_in_time_names_each_parcel(seed: int) -> None:
    stream = Stream(seed)
    stream.send(60, IN_TIME_MS)

    assert stream.states == []
    assert all(stream.named())
    assert len(stream.named()) > 50


def test_a_label_that_nobody_follows_puts_nobody_in_doubt() -> None:
    stream = Stream(1)
    stream.send(30, IN_TIME_MS)
    driver = stream.driver
    driver.later(1.5)
    driver.give(driver.code(driver.now, s10(900), None))
    stream.starts = driver.now
    stream.send(30, IN_TIME_MS)

    assert stream.states == []
    assert len(stream.named()) > 55


def test_it_is_believed_again_once_it_has_long_told_codes_of_who_is_there() -> None:
    stream = Stream(2)
    stream.send(30, LATE_MS)
    stream.starts += 2 * SECOND
    stream.driver.later(2.0)
    stream.send(CODES + 15, IN_TIME_MS)

    assert stream.states == ["answers_late", "in_time"]
    assert all(stream.named(stream.told_at("in_time")))
    assert len(stream.named(stream.told_at("in_time"))) >= 5
