"""The simulated MT-SICS wire against the bytes of the manuals."""

import json
from pathlib import Path

import pytest

from hub_config.names import MILLISECOND, SECOND, Instant
from simulators.devices import scale_wire
from simulators.devices.scale import Scale, ScaleTraits
from simulators.devices.scale_text import decimal_text
from simulators.devices.scale_wire import ScaleWire
from simulators.devices.sics_tongue import FIELD, SicsUnit, sics_wire

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "vectors.jsonl"
SICS = {
    row["id"]: row
    for row in map(json.loads, VECTORS.read_text("utf-8").splitlines())
    if row["protocol"] == "mt-sics"
}
FINE = ScaleTraits(max_mg=20_000_000, e_mg=10, mpe_mg=10, noise_mg=0, drift_mg=0, span_ppm=0)
LATER = Instant(10 * SECOND)


def frame(name: str) -> bytes:
    return bytes.fromhex(SICS[f"mt-sics-{name}"]["hex"])


def answer(wire: ScaleWire, command: bytes, at: Instant = LATER) -> bytes:
    wire.receive(command, at)
    return wire.take_output(Instant(at + SECOND))


def loaded(mass_mg: int, unit: SicsUnit = "kg", traits: ScaleTraits | None = None) -> ScaleWire:
    scale = Scale(traits)
    scale.load(mass_mg, Instant(0), on_pan=7)
    return sics_wire(scale, unit=unit)


@pytest.mark.parametrize(
    ("name", "mass_mg", "unit", "e_mg"),
    [
        ("11", 100_000, "g", 10),
        ("12", 256_000, "kg", 1_000),
        ("14", 12_345_000, "kg", 5_000),
        ("15", 12_345_678_100, "g", 100),
    ],
)
def test_a_stable_weight_is_the_frame_of_the_manual(
    name: str, mass_mg: int, unit: SicsUnit, e_mg: int
) -> None:
    traits = ScaleTraits(max_mg=2 * mass_mg, e_mg=e_mg, mpe_mg=e_mg + 1, noise_mg=0, drift_mg=0, span_ppm=0)

    assert answer(loaded(mass_mg, unit, traits), frame("01")) == frame(name)
    assert answer(loaded(mass_mg, unit, traits), frame("02")) == frame(name)


def test_a_negative_weight_keeps_its_sign_in_the_field() -> None:
    value = SICS["mt-sics-13"]["meaning"]["value"]

    assert decimal_text(-680, "g", 3) == "-0.680"
    assert f"S D {value:>{FIELD}} g\r\n".encode() == frame("13")


def test_a_moving_weight_is_dynamic() -> None:
    wire = loaded(0)
    wire._scale.load(2_000_000, LATER)

    assert answer(wire, b"SI\r\n", Instant(LATER + 10 * MILLISECOND)).startswith(b"S D ")


def test_overload_and_underload_have_no_digits() -> None:
    assert answer(loaded(35_000_000), b"S\r\n") == frame("17")
    empty = loaded(300_000)
    assert answer(empty, b"Z\r\n") == frame("22")
    empty._scale.load(0, LATER)
    assert answer(empty, b"SI\r\n", Instant(2 * LATER)) == frame("18")


def test_s_waits_for_stability() -> None:
    wire = loaded(0)
    wire._scale.load(500_000, LATER)
    wire.receive(b"S\r\n", LATER)

    now = LATER
    while (wake := wire.wake_at) is not None and not (said := wire.take_output(now)):
        now = max(wake, Instant(now + MILLISECOND))

    assert said == b"S S      0.500 kg\r\n"
    assert now - LATER >= wire._scale.traits.stable_ns


@pytest.mark.parametrize(("command", "reply"), [("01", "16"), ("04", "23"), ("05", "29")])
def test_what_waits_for_stability_in_vain_is_not_executed(command: str, reply: str) -> None:
    scale = Scale()
    wire = sics_wire(scale, stable_within_ns=SECOND)
    scale.load(500_000, LATER)
    wire.receive(frame(command), LATER)
    said = b""
    for step in range(12):  # someone leans on the pan
        now = Instant(LATER + step * 100 * MILLISECOND)
        scale.load((step % 2) * 1_000_000, now)
        said += wire.take_output(now)

    assert said == frame(reply)


