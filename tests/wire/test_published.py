"""What the uplink publishes of a row: the very bytes of the general way, and the topic of its line."""

from dataclasses import dataclass, replace

import pytest
from wire_samples import CONTEXT, DECISION_BYTES, SIGNER, VISIT, departed, device_changed, measured

from edge.core.decision import Conditions, Decision
from edge.core.event import Event
from edge.wire.canonical import ZERO_ID, WireError
from edge.wire.chain import Chain
from edge.wire.envelope import event_payload
from edge.wire.published import TOPICS_KEPT, Publications
from edge.wire.topics import Topics
from hub_config.names import LaneId, LineId

TOPICS = Topics("live", CONTEXT.hub, CONTEXT.gateway)
DECISION = Decision(
    "01a2009b-3881-7000-8000-000000000001", 1, VISIT, None, ZERO_ID, "release", (), LaneId("green"), "customs",
    Conditions(), (), 1, 2, "hub", DECISION_BYTES.decode(), SIGNER.kid, SIGNER.sign(DECISION_BYTES),
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    seq: int
    id: str
    body: bytes
    sig: str | None
    kid: str | None
    line: str
    visit: str | None
    kind: str


def row_of(event: Event) -> Row:
    link = Chain(CONTEXT, SIGNER, 9_007).append(event)
    line = "gw" if event.visit is None else event.line
    return Row(link.seq, link.id, link.body, link.sig, link.kid, line, event.visit, event.kind)


@pytest.mark.parametrize(
    "event",
    [
        measured(),
        departed(),
        device_changed(),
        replace(departed(), decision=DECISION),
        replace(departed(), decision=replace(DECISION, voucher=True)),
        replace(device_changed(), note=(("t", "2026-11-22T00:15:02.123456Z"), ("t_src", "x"))),
        replace(device_changed(), note=(("reason", ',"t":"1999-11-22T00:15:02.123456Z","t_src":"'),)),
    ],
)
@pytest.mark.parametrize("signed", [True, False])
def test_a_row_is_published_as_the_same_bytes_as_from_its_body_alone(event: Event, signed: bool) -> None:
    row = row_of(event)
    row = row if signed else replace(row, sig=None, kid=None)
    expected = event_payload(row.body, row.id, row.sig, row.kid)

    assert Publications(TOPICS, CONTEXT.epoch).payload(row) == expected


def test_an_event_too_long_for_a_message_is_refused() -> None:
    row = row_of(measured())

    with pytest.raises(WireError, match="too_large"):
        Publications(TOPICS, CONTEXT.epoch).payload(replace(row, id="x" * 70_000))


def test_topics_are_made_once_a_line_and_anew_past_the_bound() -> None:
    publications = Publications(TOPICS, CONTEXT.epoch)
    row = row_of(measured())
    for number in range(3 * TOPICS_KEPT):
        line = f"b{number}"
        assert publications.topic(replace(row, line=line)) == TOPICS.event(LineId(line))

    assert len(publications._topics) <= TOPICS_KEPT
    assert publications.topic(row_of(device_changed())) == TOPICS.event(LineId("gw"))
