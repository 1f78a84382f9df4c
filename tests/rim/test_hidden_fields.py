"""Fields of a capsule hidden from one reader: what is shown still verifies, what is hidden can't be found out."""

import hmac
import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from journal_samples import COORDINATOR, SIGNER, acked, visit
from test_capsule import capsule_of, checked, journal

from edge.commands.journal import main
from edge.rim.journal import Journal, JournalReader
from edge.wire.canonical import canonical
from edge.wire.capsule_verifier import Broken
from edge.wire.disclosure import (
    SHOWN_ALWAYS,
    Algorithm,
    Choice,
    DisclosureFault,
    event_salt,
    field_leaf,
    fields,
    hide_fields,
    keyed_digest,
)
from edge.wire.verifier import Checked, identity
from simulators.audit_command import main as audit
from simulators.coordinator.disclosures import compare, countersigned
from simulators.coordinator.letters import KEY_FILE, Letters
from simulators.coordinator.store import Store

__all__ = ["journal"]  # a fixture of test_capsule.py

CODE = "RR473124829MY"
NO_CODE = Choice(hide=("codes", "decision.data.cond.code"))
KEYS = (SIGNER.public_b64, COORDINATOR.public_b64)


def hidden(journal: Journal, choice: Choice = NO_CODE) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(json.dumps(hide_fields(capsule_of(journal), choice, SIGNER)))
    return made


def coordinator(journal: Journal, folder: Path) -> Store:
    """Who holds the same events."""
    folder.mkdir(exist_ok=True)
    store, reader = Store(folder / "coordinator.sqlite"), JournalReader(journal.path)
    with store.transaction(), closing(reader):
        for row in reader.pending(0, 10_000):
            store.receive(Checked(json.loads(row.body), row.id, row.kid, row.body), 0)
    return store


def test_the_other_fields_verify_and_the_code_is_nowhere(journal: Journal, tmp_path: Path) -> None:
    capsule = hidden(journal)
    text = json.dumps(capsule)
    salts = [event["data"]["salt"] for event in capsule_of(journal)["events"][1:4:2]]

    status, verdict = checked(tmp_path, capsule, *KEYS)

    assert status == 0
    assert verdict.startswith(
        f"ok: 5 events of visit {visit(2)} and 1 of its gateway, 0 decisions and vouchers, all in the log of 326"
    )
    assert verdict.endswith(
        "2 with fields hidden, which the gateway states alone; no coordinator has compared it"
    )
    assert CODE not in text
    assert not any(salt in text for salt in salts)
    assert "mass_mg" in text


def test_nothing_but_what_one_agency_may_see(journal: Journal, tmp_path: Path) -> None:
    capsule = hidden(journal, Choice(show=("act", "t")))

    status, verdict = checked(tmp_path, capsule, *KEYS)

    assert (status, "6 with fields hidden" in verdict) == (0, True), verdict
    for event in capsule["events"]:
        names = {pointer.split(".")[0] for _, pointer, _ in event["shown"]}
        assert names <= {"act", "t", "prov", *SHOWN_ALWAYS}


def test_a_decision_shown_whole_is_checked_by_its_own_signature(journal: Journal, tmp_path: Path) -> None:
    capsule = hidden(journal, Choice(hide=("prov.edge", "mono_us")))
    assert "1 decisions" in checked(tmp_path, capsule, *KEYS)[1]

    shown = capsule["events"][3]["shown"]
    shown[:] = [one for one in shown if one[1] != "decision.data.action"]
    assert "not those that were stated" in checked(tmp_path, capsule, *KEYS)[1]


