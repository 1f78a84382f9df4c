"""`hub export`: from a journal on disk to files, resumed where the last one ended."""

import json
from pathlib import Path

import pytest
from nacl.signing import SigningKey

from edge.cli import main
from edge.core.event import Act, Code, Event, Kind, WallTime
from edge.rim.journal import Journal
from edge.wire.envelope import EventContext
from edge.wire.signing import Signer
from edge.wire.topics import Mode
from hub_config.names import DeviceId, GatewayId, HubId, Instant, LaneId, LineId, VisitId

SUMMER_US, WINTER_US = 1_782_000_000_000_000, 1_795_306_502_123_456
VISIT = VisitId("01a2009b-37eb-7cc0-9f2a-3a5b6c7d8e9f")
S10 = Code("RR473124829MY", b"RR473124829MY", "code128", "s10", True, DeviceId("scan-1"), 1)


def event(kind: Kind, utc_us: int) -> Event:
    act = Act(LaneId("green"), "G1", confirmed=True) if kind == "parcel.departed" else None
    return Event(kind, LineId("b1"), VISIT, Instant(1), WallTime(utc_us, 1_500, "ntp"), codes=(S10,), act=act)


def journal(
    folder: Path, mode: Mode = "live", kinds: tuple[Kind, ...] = ("parcel.arrived", "parcel.departed")
) -> Path:
    signer = Signer(SigningKey(bytes(range(32))))

    def context_for(epoch: int) -> EventContext:
        return EventContext(
            HubId("BE-LGG-1"), GatewayId("gw-03"), mode, epoch, "0.1.0", "ab" * 32, {}, bytes(32)
        )

    opened = Journal(folder / "journal.db", context_for, signer)
    times = (SUMMER_US, *range(WINTER_US, WINTER_US + len(kinds) - 1))
    opened.append(
        [(n, event(kind, t)) for n, (kind, t) in enumerate(zip(kinds, times, strict=True), start=1)]
    )
    opened.close()
    return folder


def test_an_epcis_document_has_the_hubs_offset_of_each_day(tmp_path: Path) -> None:
    out = tmp_path / "epcis.json"
    code = main(
        ["export", "epcis", "--data", str(journal(tmp_path)), "--zone", "Europe/Brussels", "--out", str(out)]
    )
    events = json.loads(out.read_text())["epcisBody"]["eventList"]

    assert code == 0
    assert [event["eventTimeZoneOffset"] for event in events] == ["+02:00", "+01:00"]
    assert [event["bizStep"] for event in events] == ["arriving", "departing"]


def test_each_run_says_where_the_next_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, out = str(journal(tmp_path)), tmp_path / "codes.jsonl"
    main(["export", "emsevt", "--data", folder, "--out", str(out)])
    first = [json.loads(line)["code"] for line in out.read_text().splitlines()]
    main(["export", "emsevt", "--data", folder, "--out", str(out), "--after", "2"])

    assert first == ["EMD", "EMF"]
    assert out.read_text() == ""
    assert capsys.readouterr().err.splitlines() == [
        "2 codes of 2 events; the next: --after 2", "0 codes of 0 events; the next: --after 2",
    ]  # fmt: skip


def test_what_an_earlier_run_told_of_an_item_is_remembered_by_the_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Customs' clock: what one run has stopped, another one starts again, and no code goes out twice."""
    kinds: tuple[Kind, ...] = ("parcel.arrived", "parcel.presented", "parcel.arrived", "parcel.departed")
    folder, out = str(journal(tmp_path, kinds=kinds)), tmp_path / "codes.jsonl"

    def codes(after: int) -> list[str]:
        assert main(["export", "emsevt", "--data", folder, "--out", str(out), "--after", str(after)]) == 0
        return [json.loads(line)["code"] for line in out.read_text().splitlines()]

    assert codes(0) == ["EMD", "EDB", "EDC", "EMF"]
    assert codes(2) == ["EDC", "EMF"]
    assert codes(3) == ["EDC", "EMF"]
    assert codes(4) == []
    assert capsys.readouterr().err.splitlines()[1:3] == [
        "2 codes of 2 events; the next: --after 4", "2 codes of 1 events; the next: --after 4",
    ]  # fmt: skip


def test_cloudevents_are_the_published_bytes(tmp_path: Path) -> None:
    out = tmp_path / "events.jsonl"
    main(["export", "cloudevents", "--data", str(journal(tmp_path)), "--out", str(out)])
    first = json.loads(out.read_text().splitlines()[0])

    assert (first["specversion"], first["type"], first["subject"]) == (
        "1.0",
        "org.ehub.parcel.arrived.v1",
        VISIT,
    )
    assert first["ehubsig"]


def test_a_practice_journal_exports_nothing_to_the_world_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = str(journal(tmp_path, "practice")), tmp_path / "out"
    main(["export", "epcis", "--data", folder, "--offset", "+01:00", "--out", str(out)])

    assert json.loads(out.read_text())["epcisBody"]["eventList"] == []
    assert "0 EPCIS events (mode practice is never exported as epcis) of" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["epcis", "--offset", "8"], "--offset 8: wanted like +08:00 or -03:30"),
        (["epcis", "--zone", "Mars/Olympus"], "--zone Mars/Olympus is not known here"),
        (["emsevt", "--retention", "nowhere.json"], "nowhere.json can't be read"),
        (["cloudevents", "--out", "no/such/folder/x"], "name a file in a folder that exists"),
    ],
)
def test_wrong_words_get_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    code = main(["export", *words, "--data", str(journal(tmp_path))])

    assert code == 1
    assert said in capsys.readouterr().err


def test_without_a_file_it_goes_to_standard_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["export", "cloudevents", "--data", str(journal(tmp_path))])

    assert len(capsys.readouterr().out.splitlines()) == 2
