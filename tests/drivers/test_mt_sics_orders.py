"""MT-SICS beyond polling: zero and tare ordered by a person, weights that come by themselves, a tare that is on."""

from typing import Literal

import pytest
from driver_configs import SCALE, ms, scale_config

from drivers.command import ScaleOrder, Trigger
from drivers.reading import DeviceFault, OrderAnswered, Reading, WeightRead
from drivers.scales.mt_sics import ORDER_WITHIN_NS, SILENT_AFTER, TARE_EVERY_NS, SicsScale
from hub_config.attach import TcpAttach
from hub_config.metrology import Metrology
from hub_config.names import Instant
from hub_config.scales import SicsScaleConfig

SERIAL = b'I4 A "1126493049"\r\n'
KG_1_25 = b"S S      1.250 kg\r\n"
MOVING = b"S D      1.201 kg\r\n"


def order(name: Literal["zero", "tare", "tare_clear"] = "zero", number: int = 7) -> ScaleOrder:
    return ScaleOrder(SCALE, number, name)


def answered(at: Instant, detail: str, number: int = 7) -> list[Reading]:
    return [OrderAnswered(SCALE, at, number, detail == "ok", detail)]


def proven(**more: object) -> SicsScale:
    """Opened at 0, proven at 1 ms."""
    scale = SicsScale(scale_config(**more))
    scale.wake(ms(0))
    scale.receive(SERIAL, ms(1))
    assert scale.take_output().startswith(b"@\r\n")
    return scale


@pytest.mark.parametrize(
    ("name", "sent", "reply"),
    [
        ("zero", b"Z\r\n", b"Z A\r\n"),
        ("tare", b"T\r\n", b"T S      0.500 kg\r\n"),
        ("tare_clear", b"TAC\r\n", b"TAC A\r\n"),
    ],
)
def test_an_order_is_sent_and_told_when_the_scale_has_done_it(
    name: Literal["zero", "tare", "tare_clear"], sent: bytes, reply: bytes
) -> None:
    scale = proven()
    scale.take_output()

    assert scale.command(order(name), ms(2)) == []
    assert scale.take_output() == sent
    assert scale.receive(reply, ms(900)) == answered(ms(900), "ok")
    scale.wake(ms(900))
    assert scale.take_output() == b"SI\r\n"


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (b"Z I\r\n", "not_executable"),
        (b"Z +\r\n", "zero_upper_limit"),
        (b"Z -\r\n", "zero_lower_limit"),
        (b"EL\r\n", "logical"),
    ],
)
def test_a_scale_that_would_not_says_why(reply: bytes, said: str) -> None:
    scale = proven()
    scale.command(order(), ms(2))

    assert scale.receive(reply, ms(50)) == answered(ms(50), said)


def test_an_order_waits_until_the_request_that_is_out_was_answered() -> None:
    scale = proven()
    scale.wake(ms(1))
    assert scale.take_output() == b"SI\r\n"

    scale.command(order(), ms(2))
    assert scale.take_output() == b""
    assert [type(one) for one in scale.receive(KG_1_25, ms(9))] == [WeightRead]
    scale.wake(ms(9))

    assert scale.take_output() == b"Z\r\n"


def test_a_second_order_is_refused_while_one_is_out_and_any_before_the_scale_has_proved_itself() -> None:
    scale = proven()
    scale.command(order(), ms(2))

    assert scale.command(order(number=8), ms(3)) == answered(ms(3), "queue_full", 8)
    new = SicsScale(scale_config())
    new.wake(ms(0))
    assert new.command(order(), ms(1)) == answered(ms(1), "not_ready")
    assert new.command(Trigger(SCALE, 1, on=True), ms(1)) == []


def test_an_order_without_an_answer_is_given_up_and_cancelled_at_the_scale() -> None:
    scale = proven()
    scale.command(order(), ms(2))
    scale.take_output()
    due = Instant(ms(2) + ORDER_WITHIN_NS)

    assert scale.wake_at == due
    assert scale.wake(due) == answered(due, "unanswered")
    assert scale.take_output() == b"@\r\n"
    assert scale.receive(b"Z A\r\n", Instant(due + 1)) == []


def test_an_order_that_never_gets_its_turn_is_answered_too() -> None:
    scale = proven()
    scale.wake(ms(1))
    scale.command(order(), ms(2))
    told: list[Reading] = []
    while not any(isinstance(one, OrderAnswered) for one in told):
        assert scale.wake_at is not None
        told += scale.wake(scale.wake_at)

    assert told[-1:] == answered(Instant(ms(2) + ORDER_WITHIN_NS), "unanswered")
    assert b"Z" not in scale.take_output()


