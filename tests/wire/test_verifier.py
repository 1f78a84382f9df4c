"""The verifier on whole files: a good one, tampered ones, and the command as an auditor runs it elsewhere."""

import json
import random
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from wire_samples import CONTEXT, GATEWAY, HUB, OTHER, SIGNER, code, departed, device_changed, measured

from edge.wire import verifier
from edge.wire.canonical import ZERO_ID
from edge.wire.chain import Chain, Link
from edge.wire.envelope import EventContext, event_payload
from edge.wire.signing import Signer
from hub_config.names import VisitId

PRACTICE = replace(CONTEXT, mode="practice")
FLIPS = 400


def links(context: EventContext = CONTEXT, signer: Signer = SIGNER, sign_one_in: int = 1) -> list[Link]:
    chain = Chain(context, signer, sign_one_in=sign_one_in)
    visits = [VisitId(f"01a2009b-37eb-7cc0-9f2a-{number:012x}") for number in range(4)]
    events = [step(visit) for visit in visits for step in (measured, departed)]
    return [chain.append(event) for event in (*events, device_changed())]


def exported(chain: Sequence[Link], signer: Signer = SIGNER, **changed: object) -> bytes:
    header = {"journal": 1, "hub": HUB, "gw": GATEWAY, "epoch": 7, "keys": {signer.kid: signer.public_b64}}
    lines = [json.dumps(header | changed, separators=(",", ":")).encode()]
    lines += [event_payload(link.body, link.id, link.sig, link.kid) for link in chain]
    return b"".join(line + b"\n" for line in lines)


def fault(file: bytes, allow_unsigned: bool = False) -> str:
    with pytest.raises(verifier.Refused) as caught:
        verifier.check_file(BytesIO(file), None, allow_unsigned)
    return str(caught.value)


def verdict(file: bytes, allow_unsigned: bool = False) -> str:
    return verifier.check_file(BytesIO(file), None, allow_unsigned)


def test_a_whole_file_is_found_whole() -> None:
    assert verdict(exported(links())) == "9 events, chain whole, 9 signatures good"
    assert verdict(exported([])) == "0 events, chain whole, 0 signatures good"


