"""Incidents kept as tests: each folder of tests/incidents replays to the outcome that its parcel had; and how one is
made from a trace."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from drivers.identifiers.choice import identify
from drivers.reading import BarcodeRead, DeviceFault
from edge.commands.replay import main as replay_main
from edge.commands.why import main as why
from edge.core.effects import Record
from edge.core.event import Event
from edge.rim.incident import EXPECTED_FILE, TRACE_FILE, Redactor, check, save
from edge.rim.replayed import stories
from edge.rim.trace import TraceFault, TraceReader
from hub_config.load import load
from hub_config.names import DeviceId, Instant
from simulators.practice import EXAMPLE
from simulators.simulate import simulate

INCIDENTS: Final = sorted(
    path for path in (Path(__file__).parents[1] / "incidents").iterdir() if path.is_dir()
)
BYTES_MAX: Final = 200_000


@pytest.mark.parametrize("folder", INCIDENTS, ids=lambda path: path.name)
def test_an_incident_ends_as_it_must(folder: Path) -> None:
    told = check(folder)

    assert told.holds, told.difference


@pytest.mark.parametrize("folder", INCIDENTS, ids=lambda path: path.name)
def test_an_incident_is_small_and_tells_no_texts(folder: Path) -> None:
    trace = TraceReader(folder / TRACE_FILE)
    redactor = Redactor(trace.start.config)
    unknown = [
        g for g in trace.inputs() if isinstance(g, BarcodeRead) and identify(g.data, g.aim).type == "unknown"
    ]

    assert (folder / TRACE_FILE).stat().st_size < BYTES_MAX
    assert all(read.data.islower() or redactor.redacted(read) == read for read in unknown)


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("incident") / "run.jsonl"
    simulate(11, 110, scenario="demo", record=path)
    return path


def recorded(trace: Path) -> list[Event]:
    reader = TraceReader(trace)
    gateway = reader.start.gateway()
    effects = [effect for given in reader.inputs() for effect in gateway.step(given)]
    return [effect.event for effect in effects if isinstance(effect, Record)]


@pytest.fixture(scope="module")
def late(trace: Path) -> dict[str, Event]:
    """The last parcels of their kind, so that much lies before them."""
    events = recorded(trace)
    return {
        "released on the belt": [e for e in events if e.kind == "parcel.departed" and e.line == "l1"][-1],
        "held on the belt": [
            e for e in events if e.kind == "parcel.decided" and e.line == "l1" and e.decision is None
        ][-1],
        "released at the bench": [e for e in events if e.kind == "parcel.departed" and e.line == "b1"][-1],
    }


@pytest.mark.parametrize("case", ["released on the belt", "held on the belt", "released at the bench"])
def test_a_parcel_becomes_a_short_test(
    case: str, late: dict[str, Event], trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "saved"

    assert why([str(late[case].visit), "--trace", str(trace), "--save-test", str(folder)]) == 0
    assert "check it with: hub replay" in capsys.readouterr().err
    told = check(folder)
    assert told.holds
    assert told.same
    assert told.inputs < 0.7 * sum(1 for _ in TraceReader(trace).inputs())  # what came before is not in it
    assert "https://shop.invalid" not in (folder / TRACE_FILE).read_text()
    assert replay_main([str(folder)]) == 0
    assert capsys.readouterr().out.endswith("every effect the same; the outcome holds\n")


def test_a_code_of_two_parcels_is_refused_with_the_visits_to_name(
    late: dict[str, Event], trace: Path, tmp_path: Path
) -> None:
    told = [
        story
        for case in ("released on the belt", "held on the belt")
        for story in stories(trace, str(late[case].visit))
    ]

    with pytest.raises(TraceFault, match=f"2 parcels .*: {told[0].visits[0]}, {told[1].visits[0]}$"):
        save(trace, told, tmp_path / "of-two")
    assert not (tmp_path / "of-two").exists()


def test_another_outcome_is_found_and_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "changed"
    shutil.copytree(INCIDENTS[0], folder)
    expected = json.loads((folder / EXPECTED_FILE).read_text())
    expected["outcome"][-1]["kind"] = "parcel.departed"
    (folder / EXPECTED_FILE).write_text(json.dumps(expected))

    assert replay_main([str(folder)]) == 1
    said = capsys.readouterr().out
    assert f"step {len(expected['outcome'])} was" in said
    assert "parcel.departed" in said
    assert replay_main([str(folder), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["holds"] is False


def test_other_effects_with_the_same_outcome_hold(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "worded"
    shutil.copytree(INCIDENTS[0], folder)
    expected = json.loads((folder / EXPECTED_FILE).read_text())
    (folder / EXPECTED_FILE).write_text(json.dumps(expected | {"digest": "sha256:0"}))

    assert replay_main([str(folder)]) == 0
    assert "other effects" in capsys.readouterr().out


def test_a_folder_that_is_there_is_not_written_over(
    trace: Path, late: dict[str, Event], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    visit = str(late["held on the belt"].visit)

    assert why([visit, "--trace", str(trace), "--save-test", str(tmp_path)]) == 1
    assert "name a new folder" in capsys.readouterr().err


def test_a_journal_can_not_become_a_test(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="2"):
        why(["RR473124829MY", "--data", str(tmp_path), "--save-test", str(tmp_path / "new")])


@pytest.mark.parametrize("content", [None, "{}", "[]", '{"incident": 9}'])
def test_a_folder_that_is_no_incident_says_so(content: str | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / EXPECTED_FILE).write_text(content)

    with pytest.raises(TraceFault, match=EXPECTED_FILE):
        check(tmp_path)


def read(data: str, aim: str | None = None) -> BarcodeRead:
    return BarcodeRead(DeviceId("scan-1"), Instant(1), data, "qr", aim, b"]Q1" + data.encode())


def test_redacting_keeps_what_is_equal_equal_and_what_differs_apart() -> None:
    redactor = Redactor(load(EXAMPLE).model_copy())
    texts = ["Anna Meyer, +49 170 1", "Anna Meyer, +49 170 2", "7", "ж" * 5, ""]
    first = [redactor.redacted(read(text)) for text in texts]
    again = [redactor.redacted(read(text)) for text in texts]

    assert first == again
    told = [one.data for one in first if isinstance(one, BarcodeRead)]
    assert [len(one) for one in told] == [len(text) for text in texts]
    assert len(set(told)) == len(texts)
    for text, one in zip(texts, first, strict=True):
        assert isinstance(one, BarcodeRead)
        assert identify(one.data, one.aim).type == "unknown"
        assert len(one.raw) == len(read(text).raw)
        assert not text or text.encode() not in one.raw


def test_redacting_leaves_item_numbers_and_bays() -> None:
    config = load(EXAMPLE)
    redactor = Redactor(config)
    kept = [read("RR473124829MY"), read(config.benches[0].bays[0].barcode)]

    assert [redactor.redacted(one) for one in kept] == kept


def test_redacting_takes_the_bytes_out_of_a_fault() -> None:
    fault = DeviceFault(DeviceId("scan-1"), Instant(1), "garbled", "not text: 'Anna'", b"Anna")

    assert Redactor(load(EXAMPLE)).redacted(fault) == replace(fault, detail="redacted", raw=b"xxxx")
