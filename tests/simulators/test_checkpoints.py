"""The coordinator as witness: what it countersigns, what waits, what it refuses; against the gateway's own code."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gateway_chain import SIGNER, checked, links
from nacl.signing import SigningKey

from edge.wire.checkpoint import (
    Log,
    build_checkpoint,
    checkpoint_body,
    note_holds,
    parse_countersigned,
    sign_note,
)
from edge.wire.merkle import RightEdge, leaf_hash
from edge.wire.signing import Signer, TrustStore
from edge.wire.verifier import Refused
from simulators.coordinator import checkpoints
from simulators.coordinator.checkpoints import Told, Verdict
from simulators.coordinator.letters import Letters
from simulators.coordinator.store import Store

ROOT = "ehub-practice/v1/MY-KUL-1"
LOG = Log("practice", "MY-KUL-1", "gw-01", 1)
LINKS = links(40)
COORDINATOR = SigningKey(bytes(range(32)))
LETTERS = Letters("MY-KUL-1", "co-1", COORDINATOR)


class Trusted:
    kid, public_key, holder = LETTERS.kid, LETTERS.public, "coordinator"
    roles, modes, authorities = ("ack",), ("practice",), None


class Office:
    """A store with its witness, and events of one gateway."""

    def __init__(self, path: Path) -> None:
        self.store = Store(path)
        self.witness = self.store.witness(ROOT)

    def hold(self, first: int, last: int) -> None:
        with self.store.transaction():
            for link in LINKS[first - 1 : last]:
                self.store.receive(checked(link), now_us=0)

    def take(self, told: Told) -> bool:
        with self.store.transaction():
            return self.witness.take("gw-01", told)

    def judge(self) -> Verdict:
        with self.store.transaction():
            through = self.store.cursor("gw-01", 1).through_seq
            return self.witness.judge("gw-01", 1, through, LETTERS.countersignature, 1_795_306_502)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path / "coordinator.sqlite")
    yield made
    made.store.close()


def message(size: int, root: bytes | None = None, log: Log = LOG, signer: Signer = SIGNER) -> dict[str, Any]:
    edge = RightEdge()
    for link in LINKS[:size]:
        edge.add(leaf_hash(link.body))
    note = sign_note(checkpoint_body(log, size, root or edge.root), log.origin, signer)
    told: dict[str, Any] = json.loads(build_checkpoint(log, size, note, signer))
    return told


def read(office: Office, told: dict[str, Any]) -> Told:
    return office.witness.read(told, "gw-01", SIGNER.public_b64)


def test_a_checkpoint_over_what_is_held_is_countersigned_and_the_gateway_believes_it(office: Office) -> None:
    office.hold(1, 40)
    assert office.take(read(office, message(37)))
    assert office.judge() == "countersigned"

    ckpt: Any = office.witness.newest("gw-01", 1)
    told = parse_countersigned(
        ckpt["size"], ckpt["root"], ckpt["line"], LOG, LETTERS.kid, TrustStore([Trusted()])
    )
    body = checkpoint_body(LOG, 37, told.root)
    assert told.size == 37
    assert note_holds(f"{body}\n{told.line}", body, None, LETTERS.public)
    assert not office.take(read(office, message(37)))
    assert office.witness.waiting() == []


def test_a_checkpoint_waits_for_its_events_and_only_the_newest_does(office: Office) -> None:
    office.hold(1, 10)
    office.take(read(office, message(20)))
    assert office.judge() == "waits"
    office.take(read(office, message(30)))
    office.hold(12, 40)  # 11 is missing
    assert office.judge() == "waits"
    office.hold(11, 11)

    assert office.judge() == "countersigned"
    ckpt = office.witness.newest("gw-01", 1)
    assert ckpt is not None
    assert ckpt["size"] == 30


def test_a_checkpoint_over_other_events_is_never_countersigned(office: Office) -> None:
    office.hold(1, 40)
    office.take(read(office, message(40, root=bytes(32))))

    assert office.judge() == "contradicts"
    assert office.witness.newest("gw-01", 1) is None
    assert office.judge() == "old"


def test_one_that_comes_too_late_is_left(office: Office) -> None:
    office.hold(1, 40)
    office.take(read(office, message(30)))
    assert office.judge() == "countersigned"
    office.take(read(office, message(20)))

    assert office.judge() == "old"


def test_a_long_log_is_grown_in_slices_and_goes_on_after_a_start(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "GROWN_AT_ONCE", 15)
    office.hold(1, 40)
    office.take(read(office, message(40)))
    assert [office.judge(), office.judge()] == ["waits", "waits"]
    office.store.close()

    again = Office(tmp_path / "coordinator.sqlite")
    assert again.witness.waiting() == [("gw-01", 1)]
    assert again.judge() == "countersigned"
    again.store.close()


STRANGER = Signer(SigningKey(bytes(range(3, 35))))


@pytest.mark.parametrize(
    ("told", "fault"),
    [
        (message(5, signer=STRANGER), "the signature of the message is not good"),
        (
            message(5, log=Log("practice", "MY-KUL-1", "gw-02", 1)),
            "its origin is ehub-practice/v1/MY-KUL-1/gw-02/e1",
        ),
        (message(5, log=Log("live", "MY-KUL-1", "gw-01", 1)), "its origin is ehub/v1"),
        (message(5) | {"ehubsig": "x"}, "ehubsig is not 64 bytes"),
        (message(5) | {"data": 5}, "data is missing"),
        ({}, "data is missing"),
        ({"data": {"epoch": 1, "note": "x", "size": 1}}, "ehubsig is not 64 bytes"),
    ],
)
def test_anything_but_a_good_checkpoint_is_refused(office: Office, told: dict[str, Any], fault: str) -> None:
    with pytest.raises(Refused, match=f"bad_checkpoint: {fault}"):
        read(office, told)
