"""The short form of `hub campaign fuzz`, and that the campaign notices each of the faults it looks for."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from drivers.decode import DECODERS
from drivers.scales.told import Load, Told
from simulators import fuzz_campaign
from simulators.campaign import main
from simulators.fuzz_campaign import BLOCK_BYTES, KEPT_MAX_BYTES, Tried, as_json, kept_bytes, run, try_one
from simulators.fuzz_subjects import NO_SESSION, Subject, kinds, subjects

SCALE_MD = Path(__file__).parents[2] / "drivers" / "SCALE.md"
SHORT_BYTES = BLOCK_BYTES
SEED = 7
NAMES = [one.name for one in subjects()]


@pytest.mark.parametrize("name", NAMES)
def test_no_parser_raises_grows_tells_what_was_not_sent_or_stays_out_of_step(name: str) -> None:
    tried = try_one(name, SHORT_BYTES, SEED)

    assert tried.good, (
        f"hub campaign fuzz --protocols {name} --bytes {SHORT_BYTES} --seed {SEED}: {tried.faults}"
    )
    assert tried.fed >= SHORT_BYTES
    assert tried.frames + tried.garbled > 0 or name in ("modbus-tcp", "io-board (session)")


def test_every_protocol_and_every_kind_of_device_is_tried() -> None:
    assert [name for name in DECODERS if name not in NAMES] == []
    assert [kind for kind in kinds() if f"{kind} (session)" not in NAMES and kind not in NO_SESSION] == []
    assert len(set(NAMES)) == len(NAMES)


def test_what_is_exempt_from_getting_back_into_step_is_named_in_the_table_of_drivers() -> None:
    text = SCALE_MD.read_text(encoding="utf-8")
    exempt = [one.name for one in subjects() if one.back == "none" and not one.name.endswith("(session)")]

    assert [name for name in exempt if f"`{name}`" not in text] == []
    assert [kind for kind in NO_SESSION if f"`{kind}`" not in text] == []


def test_a_run_repeats_by_its_seed() -> None:
    one, again = try_one("ohaus", SHORT_BYTES, 3), try_one("ohaus", SHORT_BYTES, 3)
    other = try_one("ohaus", SHORT_BYTES, 4)

    one.seconds = again.seconds = 0.0
    assert one == again
    assert (one.frames, one.garbled) != (other.frames, other.garbled)


# The campaign notices --------------------------------------------------------------------------------------

FRAME = b"5.0\r"


class Planted:
    """A line of digits is a weight, with one fault of each kind."""

    def __init__(self, fault: str) -> None:
        self.faults = 0
        self._fault = fault
        self._held = bytearray()
        self._all: list[bytes] = []
        self._stuck = False

    def feed(self, reads: Sequence[bytes]) -> list[object]:
        told: list[object] = []
        for data in reads:
            if self._fault == "raises" and b"\xff" in data:
                raise KeyError("planted")
            if self._fault == "grows":
                self._all.append(data)
            self._held += data
            *lines, rest = bytes(self._held).split(b"\r")
            self._held = bytearray(rest[-100:])
            told += [told_line for line in lines if (told_line := self._line(line)) is not None]
        return told

    def _line(self, line: bytes) -> Told | None:
        if not line.replace(b".", b"", 1).isdigit():
            self.faults += 1
            self._stuck = self._fault == "stays out of step"
            return None
        if self._stuck:
            return None
        raw = b"invented" if self._fault == "invents" else line
        return Told("weight", Load(text=line.decode(), overload=self._fault == "contradicts"), raw=raw)


def planted(fault: str, monkeypatch: pytest.MonkeyPatch) -> Tried:
    subject = Subject(
        "planted", lambda: Planted(fault), (), frames=(FRAME,), checked=fault == "checks nothing"
    )
    monkeypatch.setattr(fuzz_campaign, "subjects", lambda: [subject])
    (tried,) = run([], 20 * BLOCK_BYTES, SEED, 1)
    return tried


@pytest.mark.parametrize(
    ("fault", "field"),
    [
        ("raises", "raised"), ("invents", "wrong"), ("contradicts", "wrong"), ("stays out of step", "not_back"),
        ("checks nothing", "wrong"),
    ],
)  # fmt: skip
def test_a_fault_is_noticed_and_told_with_the_bytes_and_how_to_repeat_it(
    fault: str, field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = planted(fault, monkeypatch)
    report = as_json([tried], 20 * BLOCK_BYTES, SEED)

    assert getattr(tried, field) > 0
    assert not tried.good
    assert "after … " in tried.faults[0]
    assert report["failed"] == ["planted"]
    assert (
        report["again"] == f"hub campaign fuzz --protocols planted --bytes {20 * BLOCK_BYTES} --seed {SEED}"
    )


def test_a_parser_that_keeps_everything_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = planted("grows", monkeypatch)

    assert tried.kept_max > KEPT_MAX_BYTES
    assert not tried.good


def test_a_parser_without_a_fault_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = planted("none", monkeypatch)

    assert tried.good
    assert tried.frames > 0
    assert tried.resyncs >= 18


def test_what_is_kept_is_counted_in_containers_and_objects() -> None:
    assert kept_bytes([b"123", {"a": bytearray(100)}, None]) == 3 + 1 + 100 + 8


# The command -----------------------------------------------------------------------------------------------


def test_an_unknown_protocol_is_refused_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fuzz", "--protocols", "ohaux"]) == 2

    assert "--protocols 'ohaux' is unknown; did you mean ohaus?" in capsys.readouterr().err


def test_in_processes_of_their_own_the_parsers_tell_the_same() -> None:
    apart, here = (list(run(["ohaus", "sscc"], SHORT_BYTES, SEED, jobs)) for jobs in (2, 1))

    assert [(one.name, one.frames, one.garbled) for one in apart] == [
        (one.name, one.frames, one.garbled) for one in here
    ]


def test_the_command_writes_its_report_and_says_that_there_are_no_frames_of_manuals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fuzz_campaign, "VECTORS", tmp_path / "none")
    file = tmp_path / "report.json"

    code = main(["fuzz", "--protocols", "ohaus,sscc", "--bytes", "2000", "--jobs", "1", "--json", str(file)])

    assert code == 0
    report = json.loads(file.read_text())
    assert list(report["parsers"]) == ["ohaus", "sscc"]
    assert report["parsers"]["ohaus"]["vectors"] == 0
    said = capsys.readouterr()
    assert "no frames of manuals" in said.err
    assert "wrong 0" in said.out
