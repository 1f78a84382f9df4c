"""What the hub's IT sends over the broker: configurations, and orders for scales with their results (contract §6).

The uplink's: it hands over what arrives under `cfg` and `cmd` and lets this tell results. A key is carried out once:
the same command again gets the same result. Nothing here touches a parcel, and there is no command that releases.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from drivers.reading import OrderAnswered
from drivers.tap import Tap
from edge.core.event import WallTime
from edge.core.inputs import ConfigOffered, Input
from edge.rim.broker_link import BrokerLink
from edge.rim.offered_config import OfferedConfig
from edge.wire.canonical import WireError
from edge.wire.it_orders import DeviceCommand, Outcome, Result, ScaleWord, build_result, parse_command
from edge.wire.signing import Signer, TrustStore
from edge.wire.topics import Topics
from hub_config.names import MILLISECOND, SECOND, DeviceId, Instant

KEYS_MAX: Final = 1_000
"""Commands whose result is remembered; past it the oldest is forgotten, long after it has expired."""
UNDER_WAY_MAX: Final = 16
"""Commands that wait for their device; further ones are refused."""
ANSWER: Final = 3 * SECOND
LOOK_EVERY: Final = 50 * MILLISECOND
VALID_MAX_US: Final = 60_000_000
"""A command that claims to be good for longer is refused: one that was held back must not zero a scale tomorrow."""
RESULT_EXPIRY_S: Final = 30

log = logging.getLogger("hub.config")


class Scales(Protocol):
    """`edge.rim.device_desk.Devices`."""

    def tap(self, device: DeviceId) -> Tap | None: ...
    def order(self, device: DeviceId, order: ScaleWord) -> int | None: ...


class CoreSink(Protocol):
    def put(self, given: Input) -> None: ...


@dataclass(slots=True)
class _UnderWay:
    command: DeviceCommand
    tap: Tap
    position: int
    number: int
    due: Instant


class ItDesk:
    def __init__(
        self, offered: OfferedConfig, scales: Callable[[], Scales], trust: TrustStore, topics: Topics, signer: Signer,
        core: CoreSink, wall: Callable[[], WallTime],
    ) -> None:  # fmt: skip
        self._offered = offered
        self._scales = scales
        self._trust = trust
        self._topics = topics
        self._signer = signer
        self._core = core
        self._wall = wall
        self._known: dict[str, Result | None] = {}
        """By key; None while it is under way."""
        self._under_way: list[_UnderWay] = []
        self._results: list[Result] = []
        """To be published."""

    @property
    def subscriptions(self) -> tuple[str, str]:
        return self._topics.config, self._topics.commands

    def wake_at(self, at: Instant) -> Instant | None:
        return Instant(at + LOOK_EVERY) if self._under_way else None

    def arrived(self, topic: str, payload: bytes, at: Instant) -> bool:
        """False if it is not for IT's desk. Raises WireError."""
        if topic == self._topics.config:
            self._take_config(payload, at)
            return True
        device = self._topics.commanded(topic)
        if device is None:
            return False
        address = self._topics.hub, self._topics.gateway, self._topics.mode
        command = parse_command(payload, self._trust, *address)
        if command.device != device:
            raise WireError("wrong_device", f"it is for {command.device}; its topic says {device:.64}")
        self._take_command(command, at)
        return True

    def tend(self, link: BrokerLink, at: Instant) -> None:
        """Looks for answers of devices, and tells results. One that is not told is asked for again by its key."""
        for one in list(self._under_way):
            result = _answer(one) or (_unanswered(one) if at >= one.due else None)
            if result is not None:
                self._under_way.remove(one)
                self._settle(result)
        while self._results and link.is_open:
            result = self._results[0]
            message = build_result(result, self._topics, self._signer)
            if link.publish(self._topics.result(result.device), message, expiry_s=RESULT_EXPIRY_S) is None:
                return
            self._results.pop(0)

    def _take_config(self, payload: bytes, at: Instant) -> None:
        try:
            taken = self._offered.take(payload)
        except OSError as fault:
            log.error("an offered configuration can't be kept: %s", fault)
            return
        if taken is None:
            return
        offered, refused = taken
        what = "is used from the next start on" if refused is None else f"is refused: {refused}"
        log.log(
            logging.INFO if refused is None else logging.ERROR, "configuration %d %s", offered.version, what
        )
        self._core.put(ConfigOffered(at, offered.version, offered.digest, refused))

    def _take_command(self, command: DeviceCommand, at: Instant) -> None:
        now = self._wall()
        known = self._known.get(command.key, command)
        if known is None:
            return  # under way: its result follows
        if isinstance(known, Result):
            self._tell(known)
            return
        if now.utc_us + now.unc_us > command.until_us or command.until_us > now.utc_us + VALID_MAX_US:
            raise WireError(
                "command_late", f"it is good until {command.until_us} µs; here it is {now.utc_us}"
            )
        if len(self._known) >= KEYS_MAX:
            del self._known[next(iter(self._known))]
        self._known[command.key] = None
        scales = self._scales()
        tap = scales.tap(command.device)
        if tap is None or len(self._under_way) >= UNDER_WAY_MAX:
            detail = (
                "no such device" if tap is None else f"{UNDER_WAY_MAX} commands are under way; send it again"
            )
            self._settle(Result(command.device, command.key, "refused", detail))
            return
        position = tap.position
        number = scales.order(command.device, command.command)
        if number is None:
            self._settle(Result(command.device, command.key, "refused", "it is no scale"))
        else:
            self._under_way.append(_UnderWay(command, tap, position, number, Instant(at + ANSWER)))

    def _settle(self, result: Result) -> None:
        if result.key in self._known:
            self._known[result.key] = result
        self._tell(result)

    def _tell(self, result: Result) -> None:
        if result not in self._results:
            self._results.append(result)


def _answer(one: _UnderWay) -> Result | None:
    while True:
        since = one.tap.since(one.position)
        one.position = since.position
        for readings in since.readings.values():
            for reading in readings:
                if isinstance(reading, OrderAnswered) and reading.order == one.number:
                    outcome: Outcome = "done" if reading.accepted else "refused"
                    return Result(one.command.device, one.command.key, outcome, reading.detail)
        if not since.records:
            return None


def _unanswered(one: _UnderWay) -> Result:
    detail = "its port is not open, or it takes no orders"
    return Result(one.command.device, one.command.key, "unanswered", detail)
