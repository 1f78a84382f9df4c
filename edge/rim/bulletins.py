"""What a gateway tells beside its events: its newest checkpoint, its health, alerts.

None of it is evidence that must not be lost: the facts are in the journal. So it has no window and no resending; the
checkpoint is retained, and told again to every broker that is connected to later.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

from edge.core.effects import Alert
from edge.rim.broker_link import BrokerLink
from edge.wire.alerts import build_alert
from edge.wire.health import Health, build_health
from edge.wire.topics import Topics
from hub_config.names import SECOND, Instant

ALERTS_MAX: Final = 100
"""Alerts that wait for the broker; past it the oldest is dropped. What they tell of is in the events."""
ALERT_EXPIRY_S: Final = 3_600
HEALTH_EVERY: Final = 5 * SECOND
HEALTH_EXPIRY_S: Final = 15


class Bulletins:
    """Owned by the uplink's thread."""

    def __init__(self, topics: Topics, health: Callable[[], Health] | None) -> None:
        self._topics = topics
        self._health = health
        self._health_due = Instant(0)
        self._alerts: deque[Alert] = deque(maxlen=ALERTS_MAX)
        self._checkpoint = b""
        self._checkpoint_due = False

    def take(self, item: bytes | Alert) -> None:
        """A checkpoint's message, or an alert."""
        if isinstance(item, Alert):
            self._alerts.append(item)
        else:
            self._checkpoint, self._checkpoint_due = item, True

    def opened(self) -> None:
        """A new connection, perhaps to a broker that has never heard the checkpoint."""
        self._checkpoint_due = bool(self._checkpoint)

    def tell(self, link: BrokerLink, at: Instant, *, halted: bool) -> None:
        """`halted`: this journal's epoch is over, and nothing more is said of it."""
        if not link.is_open:
            return
        if self._health is not None and at >= self._health_due:
            told = build_health(self._health())
            link.publish(self._topics.health, told, expiry_s=HEALTH_EXPIRY_S, qos=0)
            self._health_due = Instant(at + HEALTH_EVERY)
        if self._checkpoint_due and not halted:
            self._checkpoint_due = (
                link.publish(self._topics.checkpoint, self._checkpoint, retain=True) is None
            )
        while self._alerts:
            alert = self._alerts[0]
            topic, told = self._topics.alert(alert.kind), build_alert(alert, self._topics)
            if link.publish(topic, told, expiry_s=ALERT_EXPIRY_S) is None:
                return
            self._alerts.popleft()
