"""Record numbers of scales and dimensioners as the events tell them, and the numbers that no event tells."""

from typing import Any

from edge.wire.record_numbers import RECENT, Gap, RecordNumbers, numbers_text


def told(number: int | None, mg: int = 1_000, kind: str = "parcel.measured", **more: Any) -> dict[str, Any]:
    return {"kind": kind, "mass": {"dev": "wim-1", "mg": mg, "rec": number}} | more


def folded(*events: dict[str, Any]) -> RecordNumbers:
    numbers = RecordNumbers()
    for seq, data in enumerate(events, start=100):
        numbers.take(seq, data)
    return numbers


def test_a_number_in_no_event_is_a_gap_between_two_events() -> None:
    (series,) = folded(told(7), told(8), told(11)).series()

    assert (series.first, series.last, series.records, series.missing) == (7, 11, 3, 2)
    assert series.gaps == [Gap(9, 10, after_seq=101, before_seq=102)]


def test_parcels_that_are_told_out_of_order_leave_no_gap() -> None:
    (series,) = folded(told(1), told(4), told(2), told(3)).series()
    (open_still,) = folded(told(1), told(5), told(3)).series()

    assert (series.records, series.gaps) == (4, [])
    assert [(gap.first, gap.last) for gap in open_still.gaps] == [(2, 2), (4, 4)]


def test_later_events_that_repeat_the_weight_are_no_further_records() -> None:
    (series,) = folded(told(1), told(1, kind="parcel.departed"), told(2), told(1), told(2)).series()

    assert (series.records, series.missing) == (2, 0)


def test_a_memory_begun_anew_is_another_series_and_no_gap() -> None:
    fallen = folded(told(90_000), told(1), told(2)).series()
    other_weight = folded(told(3, mg=1), told(3, mg=2)).series()

    assert [(one.first, one.last, one.missing) for one in fallen] == [(90_000, 90_000, 0), (1, 2, 0)]
    assert len(other_weight) == 2


def test_only_a_measurement_begins_a_series() -> None:
    assert folded(told(3, kind="parcel.diverted"), told(None)).series() == []

    (series,) = folded(told(1), told(3), told(2, kind="parcel.corrected")).series()
    assert series.missing == 0


def test_what_is_remembered_is_bounded() -> None:
    (series,) = folded(told(1), *(told(number) for number in range(3, 3 + 2 * RECENT))).series()

    assert (series.missing, len(series._recent)) == (1, RECENT)


def test_a_dimensioner_counts_by_itself_and_a_person_reads_lines() -> None:
    box = {"dev": "dim-1", "l_um": 1, "w_um": 2, "h_um": 3, "rec": 50}
    numbers = folded(told(1, dims=box), told(3, dims=box | {"rec": 51}), told(6))

    assert numbers_text(numbers.series()).splitlines() == [
        "dim-1  records 50 to 51: 2 in events, 0 in none",
        "wim-1  records 1 to 6: 3 in events, 3 in none",
        "  2  between the events 100 and 101",
        "  4 to 5  between the events 101 and 102",
    ]
    assert numbers_text([]) == "no scale or dimensioner has told a record number"
