"""`hub why`: the story of one parcel, from a journal and from a recorded trace."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from journal_samples import event, open_journal

from edge.commands.why import main as why
from edge.commands.why import of_journal, text_of
from edge.core.effects import Record
from edge.core.event import Event
from edge.rim.replayed import stories
from edge.rim.story import Search, grouped, outcome
from edge.rim.trace import TraceReader
from simulators.simulate import simulate

SEED = 11
PARCELS = 95


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a bench and a belt: parcels without a readable label, two that touch, and good ones."""
    path = tmp_path_factory.mktemp("why") / "run.jsonl"
    simulate(SEED, PARCELS, scenario="demo", record=path)
    return path


@pytest.fixture(scope="module")
def events(trace: Path) -> list[Event]:
    reader = TraceReader(trace)
    gateway = reader.start.gateway()
    effects = [effect for given in reader.inputs() for effect in gateway.step(given)]
    return [effect.event for effect in effects if isinstance(effect, Record)]


@pytest.fixture(scope="module")
def journal(events: list[Event], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("journal")
    store = open_journal(folder)
    store.append(list(enumerate(events, start=1)))
    store.close()
    return folder


def first(events: list[Event], kind: str, line: str = "l1", *, own: bool = False) -> Event:
    return next(e for e in events if e.kind == kind and e.line == line and (not own or e.decision is None))


def departed(events: list[Event]) -> Event:
    return first(events, "parcel.departed")


def test_a_released_parcel_is_told_from_its_arrival_to_its_lane(trace: Path, events: list[Event]) -> None:
    parcel = departed(events)
    (story,) = stories(trace, parcel.codes[0].data)

    whats = [entry.what for entry in story.entries]
    steps = [
        "arrived",
        "reading",
        "identified",
        "weight",
        "asked",
        "decided",
        "intent",
        "ordered",
        "seen",
        "departed",
    ]
    assert [what for what in dict.fromkeys(whats) if what in steps] == steps
    text = text_of(story)
    assert "departed by green (G9) after" in text
    assert "release by customs" in text
    assert "the board: taken" in text
    assert "alone in view" in text
    assert "dwell: hub" in text


def test_a_visit_names_its_parcel_as_well_as_its_codes_do(trace: Path, events: list[Event]) -> None:
    parcel = departed(events)

    by_visit = stories(trace, str(parcel.visit))
    by_code = [stories(trace, code.data) for code in parcel.codes]

    assert [[story.visits for story in told] for told in (by_visit, *by_code)] == [[(parcel.visit,)]] * (
        1 + len(by_code)
    )


def test_what_was_refused_near_a_parcel_is_told_with_its_reason(trace: Path, events: list[Event]) -> None:
    held = first(events, "parcel.decided", own=True)
    (story,) = stories(trace, str(held.visit))

    refused = [entry.text for entry in story.entries if entry.what == "refused"]
    assert any("no code seen by tunnel-1: no_read; this parcel in view" in text for text in refused)
    assert "hold by this gateway itself (no_read) to hold (H9)" in text_of(story)


def test_a_journal_tells_the_same_events_as_a_trace(trace: Path, journal: Path, events: list[Event]) -> None:
    for parcel in (
        departed(events),
        first(events, "parcel.decided", own=True),
        first(events, "parcel.departed", "b1"),
    ):
        (told,), (replayed,) = of_journal(journal, str(parcel.visit)), stories(trace, str(parcel.visit))

        assert outcome(told.events) == outcome(replayed.events)
        assert told.dwell == replayed.dwell
        assert told.end == replayed.end


def test_the_text_of_an_unknown_symbol_is_in_no_story(
    trace: Path, journal: Path, events: list[Event]
) -> None:
    told = next(
        e for e in events if e.kind == "parcel.measured" and any(c.type == "unknown" for c in e.codes)
    )
    secret = next(code.data for code in told.codes if code.type == "unknown")

    for story in (*stories(trace, str(told.visit)), *of_journal(journal, str(told.visit))):
        assert "an unknown symbol of" in text_of(story)
        assert secret not in text_of(story)
        assert secret not in json.dumps(story.as_json())
    assert [story.visits for story in stories(trace, secret)] == [
        (told.visit,)
    ]  # who knows it may ask for it


@pytest.mark.parametrize("source", ["--trace", "--data"])
def test_an_unknown_code_is_one_sentence(
    source: str, trace: Path, journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = trace if source == "--trace" else journal

    assert why(["RR000000000XX", source, str(place)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "has the code or visit 'RR000000000XX'" in said.err
    assert said.err.count("\n") == 1


@pytest.mark.parametrize("source", ["--trace", "--data"])
def test_who_types_a_part_of_a_code_is_told_the_codes_that_have_it(
    source: str, trace: Path, journal: Path, events: list[Event], capsys: pytest.CaptureFixture[str]
) -> None:
    code = next(one for one in departed(events).codes if one.type == "s10").data
    place = trace if source == "--trace" else journal

    assert why([code[-9:].lower(), source, str(place)]) == 1
    said = capsys.readouterr().err
    assert code in said
    assert said.count("\n") == 1


def test_a_number_is_found_as_it_is_printed_and_as_it_is_scanned() -> None:
    sscc = "339979018407510468"
    event = {"kind": "parcel.identified", "visit": "v", "codes": [{"data": sscc, "type": "sscc"}]}
    for typed in (f"(00){sscc}", f"00{sscc}", f"00{sscc}\x1d", f"]C100{sscc}", sscc):
        search = Search(typed)
        search.take(event)

        assert search.visits() == [("v",)], typed


def test_a_part_of_an_unknown_symbol_is_told_to_nobody() -> None:
    search = Search("MILLER")
    search.take(
        {"kind": "parcel.identified", "visit": "v", "codes": [{"data": "JANE MILLER", "type": "unknown"}]}
    )

    assert search.near == []


def test_a_missing_journal_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert why(["RR000000000XX", "--data", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("hub why: journal ")


def test_json_has_the_parcels_with_their_entries(
    journal: Path, events: list[Event], capsys: pytest.CaptureFixture[str]
) -> None:
    parcel = departed(events)

    assert why([parcel.codes[0].data, "--data", str(journal), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["asked"] == parcel.codes[0].data
    (only,) = told["parcels"]
    assert only["visits"] == [parcel.visit]
    assert only["outcome"][-1] == {
        "kind": "parcel.departed", "lane": "green", "confirmed": True,
        "codes": [c.data if c.type != "unknown" else f"{len(c.raw)} bytes" for c in parcel.codes],
    }  # fmt: skip


def test_visits_that_were_joined_are_one_parcel() -> None:
    search = Search("LX1")
    told = [
        {"visit": "a", "kind": "parcel.arrived"},
        {"visit": "b", "kind": "visit.joined", "note": {"from": "b", "into": "a"}},
        {"visit": "a", "kind": "parcel.identified", "codes": [{"data": "LX1"}]},
        {"visit": "c", "kind": "parcel.identified", "codes": [{"data": "LX1"}]},
        {"visit": None, "kind": "gateway.mode"},
    ]
    for data in told:
        search.take(data)

    assert search.visits() == [("c",), ("b", "a")]
    assert grouped(["a"], [("b", "a"), ("a", "d"), ("x", "y")]) == [("a", "b", "d")]


def test_a_journal_follows_a_visit_that_was_joined(tmp_path: Path) -> None:
    store = open_journal(tmp_path)
    older, newer = "01a2009b-37eb-7cc0-9f2a-000000000001", "01a2009b-37eb-7cc0-9f2a-000000000002"
    arrived = [sample(older, 1, codes=("RR473124829MY",)), sample(newer, 2)]
    joined = sample(newer, 3, kind="visit.joined", note=(("from", newer), ("into", older)))
    store.append(list(enumerate([*arrived, joined], start=1)))
    store.close()

    for asked in ("RR473124829MY", "rr 473124829 my", older, newer):
        (story,) = of_journal(tmp_path, asked)
        assert set(story.visits) == {older, newer}
        assert [entry.what for entry in story.entries] == ["arrived", "code", "arrived", "joined"]


def sample(
    visit: str, at: int, *, codes: tuple[str, ...] = (), kind: str = "parcel.arrived", note: object = ()
) -> Event:

    return replace(
        event("parcel.arrived", 1, at, codes), visit=visit, at=at * 1_000_000_000, kind=kind, note=note
    )  # type: ignore[arg-type]  # as the core would make it
