"""Held visits are found by any of their codes and by their visit, and no more is remembered of them than is bounded."""

import random
from dataclasses import replace

import pytest

from drivers.identifiers.choice import Identified
from edge.core import long_words
from edge.core import stops as stops_module
from edge.core import visits as visits_module
from edge.core.decision import Action, Conditions, Decision
from edge.core.dwell import DwellClock
from edge.core.long_words import LOOKED_AFTER
from edge.core.parcel import names_of
from edge.core.standing import NOTHING_SAID, VisitWords, size_of
from edge.core.stops import Stops
from edge.core.visits import Visits
from hub_config.names import Instant, LaneId, VisitId

AT = Instant(1)


def word(action: Action, visit: str, dec_seq: int = 1, was: str | None = None) -> Decision:
    return Decision(
        dec=f"{visit}-{dec_seq}", dec_seq=dec_seq, visit=VisitId(visit), was=None if was is None else VisitId(was),
        answers="e", action=action, reasons=(), route=LaneId("hold"), authority="customs", conditions=Conditions(),
        needs=(), valid_from_us=0, valid_until_us=1, clock="hub", wire="{}", kid="k", sig="s",
    )  # fmt: skip


def hold(visits: Visits, visit: str, *codes: str) -> None:
    names = names_of([Identified("s10", code, True) for code in codes[:1]], ("s10", "sscc"))
    further = names_of([Identified("sscc", code, True) for code in codes[1:]], ("s10", "sscc"))
    both = type(names)((*names.known, *further.known), (*names.keys, *further.keys))
    visits.enter()
    visits.settle("held", VisitId(visit), both, DwellClock(AT), again=False)


@pytest.mark.parametrize("seed", range(20))
def test_a_decision_finds_the_visit_that_a_scan_would_take_up(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visits_module, "HELD_CODES_MAX", 6)
    dice, visits = random.Random(seed), Visits()
    for number in range(200):
        if dice.random() < 0.6:
            hold(visits, f"v{number}", *dice.sample([f"c{n}" for n in range(12)], dice.choice((1, 2))))
        else:
            visits.reopen(f"c{dice.randrange(12)}")
        held = {one.visit for one in visits._held.values()}
        assert set(visits._code_of) == held
        assert all(visits._held[code].visit == visit for visit, code in visits._code_of.items())


def test_was_names_the_parcel_before_visit_does() -> None:
    visits = Visits()
    hold(visits, "minted", "c1")
    hold(visits, "older", "c2")

    (heard,) = visits.hear(word("hold", "older", was="minted"), AT)
    assert heard.visit == "minted"


def test_long_words_of_parcels_not_in_work_are_bounded_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The longest go, also from the journal; every short one stays, and every parcel in its bay."""
    monkeypatch.setattr(long_words, "WORDS_BYTES_MAX", 1_000_000)
    visits, shed = Visits(), 0
    count = 4 * LOOKED_AFTER
    for n in range(count):
        if n % 2:
            hold(visits, f"v{n}", f"c{n}", f"d{n}")
        else:
            visits.stops.leave(
                VisitWords(VisitId(f"v{n}"), (f"c{n}",), NOTHING_SAID.heard(word("inspect", f"v{n}")))
            )
    for n in range(count):
        short = replace(word("screen", f"v{n}", 2), authority="agency:food")
        long = replace(word("hold", f"v{n}", 3), wire="x" * 32_000)
        for one in (short, long):
            gone = visits.shed(one)
            assert all("x" not in w.decision.wire for words in gone for w in words.standing.words)
            shed += len(gone)
            visits.hear(one, AT)

    kept = [one.words for one in {h.visit: h for h in visits._held.values()}.values()] + list(
        visits.stops.all()
    )
    assert len(kept) == count
    assert all("agency:food" in [w.authority for w in words.standing.words] for words in kept)
    total = sum(size_of(w.decision) for words in kept for w in words.standing.words)
    assert total <= 1_000_000 + LOOKED_AFTER * 32_000
    assert shed >= count - 1_000_000 // 32_000 - 2 * LOOKED_AFTER
    assert all(visits._held[f"c{n}"] is visits._held[f"d{n}"] for n in range(1, count, 2))


def test_past_the_bound_the_oldest_stop_is_forgotten_and_the_journal_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stops_module, "STOPS_MAX", 3)
    stops = Stops()
    said = [
        VisitWords(VisitId(f"v{n}"), (f"c{n}",), NOTHING_SAID.heard(word("hold", f"v{n}"))) for n in range(5)
    ]

    assert [stops.leave(one) for one in said] == [None, None, None, "v0", "v1"]
    assert len(stops) == 3
    assert stops.take(["c0", "c1"]) == []
    assert [one.visit for one in stops.take(["c2", "c4"])] == ["v2", "v4"]


def test_past_the_bound_nothing_is_heard_of_the_oldest_that_nobody_has_spoken_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stops_module, "QUIET_MAX", 2)
    stops = Stops()
    for number in range(3):
        stops.leave(VisitWords(VisitId(f"v{number}"), (f"c{number}",), NOTHING_SAID))

    assert stops.hear(word("hold", "v0")) is None
    assert stops.hear(word("hold", "v2")) is not None
    assert len(stops) == 1
