"""Several parties: what customs still waits for, whose word is the strictest, and who lifts it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from coordinator_hall import Hall as StoredHall
from coordinator_hall import visit
from test_coordinator_desk import CODE, EVENT, GOODS, NOW_US, OTHER_EVENT, RULES_FILE, measured, said

from hub_config.rules import load_rules
from hub_config.tiers import Party
from simulators.coordinator.declared import Declared
from simulators.coordinator.desk import Desk
from simulators.coordinator.parties import AnswerFault, PartyAnswer, answer_of
from simulators.coordinator.visits import MemoryBook

RADIO, PLANTS, AIR = "agency:radio", "agency:plants", "aviation-security"
PACK = load_rules(RULES_FILE).model_copy(
    update={"parties": (Party(party=RADIO, words=("radio",)), Party(party=PLANTS, words=("seed", "plant")))}
)
GOOD = replace(GOODS, description="Radio for plants", consignment="c-1")
ANSWER = {"consignment": "c-1", "party": RADIO, "action": "hold", "reasons": ["agency_pending"]}


class Hall:
    """A desk with its book."""

    def __init__(self, goods: Declared = GOOD) -> None:
        self.book = MemoryBook()
        self.desk = Desk(PACK, {CODE: goods}, "MY-KUL-1", "practice", b"seed")

    def measure(self, event: str = EVENT) -> dict[str, Any]:
        decision = self.desk.answer(measured(), event, NOW_US, self.book)
        assert decision is not None
        return decision

    def says(self, party: str, action: str, *reasons: str) -> list[dict[str, Any]]:
        answer = PartyAnswer("c-1", party, action, reasons, (("system", "sw"),))  # type: ignore[arg-type]
        return self.desk.hear(answer, NOW_US, self.book)


def test_a_release_names_the_parties_that_have_not_answered() -> None:
    decision = Hall().measure()

    assert said(decision) == ("release", [], "green")
    assert decision["needs"] == [RADIO, PLANTS]
    assert decision["clock"] == RADIO


def test_a_declaration_may_ask_for_further_parties() -> None:
    assert Hall(replace(GOOD, parties=(AIR, RADIO))).measure()["needs"] == [RADIO, PLANTS, AIR]
    assert Hall(replace(GOOD, description="T-shirt", parties=(AIR,))).measure()["clock"] == f"agency:{AIR}"


def test_what_parties_said_before_the_parcel_came_counts() -> None:
    hall = Hall()
    assert hall.says(RADIO, "release") == []
    assert hall.measure()["needs"] == [PLANTS]

    hall.says(PLANTS, "release")

    assert hall.measure(OTHER_EVENT)["needs"] == []


def test_with_the_last_answer_customs_release_takes_effect() -> None:
    hall = Hall()
    first = hall.measure()
    radio = hall.says(RADIO, "release")
    plants = hall.says(PLANTS, "release")

    assert [(one["basis"]["authority"], one["action"], one["needs"]) for one in (*radio, *plants)] == [
        (RADIO, "release", ["customs"]),
        ("customs", "release", [PLANTS]),
        (PLANTS, "release", ["customs"]),
        ("customs", "release", []),
    ]
    assert [one["dec_seq"] for one in (first, *radio, *plants)] == [1, 2, 3, 4, 5]
    assert {one["for"] for one in (*radio, *plants)} == {EVENT}
    assert radio[0]["basis"]["source"] == {"system": "sw"}


def test_a_stop_of_a_party_is_a_decision_of_its_own_and_the_strictest_word_answers() -> None:
    hall = Hall()
    hall.measure()
    (stop,) = hall.says(PLANTS, "refuse", "prohibited")
    hall.says(RADIO, "inspect", "risk_profile")

    assert said(stop) == ("refuse", ["prohibited"], "custody")
    assert (stop["basis"]["authority"], stop["clock"], stop["needs"]) == (PLANTS, PLANTS, [])
    again = hall.measure(OTHER_EVENT)
    assert (said(again), again["basis"]["authority"]) == (said(stop), PLANTS)


def test_a_stop_stands_until_its_own_party_lifts_it() -> None:
    hall = Hall()
    hall.says(PLANTS, "screen", "risk_profile")
    hall.says(RADIO, "release")
    assert hall.measure()["basis"]["authority"] == PLANTS

    lifted = hall.says(PLANTS, "release")

    assert [(one["basis"]["authority"], one["needs"]) for one in lifted] == [
        (PLANTS, ["customs"]),
        ("customs", []),
    ]


def test_what_comes_later_frees_nothing_at_a_gateway_in_quarantine() -> None:
    hall = Hall()
    hall.measure()
    hall.says(PLANTS, "release")
    answer = PartyAnswer("c-1", RADIO, "release")

    party, ours = hall.desk.hear(answer, NOW_US, hall.book, ("gw-01",))

    assert party["needs"] == ["customs"]
    assert said(ours) == ("hold", ["tamper"], "hold")
    again = hall.desk.reconsider(measured(), EVENT, NOW_US, hall.book, quarantined=True)
    assert said(again) == ("hold", ["tamper"], "hold")


def test_customs_own_stricter_word_comes_before_a_party_s() -> None:
    hall = Hall(replace(GOOD, description="Radio, vape"))
    hall.says(RADIO, "inspect", "risk_profile")

    decision = hall.measure()

    assert (decision["basis"]["authority"], decision["action"]) == ("customs", "refuse")


def test_a_stop_of_a_parcel_that_has_left_is_told_so_that_its_gateway_recalls_it(tmp_path: Path) -> None:
    hall = StoredHall(tmp_path / "coordinator.sqlite")
    with hall.store.transaction():
        hall.store.file([replace(GOODS, identifiers=(CODE,), consignment="c-1")], hall.now_us)
    hall.pass_by(visit(1), CODE)
    left = hall.store.visit(visit(1))
    assert left is not None
    assert left.departed

    def says(action: Any) -> list[dict[str, Any]]:
        with hall.store.transaction():
            return hall.desk.hear(
                PartyAnswer("c-1", PLANTS, action, ("risk_profile",), ()), hall.now_us, hall.store
            )

    (stop,) = says("hold")
    assert (stop["visit"], stop["action"], stop["basis"]["authority"]) == (visit(1), "hold", PLANTS)
    assert stop["dec_seq"] > 1
    after = hall.store.visit(visit(1))
    assert after is not None
    assert after.departed
    assert says("release") == []


def test_an_answer_for_a_consignment_that_is_not_here_waits_for_it() -> None:
    hall = Hall()
    hall.measure()
    other = PartyAnswer("c-2", RADIO, "refuse", ("prohibited",))

    assert hall.desk.hear(other, NOW_US, hall.book) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"party": "customs"}, "party is 'customs'"),
        ({"party": "agency:"}, "agency:CODE or aviation-security"),
        ({"action": "free"}, "action is 'free'"),
        ({"reasons": ["because"]}, "reasons are of the contract's list"),
        ({"reasons": []}, "every action but release has a reason"),
        ({"consignment": ""}, "consignment is the id"),
        ({"source": {"who": "me"}}, "source has texts named system"),
        ({"source": {"mrn": "x" * 129}}, "128 characters at most"),
        ({"by": "me"}, "unknown field 'by'"),
    ],
)
def test_an_answer_that_cannot_be_taken_is_said_in_words(change: dict[str, Any], words: str) -> None:
    with pytest.raises(AnswerFault) as refused:
        answer_of(ANSWER | change)

    assert words in str(refused.value)


def test_an_answer_is_read_as_it_was_told() -> None:
    told = ANSWER | {"reasons": ["agency_pending", "agency_pending"], "source": {"mrn": "26MY1"}}

    assert answer_of(told) == PartyAnswer("c-1", RADIO, "hold", ("agency_pending",), (("mrn", "26MY1"),))
    with pytest.raises(AnswerFault, match="an answer is an object"):
        answer_of([])
