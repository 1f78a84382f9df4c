"""`hub why` finds both parcels of a pair by the one code that was read of them and is surely neither's."""

from pathlib import Path

import pytest
from journal_samples import open_journal

from edge.commands.why import of_journal, text_of
from edge.core.effects import Record
from edge.core.event import Event
from edge.rim.replayed import stories
from edge.rim.story import Story, outcome
from edge.rim.trace import Start, TraceReader, TraceWriter
from simulators.hub import EDGE_VERSION, entropy_of
from simulators.line_plant import LineOptions
from simulators.parcels import stream
from simulators.practice import practice_signer, shared_out
from simulators.scenario import find
from simulators.simulate import prepare
from simulators.tour.close_pair import arranged


@pytest.fixture(scope="module")
def pair_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A trace of two parcels 60 mm apart, the first without a label, and the code that was read of them."""
    path = tmp_path_factory.mktemp("pair") / "run.jsonl"
    config = find("demo").config(practice_signer("coordinator"))
    parcels = stream(1, 24)
    share = shared_out(config, parcels)[config.lines[0].id]
    parcels, (pair,) = arranged(1, parcels, [(share[6].number, share[7].number)])
    trace = TraceWriter(path, Start(config, entropy_of(1), (), {}, EDGE_VERSION))
    lines = LineOptions(rates_ppm={}, plans=pair.plans)
    hub = prepare(config, parcels, 1, "demo", trace=trace, lines=lines, mistakes_ppm={}).hub
    hub.run()
    trace.close(hub.digest)
    return path, pair.second.items[0].data


def of_trace_in_a_journal(path: Path, folder: Path) -> None:
    reader = TraceReader(path)
    gateway = reader.start.gateway()
    effects = [effect for given in reader.inputs() for effect in gateway.step(given)]
    events: list[Event] = [effect.event for effect in effects if isinstance(effect, Record)]
    store = open_journal(folder)
    store.append(list(enumerate(events, start=1)))
    store.close()


def test_a_code_that_is_surely_neithers_names_both_that_it_may_be_of(
    pair_run: tuple[Path, str], tmp_path: Path
) -> None:
    trace, code = pair_run
    of_trace_in_a_journal(trace, tmp_path)

    for told in (stories(trace, code), of_journal(tmp_path, code)):
        assert len(told) == 2
        for story in told:
            text = text_of(story)
            assert "hold by this gateway itself (assoc_low) to hold (H9)" in text
            assert f"{code} may be its own, or another's" in text
            assert all("codes" not in one for one in outcome(story.events))


def test_a_code_that_was_read_far_from_it_does_not_name_it(pair_run: tuple[Path, str]) -> None:
    trace, code = pair_run
    held = {visit for story in stories(trace, code) for visit in story.visits}
    others = departed(trace)

    assert others
    for story in others:
        assert not held & set(story.visits)
        assert "may be its own" not in text_of(story)


def departed(trace: Path) -> list[Story]:
    reader = TraceReader(trace)
    gateway = reader.start.gateway()
    gone = [
        effect.event
        for given in reader.inputs()
        for effect in gateway.step(given)
        if isinstance(effect, Record) and effect.event.kind == "parcel.departed"
    ]
    return [story for event in gone[:3] for story in stories(trace, str(event.visit))]
