"""The byte that the tour flips: in a copy, in one event, and found by the journal's own check."""

from dataclasses import replace
from pathlib import Path

import pytest
from journal_samples import event, numbered, open_journal, visit

from edge.core.event import Mass
from edge.rim.journal import JOURNAL_FILE, JournalFault, JournalReader
from hub_config.names import DeviceId
from simulators.tour.tampered import copy_journal, flip_byte

MASS = Mass(DeviceId("scale-1"), 453_000, 5_000, 5_000, 0, True, "static", "nawi", None)


def verified(file: Path) -> int:
    reader = JournalReader(file)
    try:
        return reader.verify().events
    finally:
        reader.close()


def test_the_flipped_byte_of_a_copy_is_found_by_name_and_the_journal_is_as_it_was(tmp_path: Path) -> None:
    told = [
        event(number=1),
        event(number=2),
        replace(event("parcel.measured", number=2), mass=MASS),
        event(number=3),
    ]
    journal = open_journal(tmp_path)
    journal.append(numbered(told))
    copy = copy_journal(tmp_path, tmp_path / "copy")  # while it is open

    assert verified(copy) == 4
    flip = flip_byte(copy, visit(2))
    assert (flip.seq, flip.before, flip.after, flip.body[flip.at]) == (3, "4", "5", "4")
    with pytest.raises(JournalFault, match="seq 3 is damaged"):
        verified(copy)
    journal.close()
    assert verified(tmp_path / JOURNAL_FILE) == 4


def test_a_visit_without_a_weight_has_no_byte_to_flip(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.append(numbered([event(number=1)]))
    journal.close()
    copy = copy_journal(tmp_path, tmp_path / "copy")

    with pytest.raises(ValueError, match="no weight of visit"):
        flip_byte(copy, visit(1))
