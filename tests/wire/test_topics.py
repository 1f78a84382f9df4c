"""Topics of the contract §6."""

import pytest

from edge.wire.topics import HubTopics, Topics, root
from hub_config.names import GatewayId, HubId, LineId

LIVE = Topics("live", HubId("MY-KUL-1"), GatewayId("gw-03"))


def test_topics_are_those_of_the_contract() -> None:
    assert LIVE.event(LineId("l1")) == "ehub/v1/MY-KUL-1/evt/l1/gw-03"
    assert LIVE.ack == "ehub/v1/MY-KUL-1/ack/gw-03"
    assert LIVE.nak == "ehub/v1/MY-KUL-1/nak/gw-03"
    assert LIVE.decision == "ehub/v1/MY-KUL-1/dec/gw-03"
    assert LIVE.health == "ehub/v1/MY-KUL-1/health/gw-03"
    assert LIVE.own_state == "ehub/v1/MY-KUL-1/state/gateway/gw-03"
    assert LIVE.state("coordinator", "co-1") == "ehub/v1/MY-KUL-1/state/coordinator/co-1"


def test_practice_has_another_root_and_replay_has_none() -> None:
    assert root("practice", HubId("MY-KUL-1")) == "ehub-practice/v1/MY-KUL-1"
    with pytest.raises(ValueError, match="never published"):
        root("replay", HubId("MY-KUL-1"))


@pytest.mark.parametrize("name", ["", "a/b", "+", "#", "a b", "a.b", "a\n", "é"])
def test_a_name_that_would_change_the_topic_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="topic level"):
        LIVE.event(LineId(name))
    with pytest.raises(ValueError, match="topic level"):
        root("live", HubId(name))


def test_the_coordinator_learns_line_and_gateway_from_the_topic() -> None:
    hub = HubTopics("practice", HubId("MY-KUL-1"))

    assert hub.events == "ehub-practice/v1/MY-KUL-1/evt/+/+"
    assert hub.event_origin("ehub-practice/v1/MY-KUL-1/evt/l1/gw-03") == ("l1", "gw-03")
    assert hub.event_origin("ehub/v1/MY-KUL-1/evt/l1/gw-03") is None
    assert hub.event_origin("ehub-practice/v1/MY-KUL-1/evt/l1/gw-03/x") is None
    assert hub.state_origin("ehub-practice/v1/MY-KUL-1/state/gateway/gw-03") == "gw-03"
    assert hub.state_origin("ehub-practice/v1/MY-KUL-1/state/coordinator/co") is None
    assert hub.gateway(GatewayId("gw-03")).mode == "practice"
