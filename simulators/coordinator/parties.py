"""Who else has a say: other authorities and what they have answered for a consignment (contract §5, `needs`).

A party is an agency (`agency:<code>`) or aviation security. Its answer is a decision of its own authority. A release
of customs is not effective while a party that the goods concern has not answered; a party's stop stands until the same
party lifts it. How an answer came is kept as its `source`: the signature proves who relayed it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args

from edge.core.decision import REASONS, STRICTNESS, Action, stricter
from hub_config.rules import RulePack
from hub_config.tiers import PARTY
from simulators.coordinator.declared import TEXT_CHARS_MAX, Declared, is_text

CUSTOMS: Final = "customs"
ACTIONS: Final[tuple[Action, ...]] = get_args(Action)
ROUTES: Final[Mapping[Action, str]] = {
    "release": "green", "screen": "xray", "inspect": "manual", "return": "return", "refuse": "custody",
}  # fmt: skip
"""Where a party's word sends a parcel; any other action to the hold lane."""
SOURCE_FIELDS: Final = ("system", "message_type", "mrn", "received_at", "sha256")
SOURCE_CHARS_MAX: Final = 128


class AnswerFault(ValueError):  # noqa: N818 - of what was handed in, in one sentence
    """An answer that can't be taken; says which field and what is wanted."""


@dataclass(frozen=True, slots=True)
class PartyAnswer:
    consignment: str
    party: str
    action: Action
    reasons: tuple[str, ...] = ()
    source: tuple[tuple[str, str], ...] = ()

    @property
    def route(self) -> str:
        return ROUTES.get(self.action, "hold")


def concerned(declared: Declared, pack: RulePack) -> tuple[str, ...]:
    """Parties whose answer this consignment needs, in the order of the pack."""
    by_law = (one.party for one in pack.parties if one.concerns(declared.description))
    return tuple(dict.fromkeys((*by_law, *declared.parties)))


def outstanding(needed: Iterable[str], answers: Iterable[PartyAnswer]) -> tuple[str, ...]:
    answered = {answer.party for answer in answers}
    return tuple(party for party in needed if party not in answered)


def strictest(answers: Iterable[PartyAnswer]) -> PartyAnswer | None:
    """The strictest word of any party; None where none stops the parcel."""
    found: PartyAnswer | None = None
    for answer in answers:
        if answer.action != "release" and (found is None or stricter(answer.action, found.action)):
            found = answer
    return found


def owner_of(party: str) -> str:
    """Who answers for the dwell clock while this party is waited for (contract §10)."""
    return party if party.startswith("agency:") or party == CUSTOMS else f"agency:{party}"


def answer_of(told: object) -> PartyAnswer:
    """Of a JSON object. Raises AnswerFault."""
    if not isinstance(told, dict):
        raise AnswerFault("an answer is an object with consignment, party, action, reasons and source")
    for name in told:
        if name not in ("consignment", "party", "action", "reasons", "source"):
            raise AnswerFault(f"unknown field {str(name)[:40]!r}")
    consignment, party, action = (told.get(name) for name in ("consignment", "party", "action"))
    if not is_text(consignment):
        raise AnswerFault(f"consignment is the id of a declaration, 1 to {TEXT_CHARS_MAX} characters")
    if not isinstance(party, str) or not PARTY.fullmatch(party):
        raise AnswerFault(f"party is {str(party)[:40]!r}; agency:CODE or aviation-security is wanted")
    if action not in STRICTNESS:
        raise AnswerFault(f"action is {str(action)[:40]!r}; one of {', '.join(STRICTNESS)} is wanted")
    reasons = told.get("reasons", [])
    if not isinstance(reasons, list) or any(one not in REASONS for one in reasons):
        raise AnswerFault(f"reasons are of the contract's list: {', '.join(REASONS)}")
    if action != "release" and not reasons:
        raise AnswerFault("every action but release has a reason")
    return PartyAnswer(
        consignment, party, action, tuple(dict.fromkeys(reasons)), _source(told.get("source", {}))
    )


def _source(told: Any) -> tuple[tuple[str, str], ...]:  # noqa: ANN401 - JSON
    good = isinstance(told, dict) and all(
        name in SOURCE_FIELDS and (not value or is_text(value, SOURCE_CHARS_MAX))
        for name, value in told.items()
    )
    if not good:
        raise AnswerFault(
            f"source has texts named {', '.join(SOURCE_FIELDS)}, {SOURCE_CHARS_MAX} characters at most"
        )
    return tuple(sorted(told.items()))
