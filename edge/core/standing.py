"""What each authority has said last about one visit: between authorities the strictest word wins (contract §5).

A newer decision of the same authority replaces its older one, and nothing else does: a stop stands, over every pass,
until the authority that gave it says otherwise. Its validity bounds when it may move a parcel, not how long it is
remembered: a release that comes after it is void as long as it stands. Two decisions under one `dec` or one number
contradict each other, and the stricter stands.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from edge.core.decision import STRICTNESS, Action, Decision, stricter
from hub_config.names import LaneId, VisitId
from hub_config.value import value

AUTHORITIES_MAX: Final = 16
"""Authorities remembered for one visit; a hub has three or four. Past it the most lenient word is forgotten."""
BYTES_MAX: Final = 65_536
"""Of them in memory. Past it the longest are forgotten, but never the newest, the strictest of the others, or a short
one: who writes long words can't drive out what others have said."""
LONG_BYTES: Final = 4_096
"""A decision is some 1,300 bytes; one may be 32 KiB, in memory four times that."""


@value
class Word:
    """The latest of one authority."""

    dec_seq: int
    """As it counts for this visit; 0 for one about a visit that was joined to it."""
    decision: Decision

    @property
    def authority(self) -> str:
        return self.decision.authority

    @property
    def action(self) -> Action:
        return self.decision.action

    @property
    def route(self) -> LaneId:
        return self.decision.route


@value
class Standing:
    words: tuple[Word, ...] = ()
    """One per authority, the strictest first."""

    def heard(self, decision: Decision) -> "Standing":
        """With this decision among the words; unchanged where its authority has said something newer.

        At `AUTHORITIES_MAX` the most lenient of the others is left out, at `BYTES_MAX` the longest but the strictest;
        neither can free a parcel: a stricter word of another authority stands beside it.
        """
        if self.outdated(decision):
            return self
        others = tuple(word for word in self.words if word.authority != decision.authority)
        word = Word(decision.dec_seq, decision)
        return Standing(_strictest_first(_within_bytes((word, *others[: AUTHORITIES_MAX - 1]))))

    def joined(self, older: "Standing") -> "Standing":
        """Of a visit that turns out to be an older one, which numbers its decisions on its own: what an authority says
        next under that one is newer than all. Of two that it has said already nobody knows which is, and the stricter
        stands: what stops the parcel in this pass is not lifted by a release of an earlier one."""
        known = {word.authority: word for word in older.words}
        ours = {word.authority: Word(0, word.decision) for word in self.words}
        for authority in known.keys() & ours.keys():
            if stricter(ours[authority].action, known[authority].action):
                known[authority] = Word(known[authority].dec_seq, ours[authority].decision)
        return Standing(_strictest_first((ours | known).values())[:AUTHORITIES_MAX])

    def without(self, authority: str) -> "Standing":
        return Standing(tuple(word for word in self.words if word.authority != authority))

    def outdated(self, decision: Decision) -> bool:
        """Its authority has said something newer, or something stricter under the same name or number."""
        word = next((one for one in self.words if one.authority == decision.authority), None)
        if word is None or word.decision == decision:
            return False
        if word.dec_seq == decision.dec_seq or word.decision.dec == decision.dec:
            return stricter(word.action, decision.action)
        return word.dec_seq > decision.dec_seq

    @property
    def is_long(self) -> bool:
        return any(size_of(word.decision) >= LONG_BYTES for word in self.words)

    @property
    def stops(self) -> bool:
        """Somebody wants the parcel anywhere but let go."""
        return any(word.action != "release" for word in self.words)

    def against(self, decision: Decision) -> Word | None:
        """The strictest word of another authority, if it is stricter than this decision. A release that others have
        still to agree to is not effective (`needs`): until they have, it holds the parcel."""
        agreed = [word.authority for word in self.words if word.action == "release"] + [decision.authority]
        others = [word for word in self.words if word.authority != decision.authority]
        strictest = min(others, key=lambda word: _rank(_effect_of(word, agreed)), default=None)
        if strictest is None or not stricter(_effect_of(strictest, agreed), decision.action):
            return None
        return strictest

    def effective(self, release: Decision) -> Decision:
        """This one; or, where it needed others and they have agreed, the latest that needs nobody, against which nobody
        stands, and that answers the same measurement."""
        if not release.needs:
            return release
        said = (word.decision for word in self.words if word.action == "release" and not word.decision.needs)
        same = (one for one in said if (one.answers, one.route) == (release.answers, release.route))
        free = (one for one in same if self.against(one) is None)
        return max(free, key=lambda one: one.dec_seq, default=release)

    def lets_stand(self, release: Decision) -> bool:
        """Whether a release that is obeyed may go on: nobody else holds the parcel now, and its own authority has not
        come to hold it."""
        agreed = [word.authority for word in self.words if word.action == "release"]
        own = (word for word in self.words if word.authority == release.authority)
        return self.against(release) is None and all(_effect_of(word, agreed) == "release" for word in own)


NOTHING_SAID: Final = Standing()


@value
class VisitWords:
    """What is to be remembered of a visit over a restart: what authorities have said, and of which identifiers."""

    visit: VisitId
    codes: tuple[str, ...]
    standing: Standing


def size_of(decision: Decision) -> int:
    """Bytes that its text takes in memory: four for each character where one needs more than ASCII."""
    return len(decision.wire) * (1 if decision.wire.isascii() else 4)


def _within_bytes(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """The newest stands first, then the others, the strictest before all."""
    over = sum(size_of(word.decision) for word in words) - BYTES_MAX
    if over <= 0:
        return words
    left = list(words)
    for word in sorted(words[2:], key=lambda one: size_of(one.decision), reverse=True):
        if over <= 0 or size_of(word.decision) < LONG_BYTES:
            break
        left.remove(word)
        over -= size_of(word.decision)
    return tuple(left)


def _strictest_first(words: Iterable[Word]) -> tuple[Word, ...]:
    return tuple(sorted(words, key=lambda word: (_rank(word.action), word.authority)))


def _effect_of(word: Word, agreed: Sequence[str]) -> Action:
    pending = word.action == "release" and any(party not in agreed for party in word.decision.needs)
    return "hold" if pending else word.action


def _rank(action: Action) -> int:
    return STRICTNESS.index(action)
