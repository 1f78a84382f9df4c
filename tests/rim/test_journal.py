"""The journal: one transaction a group, chained, and never forgetting before the coordinator has it."""

import os
import sqlite3
import stat
import subprocess
import sys
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from journal_samples import (
    OTHER,
    SIGNER,
    T_US,
    contexts,
    event,
    gateway_event,
    numbered,
    open_journal,
    parcels,
    visit,
)

from drivers.identifiers.format import CodeType
from edge.core.event import Event, Kind
from edge.rim import journal_history
from edge.rim.journal import Journal, JournalFault, JournalFigures, JournalReader, OpenVisit
from edge.wire import verifier
from edge.wire.canonical import ZERO_ID, WireError
from edge.wire.messages import Ack

KEYS = {SIGNER.kid: SIGNER.public_b64}


def test_events_are_stored_in_order_and_chained(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    first = journal.append(parcels(3))
    second = journal.append([(4, gateway_event())])

    chain = verifier.ChainCheck()
    for row in [*first, *second]:
        checked = verifier.examine(row.payload, KEYS)
        assert (chain.feed(checked.data, checked.id), checked.id, checked.data["seq"]) == (
            "ok",
            row.id,
            row.seq,
        )
    assert [row.number for row in first] == [1, 2, 3]
    assert (second[0].line, second[0].visit, second[0].kind) == ("gw", None, "device.changed")
    assert journal.last_seq == 4


def test_a_journal_opened_again_goes_on_where_it_stood(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    rows = journal.append(parcels(3))
    journal.acknowledge(Ack(1, 2, rows[1].id))
    journal.close()

    again = open_journal(tmp_path)

    assert again.epoch == 1
    assert again.figures() == JournalFigures(journalled=3, acknowledged=2, pending=1)
    assert [replace(row, number=None) for row in rows] == again.pending(0, 10)
    assert b'"prev":"' + rows[2].id.encode() in again.append(parcels(1))[0].body
    assert again.verify().signed == 4


def test_all_of_a_group_is_stored_or_none(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.append(parcels(2))
    untellable = replace(gateway_event(), note=(("a" * 70_000, 1),))
    with pytest.raises(WireError):
        journal.append([(3, event(number=3)), (4, untellable)])

    assert journal.figures() == JournalFigures(2, 0, 2)
    assert [row.seq for row in journal.append([(3, event(number=3))])] == [3]
    assert journal.verify().events == 3


def test_a_full_disk_leaves_the_journal_as_it_was(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.append(parcels(2))
    limit = sqlite3.connect(journal.path).execute("PRAGMA page_count").fetchone()[0] + 2
    journal._connection.execute(f"PRAGMA max_page_count={limit}")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        journal.append(parcels(500))
    assert journal.figures() == JournalFigures(2, 0, 2)

    journal._connection.execute("PRAGMA max_page_count=100000")
    journal.append(parcels(500))

    assert journal.verify().events == 502


def test_the_cursor_only_moves_forward_and_only_for_the_very_event(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    rows = journal.append(parcels(5))

    assert journal.acknowledge(Ack(1, 0, ZERO_ID)) == "stale"
    assert journal.acknowledge(Ack(1, 3, rows[2].id)) == "advanced"
    assert journal.acknowledge(Ack(1, 3, rows[2].id)) == "stale"
    assert journal.acknowledge(Ack(1, 1, rows[0].id)) == "stale"
    assert journal.acknowledge(Ack(1, 4, rows[2].id)) == "wrong_id"
    assert journal.acknowledge(Ack(1, 2, rows[2].id)) == "wrong_id"
    assert journal.acknowledge(Ack(1, 6, rows[4].id)) == "beyond_end"
    assert journal.acknowledge(Ack(2, 5, rows[4].id)) == "other_epoch"
    assert journal.figures() == JournalFigures(journalled=5, acknowledged=3, pending=2)


def test_what_is_pending_is_read_in_order_and_in_pieces(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.append(parcels(10))
    reader = JournalReader(journal.path)

    assert [row.seq for row in reader.pending(0, 4)] == [1, 2, 3, 4]
    assert [row.seq for row in reader.pending(8, 4)] == [9, 10]
    assert reader.pending(10, 4) == []
    assert reader.pending(10_000, 4) == []
    assert [row.seq for row in reader.tail(3)] == [row.seq for row in journal.tail(3)] == [8, 9, 10]
    assert len(reader.tail(100)) == 10


def test_a_reader_sees_what_is_committed_also_after_the_writer_has_gone(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    reader = JournalReader(journal.path)
    assert reader.acknowledged().seq == 0

    rows = journal.append(parcels(2))
    journal.acknowledge(Ack(1, 1, rows[0].id))
    journal.keep_cursor()
    assert (len(reader.pending(0, 10)), reader.acknowledged().seq) == (2, 1)
    reader.close()
    journal.close()

    late = JournalReader(journal.path)
    assert (late.meta.gateway, late.meta.epoch, late.verify().events) == ("gw-03", 1, 2)


def test_a_reader_can_not_write(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    reader = JournalReader(journal.path)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader._connection.execute("DELETE FROM events")


def test_a_reader_of_no_journal_says_so(tmp_path: Path) -> None:
    with pytest.raises(JournalFault, match=r"nothing\.db can't be read"):
        JournalReader(tmp_path / "nothing.db")


def test_a_journal_begun_anew_is_the_next_epoch(tmp_path: Path) -> None:
    for epoch in (1, 2, 3):
        journal = open_journal(tmp_path)
        assert (journal.epoch, journal.last_seq) == (epoch, 0)
        journal.append(parcels(1))
        journal.close()
        for file in tmp_path.glob("journal.db*"):
            file.unlink()


def test_a_lost_epoch_counter_is_written_again_from_the_journal(tmp_path: Path) -> None:
    open_journal(tmp_path).close()
    (tmp_path / "epoch").unlink()

    open_journal(tmp_path).close()

    assert (tmp_path / "epoch").read_text() == "1\n"


def test_a_journal_of_an_epoch_that_is_over_is_refused(tmp_path: Path) -> None:
    open_journal(tmp_path).close()
    (tmp_path / "epoch").write_text("2\n")

    with pytest.raises(JournalFault, match=r"of epoch 1, but .*epoch says 2: an older journal"):
        open_journal(tmp_path)


@pytest.mark.parametrize(
    ("gateway", "hub", "mode"),
    [("gw-04", "MY-KUL-1", "practice"), ("gw-03", "RW-KGL-1", "practice"), ("gw-03", "MY-KUL-1", "live")],
)
def test_the_journal_of_another_gateway_hub_or_mode_is_refused(
    tmp_path: Path, gateway: str, hub: str, mode: str
) -> None:
    open_journal(tmp_path).close()

    with pytest.raises(JournalFault, match="gateway gw-03, hub MY-KUL-1, mode practice; this is gateway"):
        Journal(tmp_path / "journal.db", contexts(gateway, hub, mode), SIGNER)  # type: ignore[arg-type]


def test_a_journal_in_use_is_refused_and_free_again_when_closed(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    with pytest.raises(JournalFault, match=f"in use by process {os.getpid()}; stop that gateway"):
        open_journal(tmp_path)

    journal.append(parcels(1))
    journal.close()
    open_journal(tmp_path).close()


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    script = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]);"
        "from journal_samples import open_journal; open_journal(Path(sys.argv[2]))"
    )
    second = subprocess.run(
        [sys.executable, "-c", script, str(Path(__file__).parent), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert second.returncode == 1
    assert f"is in use by process {os.getpid()}; stop that gateway" in second.stderr
    assert journal.append(parcels(1))[0].seq == 1


def test_a_lock_that_can_not_be_made_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "journal.db.lock").mkdir()

    with pytest.raises(JournalFault, match=r"journal\.db\.lock can't be opened: Is a directory; give --data"):
        open_journal(tmp_path)


def test_nobody_else_can_read_the_journal(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.append(parcels(1))

    for file in tmp_path.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name


def test_a_technician_can_read_it_with_sqlite3(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.append(numbered([event(codes=["RR473124829MY"])]))
    rows = (
        sqlite3.connect(journal.path).execute("SELECT seq, kind, CAST(body AS TEXT) FROM events").fetchall()
    )

    assert rows[0][:2] == (1, "parcel.arrived")
    assert '"data":"RR473124829MY"' in rows[0][2]


def test_every_commit_is_synchronous(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)

    assert journal._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert journal._connection.execute("PRAGMA synchronous").fetchone() == (2,)


# -- recovery -----------------------------------------------------------------------------------------------------


def open_visits(folder: Path, *events: Event) -> tuple[OpenVisit, ...]:
    journal = open_journal(folder)
    journal.append(numbered(events))
    found = journal.open_visits()
    journal.close()
    return found


def test_a_visit_is_open_until_it_has_departed_returned_or_lost_track(tmp_path: Path) -> None:
    found = open_visits(
        tmp_path,
        event("parcel.arrived", 1),
        event("parcel.arrived", 2),
        event("parcel.departed", 2),
        event("parcel.lost_track", 3),
        event("parcel.diverted", 4, lane="return"),
        event("parcel.diverted", 5, lane="custody"),
        event("parcel.diverted", 6, lane="green"),
        event("parcel.diverted", 7, lane="hold"),
        gateway_event(),
    )

    assert [(one.visit, one.last_kind, one.held) for one in found] == [
        (visit(1), "parcel.arrived", False),
        (visit(6), "parcel.diverted", False),
        (visit(7), "parcel.diverted", True),
    ]


def test_an_open_visit_comes_back_with_its_codes_and_its_arrival(tmp_path: Path) -> None:
    found = open_visits(
        tmp_path,
        event("parcel.arrived", 1, t_us=5),
        event("parcel.identified", 1, t_us=9, codes=["RR473124829MY"]),
        event("parcel.identified", 1, t_us=10, codes=["RR473124829MY", "RB123456785GB"]),
        event("parcel.diverted", 1, t_us=11, lane="xray"),
    )

    codes: tuple[tuple[str, CodeType], ...] = (("RR473124829MY", "s10"), ("RB123456785GB", "s10"))
    assert found == (OpenVisit(visit(1), found[0].line, "parcel.diverted", True, codes, T_US + 5),)


@pytest.mark.parametrize("kind", ["parcel.identified", "parcel.presented"])
def test_a_held_parcel_scanned_again_is_not_held_any_more(tmp_path: Path, kind: Kind) -> None:
    (found,) = open_visits(tmp_path, event("parcel.diverted", 1, lane="manual"), event(kind, 1))

    assert not found.held


def test_a_visit_that_goes_on_as_an_older_one_is_open_under_that_one_alone(tmp_path: Path) -> None:
    """Of a parcel that the coordinator has recognised, should the gateway stop right after the join."""
    codes = ["RR473124829MY"]
    joined = replace(event("parcel.measured", 2, codes=codes), kind="visit.joined")
    found = open_visits(
        tmp_path, event("parcel.measured", 2, codes=codes), joined, event("parcel.identified", 1, codes=codes)
    )

    assert [(one.visit, one.held) for one in found] == [(visit(1), False)]


def test_recovery_is_bounded_and_keeps_the_newest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_history, "OPEN_VISITS_MAX", 3)
    found = open_visits(tmp_path, *(event(number=number) for number in range(1, 6)))

    assert [one.visit for one in found] == [visit(3), visit(4), visit(5)]


# -- export -------------------------------------------------------------------------------------------------------


def test_an_export_holds_the_payloads_as_published(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    rows = journal.append(parcels(3))
    out = BytesIO()

    assert journal.export(out) == 3
    assert out.getvalue().split(b"\n")[1:] == [*(row.payload for row in rows), b""]
    out.seek(0)
    assert verifier.check_file(out, None, allow_unsigned=False) == "3 events, chain whole, 3 signatures good"


def test_an_export_names_every_key_that_has_signed(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.append(parcels(1))
    journal.close()
    journal = open_journal(tmp_path, OTHER)
    journal.append(parcels(1))
    out = BytesIO()
    journal.export(out)

    out.seek(0)
    assert verifier.check_file(out, None, allow_unsigned=False) == "2 events, chain whole, 2 signatures good"
    assert journal.verify().signed == 2


def test_a_sample_may_be_signed_in_practice_only(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "practice", sign_one_in=1_000)
    journal.append(parcels(50))

    assert journal.verify().unsigned > 0
    with pytest.raises(ValueError, match="live events are all signed"):
        open_journal(tmp_path / "live", sign_one_in=1_000, mode="live")


def test_the_parcel_placed_last_is_told_if_the_journal_has_all_of_its_move(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    free_lanes = {"bench-1": "green", "bench-2": "green"}
    assert journal.last_placed(free_lanes) == {}
    whole = [
        event("parcel.diverted", 1, lane="green"),
        event("parcel.departed", 1, codes=["X"], lane="green"),
    ]
    journal.append(numbered(whole))

    told = journal.last_placed(free_lanes)
    assert {line: (last.visit, last.code, last.bay) for line, last in told.items()} == {
        "bench-1": (visit(1), "X", "B1")
    }
    journal.append(numbered([event("parcel.diverted", 2, lane="green")], first=3))
    assert journal.last_placed(free_lanes) == {}
    journal.append(numbered([event("parcel.diverted", 3, lane="hold")], first=4))
    assert journal.last_placed(free_lanes)["bench-1"].visit == visit(3)
