"""Simulated scales of single makers send the bytes of the manuals for what they show, and hear their commands."""

import json
from pathlib import Path

import pytest

from simulators.devices.and_tongue import And18Tongue, AndTongue
from simulators.devices.cas_tongue import Cas10Tongue, Cas22Tongue, CasAp1Tongue
from simulators.devices.dini_tongue import ALIBI_MAX, DiniTongue
from simulators.devices.hid_tongue import HidTongue
from simulators.devices.ohaus_tongue import OhausTongue
from simulators.devices.radwag_tongue import RadwagTongue
from simulators.devices.sartorius_tongue import SartoriusTongue
from simulators.devices.scale_text import MAX_COMMAND, Display
from simulators.devices.scale_wire import Act, Preset, Press, Repeat, Say, Show, Stop, Tongue

_FOLDER = Path(__file__).resolve().parents[1] / "vectors"
FRAMES = {
    row["id"]: bytes.fromhex(row["hex"])
    for name in ("vectors.jsonl", "layout-scales.jsonl")
    for row in map(json.loads, (_FOLDER / name).read_text("utf-8").splitlines())
}


def shown(mass_mg: int | None, e_mg: int, tare_mg: int = 0, is_: str = "stable") -> Display:
    """`mass_mg`: net, if there is a tare."""
    gross_mg = None if mass_mg is None else mass_mg + tare_mg
    return Display(
        gross_mg, gross_mg or 0, tare_mg, is_ != "moving", is_ == "over", is_ == "under", e_mg, 150_200_000
    )  # fmt: skip


OVER = shown(None, 1_000, is_="over")
UNDER = shown(None, 1_000, is_="under")
G, KG = 1_000, 1_000_000
SENT: dict[str, tuple[Tongue, Display]] = {
    "and-standard-11": (AndTongue(unit="g"), shown(1_270, 10)),
    "and-standard-12": (AndTongue(unit="g"), shown(-183_690, 10, is_="moving")),
    "and-standard-13": (AndTongue(balance=True), OVER),
    "and-standard-14": (AndTongue(balance=True), UNDER),
    "and-standard-15": (AndTongue(), shown(1_234_000, G)),
    "and-standard-18": (AndTongue(), shown(1_234_600, 100)),
    "and-standard-20": (AndTongue(), OVER),
    "and-standard-21": (AndTongue(unit="lb"), UNDER),
    "own-and-standard-01": (AndTongue(comma=True), shown(1_234_000, G)),
    "own-and-csv-02": (AndTongue("csv"), shown(-1_278_000, G, is_="moving")),
    "own-and-csv-03": (AndTongue("csv", comma=True, balance=True), UNDER),
    "and-mt-01": (AndTongue("mt"), OVER),
    "and-mt-02": (AndTongue("mt"), UNDER),
    "own-and-mt-01": (AndTongue("mt", "g"), shown(1_270, 10)),
    "and-nu-01": (AndTongue("nu", "g"), shown(1_270, 10)),
    "own-and-dp-01": (AndTongue("dp", "g"), shown(1_270, 10)),
    "own-and-dp-02": (AndTongue("dp", "g"), shown(-183_690, 10, is_="moving")),
    "own-and-kf-01": (AndTongue("kf", "g"), shown(123_450, 10)),
    "own-and-kf-02": (AndTongue("kf", "g"), shown(-183_690, 10, is_="moving")),
    "own-and-kf-03": (AndTongue("kf", "g"), shown(0, 10)),
    "own-and-kf-04": (AndTongue("kf", "g"), OVER),
    "own-and-kf-05": (AndTongue("kf", "g"), UNDER),
    "and-rs485-02": (AndTongue(address="23"), shown(12_345_000, G)),
    "and-18-01": (And18Tongue(), shown(4_876_000, G)),
    "and-18-02": (And18Tongue(), shown(-12_340_000, G, tare_mg=20 * KG, is_="moving")),
    "and-18-03": (And18Tongue(), OVER),
    "ohaus-07": (OhausTongue("g", 12, 4), shown(0, 10)),
    "ohaus-08": (OhausTongue("g", 12, 4), shown(12_730, 10, is_="moving")),
    "ohaus-11": (OhausTongue("g", 11, 1), shown(311_000, G, is_="moving")),
    "ohaus-12": (OhausTongue("g", 11, 1), shown(200_000, G)),
    "ohaus-13": (OhausTongue("kg", 12, 2), shown(211_000, G, is_="moving")),
    "sartorius-sbi-06": (SartoriusTongue(), shown(9_999_900, 100)),
    "sartorius-sbi-08": (SartoriusTongue("g", identified=False), shown(111_255, 1)),
    "sartorius-sbi-10": (SartoriusTongue(identified=False), shown(-12_500_000, 10 * G)),
    "sartorius-sbi-11": (SartoriusTongue(identified=False), shown(123_560_000, 10 * G, is_="moving")),
    "sartorius-sbi-12": (SartoriusTongue(identified=False), OVER),
    "sartorius-sbi-13": (SartoriusTongue(identified=False), UNDER),
    "own-sartorius-sbi-01": (SartoriusTongue("g", identified=False, brackets=True), shown(123_560, 10)),
    "cas-22-01": (Cas22Tongue(), shown(13_500_000, 100 * G)),
    "cas-22-02": (Cas22Tongue(), shown(7_500_000, 100 * G, tare_mg=KG, is_="moving")),
    "cas-22-04": (Cas22Tongue(device=2), OVER),
    "cas-10-01": (Cas10Tongue(), shown(13_500_000, 100 * G)),
    "own-cas-10-01": (Cas10Tongue(), shown(-13_500_000, 100 * G)),
    "cas-ap1-05": (CasAp1Tongue(), shown(12_345_000, G)),
    "cas-ap1-06": (CasAp1Tongue(), shown(-20_000, G, is_="moving")),
    "cas-ap1-07": (CasAp1Tongue(), OVER),
    "dini-04": (DiniTongue(), shown(0, 100 * G)),
    "dini-05": (DiniTongue(address="01"), shown(0, 100 * G)),
    "dini-06": (DiniTongue(), shown(-12_340_000, 10 * G, tare_mg=20 * KG, is_="moving")),
    "own-dini-af-01": (DiniTongue(af=True), shown(12_500_000, 100 * G)),
    "hid-scale-01": (HidTongue("g"), shown(20_000, G)),
    "hid-scale-03": (HidTongue(), shown(12_500_000, 10 * G)),
    "hid-scale-04": (HidTongue("g"), shown(0, G)),
    "hid-scale-05": (HidTongue("g"), shown(118_000, G, is_="moving")),
    "hid-scale-06": (HidTongue("g"), shown(-3_000, G)),
    "hid-scale-07": (HidTongue("g"), OVER),
    "own-radwag-02": (RadwagTongue(), shown(-256_000, G, is_="moving")),
    "own-radwag-03": (RadwagTongue(), OVER),
    "own-radwag-04": (RadwagTongue(), UNDER),
}


