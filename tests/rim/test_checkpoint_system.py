"""Checkpoints over a real broker: signed here, countersigned there, kept here, and one that is wrong."""

from pathlib import Path

import pytest
from hub_rig import hub, wait_for

from edge.rim.journal import JournalReader

pytestmark = pytest.mark.system


def test_a_checkpoint_comes_back_countersigned_and_is_kept(tmp_path: Path) -> None:
    with hub("mosquitto", tmp_path) as (broker, coordinator, gateway):
        gateway.tell(30)
        wait_for(lambda: gateway.journal.keeping().countersigned == 30, "the first is countersigned")
        broker.kill()
        gateway.tell(20)
        broker.restart(wipe=True)
        wait_for(
            lambda: gateway.journal.keeping().countersigned == 50, "the second too, through a new broker"
        )
        coordinator.kill()
        coordinator.start()
        gateway.tell(10)
        wait_for(lambda: gateway.journal.keeping().countersigned == 60, "and by a coordinator started again")
        wait_for(lambda: gateway.settled(60), "all acknowledged")
        assert gateway.uplink.figures().rejected == ()
        assert coordinator.counts()["rejected"] == {}
        path = gateway.path

    reader = JournalReader(path)
    verified = reader.verify()
    reader.close()
    assert (verified.events, verified.countersigned) == (60, 60)
