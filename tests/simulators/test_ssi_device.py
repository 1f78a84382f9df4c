"""A simulated SSI scanner and the driver talk over bytes: whatever is damaged, no code is lost or doubled."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.command import Trigger
from drivers.reading import BarcodeRead, DeviceFault, DeviceUp, NoRead, Reading
from drivers.scanners.ssi import ACK_NS, SETUP_AGAIN_NS, TRIES_MAX, SsiScanner
from hub_config.attach import SerialAttach
from hub_config.names import MILLISECOND, SECOND, DeviceId, Instant
from hub_config.readers import SsiConfig
from simulators.devices.ssi_scanner import ANSWER_NS, MAX_PENDING, SENDS_MAX, SsiDevice

SCANNER = DeviceId("scan-1")
WIRE_NS = 1 * MILLISECOND
LONG = "0123456789" * 60
"""Three packets."""


class Talk:
    """Both ends and the time between them."""

    def __init__(self, device: SsiDevice, *, host: bool = False) -> None:
        self.device = device
        config = SsiConfig(
            kind="ssi", id=SCANNER, attach=SerialAttach(port="/dev/a"), trigger="host" if host else "self"
        )
        self.session = SsiScanner(config)
        self.now = Instant(0)
        self.told: list[Reading] = []

    def run(self, ns: int) -> None:
        end = Instant(self.now + ns)
        while True:
            due = [at for at in (self.session.wake_at, self.device.wake_at) if at is not None]
            at = max(min(due, default=end), self.now)
            if at >= end:
                self.now = end
                return
            self.now = at
            if self.session.wake_at is not None and self.session.wake_at <= at:
                self.told += self.session.wake(at)
            self.exchange()
            self.now = Instant(self.now + WIRE_NS)

    def exchange(self) -> None:
        while True:
            down, up = self.session.take_output(), self.device.take_output(self.now)
            if not down and not up:
                return
            self.device.receive(down, self.now)
            self.told += self.session.receive(up, self.now)

    @property
    def codes(self) -> list[str]:
        return [one.data for one in self.told if isinstance(one, BarcodeRead)]


def test_the_scanner_is_set_to_packets_and_up_before_its_first_code() -> None:
    talk = Talk(SsiDevice())
    talk.run(100 * MILLISECOND)
    talk.device.scan([("RB123456785GB", "]C0")], talk.now)
    talk.run(3 * SECOND)

    assert [type(one) for one in talk.told] == [DeviceUp, BarcodeRead]
    assert talk.device.packets
    assert talk.device.heard == [0xC6, 0xE9, 0xD0]


def test_a_long_code_comes_in_packets_and_is_one() -> None:
    talk = Talk(SsiDevice())
    talk.run(100 * MILLISECOND)
    talk.device.scan([(LONG, "]C0")], talk.now)
    talk.run(3 * SECOND)

    assert talk.codes == [LONG]
    assert talk.device.heard.count(0xD0) == 3


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["A1", "A1", "B22", LONG]), st.integers(0, 2)), max_size=8))
def test_damaged_packets_lose_no_code_and_double_none(scans: list[tuple[str, int]]) -> None:
    talk = Talk(SsiDevice())
    talk.run(100 * MILLISECOND)
    for code, damages in scans:
        for _ in range(damages):
            talk.device.spoil_next()
        talk.device.scan([(code, "]C0")], talk.now)
        talk.run(4 * ANSWER_NS)

    assert talk.codes == [code for code, _ in scans]
    assert sum(isinstance(one, DeviceFault) for one in talk.told) == sum(damages for _, damages in scans)


def test_a_scanner_that_speaks_something_else_is_silent_and_its_text_is_read_all_the_same() -> None:
    talk = Talk(SsiDevice(answers=False))
    talk.run(TRIES_MAX * ACK_NS + SECOND)
    talk.device.scan([("RB123456785GB", "]C0")], talk.now)
    talk.run(SECOND)

    assert [one.code for one in talk.told if isinstance(one, DeviceFault)] == ["silent"]
    assert talk.codes == ["RB123456785GB"]


def test_sessions_read_what_is_in_view_and_say_nr_where_nothing_is() -> None:
    talk = Talk(SsiDevice(), host=True)
    talk.run(3 * SECOND)
    talk.device.look([("RB123456785GB", "]C0")], talk.now)
    for number in (1, 2):
        talk.told += talk.session.command(Trigger(SCANNER, number, on=True), talk.now)
        talk.exchange()
        talk.run(200 * MILLISECOND)
        talk.told += talk.session.command(Trigger(SCANNER, number, on=False), talk.now)
        talk.exchange()
        talk.run(500 * MILLISECOND)
        talk.device.look([], talk.now)

    answers = [(type(one), one.trigger) for one in talk.told if isinstance(one, BarcodeRead | NoRead)]
    assert answers == [(BarcodeRead, 1), (NoRead, 2)]


def test_a_scanner_that_was_restarted_is_set_up_again_by_its_first_refusal() -> None:
    talk = Talk(SsiDevice(), host=True)
    talk.run(3 * SECOND)
    talk.device.power_up()
    talk.told += talk.session.command(Trigger(SCANNER, 1, on=True), talk.now)
    talk.exchange()
    talk.run(500 * MILLISECOND)

    assert [one.code for one in talk.told if isinstance(one, DeviceFault)] == ["refused"]
    assert talk.device.packets
    assert talk.device.waits_for_host


def test_one_that_gets_no_ack_gives_a_code_up_and_what_waits_is_bounded() -> None:
    device = SsiDevice()
    device.packets = True
    for _ in range(MAX_PENDING + 5):
        device.scan([("A", "]C0")], Instant(0))

    sent = [device.take_output(Instant(turn * ANSWER_NS)) for turn in range(SENDS_MAX)]
    assert [one[3] for one in sent] == [0, 1, 1]
    total = sum(bool(device.take_output(Instant((turn + 9) * ANSWER_NS))) for turn in range(1_000))
    assert total == (MAX_PENDING - 1) * SENDS_MAX


@pytest.mark.parametrize("damaged", [b"\x04\xe9\x04\x00\xff\x0e", b"\x02\xe9\x04\xff"])
def test_a_damaged_command_is_asked_for_again(damaged: bytes) -> None:
    device = SsiDevice()
    device.receive(damaged, Instant(0))

    assert device.take_output(Instant(SECOND))[1:5:3] == b"\xd1\x01"
    assert SETUP_AGAIN_NS > TRIES_MAX * ACK_NS
