"""RFC 3339 by integers, against the standard library."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.wire.canonical import WireError
from edge.wire.utc import UTC_US_END, parse_rfc3339, rfc3339

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@given(st.integers(0, UTC_US_END - 1))
def test_times_are_written_as_the_standard_library_writes_them(utc_us: int) -> None:
    expected = (EPOCH + timedelta(microseconds=utc_us)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    assert rfc3339(utc_us) == expected
    assert parse_rfc3339(expected) == utc_us


@pytest.mark.parametrize("utc_us", [-1, UTC_US_END])
def test_a_time_outside_the_calendar_is_a_mistake_of_ours(utc_us: int) -> None:
    with pytest.raises(ValueError, match="between the years"):
        rfc3339(utc_us)


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-29T00:00:00.000000Z",
        "2026-04-31T00:00:00.000000Z",
        "2026-13-01T00:00:00.000000Z",
        "2026-00-01T00:00:00.000000Z",
        "2026-01-00T00:00:00.000000Z",
        "2026-01-01T24:00:00.000000Z",
        "2026-01-01T00:60:00.000000Z",
        "2016-12-31T23:59:60.000000Z",
        "1969-12-31T23:59:59.999999Z",
        "0000-01-01T00:00:00.000000Z",
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.000Z",
        "2026-01-01T00:00:00.000000+00:00",
        "2026-01-01t00:00:00.000000z",
        "2026-01-01T00:00:00.000000Z\n",
        "２026-01-01T00:00:00.000000Z",
        "",
    ],
)
def test_a_time_that_is_not_one_is_refused(text: str) -> None:
    with pytest.raises(WireError, match="bad_shape"):
        parse_rfc3339(text)
