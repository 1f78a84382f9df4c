"""The memory of the clearance desk keeps of visits that are done with only the latest."""

import pytest

from simulators.coordinator import visits
from simulators.coordinator.visits import MemoryBook, Visit


def kept(book: MemoryBook, number: int) -> tuple[bool, bool, bool]:
    """Its visit, by which visit it left, its decision."""
    return (
        book.visit(f"v{number}") is not None,
        book.departed(f"code-{number}") == f"v{number}",
        book.decision(f"event-{number}") is not None,
    )


def test_decisions_go_at_once_and_visits_past_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visits, "DONE_MAX", 2)
    book = MemoryBook()
    for number in range(1, 5):
        book.put(Visit(f"v{number}", 0, code=f"code-{number}", place="departed"))
        book.keep(f"event-{number}", {"visit": f"v{number}"})
    for number in range(1, 4):
        book.forget({f"v{number}"})

    assert [kept(book, number) for number in range(1, 5)] == [
        (False, False, False), (True, True, False), (True, True, False), (True, True, True),
    ]  # fmt: skip


def test_a_number_that_left_again_is_known_by_its_latest_visit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visits, "DONE_MAX", 0)
    book = MemoryBook()
    for visit in ("v1", "v2"):
        book.put(Visit(visit, 0, code="code", place="departed"))
    book.forget({"v1"})

    assert book.departed("code") == "v2"
