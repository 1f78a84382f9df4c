"""How fast events go that may go."""

from pathlib import Path

import pytest
from test_housekeeping import DAY_US, House, old_and_settled

from edge.rim import journal as journal_module
from edge.rim.housekeeping import SLOW_EVERY


def test_a_line_that_is_never_idle_prunes_as_fast_as_it_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """500 events a second have no pause of 20 ms: a slice of 2,048 in 11 s let what may go fill the disk."""
    house = House(tmp_path)
    monkeypatch.setattr(journal_module, "PRUNED_AT_ONCE", 256)
    old_and_settled(house, 2_100)
    house.after(8 * DAY_US * 1_000, idle=False)
    assert house.journal.keeping().pruned == 256
    for _ in range(7):
        house.after(1, idle=False)  # between two groups
        house.after(SLOW_EVERY - 1, idle=False)

    assert house.journal.keeping().pruned == 2_048
    assert house.journal.verify().events == 2_100 - 2_048