def test_zero_commands_tell_how_it_went() -> None:
    assert answer(loaded(0), frame("04")) == frame("22")
    assert answer(loaded(5_000_000), frame("04")) == frame("24")
    assert answer(loaded(0), frame("07")) == frame("26")
    moving = loaded(0)
    moving._scale.load(100_000, LATER)
    assert answer(moving, frame("07"), Instant(LATER + MILLISECOND)) == frame("27")


def test_tare_is_told_asked_preset_and_cleared() -> None:
    fine = ScaleTraits(max_mg=20_000, e_mg=1, mpe_mg=1, noise_mg=0, drift_mg=0, span_ppm=0)
    wire = loaded(2_486, "g", fine)

    assert answer(wire, frame("05")) == frame("28")
    assert answer(wire, b"SI\r\n") == b"S S      0.000 g\r\n"
    assert answer(wire, frame("08")) == frame("32")
    assert answer(wire, frame("09")) == frame("34")
    assert answer(wire, frame("33")) == frame("32")
    assert answer(wire, b"TA x g\r\n") == b"TA L\r\n"
    assert answer(loaded(35_000_000), b"T\r\n") == frame("30")


def test_it_says_who_it_is_when_asked_reset_or_switched_on() -> None:
    wire = loaded(0)

    assert answer(wire, frame("10")) == frame("35")
    assert answer(wire, frame("06")) == frame("35")
    wire.power_up(LATER)
    assert wire.take_output(Instant(LATER + SECOND)) == frame("35")
    assert answer(wire, b"I0\r\n").startswith(frame("37"))
    assert answer(wire, b"I0\r\n").splitlines()[-1] == b'I0 A 1 "TAC"'
    for info in (b"I1", b"I2", b"I3"):
        assert answer(wire, info + b"\r\n").startswith(info + b' A "')


def test_an_unknown_command_is_a_syntax_error() -> None:
    assert answer(loaded(0), b"XYZ\r\n") == frame("19")
    assert answer(loaded(0), b"s\r\n") == frame("19")


def test_a_command_past_the_limit_is_dropped_to_its_end() -> None:
    wire = loaded(0)

    assert answer(wire, b"S" * 1_000_000 + b"\r\nSI\r\n") == b"ES\r\nS S      0.000 kg\r\n"


def test_a_command_in_any_split_is_one_command() -> None:
    for cut in range(1, 4):
        wire = loaded(0)
        wire.receive(b"SI\r\n"[:cut], LATER)
        assert answer(wire, b"SI\r\n"[cut:]) == b"S S      0.000 kg\r\n"


def test_sir_repeats_until_the_next_weight_command() -> None:
    wire = loaded(0)
    wire.receive(frame("03"), LATER)
    said = b"".join(wire.take_output(Instant(LATER + step * 50 * MILLISECOND)) for step in range(20))

    assert said.count(b"S S      0.000 kg\r\n") in (9, 10)
    answer(wire, b"@\r\n")
    assert wire.wake_at is None


def test_replies_nobody_collects_are_bounded() -> None:
    wire = loaded(0)
    wire.receive(b"SI\r\n" * 1_000, LATER)

    assert wire.take_output(Instant(LATER + SECOND)).count(b"\n") == scale_wire.MAX_REPLIES


def test_a_spoilt_reply_is_no_other_weight() -> None:
    wire = loaded(1_234_000)
    for fault in ("garble", "cut", "lose"):
        wire.spoil(fault)
    garbled, cut, lost = (answer(wire, b"SI\r\n") for _ in range(3))

    assert b"\xff" in garbled
    assert b"\n" not in cut
    assert lost == b""
    assert answer(wire, b"SI\r\n") == b"S S      1.235 kg\r\n"


def test_a_silent_scale_neither_hears_nor_speaks() -> None:
    wire = loaded(0)
    wire.receive(b"SI\r\n", LATER)
    wire.silence(Instant(LATER + 2 * SECOND))
    wire.receive(b"SI\r\n", Instant(LATER + SECOND))

    assert wire.take_output(Instant(LATER + SECOND)) == b""
    assert answer(wire, b"SI\r\n", Instant(LATER + 3 * SECOND)) == b"S S      0.000 kg\r\n"


def test_it_keeps_what_it_told_of_the_thing_on_the_pan() -> None:
    wire = loaded(1_000_000)
    wire.spoil("lose")
    answer(wire, b"SI\r\nSI\r\n")

    assert [(told.on_pan, told.mass_mg) for told in wire.take_told()] == [(7, 1_000_000)]
    assert wire.take_told() == []