def test_weights_are_net_from_a_tare_until_it_is_cleared() -> None:
    scale = proven()

    def mode(*lines: bytes) -> str | None:
        told = [one for line in (*lines, KG_1_25) for one in scale.receive(line, ms(5))]
        assert isinstance(told[-1], WeightRead)
        return told[-1].mode

    assert mode() is None
    assert mode(b"T S      0.500 kg\r\n") == "net"
    assert mode(b"TAC A\r\n") is None
    assert mode(b"TA A      0.500 kg\r\n") == "net"
    assert mode(b"TA A      0.000 kg\r\n") is None
    assert mode(b"TI D      0.500 kg\r\n") == "net"
    assert mode(b"Z A\r\n") is None


def asking_for_the_tare() -> SicsScale:
    """A second after it has proved itself."""
    scale = proven()
    at = Instant(ms(1) + TARE_EVERY_NS)
    scale.wake(at)
    assert scale.take_output() == b"TA\r\n"
    return scale


@pytest.mark.parametrize(
    ("reply", "mode"), [(b"TA A      0.500 kg\r\n", "net"), (b"TA A      0.000 kg\r\n", None)]
)
def test_a_tare_that_was_taken_at_the_scale_itself_is_asked_for(reply: bytes, mode: str | None) -> None:
    scale = asking_for_the_tare()
    scale.receive(reply, ms(1_010))
    scale.wake(ms(1_200))
    assert scale.take_output() == b"SI\r\n"

    (told,) = scale.receive(KG_1_25, ms(1_210))

    assert isinstance(told, WeightRead)
    assert (told.mode, told.counts) == (mode, mode is None)


@pytest.mark.parametrize("reply", [b"ES\r\n", b"TA L\r\n"])
def test_a_scale_that_does_not_tell_its_tare_is_not_asked_again(reply: bytes) -> None:
    scale = asking_for_the_tare()

    assert scale.receive(reply, ms(1_010)) == []
    scale.wake(ms(5_000))
    assert scale.take_output() == b"SI\r\n"


def test_a_tare_that_can_not_be_told_now_is_asked_for_again() -> None:
    scale = asking_for_the_tare()
    scale.receive(b"TA I\r\n", ms(1_010))
    scale.wake(ms(5_000))

    assert scale.take_output() == b"TA\r\n"


def test_a_scale_that_says_nothing_to_it_is_reset_and_not_asked_again() -> None:
    scale = asking_for_the_tare()
    assert scale.wake_at is not None
    scale.wake(scale.wake_at)
    assert scale.take_output() == b"@\r\n"
    scale.receive(SERIAL, ms(3_000))
    scale.wake(ms(9_000))

    assert scale.take_output() == b"SI\r\n"


def test_continuous_weights_are_asked_for_once_and_again_only_after_a_reset() -> None:
    scale = SicsScale(scale_config(mode="continuous"))
    scale.wake(ms(0))
    scale.receive(SERIAL, ms(1))
    assert scale.take_output() == b"@\r\nSIR\r\n"

    weights = [scale.receive(line, ms(100 * turn)) for turn, line in enumerate((MOVING, KG_1_25), start=1)]
    assert [[one.stable for one in told if isinstance(one, WeightRead)] for told in weights] == [
        [False],
        [True],
    ]
    assert scale.wake(ms(400)) == []
    told = [one for turn in range(SILENT_AFTER) for one in scale.wake(ms(1_000 + 2_000 * turn))]

    assert [one.code for one in told if isinstance(one, DeviceFault)] == ["silent"]
    assert scale.take_output() == b"@\r\n" * SILENT_AFTER
    scale.receive(SERIAL, ms(9_000))
    assert scale.take_output() == b"SIR\r\n"


def test_zero_may_be_ordered_between_weights_that_come_by_themselves() -> None:
    scale = proven(mode="continuous")
    scale.command(order(), ms(2))
    assert scale.take_output() == b"Z\r\n"

    told = scale.receive(MOVING + b"S I\r\nZ A\r\n" + KG_1_25, ms(300))

    assert [type(one) for one in told] == [WeightRead, DeviceFault, OrderAnswered, WeightRead]


def test_a_scale_that_prints_is_listened_to_and_its_silence_is_none() -> None:
    scale = proven(mode="print")

    assert scale.wake_at is None
    assert [type(one) for one in scale.receive(KG_1_25, ms(60_000))] == [WeightRead]
    assert scale.take_output() == b""


def test_it_may_stand_on_a_network() -> None:
    attach = TcpAttach(kind="tcp", host="10.1.2.3", port=4_305)
    metrology = Metrology(regime="none", max_mg=30_000_000, min_mg=100_000, e_mg=5_000, mpe_mg=5_000)

    assert SicsScaleConfig(id=SCALE, attach=attach, metrology=metrology).attach.place == "10.1.2.3:4305"
