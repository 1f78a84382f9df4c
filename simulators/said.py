"""What authorities have said last of each visit, as the journal is given it: for the checkers of a run."""

from edge.core.decision import Decision
from edge.core.standing import VisitWords
from hub_config.names import LaneId, VisitId


class Said:
    def __init__(self) -> None:
        self._words: dict[VisitId, tuple[Decision, ...]] = {}

    def hear(self, kept: VisitWords) -> None:
        self._words[kept.visit] = tuple(word.decision for word in kept.standing.words)
        if not kept.standing.words:
            self.forget(kept.visit)

    def forget(self, visit: VisitId) -> None:
        self._words.pop(visit, None)

    def against(self, visit: VisitId, since_us: int = 0) -> str:
        """Who stands against a release: those who have said anything else, and those whom a release waits for.
        `since_us`: only what is valid then (UTC); a stop that was over when it came moves nothing in its pass."""
        words = self._words.get(visit, ())
        valid = [word for word in words if word.valid_until_us >= since_us]
        agreed = {word.authority for word in words if word.action == "release" or word not in valid}
        needed = {party for word in valid if word.action == "release" for party in word.needs}
        return ", ".join(sorted(({word.authority for word in valid} | needed) - agreed))


def lets_go(decision: Decision | None, lane: LaneId) -> bool:
    """It is a release into this lane, and waits for nobody."""
    if decision is None:
        return False
    return (decision.action, decision.needs, decision.route) == ("release", (), lane)
