"""Simulated scales of A&D, Ohaus, Sartorius, CAS, Dini Argeo, Radwag and HID against the drivers of their protocols."""

from collections.abc import Callable
from typing import Literal

import pytest
from scale_talk import Talk

from drivers.command import ScaleOrder
from drivers.decode_config import METROLOGY, config_of
from drivers.reading import DeviceFault, DeviceUp, OrderAnswered, WeightRead
from drivers.registry import new_session
from drivers.session import Actuator
from hub_config.names import MILLISECOND, SECOND, DeviceId
from hub_config.scale_text import ScaleTextConfig
from simulators.devices.and_tongue import And18Tongue, AndFormat, AndTongue
from simulators.devices.cas_tongue import Cas10Tongue, Cas22Tongue, CasAp1Tongue, Pd2Tongue
from simulators.devices.dini_tongue import DiniTongue
from simulators.devices.hid_tongue import HidTongue
from simulators.devices.ohaus_tongue import OhausTongue
from simulators.devices.radwag_tongue import RadwagTongue
from simulators.devices.sartorius_tongue import SartoriusTongue
from simulators.fuzz_checks import CHECK_BYTE

KG = {"unit": "kg"}


def and_talk(form: AndFormat, **more: bool) -> Callable[[], Talk]:
    return lambda: Talk(f"and-{form}", AndTongue(form, **more), KG)


def declared_talk() -> Talk:
    """The frame of an indicator, declared instead of programmed."""
    talk = Talk("and-18", And18Tongue(), mode="continuous")
    words = {"ST": "stable", "US": "unstable", "OL": "overload", "GS": "gross", "NT": "net"}
    fields = ["status 1-2", "skip 3", "status 4-5", "skip 6", "mass 7-14", "unit 15-16"]
    more = {"metrology": METROLOGY, "fields": fields, "words": words}
    talk.session = new_session(config_of(ScaleTextConfig, "scale-text", {}, (), more))
    return talk


def pd2_talk() -> Talk:
    """PD-II types 0 and 1, all declared that its manual leaves open."""
    talk = Talk("cas-ap1", Pd2Tongue())
    more = {
        **CHECK_BYTE, "metrology": METROLOGY, "mode": "polled", "request": "\x05\x12", "unit": "kg", "decimals": 3,
    }  # fmt: skip
    talk.session = new_session(config_of(ScaleTextConfig, "scale-text", {}, (), more))
    return talk


TALKS: dict[str, Callable[[], Talk]] = {
    "and-standard": and_talk("standard"),
    "and-standard-acknowledging": and_talk("standard", acknowledges=True, balance=True),
    "and-standard-comma": and_talk("standard", comma=True),
    "and-standard-continuous": lambda: Talk("and-standard", AndTongue(), mode="continuous"),
    "and-csv": and_talk("csv"),
    "and-csv-comma": and_talk("csv", comma=True, balance=True),
    "and-mt": and_talk("mt"),
    "and-dp": and_talk("dp"),
    "and-kf": lambda: Talk("and-kf", AndTongue("kf"), KG),
    "and-nu": and_talk("nu"),
    "and-rs485": lambda: Talk("and-rs485", AndTongue(address="23"), {"address": "23"}),
    "and-18": lambda: Talk("and-18", And18Tongue(), mode="continuous"),
    "ohaus": lambda: Talk("ohaus", OhausTongue()),
    "ohaus-continuous": lambda: Talk("ohaus", OhausTongue(columns=12), mode="continuous"),
    "sartorius-sbi-22": lambda: Talk("sartorius-sbi", SartoriusTongue(), KG),
    "sartorius-sbi-16": lambda: Talk("sartorius-sbi", SartoriusTongue(identified=False, brackets=True), KG),
    "cas-22": lambda: Talk("cas-22", Cas22Tongue(device=13), {"device_id": "13"}, mode="continuous"),
    "cas-10": lambda: Talk("cas-10", Cas10Tongue(), KG, mode="continuous"),
    "cas-ap1": lambda: Talk("cas-ap1", CasAp1Tongue()),
    "dini": lambda: Talk("dini", DiniTongue()),
    "dini-escape": lambda: Talk("dini", DiniTongue(address="05"), {"address": "05", "escape": "yes"}),
    "dini-af": lambda: Talk("dini-af", DiniTongue(af=True, scale=2), {"scale": "2"}),
    "dini-rext": lambda: Talk("dini-af", DiniTongue(), {"request": "REXT"}),
    "radwag": lambda: Talk("radwag", RadwagTongue()),
    "scale-text": declared_talk,
    "pd-ii": pd2_talk,
    "hid-scale": lambda: Talk("hid-scale", HidTongue(), mode="continuous"),
    "hid-scale-grams": lambda: Talk("hid-scale", HidTongue("g", report_id=4), mode="continuous"),
}
NO_STABLE = ("and-nu", "cas-10", "pd-ii")
"""A number alone: nothing says whether it stands."""
SAY_NOTHING_THERE = ("ohaus", "ohaus-continuous", "cas-10", "pd-ii")
"""Over and under their range, as far as was found."""
NO_UNDER = ("cas-22", "cas-ap1", "scale-text")
"""They have no form for it: `OL`, whose sign no word declares, or a negative number."""
NO_NET = (
    "and-nu", "and-mt", "and-dp", "and-kf", "and-csv", "and-csv-comma", "and-standard", "and-standard-acknowledging",
    "and-standard-comma", "and-standard-continuous", "and-rs485", "cas-10", "cas-ap1", "pd-ii", "radwag", "hid-scale",
    "hid-scale-grams", "sartorius-sbi-16", "dini-af", "dini-rext",
)  # fmt: skip
"""Gross and net look alike, or only gross is told."""