def test_the_coordinator_compares_with_what_it_holds_and_signs_under_it(
    journal: Journal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, file = tmp_path / "co", tmp_path / "c.json"
    coordinator(journal, folder).close()
    key = folder / KEY_FILE
    key.touch(0o600)
    key.write_text(bytes(COORDINATOR._private).hex())
    file.write_text(json.dumps(hidden(journal)))

    assert audit(["disclosure", str(file), "--data", str(folder)]) == 0
    assert "2 events with hidden fields are those held here" in capsys.readouterr().out
    status, verdict = checked(tmp_path, json.loads(file.read_bytes()), *KEYS)
    assert (status, verdict.endswith("which the gateway states and the coordinator has compared")) == (
        0,
        True,
    )
    key.write_text("00" * 32)
    assert audit(["disclosure", str(file), "--data", str(folder)]) == 1
    assert audit(["disclosure", str(tmp_path / "none"), "--data", str(folder)]) == 2


def test_a_gateway_that_states_other_fields_than_it_told_is_found_by_the_coordinator(
    journal: Journal, tmp_path: Path
) -> None:
    """It has the key, so its capsule is good by itself: that is why the comparison is told in the verdict."""
    capsule = capsule_of(journal)
    told = capsule["events"][1]["data"]
    honest = hidden(journal)
    told["mono_us"] += 1
    lie: dict[str, Any] = json.loads(json.dumps(hide_fields(capsule, NO_CODE, SIGNER)))
    for mine, theirs in zip(
        lie["disclosure"]["data"]["events"], honest["disclosure"]["data"]["events"], strict=True
    ):
        mine["leaf"] = theirs["leaf"]
    for mine, theirs in zip(lie["events"], honest["events"], strict=True):
        if "leaf" in mine:
            mine["leaf"] = theirs["leaf"]
    lie["disclosure"]["sig"] = SIGNER.sign(canonical(lie["disclosure"]["data"]))
    assert checked(tmp_path, lie, *KEYS)[0] == 0
    store = coordinator(journal, tmp_path / "co")

    with pytest.raises(
        Broken, match="what is stated of the event with seq 282 is not so by the event held here"
    ):
        compare(lie, store.connection)
    assert compare(honest, store.connection) == 2
    store.connection.execute("DELETE FROM events WHERE seq = 282")
    with pytest.raises(Broken, match="the event with seq 282 is not held here"):
        compare(honest, store.connection)
    with pytest.raises(Broken, match="does not hold the key"):
        countersigned(honest, Letters("MY-KUL-1", "co-1", SIGNER._private))


Change = Callable[[dict[str, Any]], object]
CHANGES: dict[str, tuple[Change, str]] = {
    "a shown value": (lambda c: _shown(c)[3].__setitem__(2, "elsewhere"), "not those that were stated"),
    "a salt": (lambda c: _shown(c)[3].__setitem__(0, "A" * 22), "not those that were stated"),
    "a pointer": (lambda c: _shown(c)[3].__setitem__(1, "chute"), "not those that were stated"),
    "one less": (lambda c: _shown(c).pop(), "not those that were stated"),
    "one twice": (lambda c: _shown(c).append(_shown(c)[0]), "is there twice"),
    "one inside another": (lambda c: _shown(c).append(["s", "v.x", 1]), "is there twice"),
    "a hidden hash": (lambda c: _redacted(c)["hidden"].__setitem__(0, "A" * 43), "not those that were stated"),
    "a hidden hash gone": (lambda c: _redacted(c)["hidden"].pop(), "not those that were stated"),
    "the leaf": (lambda c: _redacted(c).update(leaf="A" * 43), "not those that were stated"),
    "the place": (lambda c: _redacted(c)["path"].reverse(), "not in the log of the checkpoint"),
    "the seq": (lambda c: _redacted(c).update(seq=4), "not those that were stated"),
    "a value with values": (lambda c: _shown(c)[0].__setitem__(2, [1]), "is no salt, pointer and value"),
    "no list": (lambda c: _shown(c).__setitem__(0, 1), "is no salt, pointer and value"),
    "the statement": (
        lambda c: c["disclosure"]["data"]["events"][0].update(fields="A" * 43),
        "the signature of the statement of hidden fields is not good",
    ),
    "whose statement": (lambda c: c["disclosure"]["data"].update(visit="x"), "is about another visit"),
    "no statement": (lambda c: c.pop("disclosure"), "not those that were stated"),
    "a false comparison": (
        lambda c: c["disclosure"].update(countersigned={"kid": COORDINATOR.kid, "sig": c["disclosure"]["sig"]}),
        "the signature of the comparison of hidden fields is not good",
    ),
    "its role": (lambda c: c["disclosure"].update(kid=COORDINATOR.kid), "with the role event"),
    "its version": (lambda c: c.update(capsule=3), "not a capsule of version 1 or 2"),
}  # fmt: skip


def _redacted(capsule: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(event for event in capsule["events"] if "shown" in event)
    return found


def _shown(capsule: dict[str, Any]) -> list[Any]:
    found: list[Any] = _redacted(capsule)["shown"]
    return found


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_changed_is_found(journal: Journal, tmp_path: Path, name: str) -> None:
    change, fault = CHANGES[name]
    capsule = hidden(journal)
    change(capsule)
    status, verdict = checked(tmp_path, capsule)

    assert (status, fault in verdict) == (1, True), verdict


@pytest.mark.parametrize(
    ("choice", "fault"),
    [
        (
            Choice(hide=("codes",)),
            "still stands elsewhere: codes.#0.data in decision.data.cond.code; hide that as well",
        ),
        (Choice(hide=("mass",)), "no event of this visit has a field mass"),
        (Choice(show=("weight",)), "no event of this visit has a field weight"),
        (Choice(hide=("prov",)), "prov.cfg is always shown"),
        (Choice(hide=("seq",)), "seq is always shown"),
    ],
)
def test_what_would_hide_nothing_or_not_enough_is_refused(
    journal: Journal, choice: Choice, fault: str
) -> None:
    with pytest.raises(DisclosureFault, match=fault):
        hidden(journal, choice)


def test_an_event_told_without_salt_can_not_be_told_in_part(journal: Journal) -> None:
    capsule = capsule_of(journal)
    del capsule["events"][1]["data"]["salt"]

    with pytest.raises(DisclosureFault, match="the event with seq 282 has no salt"):
        hide_fields(capsule, NO_CODE, SIGNER)


def test_the_key_of_another_gateway_states_nothing(journal: Journal) -> None:
    with pytest.raises(DisclosureFault, match="is not the one that signed the journal"):
        hide_fields(capsule_of(journal) | {"keys": {}}, NO_CODE, SIGNER)


def test_salts_differ_by_event_and_field_and_follow_from_the_secret_key() -> None:
    assert event_salt(b"k", identity(b"")) == event_salt(b"k", identity(b""))
    salts = [event_salt(b"k", "one"), event_salt(b"k", "two"), event_salt(b"l", "one")]
    assert len(dict.fromkeys(salts)) == 3
    assert field_leaf("s", "a.b", 1)[0] != field_leaf("s", "a.c", 1)[0]


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_a_keyed_digest_is_the_hmac_of_the_standard_library(algorithm: Algorithm) -> None:
    for key in (b"", b"k" * 32, b"longer than a block " * 10):
        for message in (b"", b"one", b"two" * 100):
            assert keyed_digest(key, message, algorithm) == hmac.digest(key, message, algorithm)


def test_every_value_has_its_place() -> None:
    data = {"b": [1, {"c": None}], "a": {}, "d": [], "e": {"f": True}}

    assert list(fields(data)) == [("a", {}), ("b.#0", 1), ("b.#1.c", None), ("d", []), ("e.f", True)]


def test_the_command_hides_and_says_what_comes_next(
    journal: Journal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "gateway-practice.key").touch(0o600)
    (tmp_path / "gateway-practice.key").write_text(bytes(SIGNER._private).hex())
    tmp_path.chmod(0o700)
    out = tmp_path / "c.json"
    words = ["prove", visit(2), "-o", str(out), "--data", str(tmp_path), "--hide", "codes"]

    assert main(words) == 1
    assert "hide that as well" in capsys.readouterr().err
    assert not out.exists()
    assert main([*words, "--hide", "decision.data.cond.code"]) == 0
    assert "hub audit disclosure" in capsys.readouterr().out
    assert checked(tmp_path, json.loads(out.read_bytes()), *KEYS)[0] == 0
    assert acked(journal).through_seq == 326
