"""The evidence capsule: checked by a script that has nothing of the project, and refused where a link is missing."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pytest
from journal_samples import (
    COORDINATOR,
    SIGNER,
    acked,
    contexts,
    event,
    gateway_event,
    numbered,
    visit,
)
from voucher_samples import GATEWAY, HUB, KEY, code_of, published
from voucher_samples import trust as voucher_trust

from edge.commands.export import main as export
from edge.commands.journal import main
from edge.core.decision import Decision
from edge.core.event import Event
from edge.core.voucher import release_on
from edge.rim.capsule import make_capsule
from edge.rim.journal import Journal, JournalFault, JournalReader
from edge.wire.canonical import JsonObject, parse_strict
from edge.wire.envelope import EventContext
from edge.wire.messages import build_decision, parse_decision
from edge.wire.signing import TrustStore
from edge.wire.vouchers import parse_shard
from hub_config.names import GatewayId, HubId, VisitId

ROOT: Final = Path(__file__).parents[2]
SCRIPT: Final = ROOT / "edge/wire/capsule_verifier.py"
GOLDEN: Final = ROOT / "tests/wire/golden/decision.json"
CONFIG: Final = '{"hub":"MY-KUL-1"}'
DIGEST: Final = sha256(CONFIG.encode()).hexdigest()


class Trusted:
    """The coordinator, as a gateway's config names it."""

    kid, public_key, holder = COORDINATOR.kid, COORDINATOR.public_b64, "coordinator"
    roles, modes, authorities = ("release", "hold", "ack"), ("practice",), None


def context(epoch: int) -> EventContext:
    return replace(contexts()(epoch), config_digest=DIGEST)


def decided() -> Event:
    data: JsonObject = parse_strict(GOLDEN.read_bytes()) | {"mode": "practice", "visit": visit(2)}
    payload = build_decision(data, "co-1", COORDINATOR)
    trust = TrustStore([Trusted()])
    decision = parse_decision(payload, trust, HubId("MY-KUL-1"), GatewayId("gw-03"), "practice")
    return replace(event("parcel.decided", 2), decision=decision)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """Three hundred and more events, the visit in the middle, all countersigned."""
    opened = Journal(tmp_path / "journal.db", context, SIGNER)
    opened.remember(CONFIG, DIGEST, [Trusted()])
    others = [event(number=number) for number in range(10, 290)]
    own = [
        event("parcel.arrived", 2),
        event("parcel.measured", 2, codes=["RR473124829MY"]),
        gateway_event(),
        decided(),
        event("parcel.diverted", 2, lane="green"),
        event("parcel.departed", 2, lane="green"),
    ]
    opened.append(numbered([*others, *own, *others[:40]]))
    opened.checkpoint(0)
    opened.acknowledge(acked(opened))
    return opened


def capsule_of(journal: Journal, name: str = visit(2)) -> dict[str, Any]:
    reader = JournalReader(journal.path)
    try:
        made: dict[str, Any] = json.loads(json.dumps(make_capsule(reader, name)))
    finally:
        reader.close()
    return made


