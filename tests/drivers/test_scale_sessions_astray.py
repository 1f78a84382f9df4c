"""Bench scales of every protocol where a line carries what no request asked for: banners of a start, answers of another
scale or another request, answers that come late or by halves."""

from typing import cast, get_args

import pytest
from driver_configs import ms, scale_config
from test_scale_wires import NAMES
from vectors_file import options_of, vectors

from drivers.decode_config import METROLOGY, config_of
from drivers.reading import DeviceFault, Reading, WeightRead
from drivers.scales.bench_scale import BenchScale
from drivers.scales.mt_sics import SicsScale
from drivers.scales.registry import EXPLAINED, new_scale
from hub_config.bench_scale import BenchScaleConfig

BANNERS = (
    b"\r\nMETTLER TOLEDO IND570 Ver 1.23 kg\r\n",
    b"A&D GX-3000\r\n00012.50 kg\r\n",
    b"Self test 12.500kg\r\n",
    b"Boot... OK\r\n\r\nWeight: 1.250 kg\r\n",
    b'I4 A "1126493049"\r\n',
    b"Max 30 kg  e=10 g\r\n",
    b"   30.00 kg max\r\n",
    b"\x00\x00\x00VER 2.0\r\n",
)
LEARNED = ("mt-continuous", "mt-continuous-short")
"""What follows a frame tells where it ends."""


def scale(protocol: str, **options: str) -> BenchScale:
    known = EXPLAINED[protocol]
    more = {"metrology": METROLOGY, **known.fixed}
    return cast(BenchScale, new_scale(config_of(known.config, known.kind, options, (), more)))


def weight_frame(protocol: str) -> bytes:
    return next(
        one.frame
        for one in vectors(protocol)
        if one.meaning["kind"] == "weight" and one.meaning.get("value") and not options_of(one)
    )


def weights(readings: list[Reading]) -> list[str]:
    return [one.text for one in readings if isinstance(one, WeightRead)]


def modes(protocol: str) -> tuple[str, ...]:
    return get_args(EXPLAINED[protocol].config.model_fields["mode"].annotation)


WITH_WEIGHTS = [name for name in NAMES if name not in ("toledo-8217-benchpro", "and-rs485", "cas-ap1")]
POLLED = [name for name in WITH_WEIGHTS if "polled" in modes(name) and name not in LEARNED]


@pytest.mark.parametrize("banner", BANNERS, ids=range(len(BANNERS)))
@pytest.mark.parametrize("protocol", WITH_WEIGHTS)
def test_a_banner_at_the_start_is_no_weight_and_the_next_answer_is(protocol: str, banner: bytes) -> None:
    one = scale(protocol)
    one.wake(ms(0))

    assert weights(one.receive(banner, ms(10))) == []
    told: list[Reading] = []
    for at in range(1_000, 9_000, 1_000):
        one.wake(ms(at))
        told += one.receive(weight_frame(protocol), ms(at + 20))
        told += one.wake(ms(at + 200))
    assert weights(told)


@pytest.mark.parametrize("protocol", POLLED)
def test_an_answer_after_its_time_is_dropped_and_that_of_the_next_request_counts(protocol: str) -> None:
    one = scale(protocol)
    config = cast(BenchScaleConfig, one._config)
    wait = config.answer_timeout_ms
    one.wake(ms(0))
    one.wake(ms(wait))

    late = one.receive(weight_frame(protocol), ms(wait + 5))
    one.wake(ms(2 * wait))
    in_time = one.receive(weight_frame(protocol), ms(2 * wait + 50))

    assert (len(weights(late)), len(weights(in_time))) == (0, 1)


@pytest.mark.parametrize(
    ("protocol", "own", "ours", "theirs", "text"),
    [
        ("and-rs485", {"address": "23"}, b"@23ST,+0012.345 kg\r\n", b"@24ST,+0099.999 kg\r\n", "+0012.345"),
        ("dini", {"address": "23"}, b"23ST,GS,   12.34,kg\r\n", b"24ST,GS,   99.99,kg\r\n", "12.34"),
        (
            "cas-22",
            {"device_id": "1"},
            b"ST,GS,1\xc4,000012.5 kg\r\n",
            b"ST,GS,2\xc4,000099.9 kg\r\n",
            "000012.5",
        ),
    ],
)
def test_answers_of_two_scales_on_one_line_are_never_mixed(
    protocol: str, own: dict[str, str], ours: bytes, theirs: bytes, text: str
) -> None:
    """However they fall into each other, half by half."""
    for first in range(len(ours) + 1):
        for second in range(len(theirs) + 1):
            one = scale(protocol, **own)
            one.wake(ms(0))
            told: list[Reading] = []
            for part in (ours[:first], theirs[:second], ours[first:], theirs[second:]):
                told += one.receive(part, ms(10))

            assert set(weights(told)) <= {text}, (first, second)


def ready() -> SicsScale:
    """Proven, and asked for a weight."""
    one = SicsScale(scale_config())
    one.wake(ms(0))
    one.receive(b'I4 A "1"\r\n', ms(1))
    one.wake(ms(2))
    assert one.take_output() == b"@\r\nSI\r\n"
    return one


@pytest.mark.parametrize(
    "other", [b"Z A\r\n", b"TA A     0.500 kg\r\n", b"T S      0.500 kg\r\n", b"ZI S\r\n"]
)
def test_the_answer_to_another_request_is_no_weight_and_ends_no_waiting(other: bytes) -> None:
    one = ready()

    assert weights(one.receive(other, ms(10))) == []
    assert weights(one.receive(b"S S      1.250 kg\r\n", ms(20))) == ["1.250"]


def test_half_an_answer_does_not_spoil_the_proof_after_it() -> None:
    one = ready()
    one.receive(b"S S      1.2", ms(10))
    one.wake(ms(2_000))
    assert one.take_output() == b"@\r\n"

    told = one.receive(b'50 kg\r\nI4 A "1"\r\n', ms(2_010))
    one.wake(ms(2_300))

    assert [fault.code for fault in told if isinstance(fault, DeviceFault)] == ["garbled"]
    assert weights(told) == []
    assert one.take_output() == b"SI\r\n"