def test_any_changed_bit_is_found() -> None:
    """Places drawn over the whole file, header included; the first and the last byte always."""
    whole = exported(links())
    draw = random.Random(2026)
    places = [0, len(whole) * 8 - 1, *(draw.randrange(len(whole) * 8) for _ in range(FLIPS))]
    for place in places:
        changed = bytearray(whole)
        changed[place // 8] ^= 1 << place % 8
        with pytest.raises(verifier.Refused):
            verdict(bytes(changed))


def test_any_changed_bit_of_the_header_is_found() -> None:
    whole = exported(links()[:1])
    for place in range((whole.index(b"\n") + 1) * 8):
        changed = bytearray(whole)
        changed[place // 8] ^= 1 << place % 8
        with pytest.raises(verifier.Refused):
            verdict(bytes(changed))


def test_a_tampered_copy_names_line_and_seq() -> None:
    heavier = exported(links()).replace(b'"mg":1234500', b'"mg":1234600', 2)

    assert fault(heavier) == "line 2, seq 1: bad_id: id is not the hash of data"


def test_a_missing_a_repeated_and_a_swapped_event_are_found() -> None:
    chain = links()

    assert fault(exported([*chain[:3], *chain[4:]])).startswith("line 5, seq 4: gap:")
    assert fault(exported([*chain[:3], chain[2], *chain[3:]])).startswith("line 5, seq 4: old:")
    assert fault(exported([chain[1], chain[0]])).startswith("line 2, seq 1: gap:")
    assert fault(exported(chain)[:-1]).startswith("line 9, seq 9: not_json: the line is cut off")
    assert fault(exported(chain) + b"\n").startswith("line 11, seq 10: not_json")


def test_a_rewritten_history_is_a_fork() -> None:
    """Whoever holds the key can sign another past, but not one that fits what followed."""
    other_past = Chain(CONTEXT, SIGNER)
    rewritten = other_past.append(measured(codes=(code("RB123456785GB"),)))
    chain = links()

    assert fault(exported([rewritten, *chain[1:]])).startswith("line 3, seq 2: fork:")
    check = verifier.ChainCheck()
    assert check.feed(json.loads(chain[0].body), chain[0].id) == "ok"
    assert check.feed(json.loads(rewritten.body), rewritten.id) == "fork"
    assert check.feed(json.loads(chain[0].body), chain[0].id) == "old"
    assert (check.next_seq, check.last_id) == (2, chain[0].id)


def test_the_chain_check_goes_on_where_it_stood() -> None:
    chain = links()
    check = verifier.ChainCheck(next_seq=3, last_id=chain[1].id)

    assert check.feed(json.loads(chain[3].body), chain[3].id) == "gap"
    assert check.feed(json.loads(chain[2].body), chain[2].id) == "ok"
    assert check.feed(json.loads(chain[0].body), chain[0].id) == "old"


def test_another_key_another_gateway_and_another_epoch_are_found() -> None:
    assert "unknown_key" in fault(exported(links(signer=OTHER)))
    assert "header" in fault(exported(links(), keys={OTHER.kid: SIGNER.public_b64}))
    for changed in ({"gw": "gw-04"}, {"hub": "MY-KUL-2"}, {"epoch": 8}):
        assert "attribute_mismatch" in fault(exported(links(), **changed))


@pytest.mark.parametrize(
    "changed", [{"journal": 2}, {"hub": None}, {"epoch": 0}, {"keys": []}, {"keys": {"a": 1}}]
)
def test_a_header_that_is_none_is_refused(changed: dict[str, Any]) -> None:
    assert fault(exported(links(), **changed)).startswith("line 1, the header:")
    assert fault(b"").startswith("line 1, the header:")


def test_unsigned_events_are_counted_when_allowed_and_never_in_live() -> None:
    practice = links(PRACTICE, sign_one_in=1_000_000)
    stripped = [replace(link, sig=None, kid=None) for link in links()]

    assert fault(exported(practice)) == "line 2, seq 1: bad_signature: unsigned"
    assert verdict(exported(practice), allow_unsigned=True) == (
        "9 events, chain whole, 1 signatures good, 8 unsigned"
    )
    assert "unsigned" in fault(exported(stripped), allow_unsigned=True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("v", 2), ("v", True), ("kind", "Parcel"), ("mode", "demo"), ("line", "gw"), ("prev", "x"), ("visit", ""),
        ("t", "2026-11-22"), ("t_src", "gps"), ("t_unc_us", -1), ("mono_us", "1"), ("flags", {}), ("flags", [1]),
        ("prov", None), ("seq", True), ("epoch", 0),
    ],
)  # fmt: skip
def test_data_out_of_shape_is_refused_though_signed(name: str, value: object) -> None:
    body = verifier.canonical(json.loads(links()[0].body) | {name: value})
    envelope = {"data": json.loads(body), "id": verifier.identity(body)}

    with pytest.raises(verifier.Refused, match=f"bad_shape: .*{name}"):
        verifier.examine(json.dumps(envelope).encode(), {SIGNER.kid: SIGNER.public_b64})


def test_an_unknown_kind_and_unknown_fields_are_accepted_as_signed() -> None:
    chain = Chain(CONTEXT, SIGNER)
    body = verifier.canonical(
        json.loads(chain.append(measured()).body) | {"kind": "parcel.weighed_again", "novelty": [1]}
    )
    payload = event_payload(body, verifier.identity(body), SIGNER.sign(body), SIGNER.kid)

    assert verifier.examine(payload, {SIGNER.kid: SIGNER.public_b64}).data["novelty"] == [1]


def test_a_spare_bit_in_the_signature_is_a_change() -> None:
    link = links()[0]
    assert link.sig is not None
    last = {"A": "B", "Q": "R", "g": "h", "w": "x"}[link.sig[-1]]
    payload = event_payload(link.body, link.id, link.sig[:-1] + last, link.kid)

    with pytest.raises(verifier.Refused, match="bad_signature"):
        verifier.examine(payload, {SIGNER.kid: SIGNER.public_b64})


def run(script: Path, *arguments: str | Path) -> tuple[int, str]:
    """As copied to another machine: `-I` keeps our packages out of its path."""
    done = subprocess.run(
        [sys.executable, "-I", script, *arguments], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_the_script_alone_checks_a_file(tmp_path: Path) -> None:
    script = Path(shutil.copy(verifier.__file__, tmp_path / "check.py"))
    good, bad = tmp_path / "good.jsonl", tmp_path / "bad.jsonl"
    good.write_bytes(exported(links()))
    bad.write_bytes(exported(links()).replace(b'"lane":"green"', b'"lane":"white"', 1))

    assert run(script, good) == (
        0,
        "ok: 9 events, chain whole, 9 signatures good; "
        "the keys come from the file itself, so it proves no origin: give --key\n",
    )
    assert run(script, good, "--key", SIGNER.public_b64) == (
        0,
        "ok: 9 events, chain whole, 9 signatures good\n",
    )
    assert run(script, good, "--key", OTHER.public_b64)[0] == 1
    assert run(script, good, "--key", "nonsense")[0] == 1
    dashed = run(script, good, "--key", "-hHPYJ-E5LykJvfyx3mqCwubMhGy9FgaPoMSWsitRwU")
    assert dashed[0] == 1  # one key in 64 begins with a dash: it is a key all the same
    assert dashed[1].startswith("fault: ")
    assert run(script, bad) == (1, "fault: line 3, seq 2: bad_id: id is not the hash of data\n")
    assert run(script, tmp_path / "nothing") == (
        2,
        f"can't read {tmp_path / 'nothing'}: No such file or directory\n",
    )


def test_the_verifier_is_one_short_script_of_its_own() -> None:
    source = Path(verifier.__file__).read_text()

    assert len(source.splitlines()) <= 300
    assert not any(
        line.startswith(("import edge", "from edge", "from hub", "from .")) for line in source.splitlines()
    )
    assert verifier.identity(b"") == ZERO_ID