def checked(folder: Path, capsule: object, *keys: str) -> tuple[int, str]:
    """By the script alone: a copy of it in an empty folder, and Python without site or project."""
    alone = folder / "alone"
    shutil.rmtree(alone, ignore_errors=True)
    alone.mkdir()
    shutil.copy(SCRIPT, alone)
    (alone / "c.json").write_text(json.dumps(capsule, ensure_ascii=False), "utf-8")
    options = [word for key in keys for word in ("--key", key)]
    told = subprocess.run(
        [sys.executable, "-I", "capsule_verifier.py", "c.json", *options],
        cwd=alone, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.stderr == ""
    return told.returncode, told.stdout.strip()


def test_a_capsule_is_checked_without_the_project(journal: Journal, tmp_path: Path) -> None:
    status, verdict = checked(tmp_path, capsule_of(journal), f"{SIGNER.public_b64}", COORDINATOR.public_b64)

    assert verdict == (
        f"ok: 5 events of visit {visit(2)} and 1 of its gateway, 1 decisions and vouchers, all in the log of 326 "
        "events that the coordinator countersigned at 1795306502 s UTC; mode practice"
    )
    assert status == 0


def departed_on(folder: Path, voucher: Decision) -> dict[str, Any]:
    """The capsule of a parcel that was let go without the coordinator, on its word given in advance."""
    journal = Journal(folder / "journal.db", context, SIGNER)
    journal.remember(CONFIG, DIGEST, [Trusted()])
    journal.append(
        numbered([event("parcel.arrived", 5), replace(event("parcel.departed", 5), decision=voucher)])
    )
    journal.checkpoint(0)
    journal.acknowledge(acked(journal))
    return capsule_of(journal, visit(5))


def issued() -> Decision:
    assert KEY.kid == COORDINATOR.kid
    shard = parse_shard(published(1).shards[0], voucher_trust(), HubId(HUB), GatewayId(GATEWAY), "practice")
    return release_on(shard.vouchers[0], code_of(0), VisitId(visit(5)), "ni:///sha-256;x")


def test_a_voucher_is_checked_like_a_decision(tmp_path: Path) -> None:
    capsule = departed_on(tmp_path, issued())

    status, verdict = checked(tmp_path, capsule, SIGNER.public_b64, COORDINATOR.public_b64)
    assert status == 0, verdict
    assert "of its gateway, 1 decisions and vouchers, all in the log" in verdict
    capsule["keys"][KEY.kid]["roles"] = ["hold", "ack"]
    assert checked(tmp_path, capsule)[1].endswith(f"no trusted key '{KEY.kid}' with the role release")


def test_a_voucher_that_nobody_signed_proves_nothing(tmp_path: Path) -> None:
    """A gateway that made one up, and signed its event."""
    capsule = departed_on(tmp_path, replace(issued(), sig="A" * 86))

    assert checked(tmp_path, capsule) == (
        1,
        "fault: the signature of the voucher in the event with seq 2 is not good",
    )


def test_a_voucher_of_a_key_that_is_not_kept_gives_no_capsule(tmp_path: Path) -> None:
    with pytest.raises(JournalFault, match="the key stranger of the voucher in seq 2 is not kept here"):
        departed_on(tmp_path, replace(issued(), kid="stranger"))


def test_keys_from_the_file_prove_no_origin_and_a_strange_key_nothing(
    journal: Journal, tmp_path: Path
) -> None:
    capsule = capsule_of(journal)

    assert checked(tmp_path, capsule)[1].endswith("so it proves no origin: give --key")
    status, verdict = checked(tmp_path, capsule, SIGNER.public_b64)
    assert status == 1
    assert verdict.endswith(f"there is no trusted key '{COORDINATOR.kid}' with the role ack")


Change = Callable[[dict[str, Any]], object]
CHANGES: dict[str, tuple[Change, str]] = {
    "a field": (lambda c: c["events"][1]["data"].update(flags=["drill"]), "is not what its id says"),
    "a place": (lambda c: c["events"][0]["path"].pop(), "a proof of inclusion is too short"),
    "a longer proof": (lambda c: c["events"][0]["path"].append("A" * 43), "a proof of inclusion is too long"),
    "another proof": (lambda c: c["events"][0].update(path=c["events"][1]["path"]), "not in the log"),
    "a signature": (lambda c: c["events"][0].update(sig=c["events"][1]["sig"]), "the signature of the event"),
    "the visit": (lambda c: c.update(visit=visit(99)), "no event of its visit"),
    "the mode": (lambda c: c.update(mode="live"), "the checkpoint is of another log"),
    "the epoch": (lambda c: c.update(epoch=2), "the checkpoint is of another log"),
    "the size": (
        lambda c: c["checkpoint"].update(note=c["checkpoint"]["note"].replace("\n326\n", "\n327\n")),
        "the signature of the checkpoint is not good",
    ),
    "no countersignature": (lambda c: c["checkpoint"].pop("countersigned"), "countersigned is missing"),
    "another countersignature": (
        lambda c: c["checkpoint"]["countersigned"].update(line="\u2014 co-1 AAAA\n"),
        "a signature line of the checkpoint is of another key",
    ),
    "the config": (lambda c: c["configs"].update({DIGEST: "{}"}), "the configuration of the event"),
    "a decision's role": (lambda c: c["keys"][COORDINATOR.kid].update(roles=["ack"]), "with the role release"),
    "the order": (lambda c: c["events"].reverse(), "the events are not in order"),
    "a float": (lambda c: c["events"][0]["data"].update(seq=1.5), "1.5 is no integer"),
    "a kid": (lambda c: c["keys"].update(x=c["keys"][SIGNER.kid]), "'x' is not the kid of its key"),
    "nothing left": (dict.clear, "capsule is missing or not a int"),
    "half a character": (
        lambda c: c["events"][0]["data"].update(kind="\ud800"),
        "half of a surrogate pair in a text",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_changed_is_found(journal: Journal, tmp_path: Path, name: str) -> None:
    change, fault = CHANGES[name]
    capsule = capsule_of(journal)
    change(capsule)
    if name == "half a character":
        (tmp_path / "c.json").write_text(json.dumps(capsule))
        told = subprocess.run(
            [sys.executable, "-I", SCRIPT, tmp_path / "c.json"], capture_output=True, text=True, check=False
        )
        status, verdict = told.returncode, told.stdout
    else:
        status, verdict = checked(tmp_path, capsule)

    assert (status, fault in verdict) == (1, True), verdict


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{", b"\xff", b'{"a":1,"a":2}', b"[" * 100_000, b'{"capsule":NaN}']
)
def test_what_is_no_capsule_is_refused_in_a_line(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "c.json").write_bytes(raw)
    told = subprocess.run(
        [sys.executable, "-I", SCRIPT, tmp_path / "c.json"], capture_output=True, text=True, check=False
    )

    assert (told.returncode, told.stderr) == (1, "")
    assert told.stdout.startswith("fault: ")


@pytest.mark.usefixtures("journal")
def test_the_command_writes_the_file_and_says_how_to_check_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "evidence.json"

    assert main(["prove", visit(2), "-o", str(out), "--data", str(tmp_path)]) == 0
    assert "check it with: .venv/bin/python edge/wire/capsule_verifier.py" in capsys.readouterr().out
    assert checked(tmp_path, json.loads(out.read_bytes()))[0] == 0
    assert main(["prove", visit(2), "-o", str(tmp_path / "no" / "x"), "--data", str(tmp_path)]) == 1


def test_joined_visits_are_proved_together(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db", context, SIGNER)
    journal.remember(CONFIG, DIGEST, [Trusted()])
    joined = replace(event("visit.joined", 3), note=(("from", visit(3)), ("into", visit(2))))
    journal.append(numbered([event(number=2), event(number=3), joined, event("parcel.identified", 2)]))
    journal.checkpoint(0)
    journal.acknowledge(acked(journal))

    for name, other in ((visit(2), visit(3)), (visit(3), visit(2))):
        capsule = capsule_of(journal, name)
        assert (len(capsule["events"]), capsule["joined"]) == (4, [other])
        assert checked(tmp_path, capsule)[0] == 0


# -- where a link is missing there is no capsule ------------------------------------------------------------------


def test_no_event_no_capsule(journal: Journal) -> None:
    with pytest.raises(JournalFault, match="it has no event of visit nobody"):
        capsule_of(journal, "nobody")


def test_no_countersignature_no_capsule(journal: Journal) -> None:
    journal.append(numbered([event("parcel.arrived", 700)]))
    journal.checkpoint(0)

    with pytest.raises(
        JournalFault, match="has countersigned to seq 326; this visit goes to seq 327: try again"
    ):
        capsule_of(journal, visit(700))


def test_no_configuration_or_key_no_capsule(journal: Journal) -> None:
    journal._connection.execute("DELETE FROM facts WHERE name = 'configs'")
    with pytest.raises(
        JournalFault, match=f"the configuration {DIGEST} of the event with seq 281 is not kept"
    ):
        capsule_of(journal)
    journal.remember(CONFIG, DIGEST, [])
    journal._connection.execute("DELETE FROM facts WHERE name = 'trust'")
    with pytest.raises(JournalFault, match=r"the key .* of the countersignature is not kept"):
        capsule_of(journal)


def test_an_unsigned_event_gives_no_capsule(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db", context, SIGNER, sign_one_in=1_000_000)
    journal.remember(CONFIG, DIGEST, [Trusted()])
    journal.append(numbered([event(number=1)]))
    journal.checkpoint(0)
    journal.acknowledge(acked(journal))

    with pytest.raises(JournalFault, match="the event with seq 1 is not signed; it proves nothing"):
        capsule_of(journal, visit(1))


def test_a_visit_whose_beginning_is_pruned_gives_no_capsule_and_a_later_one_does(journal: Journal) -> None:
    journal.append(numbered([event("parcel.measured", 100), event("parcel.arrived", 900)]))
    journal.checkpoint(0)
    journal.acknowledge(acked(journal))
    assert journal.prune(journal.prunable(None, 0))

    with pytest.raises(JournalFault, match=r"the first events of visit .* are pruned \(seq 256 and before\)"):
        capsule_of(journal, visit(100))
    assert len(capsule_of(journal, visit(900))["events"]) == 1


def test_a_capsule_from_a_pruned_journal_is_whole(journal: Journal, tmp_path: Path) -> None:
    before = capsule_of(journal)
    journal.prune(journal.prunable(None, 0))
    assert journal.keeping().pruned == 256

    assert capsule_of(journal) == before
    assert checked(tmp_path, before)[0] == 0


def test_an_export_from_a_pruned_journal_says_what_is_missing(
    journal: Journal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal.prune(journal.prunable(None, 0))
    out = tmp_path / "events.jsonl"
    words = ["cloudevents", "--data", str(journal.path.parent), "--out", str(out)]

    assert export([*words, "--after", "10"]) == 0
    assert "(seq 11 to 256 have been pruned and are missing)" in capsys.readouterr().err
    assert json.loads(out.read_text().splitlines()[0])["data"]["seq"] == 257
    assert export(words) == 0
    assert "pruned" not in capsys.readouterr().err


def test_what_is_remembered_is_bounded(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.rim.capsule.CONFIGS_MAX", 3)
    for number in range(6):
        journal.remember(f"config {number}", f"digest {number}", [Trusted()])
    fact = JournalReader(journal.path).fact("configs")

    assert fact is not None
    assert [one["digest"] for one in fact["newest_last"]] == ["digest 3", "digest 4", "digest 5"]
