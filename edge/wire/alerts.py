"""`alert/{kind}/{from}`: somebody has to act now (contract §6).

Unsigned, and nothing follows from it by itself: the fact is in the signed events.
"""

from typing import Literal

from pydantic import BaseModel

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


def build_alert(alert: Alert, topics: Topics) -> bytes:
    return canonical(
        {
            "v": 1, "kind": alert.kind, "hub": topics.hub, "gw": topics.gateway, "mode": topics.mode,
            "visit": alert.visit, "dec": alert.dec, "line": alert.line, "bay": alert.bay,
            "t": rfc3339(alert.seen_us),
        }
    )  # fmt: skip
