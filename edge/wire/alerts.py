"""`alert/{kind}/{from}`: somebody has to act now (contract §6).

A gateway's is bare JSON, a coordinator's signed like an `ack`. Nothing follows from either by itself: the fact is in
the signed events.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from edge.core.effects import Alert
from edge.wire.canonical import canonical
from edge.wire.topics import Topics
from edge.wire.utc import rfc3339


class AlertData(BaseModel):
    v: Literal[1]
    kind: Literal["recall"]
    hub: str
    gw: str
    mode: Literal["live", "practice", "replay"]
    visit: str
    dec: str
    line: str
    bay: str
    t: str


class HubAlertData(BaseModel):
    """`data` of a coordinator's alert; its kind is in the topic, and what else it tells depends on it: place in a log
    (`tamper`, `gap`), visit and last known place (`offline_conflict`), two shares (`parity`)."""

    model_config = ConfigDict(extra="allow")
    v: Literal[1]
    hub: str
    mode: Literal["live", "practice", "replay"]
    gw: str | None = None
    epoch: int | None = None
    seq: int | None = None
    visit: str | None = None


def build_alert(alert: Alert, topics: Topics) -> bytes:
    return canonical(
        {
            "v": 1, "kind": alert.kind, "hub": topics.hub, "gw": topics.gateway, "mode": topics.mode,
            "visit": alert.visit, "dec": alert.dec, "line": alert.line, "bay": alert.bay,
            "t": rfc3339(alert.seen_us),
        }
    )  # fmt: skip
