"""Simulated scales send the bytes of the manuals for what they show: the frames that the drivers are tested with."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hub_config.names import SECOND, Instant
from simulators.devices.mt_continuous_tongue import MtContinuousTongue
from simulators.devices.nci_tongue import NciTongue
from simulators.devices.scale import Scale, ScaleTraits
from simulators.devices.scale_text import (
    MAX_COMMAND,
    CommandLine,
    Display,
    Unit,
    decimal_text,
    mass_from,
    places_of,
)
from simulators.devices.scale_wire import MAX_REPLIES, ScaleWire, Tongue
from simulators.devices.sma_tongue import UNKNOWN, SmaTongue
from simulators.devices.stream_tongues import CardinalTongue, RiceLakeTongue, WeightronixTongue
from simulators.devices.toledo_tongue import ToledoTongue

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "vectors.jsonl"
FRAMES = {
    row["id"]: bytes.fromhex(row["hex"]) for row in map(json.loads, VECTORS.read_text("utf-8").splitlines())
}
FINE = ScaleTraits(noise_mg=0, drift_mg=0, span_ppm=0)
LATER = Instant(10 * SECOND)


def shown(mass_mg: int | None = 0, *, e_mg: int = 1_000, tare_mg: int = 0, is_: str = "stable") -> Display:
    """`mass_mg`: net, if there is a tare."""
    gross_mg = None if mass_mg is None else mass_mg + tare_mg
    stable, over, under = (is_ != "moving", is_ == "over", is_ == "under")
    return Display(gross_mg, gross_mg or 0, tare_mg, stable, over, under, e_mg, 150_200_000)


LB = 453_592
"""A pound, to the milligram below."""


@pytest.mark.parametrize(
    ("name", "tongue", "form", "display"),
    [
        ("toledo-8217-08", ToledoTongue(), "weight", shown(12_345_000)),
        ("toledo-8217-09", ToledoTongue(), "weight", shown(12_340_000, e_mg=10_000)),
        ("toledo-8217-10", ToledoTongue(), "weight", shown(7_005_000, tare_mg=1)),
        ("toledo-8217-11", ToledoTongue(), "weight", shown(1, is_="moving")),
        ("toledo-8217-12", ToledoTongue(), "weight", shown(None, is_="over")),
        ("toledo-8217-13", ToledoTongue(), "weight", shown(None, is_="under")),
        ("toledo-8217-15", ToledoTongue(), "status", shown(0)),
        ("toledo-8217-16", ToledoTongue(), "weight", shown(1, is_="moving", tare_mg=1)),
        ("toledo-8217-benchpro-01", ToledoTongue(benchpro=True), "weight", shown(1, is_="moving")),
        ("mt-continuous-01", MtContinuousTongue(), "weight", shown(1_234_000)),
        ("mt-continuous-02", MtContinuousTongue(checksum=False), "weight", shown(1_234_000)),
        ("mt-continuous-04", MtContinuousTongue(), "weight", shown(4_500_000, e_mg=5_000, tare_mg=500_000)),
        ("mt-continuous-05", MtContinuousTongue(), "weight", shown(-500_000, e_mg=5_000, tare_mg=500_000)),
        ("mt-continuous-06", MtContinuousTongue(), "weight", shown(None, is_="over")),
        ("mt-continuous-09", MtContinuousTongue("g"), "weight", shown(1_234_000)),
        ("mt-continuous-short-01", MtContinuousTongue(short=True), "weight", shown(1_234_000)),
        (
            "mt-continuous-short-02",
            MtContinuousTongue(short=True, checksum=False),
            "weight",
            shown(1_234_000),
        ),
        ("sma-12", SmaTongue("lb"), "weight", shown(5_025 * LB // 1_000, e_mg=500)),
        ("sma-14", SmaTongue("lb"), "high_res", shown(50_025 * LB // 10_000, e_mg=500)),
        ("sma-15", SmaTongue("lb"), "weight", shown(0, e_mg=500)),
        ("sma-16", SmaTongue(), "weight", shown(7_650_000, is_="moving")),
        ("sma-17", SmaTongue(), "weight", shown(7_025_000)),
        ("sma-23", SmaTongue(), "tare", shown(0, tare_mg=500_000)),
        ("nci-05", NciTongue("lb"), "weight", shown(1_234 * LB // 100, e_mg=5_000)),
        ("nci-06", NciTongue(), "weight", shown(1_250_000, is_="moving")),
        ("nci-07", NciTongue("lb"), "weight", shown(0, e_mg=5_000)),
        ("nci-08", NciTongue(ecr=True), "weight", shown(None, is_="under")),
        ("nci-09", NciTongue(ecr=True), "weight", shown(None, is_="over")),
        ("nci-10", NciTongue(prefix="S"), "status", shown(1, is_="moving")),
        ("nci-12", NciTongue(), "unknown", shown()),
        ("nci-13", NciTongue(status_chars=3), "weight", shown(2_500_000, e_mg=10_000, tare_mg=1_000)),
        ("ricelake-stream-01", RiceLakeTongue(), "weight", shown(12_500_000, e_mg=10_000)),
        (
            "ricelake-stream-02",
            RiceLakeTongue("lb"),
            "weight",
            shown(-45 * LB // 100, e_mg=5_000, is_="moving", tare_mg=1),
        ),
        ("ricelake-stream-03", RiceLakeTongue(), "weight", shown(None, e_mg=10_000, is_="over")),
        ("ricelake-stream-05", RiceLakeTongue(), "weight", shown(0, e_mg=10_000)),
        ("cardinal-stream-01", CardinalTongue(), "weight", shown(12_500_000, e_mg=10_000)),
        (
            "cardinal-stream-02",
            CardinalTongue(),
            "weight",
            shown(12_500_000, e_mg=10_000, is_="moving", tare_mg=1),
        ),
        ("wi-stream-01", WeightronixTongue("lb"), "weight", shown(1_250 * LB // 100, e_mg=5_000)),
    ],
)
def test_what_it_shows_is_the_frame_of_the_manual(
    name: str, tongue: Tongue, form: str, display: Display
) -> None:
    assert tongue.frame(form, display) == FRAMES[name]


def talk(tongue: Tongue, mass_mg: int = 0) -> tuple[Scale, Callable[[bytes], bytes]]:
    """What a scale with this load answers to what it hears."""
    scale = Scale(FINE)
    scale.load(mass_mg, Instant(0))
    wire = ScaleWire(scale, tongue)
    wire.power_up(Instant(0))

    def answer(sent: bytes) -> bytes:
        wire.receive(sent, LATER)
        return wire.take_output(Instant(LATER + SECOND))

    return scale, answer


def test_a_toledo_scale_echoes_until_it_is_told_to_stop() -> None:
    _, answer = talk(ToledoTongue(), 1_250_000)

    assert answer(FRAMES["toledo-8217-05"]) == FRAMES["toledo-8217-06"]
    assert answer(b"WTZ") == b"WTZ"
    assert answer(FRAMES["toledo-8217-07"]) == b"\x02F\r"
    assert answer(FRAMES["toledo-8217-01"]) == b"\x0201.250\r"


def test_a_toledo_scale_takes_a_tare_in_any_cut_and_a_preset_of_five_digits() -> None:
    scale, answer = talk(ToledoTongue(), 2_000_000)

    assert answer(b"T") == b""
    assert answer(b"\r") == b"\x02?`\r"
    assert scale.tare_mg == 2_000_000
    answer(b"T00500\r")
    assert scale.tare_mg == 500_000
    answer(b"T5\r")
    assert scale.tare_mg == 5_000
    answer(b"T000001")
    assert answer(b"C") == b"\x02?@\r"
    assert scale.tare_mg == 0


def test_a_toledo_scale_whose_tare_is_not_enabled_gives_no_answer() -> None:
    scale, answer = talk(ToledoTongue(tare=False), 2_000_000)

    assert answer(b"T\rC") == b""
    assert (scale.tare_mg, answer(b"x")) == (0, b"\x02?@\r")
    assert answer(b"AB") == b"\x02\r\x02?@\r"


def test_a_terminal_that_streams_takes_letters_or_lines() -> None:
    scale, answer = talk(MtContinuousTongue(), 2_000_000)
    answer(b"T")
    assert scale.tare_mg == 2_000_000
    answer(b"C")
    assert scale.tare_mg == 0
    assert answer(b"P")[1:2] == b"="

    scale, answer = talk(MtContinuousTongue(command_lines=True), 2_000_000)
    answer(b"T0.500\r\nT?\r\nx\r\n")
    assert scale.tare_mg == 500_000


def test_an_sma_scale_tells_of_itself_and_knows_its_commands() -> None:
    _, answer = talk(SmaTongue(), 1_250_000)

    assert answer(FRAMES["sma-07"]) == b"\nSMA:2/1.0\r"
    assert [answer(FRAMES["sma-08"])[:5] for _ in range(4)] == [
        b"\nMFG:",
        b"\nMOD:",
        b"\nREV:",
        UNKNOWN,
    ]
    assert answer(b"\nI\r\nN\r") == b"\nSMA:2/1.0\r\nTYP:S\r"
    assert answer(FRAMES["sma-06"]) == FRAMES["sma-26"]
    assert answer(b"\nX\r") == FRAMES["sma-24"]
    assert answer(b"\x1b\nW\r") == b"\n 1G       1.250kg \r"


def test_an_sma_scale_that_can_not_zero_or_rest_says_so() -> None:
    scale, answer = talk(SmaTongue(), 5_000_000)

    assert answer(FRAMES["sma-03"]) == FRAMES["sma-20"]
    scale.load(-200_000, Instant(0))
    assert answer(FRAMES["sma-04"])[:2] == b"\nT"
    wire = ScaleWire(Scale(FINE), SmaTongue(), stable_within_ns=SECOND // 10)
    scale = wire._scale
    scale.load(5_000_000, LATER)
    wire.receive(b"\nP\r", LATER)
    assert wire.take_output(Instant(LATER + SECOND // 10)) == b""
    assert wire.take_output(Instant(LATER + SECOND // 9)) == b"\n 1G  ----------   \r"


def test_an_nci_scale_answers_zero_by_its_status() -> None:
    _, answer = talk(NciTongue(), 0)

    assert answer(b"Z\r") == b"\n20\r\x03"
    assert answer(b"H\r") == b"\n000.0000kg\r\n20\r\x03"
    assert answer(b"?\r") == FRAMES["nci-12"]
    assert talk(NciTongue(unknown=b"\r?\n"))[1](b"x\r") == b"\r?\n"


@pytest.mark.parametrize(
    "tongue", [ToledoTongue(), SmaTongue(), NciTongue(), MtContinuousTongue(command_lines=True)]
)
def test_what_a_host_sends_is_bounded(tongue: Tongue) -> None:
    _, answer = talk(tongue)

    assert answer(b"T" * 100_000).count(b"\r") <= MAX_REPLIES


def test_a_command_past_the_limit_is_none_that_it_knows() -> None:
    line = CommandLine(ends=b"\r")

    assert line.feed(b"W" * (MAX_COMMAND + 1) + b"\rW\r") == [b"\xff", b"W"]


@pytest.mark.parametrize(
    ("e_mg", "unit", "places"), [(5_000, "kg", 3), (5_000, "g", 0), (100, "g", 1), (500, "lb", 3)]
)
def test_a_step_tells_how_many_decimals_there_are(e_mg: int, unit: Unit, places: int) -> None:
    assert places_of(e_mg, unit) == places


@pytest.mark.parametrize(
    ("mg", "text"), [(1_250_500, "1.251"), (-1_250_500, "-1.251"), (-400, "0.000"), (0, "0.000")]
)
def test_numbers_are_rounded_half_away_from_zero(mg: int, text: str) -> None:
    assert decimal_text(mg, "kg", 3) == text


@pytest.mark.parametrize(
    ("text", "mg"),
    [("2.486", 2_486_000), ("1", 1_000_000), ("", None), ("x", None), ("1.2.3", None), ("1" * 13, None)],
)
def test_a_preset_tare_is_a_number(text: str, mg: int | None) -> None:
    assert mass_from(text, "kg") == mg


def test_a_preset_tare_without_its_point_is_in_steps() -> None:
    assert mass_from("00500", "kg", places=3) == 500_000
    assert mass_from("1", "lb") == 453_592
