"""The board's events from their frames to `Told` values: in order, none missed unseen, stamps in 64-bit ticks."""

from typing import assert_never

from firmware_bridge.clocksync import BoardClock
from firmware_bridge.health import HealthWatch
from firmware_bridge.link import EventOrder, Lost
from firmware_bridge.messages import (
    Boot,
    Edge,
    Enc,
    Event,
    GetEvents,
    GetEventsReply,
    Health,
    Reply,
    Safe,
)
from firmware_bridge.told import EventTold, LostTold, Told
from hub_config.names import Instant

Outcome = Told | Safe


class EventStream:
    """Events of one boot at a time. A `Safe` is handed on as it is: what it means is the session's business."""

    def __init__(self) -> None:
        self._order = EventOrder()
        self._health = HealthWatch()
        self._clock: BoardClock | None = None

    @property
    def gap(self) -> bool:
        return self._order.gap

    @property
    def due(self) -> Instant | None:
        return self._order.due

    @property
    def restarted_unseen(self) -> bool:
        return self._order.restarted_unseen

    def restart(self, clock: BoardClock) -> None:
        self._clock = clock
        self._order.restart()
        self._health.restart()

    def resume(self, ring: int, at: Instant) -> None:
        self._order.resume(ring, at)

    def suspect(self, at: Instant) -> None:
        self._order.suspect(at)

    def take(self, event: Event, at: Instant) -> list[Outcome]:
        return self._all(self._order.take(event, at), at)

    def missing(self, at: Instant) -> tuple[GetEvents | None, list[Outcome]]:
        """What to ask for now, and what came free because it is lost for good."""
        freed: list[Outcome] = []
        while isinstance(given := self._order.ask(at), Lost):
            freed += self._lost(given, at)
        return given, freed

    def asked(self, request: GetEvents, at: Instant) -> None:
        self._order.asked(request, at)

    def answered(self, asked: GetEvents, reply: Reply | None, at: Instant) -> list[Outcome]:
        found = reply if isinstance(reply, GetEventsReply) else None
        lost = self._order.answered(asked, found, at)
        return self._lost(lost, at) if lost is not None else []

    def _lost(self, lost: Lost, at: Instant) -> list[Outcome]:
        return [LostTold(lost.count), *self._all(self._order.take_held(), at)]

    def _all(self, events: list[Event], at: Instant) -> list[Outcome]:
        return [outcome for event in events for outcome in self._outcomes(event, at)]

    def _outcomes(self, event: Event, at: Instant) -> list[Outcome]:
        match event:
            case Edge() | Enc():
                assert self._clock is not None, "a boot begins with its clock"
                return [EventTold(event, self._clock.extend(event.t, at))]
            case Health():
                return list(self._health.take(event))
            case Safe():
                return [event]
            case Boot():
                return []  # stands outside the order
            case _ as never:
                assert_never(never)
