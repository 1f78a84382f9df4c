"""A bench that several authorities tell about its parcels, compared with `release_model.py` at each step."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench_driver import S10, S10_B, SSCC
from chaos_bench import ENTROPY, Chaos
from release_model import ReleaseModel

from edge.core.decision import Action, Decision
from edge.core.effects import KeepWords, Record
from edge.core.event import Event
from edge.core.gateway import Gateway
from edge.core.inputs import DecisionArrived, Input
from edge.core.standing import VisitWords
from edge.core.visits import Recovered, Remembered
from hub_config.names import LaneId, VisitId
from simulators.checkers import Checkers

NAMES = (S10, S10_B, SSCC)
OTHER_HUB_S_GATEWAY = "01a0009b-37eb-7cc0-9f2a-"


@dataclass(frozen=True)
class Said:
    """A decision, but for what it is about. `times`: seconds of validity. `number`: `new`, `older`, `same`; `again`:
    the very same decision. `joins`: the parcel to another visit, which lies in a bay `here` or is known `elsewhere`."""

    action: Action
    who: str
    needs: tuple[str, ...] = ()
    times: tuple[float, float] = (-1.0, 60.0)
    number: str = "new"
    joins: str = ""
    cond: str | None = None


class ChaosWords(Chaos):
    def __init__(self) -> None:
        self.model = ReleaseModel()
        self.kept: dict[VisitId, VisitWords] = {}
        self.said: list[Decision] = []
        self.laid: list[VisitId] = []
        """In a bay, at some time."""
        self.undisturbed = True
        self.other_labels: set[VisitId] = set()
        """Beside these another's label was scanned."""
        super().__init__()

    def give(self, given: Input) -> None:
        self.model.given(given)
        effects = self.gateway.step(given)
        for effect in effects:
            if isinstance(effect, Record):
                self._judge(effect.event)
            elif isinstance(effect, KeepWords):
                self.kept[effect.words.visit] = effect.words
            self._take(effect)
            self.model.told([effect])
        self.checkers.after_step(effects, self.gateway)
        if not self.hold_commits:
            self.commit()
            self._look()

    def _judge(self, event: Event) -> None:
        if (
            event.act is None
            or event.visit is None
            or event.kind not in ("parcel.decided", "parcel.diverted")
        ):
            return
        if event.act.lane != "green":
            self.laid.extend([event.visit] if event.act.confirmed else [])
            return
        assert event.decision is not None
        why = self.model.why_not(event.decision, event.visit, self.now)
        waits = event.kind == "parcel.decided" and why == "its time has not come"
        assert why is None or waits, f"{event.kind} into the free lane by {event.decision.dec}, but {why}"

    def _look(self) -> None:
        """The screen says RELEASE where that may stand, and wherever it must."""
        visit = None if self.view is None else self.view.visit
        if self.view is None or visit is None:
            return
        due = self.model.due(visit, self.now)
        if self.view.state == "release":
            told = [
                one.decision
                for one in self.events
                if self._is_of(one, visit) and one.kind == "parcel.decided"
            ]
            assert told[-1] is not None
            why = self.model.why_not(told[-1], visit, self.now)
            assert why is None, f"RELEASE is shown by {told[-1].dec}, but {why}"
        elif (
            due is not None
            and self.undisturbed
            and not any(self._is(one, visit) for one in self.other_labels)
        ):
            raise AssertionError(f"{due.dec} of {due.authority} lets it go, but {self.view}")

    def _is(self, one: VisitId | None, visit: VisitId) -> bool:
        return one is not None and visit in (one, self.model.into.get(one))

    def _is_of(self, event: Event, visit: VisitId) -> bool:
        return self._is(event.visit, visit)

    def _check_move(self, event: Event) -> None:
        assert event.visit not in self.departed, "a visit departs once, and for good"

    # Steps ------------------------------------------------------------------------------------------

    def scan(self, data: str, aim: str | None = None) -> "ChaosWords":
        stay = (
            None if self.view is None or self.view.visit is None else self.model.passes.get(self.view.visit)
        )
        if stay is not None and data in NAMES and data not in stay.codes:
            self.other_labels.add(self.view.visit)  # type: ignore[union-attr, arg-type]  # the one that is measured
        super().scan(data, aim)
        return self

    def say(self, said: Said, back: int = 0, route: str | None = None) -> None:
        """On the last measurement but `back`."""
        if len(self.asked) <= back:
            return
        minted, asked = self.asked[-1 - back]
        visit, was = self._names(minted, said.joins)
        self.dec_seq += said.number != "same"
        decision = Decision(
            dec=f"dec-{self.dec_seq}-{len(self.said)}", visit=visit, was=was, answers=asked, action=said.action,
            dec_seq=max(1, self.dec_seq - 3) if said.number == "older" else max(1, self.dec_seq),
            reasons=() if said.action == "release" else ("risk_profile",), authority=said.who, needs=said.needs,
            route=LaneId(route or ("green" if said.action == "release" else "hold")),
            conditions=self._conditions(said.cond), valid_from_us=self.now_us + int(said.times[0] * 1e6),
            valid_until_us=self.now_us + int(said.times[1] * 1e6), wire="{}", kid="k", sig="s", clock="customs",
        )  # fmt: skip
        if said.number == "again" and self.said:
            decision = self.said[-1]
        self.said.append(decision)
        self.authority_of[decision.dec] = decision.authority
        self.give(DecisionArrived(self.at, decision))

    def _names(self, minted: VisitId, joins: str) -> tuple[VisitId, VisitId | None]:
        """The visit that a decision about this one names, and its `was`."""
        older = self.model.into.get(minted)
        if older is not None:
            return older, minted
        if joins == "elsewhere" and minted not in self.model.into.values():
            return VisitId(f"{OTHER_HUB_S_GATEWAY}{len(self.said):012}"), minted
        in_bays = [one for one in self.laid if one != minted and one in self.gateway._visits._code_of]
        return (in_bays[-1], minted) if joins == "here" and in_bays else (minted, None)

    def change_link(self, broker: bool, coordinator: bool) -> None:
        self.undisturbed = False
        super().change_link(broker, coordinator)

    def trouble(self) -> None:
        self.undisturbed = False
        super().trouble()

    def set_wall(self, off_s: float, unc_us: int) -> None:
        self.undisturbed = False
        super().set_wall(off_s, unc_us)

    def restart(self) -> None:
        self.undisturbed = False
        super().restart()

    def _begin(self, left_open: Sequence[Recovered]) -> None:
        self.model.passes.clear()
        super()._begin(tuple(left_open))

    def _new_gateway(self, left_open: tuple[Recovered, ...]) -> None:
        words = tuple(one for one in self.kept.values() if one.standing.words)
        remembered = Remembered(words=words)
        self.gateway = Gateway(self.config, ENTROPY + bytes([self.runs]), left_open, remembered=remembered)
        self.checkers = Checkers(self.config.benches)
