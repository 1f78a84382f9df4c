"""What is made of a disk that does not give back what was just written, and of damage that another thread finds."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from journal_samples import parcels
from refusing import Refusing, io_error, malformed
from test_housekeeping import House

from edge.rim.housekeeping import SLOW_EVERY
from edge.rim.journal_rows import JournalUnread


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.journal.close()


def refusing_checker(house: House) -> Refusing:
    house.journal.read_back(0)
    checker = house.journal._checker
    assert checker is not None
    disk = Refusing(checker._connection)
    checker._connection = disk  # type: ignore[assignment]  # it answers as a connection does
    return disk


def test_a_file_that_is_damaged_where_it_is_read_back_stops_the_line_for_good(house: House) -> None:
    house.journal.append(parcels(5))
    refusing_checker(house).error = malformed()
    house.after(SLOW_EVERY)

    assert house.keeper.standing is not None
    assert "the file itself is damaged" in house.keeper.standing


def test_a_disk_that_does_not_give_what_is_read_back_is_trouble_and_no_damage(house: House) -> None:
    house.journal.append(parcels(5))
    disk = refusing_checker(house)
    disk.error = io_error()
    with pytest.raises(JournalUnread, match="disk I/O error"):
        house.after(SLOW_EVERY)
    assert house.keeper.standing is None
    disk.error = None
    house.after(SLOW_EVERY)

    assert house.keeper.standing is None


def test_damage_that_another_thread_has_found_stops_the_line(house: House) -> None:
    house.keeper.found("the file itself is damaged")
    house.keeper.found("something later")

    assert house.keeper.standing == "the file itself is damaged"
