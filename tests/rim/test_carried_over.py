"""The next epoch after a journal that was put away still knows the parcels that are here, and those that have left."""

from pathlib import Path

from decision_samples import TOPICS, trust
from journal_samples import event, numbered, open_journal, visit
from test_journal_loss import begun_anew

from edge.core.visits import Seen
from edge.rim.journal import Journal, JournalReader
from edge.wire.messages import Ack
from hub_config.names import LineId

CODE = "RR473124829MY"
BEYOND = Ack(1, 900, "ni:///sha-256;x")


def in_use(folder: Path) -> Journal:
    """One parcel is under way, one lies in a bay, one has left."""
    journal = open_journal(folder)
    journal.append(
        numbered([
            event("parcel.arrived", 1),
            event("parcel.arrived", 2, codes=(CODE,)),
            event("parcel.diverted", 2, lane="hold"),
            event("parcel.arrived", 3),
            event("parcel.departed", 3, lane="green"),
        ])
    )  # fmt: skip
    return journal


def held(journal: Journal) -> list[tuple[str, bool]]:
    return [(one.visit, one.held) for one in journal.open_visits()]


def test_parcels_that_are_here_are_known_in_the_next_epoch(tmp_path: Path) -> None:
    anew = begun_anew(in_use(tmp_path), tmp_path, BEYOND)

    assert anew.epoch == 2
    assert held(anew) == [(visit(1), False), (visit(2), True)]
    assert anew.open_visits()[1].codes == ((CODE, "s10"),)


def test_what_the_next_epoch_tells_of_a_parcel_counts(tmp_path: Path) -> None:
    anew = begun_anew(in_use(tmp_path), tmp_path, BEYOND)
    anew.append(numbered([event("parcel.lost_track", 1)]))
    anew.close()
    again = open_journal(tmp_path)

    assert held(again) == [(visit(2), True)]
    again.append(numbered([event("parcel.arrived", 2), event("parcel.departed", 2, lane="green")]))
    assert held(again) == []


def test_a_stop_of_a_parcel_that_has_left_is_a_recall_in_the_next_epoch_too(tmp_path: Path) -> None:
    anew = begun_anew(in_use(tmp_path), tmp_path, BEYOND)

    (left,) = anew.remembered(trust(), TOPICS).departed
    assert left[0] == visit(3)
    assert left[1] == Seen(LineId("bench-1"), "B1", left[1].utc_us)


def test_one_that_customs_has_is_known_in_the_next_epoch_and_its_hand_over_is_not_told_again(
    tmp_path: Path,
) -> None:
    journal = in_use(tmp_path)
    journal.append(numbered([event("parcel.presented", 2)]))
    anew = begun_anew(journal, tmp_path, BEYOND)

    assert held(anew) == [(visit(1), False), (visit(2), False)]
    assert anew.figures().journalled == 0


def test_over_two_epochs(tmp_path: Path) -> None:
    second = begun_anew(in_use(tmp_path), tmp_path, BEYOND)
    second.append(numbered([event("parcel.lost_track", 1), event("parcel.arrived", 4)]))
    third = begun_anew(second, tmp_path, Ack(2, 900, "ni:///sha-256;x"))

    assert third.epoch == 3
    assert held(third) == [(visit(2), True), (visit(4), False)]


def test_an_unreadable_file_hinders_nothing(tmp_path: Path) -> None:
    journal = in_use(tmp_path)
    journal.contradicted(BEYOND, "beyond_end")
    journal.close()
    raw = bytearray((tmp_path / "journal.db").read_bytes())
    raw = raw.replace(CODE.encode(), b"X" * len(CODE))
    (tmp_path / "journal.db").write_bytes(raw)
    anew = open_journal(tmp_path)

    assert (anew.epoch, anew.open_visits()) == (2, ())
    with_facts = JournalReader(tmp_path / "journal.db")
    assert with_facts.fact("carried") is None
    with_facts.close()
