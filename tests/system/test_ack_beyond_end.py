"""A signed ack of events that the journal does not hold: the line comes back by itself, in the next epoch.

The gateway can't know whether its disk has lost them or the coordinator is mistaken; either way nothing may go out
under numbers that the coordinator knows for other events.
"""

from pathlib import Path

import pytest
from live_hub import LABELS, WELL_KNOWN_KEY, LiveHub, wait_for
from nacl.signing import SigningKey
from serial_peers import HEAVY

from edge.commands import run
from edge.wire.chain import ZERO_ID
from edge.wire.messages import Ack, build_ack
from edge.wire.signing import Signer
from edge.wire.topics import Topics
from hub_config.hub import HubConfig
from hub_config.names import GatewayId, HubId, Instant
from simulators.contract.peer import Peer

HUB, GATEWAY = HubId("MY-KUL-1"), GatewayId("gw-01")
TOPICS = Topics("practice", HUB, GATEWAY)


def acknowledge(hub: LiveHub, epoch: int, through_seq: int) -> None:
    """As a coordinator does that was restored from somewhere else: signed, and retained."""
    peer = Peer("127.0.0.1", hub.broker_port, "mistaken", (TOPICS.ack,))
    signer = Signer(SigningKey(WELL_KNOWN_KEY))
    peer.tell(
        TOPICS.ack, build_ack(Ack(epoch, through_seq, ZERO_ID), HUB, GATEWAY, "practice", signer), retain=True
    )
    peer.close()


@pytest.mark.system
def test_the_line_comes_back_by_itself(tmp_path: Path) -> None:
    with LiveHub(tmp_path) as hub:
        hub.start()
        hub.release(LABELS[0])
        hub.measure(LABELS[1], HEAVY)
        held = str(hub.wait_state("hold", "inspect", "ask")["visit"])
        hub.take_to("HUBXOPEN")
        hub.wait_settled()

        acknowledge(hub, 1, 9_000)
        sealed = hub.gateway.data / "journal-epoch-1-contradicted.db"
        wait_for(sealed.exists, "the journal is put away, with nobody near")
        wait_for(
            lambda: hub.gateway.said().count("the gateway keeps the file as evidence") > 0, "it says why"
        )
        hub.wait_online()
        hub.release(LABELS[2])
        hub.wait_empty()
        hub.scan(LABELS[1])
        hub.wait_screen("the parcel from before is known", lambda bench: bench["visit"] == held)
        hub.wait_settled()

        events = [data for data in hub.coordinator.events() if data["epoch"] == 2]
        assert (events[0]["kind"], events[0]["note"]["journal"]) == ("gateway.mode", "begun_anew")
        assert hub.gateway.stop() == 0


def test_a_coordinator_that_contradicts_every_journal_has_it_begun_anew_now_and_then_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[tuple[Instant, str | None]] = []

    def one_run(
        _written: HubConfig, _data: Path, record: Path | None, _stopping: object, anew_from: Instant, *,
        as_written: bool,
    ) -> int | None:  # fmt: skip
        waited.append((anew_from, None if record is None else record.name))
        return None if len(waited) < 3 and as_written else 0

    monkeypatch.setattr(run, "_one_run", one_run)
    monkeypatch.setattr("edge.commands.run.clock.now", lambda: Instant(5))

    assert run._run(None, tmp_path, tmp_path / "trace", as_written=True) == 0  # type: ignore[arg-type]

    later = Instant(5 + run.ANEW_EVERY)
    assert waited == [(0, "trace"), (later, "trace.2"), (later, "trace.3")]
