"""`hub coordinator export` beside a coordinator at work, not held up, and beside a gateway's own export."""

from contextlib import closing
from pathlib import Path

import pytest
from coordinator_hall import Hall, visit
from exported_hub import ITEM, Export, at_the_bench, on_the_line
from nacl.signing import SigningKey

from edge.commands.export import main as gateway_export
from edge.core.event import Code, Event, Kind, WallTime
from edge.rim.journal import JOURNAL_FILE, Journal, JournalReader
from edge.wire.envelope import EventContext
from edge.wire.signing import Signer
from edge.wire.verifier import examine
from hub_config.names import DeviceId, GatewayId, HubId, Instant, LineId, VisitId
from simulators.coordinator import journeys
from simulators.coordinator.journeys import Journeys
from simulators.coordinator.kept_events import KeptEvents
from simulators.coordinator.tables import DATABASE


@pytest.fixture
def hall(tmp_path: Path) -> Hall:
    return Hall(tmp_path / DATABASE, mode="live")


@pytest.fixture
def export(hall: Hall, capsys: pytest.CaptureFixture[str]) -> Export:
    return Export(hall, capsys)


def test_it_reads_beside_a_writer_and_holds_nothing_up(hall: Hall, export: Export) -> None:
    """In the middle of a transaction of the coordinator, which commits after: that is the next run's."""
    hall.take(*at_the_bench(hall))
    with hall.store.transaction():
        for event in on_the_line(hall):
            hall.store.receive(event, hall.now_us)
        assert export.codes() == ["EMD", "EME"]

    assert export.codes(export.next) == ["EDC", "EMF"]


def test_a_pause_in_the_middle_keeps_no_wal_from_beginning_anew(hall: Hall) -> None:
    hall.take(*at_the_bench(hall), hall.event("parcel.arrived", visit(5), 1))
    with closing(KeptEvents(hall.path.parent)) as kept:
        parcels = iter(Journeys(kept, 0, by_number=True))
        assert len(next(parcels)) == 4
        busy = hall.store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

        assert busy == (0, 0, 0)
        assert [event.data["visit"] for event in next(parcels)] == [visit(5)]


@pytest.mark.parametrize("others", [3, 60])
def test_a_run_reads_what_is_new_and_the_parcels_of_it(
    hall: Hall, export: Export, monkeypatch: pytest.MonkeyPatch, others: int
) -> None:
    """However much the database has."""
    hall.take(*at_the_bench(hall))
    hall.take(*(hall.event("parcel.arrived", visit(100 + n), 1) for n in range(others)))
    statements: list[str] = []
    read = KeptEvents._all
    monkeypatch.setattr(
        KeptEvents,
        "_all",
        lambda kept, query, *values: statements.append(query) or read(kept, query, *values),
    )
    hall.take(*on_the_line(hall))

    assert export.codes(4 + others) == ["EDC", "EMF"]
    assert len([query for query in statements if "FROM events WHERE visit" in query]) == 2
    assert len(statements) <= 12


def test_each_parcel_is_told_once_however_few_are_remembered(
    hall: Hall, export: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journeys, "HANDLED_KEPT", 1)
    bench, others = at_the_bench(hall), [hall.event("parcel.arrived", visit(10 + n), 1) for n in range(4)]
    hall.take(*(event for pair in zip(bench, others, strict=True) for event in pair))

    assert export.codes() == ["EMD", "EME"]
    assert len(export.epcis()) == 3 + 4


def test_a_hub_of_one_gateway_is_told_as_that_gateway_tells_it(hall: Hall, export: Export) -> None:
    kinds: tuple[Kind, ...] = ("parcel.arrived", "parcel.identified", "parcel.presented", "parcel.departed")
    folder, signer = hall.path.parent / "gateway", Signer(SigningKey(bytes(range(32))))
    folder.mkdir()
    journal = Journal(
        folder / JOURNAL_FILE,
        lambda epoch: EventContext(
            HubId("MY-KUL-1"), GatewayId("gw-01"), "live", epoch, "0.1.0", "ab" * 32, {}, bytes(32)
        ),
        signer,
    )
    code = Code(ITEM, ITEM.encode(), "code128", "s10", True, DeviceId("scan-1"), 1)
    for n, kind in enumerate(kinds, start=1):
        wall = WallTime(hall.now_us + n, 1_500, "ntp")
        told = Event(kind, LineId("b1"), VisitId(visit(1)), Instant(n), wall, codes=(code,))
        journal.append([(n, told)])
    journal.close()
    with closing(JournalReader(folder / JOURNAL_FILE)) as reader:
        rows = reader.pending(0, len(kinds))
    hall.take(*(examine(row.payload, {signer.kid: signer.public_b64}) for row in rows))

    for words, kept in ((["emsevt"], slice(None)), (["epcis", "--offset", "+08:00"], slice(1, -1))):
        assert gateway_export([*words, "--data", str(folder), "--out", str(folder / "out")]) == 0
        own = (folder / "out").read_text().splitlines()[kept]  # without the frame of a document, and its time
        assert export.run(*words).splitlines()[kept] == own
        assert len(own) == len(kinds)
