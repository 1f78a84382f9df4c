"""Who is in doubt when the scale has made one record more than there were items."""

import pytest
from scale_records import counted, crossed, record

from edge.core.belt_records import BeltRecords


@pytest.fixture
def weighings() -> BeltRecords:
    """The first item had record 100: the count is sure."""
    return counted()


def test_one_record_too_many_puts_all_in_doubt_whose_record_may_be_that_of_the_one_before(
    weighings: BeltRecords,
) -> None:
    """The scale has weighed the first twice; each record then comes while the next item is due."""
    first = crossed(weighings, 2, 1_000)
    assert weighings.take(*record(101, 1_100)) == (first, "joined")
    second = crossed(weighings, 3, 1_150)
    assert weighings.take(*record(102, 1_350)) == (second, "joined")  # the first's again
    third = crossed(weighings, 4, 1_400)
    assert weighings.take(*record(103, 1_540)) == (third, "joined")  # the second's

    assert weighings.take(*record(104, 1_700)) == (None, "record_orphan")  # the third's
    assert [one.doubts for one in (first, second, third)] == [["assoc_low"]] * 3


def test_one_record_too_many_doubts_nobody_whose_record_fits_no_one_before(weighings: BeltRecords) -> None:
    first = crossed(weighings, 2, 1_000)
    assert weighings.take(*record(101, 1_100)) == (first, "joined")
    second = crossed(weighings, 3, 1_700)
    assert weighings.take(*record(102, 1_800)) == (second, "joined")
    weighings.take(*record(103, 1_900))

    assert first.doubts == []
    assert second.doubts == ["assoc_low"]


def test_records_that_agree_are_not_believed_while_one_in_doubt_may_still_get_its_own(
    weighings: BeltRecords,
) -> None:
    """Since the count was lost each record is that of the one before: the first too late, the second in time."""
    weighings.take(*record(105, 700))
    crossed(weighings, 2, 1_000)
    crossed(weighings, 3, 1_300)
    assert weighings.take(*record(106, 1_410)) == (None, "record_unsure")  # the second's
    crossed(weighings, 4, 1_500)

    assert weighings.take(*record(107, 1_600)) == (None, "record_unsure")  # the third's