def of(*left_out: str) -> pytest.MarkDecorator:
    names = [name for name in TALKS if name not in left_out]
    return pytest.mark.parametrize("name", names)


def ordered(talk: Talk, order: Literal["zero", "tare"]) -> OrderAnswered:
    assert isinstance(talk.session, Actuator)
    (answered,) = talk.session.command(ScaleOrder(DeviceId("decode"), 7, order), talk.now)
    assert isinstance(answered, OrderAnswered)
    return answered


@of()
def test_a_parcel_at_rest_is_its_mass(name: str) -> None:
    talk = TALKS[name]()
    assert talk.weights()[-1].mass_mg == 0
    talk.put(1_250_000)

    told = talk.run()

    assert [one for one in told if isinstance(one, DeviceFault | DeviceUp)] == []
    last = talk.weights(300 * MILLISECOND)[-1]
    assert (last.mass_mg, last.stable) == (1_250_000, None if name in NO_STABLE else True)
    assert last.counts


@of(*NO_STABLE)
def test_no_weight_of_a_moving_load_is_stable(name: str) -> None:
    talk = TALKS[name]()
    talk.run()
    talk.put(5_000_000)

    moving = talk.weights(180 * MILLISECOND)

    assert all(one.stable is not True or one.mass_mg == 0 for one in moving)


@of(*SAY_NOTHING_THERE)
def test_over_its_range_there_is_no_mass(name: str) -> None:
    talk = TALKS[name]()
    talk.run()
    talk.put(40_000_000)

    over = talk.weights()[-1]

    assert (over.mass_mg, over.text, over.overload, over.counts) == (None, "", True, False)


@of(*SAY_NOTHING_THERE, *NO_UNDER)
def test_under_its_range_there_is_no_mass(name: str) -> None:
    talk = TALKS[name]()
    talk.run()
    talk.put(-1_000_000)

    under = talk.weights()[-1]

    assert (under.mass_mg, under.text, under.underload, under.counts) == (None, "", True, False)


@pytest.mark.parametrize("name", SAY_NOTHING_THERE)
def test_a_scale_that_says_nothing_over_its_range_is_told_to_be_silent(name: str) -> None:
    talk = TALKS[name]()
    talk.run()
    talk.put(40_000_000)

    told = talk.run(8 * SECOND)

    assert [one.code for one in told if isinstance(one, DeviceFault)] == ["silent"]
    assert not any(one.counts and one.mass_mg == 40_000_000 for one in told if isinstance(one, WeightRead))


@of(*NO_NET)
def test_a_net_weight_does_not_count(name: str) -> None:
    talk = TALKS[name]()
    talk.run()
    talk.scale.tare(500_000)
    talk.put(1_250_000)

    last = talk.weights()[-1]

    assert (last.mass_mg, last.mode, last.counts) == (750_000, "net", False)


