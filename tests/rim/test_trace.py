"""A recorded run replays to the same effects; a file that is no trace says so."""

import json
from pathlib import Path

import pytest

from edge.commands.replay import main as replay_main
from edge.core.inputs import Tick
from edge.core.visits import Recovered
from edge.rim.trace import Start, TraceFault, TraceWriter, replay
from hub_config.load import load
from hub_config.names import Instant, LineId, VisitId
from simulators.practice import EXAMPLE
from simulators.simulate import simulate


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Of a bench and a belt, with the digest its run told."""
    path = tmp_path_factory.mktemp("trace") / "run.jsonl"
    report, _ = simulate(5, 24, scenario="demo", record=path)
    return path, str(report["digest"])


def test_a_recorded_run_replays_to_the_same_digest(trace: tuple[Path, str]) -> None:
    path, digest = trace

    told = replay(path)

    assert told.digest == told.recorded == digest
    assert told.inputs > 900


def test_recording_changes_nothing(trace: tuple[Path, str]) -> None:
    report, _ = simulate(5, 24, scenario="demo")

    assert report["digest"] == trace[1]


def test_a_trace_is_its_owners_alone(trace: tuple[Path, str]) -> None:
    assert trace[0].stat().st_mode & 0o777 == 0o600


def test_a_trace_that_was_cut_off_replays_as_far_as_it_goes(trace: tuple[Path, str], tmp_path: Path) -> None:
    cut = tmp_path / "cut.jsonl"
    whole = trace[0].read_bytes()
    cut.write_bytes(whole[: len(whole) // 2])

    told = replay(cut)

    assert told.recorded is None
    assert told.inputs > 100


def test_a_trace_that_was_changed_is_noticed(
    trace: tuple[Path, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = tmp_path / "changed.jsonl"
    text = trace[0].read_text()
    changed.write_text(text.replace('"blocked":true', '"blocked":false', 1))

    assert replay_main([str(changed)]) == 1
    assert "recorded was sha256:" in capsys.readouterr().out
    assert replay_main([str(trace[0]), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["same"] is True


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "No such file"),
        ("", "no trace"),
        ("hello\n", "no trace"),
        ('{"trace": "thoughts", "v": 1}\n', "first line must say so"),
        ('{"trace": "inputs", "v": 99}\n', "version 99"),
        ('{"trace": "inputs", "v": 1, "edge": "x", "entropy": "00"}\n', "config"),
    ],
)
def test_what_is_no_trace_is_one_sentence(
    tmp_path: Path, content: str | None, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "some.jsonl"
    if content is not None:
        path.write_text(content)

    assert replay_main([str(path)]) == 1
    said = capsys.readouterr().err
    assert words in said
    assert str(path) in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        '{"NoSuchInput": {}}',
        '{"Tick": {"at": "soon"}}',
        '{"a": 1, "b": 2}',
        '{"Tick": {"hex": 5}}',
        "[" * 100_000,
    ],
    ids=lambda line: line[:20],
)
def test_a_line_that_is_no_input_is_named(trace: tuple[Path, str], tmp_path: Path, line: str) -> None:
    odd = tmp_path / "odd.jsonl"
    first = trace[0].read_text().split("\n", 1)[0]
    odd.write_text(f"{first}\n{line}\n")

    with pytest.raises(TraceFault, match=r"odd\.jsonl:2: "):
        replay(odd)


def start(left_open: int = 0) -> Start:
    visits = tuple(
        Recovered(VisitId(f"{number:036}"), LineId("l1"), True, (), Instant(0)) for number in range(left_open)
    )
    return Start(load(EXAMPLE), bytes(16), visits, {}, "test")


def test_a_disk_that_is_full_ends_the_trace_and_not_the_run(caplog: pytest.LogCaptureFixture) -> None:
    trace = TraceWriter(Path("/dev/full"), start())
    for at in range(20_000):
        trace.write(Tick(Instant(at)))
    trace.close("sha256:0")

    assert [record.message.split(";")[-1] for record in caplog.records] == [" the run goes on without it"]


def test_a_trace_of_a_gateway_with_all_its_visits_open_replays(tmp_path: Path) -> None:
    path = tmp_path / "open.jsonl"
    trace = TraceWriter(path, start(left_open=10_000))
    trace.write(Tick(Instant(1)))
    trace.close("sha256:0")

    assert replay(path).inputs == 1