@pytest.mark.parametrize("name", SENT)
def test_what_it_shows_goes_out_as_in_the_manual(name: str) -> None:
    tongue, display = SENT[name]

    assert tongue.frame("weight", display) == FRAMES[name]


def test_dini_tells_high_resolution_and_a_preset_tare() -> None:
    tongue = DiniTongue(af=True)
    assert tongue.hear(b"TMAN2.0\r\n") == [Preset("2.0", "kg")]

    assert tongue.frame("high_res", shown(5_000_100, G)) == FRAMES["dini-09"]
    assert tongue.frame("weight", shown(10_500_000, 100 * G, tare_mg=2 * KG)) == FRAMES["dini-af-01"]
    tongue.hear(b"TARE\r\n")
    assert b",  " in tongue.frame("weight", shown(10_500_000, 100 * G, tare_mg=2 * KG))


def test_dini_keeps_only_what_stands_and_begins_anew_when_its_memory_is_full() -> None:
    tongue = DiniTongue(af=True)
    still, moving = shown(KG, 100 * G), shown(KG, 100 * G, is_="moving")

    assert tongue.frame("pid", moving).endswith(b",NO\r\n")
    assert tongue.frame("pid", still).endswith(b",00000-000001\r\n")
    tongue.skip_to(ALIBI_MAX)
    assert tongue.frame("pid", still).endswith(b",00001-000001\r\n")


HEARD: list[tuple[Tongue, bytes, list[Act]]] = [
    (AndTongue(), b"Q\r\n", [Show()]),
    (AndTongue(), b"S\r", [Show(when_stable=True)]),
    (AndTongue(), b"SIR\r\nC\r\n", [Repeat(), Stop()]),
    (AndTongue(), b"PT:0.5 kg\r\n", [Preset("0.5", "kg")]),
    (AndTongue(), b"XX\r\n", [Say(FRAMES["and-standard-24"])]),
    (AndTongue(acknowledges=True), b"\x1bT\r\n", [Say(FRAMES["and-standard-23"]), Press("zero")]),
    (AndTongue(address="23"), FRAMES["and-rs485-01"], [Show()]),
    (AndTongue(address="23"), b"@24Q\r\nQ\r\n", []),
    (OhausTongue(), b"IP\r\nXX\r\n", [Show(), Say(FRAMES["ohaus-14"])]),
    (OhausTongue(), b"5P\r0P\r0.5T\r", [Repeat(), Stop(), Preset("0.5", "kg")]),
    (SartoriusTongue(), b"\x1bP\x1bV\r\n", [Show(), Press("zero")]),
    (SartoriusTongue(), b"\x1bx1_\x1b?P", [Say(b"SIMULATED 30K \r\n")]),
    (CasAp1Tongue(busy=1), b"\x05\x05\x11", [Say(b"\x15"), Say(b"\x06"), Show()]),
    (CasAp1Tongue(), b"\x05\x12", [Say(b"\x06"), Show("priced")]),
    (DiniTongue(), b"READ\r\nGR10\r\nPID\r\n", [Show(), Show("high_res"), Show("pid")]),
    (DiniTongue(address="05"), b"READ\r\n04READ\r\n05REXT\r\n", [Show("af")]),
    (RadwagTongue(), b"S\r\nXX\r\n", [Say(b"S A\r\n"), Show("stable", when_stable=True), Say(b"ES\r\n")]),
    (HidTongue(), FRAMES["hid-scale-11"], [Press("zero", when_stable=False)]),
    (HidTongue(obeys=False), FRAMES["hid-scale-11"], []),
    (And18Tongue(), b"READ\r\n", []),
    (AndTongue(), b"7" * (MAX_COMMAND + 1) + b"\r\n", [Say(FRAMES["and-standard-24"])]),
]


@pytest.mark.parametrize(("tongue", "sent", "acts"), HEARD, ids=range(len(HEARD)))
def test_commands_are_heard_whatever_the_cut(tongue: Tongue, sent: bytes, acts: list[Act]) -> None:
    assert [act for byte in sent for act in tongue.hear(bytes([byte]))] == acts