@pytest.mark.parametrize("name", ["dini-af", "dini-rext"])
def test_the_extended_string_tells_gross_and_tare(name: str) -> None:
    talk = TALKS[name]()
    talk.run()
    talk.scale.tare(500_000)
    talk.put(1_250_000)

    last = talk.weights()[-1]

    assert (last.mass_mg, last.mode, last.tare, last.counts) == (1_250_000, "gross", "0.500", True)


@pytest.mark.parametrize("name", ["cas-22", "hid-scale"])
def test_the_centre_of_zero_is_told(name: str) -> None:
    talk = TALKS[name]()
    assert talk.weights()[-1].zero is True
    talk.put(1_250_000)

    assert not talk.weights()[-1].zero


@of("and-18", "cas-22", "cas-10", "cas-ap1", "pd-ii", "scale-text", "and-standard-continuous")
def test_zero_is_set_when_a_person_orders_it(name: str) -> None:
    talk = TALKS[name]()
    talk.run()
    talk.put(20_000)
    talk.run()

    assert ordered(talk, "zero").accepted
    assert talk.weights()[-1].mass_mg == 0


@pytest.mark.parametrize("name", ["and-18", "cas-22", "cas-10", "cas-ap1", "pd-ii", "scale-text"])
def test_a_scale_without_commands_says_that_it_can_not_be_zeroed(name: str) -> None:
    answered = ordered(TALKS[name](), "zero")

    assert (answered.accepted, answered.detail) == (False, "bad_argument")


def test_print_mode_takes_what_the_key_sends() -> None:
    talk = Talk("sartorius-sbi", SartoriusTongue(), mode="print")
    assert talk.run() == []
    talk.put(2_000_000)
    talk.wire.press_print(talk.now)

    told = talk.run()

    assert [type(one) for one in told] == [DeviceUp, WeightRead]
    assert talk.run(20 * SECOND) == []


def test_a_busy_scale_is_asked_again_until_it_is_ready() -> None:
    talk = Talk("cas-ap1", CasAp1Tongue(busy=2))

    told = talk.run()

    assert [one.code for one in told if isinstance(one, DeviceFault)] == ["refused"]
    assert [one.mass_mg for one in told if isinstance(one, WeightRead)][-1] == 0


def test_the_first_report_of_a_hid_scale_does_not_count() -> None:
    talk = Talk("hid-scale", HidTongue(), mode="continuous")

    told = talk.run(110 * MILLISECOND)
    assert [type(one) for one in told] == [DeviceUp]

    assert len(talk.weights(100 * MILLISECOND)) == 1


def test_a_weight_of_another_address_is_refused_once_and_never_taken() -> None:
    talk = Talk("and-rs485", AndTongue(), {"address": "23"})  # it answers to any address, without its own

    told = talk.run(5 * SECOND)

    assert [one for one in told if isinstance(one, WeightRead)] == []
    talk = Talk("dini-af", DiniTongue(af=True, scale=1), {"scale": "2"})
    told = talk.run(8 * SECOND)
    assert [one for one in told if isinstance(one, WeightRead)] == []
    faults = [one for one in told if isinstance(one, DeviceFault)]
    assert [one.code for one in faults] == ["refused", "silent"]
    assert "scale 1" in faults[0].detail


def test_a_lost_or_spoilt_frame_is_no_weight() -> None:
    talk = Talk("dini", DiniTongue())
    talk.run()
    for fault in ("garble", "cut", "lose"):
        talk.wire.spoil(fault)

    told = talk.run(14 * SECOND)

    assert {one.mass_mg for one in told if isinstance(one, WeightRead)} == {0}
    assert "garbled" in [one.code for one in told if isinstance(one, DeviceFault)]


def test_the_alibi_memory_numbers_what_it_keeps() -> None:
    talk = Talk("dini-af", DiniTongue(af=True))
    talk.run()
    talk.put(1_250_000)
    talk.run()
    talk.wire.receive(b"PID\r\n", talk.now)
    talk.run(100 * MILLISECOND)
    talk.wire.receive(b"PID\r\n", talk.now)

    told = talk.weights(100 * MILLISECOND)

    assert 2 in [one.record for one in told]
