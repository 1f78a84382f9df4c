"""Decisions, acks, naks and states: what passes, and the one word for each that does not (contract §2.7, §5, §6)."""

import json
from typing import Any, get_args

import pytest
from wire_samples import DECISION_BYTES, GATEWAY, HUB, OTHER, SIGNER, VISIT, key, trust

from edge.core.decision import Action, Conditions, Decision
from edge.wire.canonical import ZERO_ID, JsonObject, WireError, canonical
from edge.wire.messages import (
    DECISION_BYTES_MAX,
    Ack,
    Nak,
    State,
    build_ack,
    build_decision,
    build_nak,
    build_state,
    parse_ack,
    parse_decision,
    parse_nak,
    parse_state,
)
from edge.wire.signing import Signer, TrustStore

GOLDEN: JsonObject = json.loads(DECISION_BYTES)


def parse(payload: bytes, store: TrustStore | None = None) -> Decision:
    return parse_decision(payload, store or trust(), HUB, GATEWAY, "live")


def told(signer: Signer = SIGNER, without: str = "", **changed: Any) -> bytes:
    data: dict[str, Any] = {**GOLDEN, **changed}
    data.pop(without, None)
    return build_decision(data, "co-1", signer)


def refusal(payload: bytes, store: TrustStore | None = None) -> str:
    with pytest.raises(WireError) as caught:
        parse(payload, store)
    return caught.value.reason


def test_the_golden_decision_is_understood() -> None:
    decision = parse(told())

    assert decision == Decision(
        dec="01a2009b-3881-7000-8000-000000000001",
        dec_seq=1,
        visit=VISIT,
        was=None,
        answers="ni:///sha-256;4pf1L9y-VHTubZbxzNd2QNhWrtWa641wDA5TEN-qeFc",
        action="release",
        reasons=(),
        route="green",  # type: ignore[arg-type]
        authority="customs",
        conditions=Conditions("RR473124829MY", (1_200_000, 1_260_000), 1_795_306_512_000_000),
        needs=(),
        valid_from_us=1_795_306_502_300_000,
        valid_until_us=1_795_306_512_000_000,
        clock="hub",
        wire=DECISION_BYTES.decode(),
        kid=SIGNER.kid,
        sig=SIGNER.sign(DECISION_BYTES),
        slack_us=10_288_000_000,
        tier="standard",
    )


def test_the_envelope_of_a_decision_is_that_of_the_contract() -> None:
    envelope = json.loads(told())

    assert envelope["type"] == "org.ehub.decision.v1"
    assert envelope["source"] == "urn:ehub:MY-KUL-1:co-1"
    assert envelope["time"] == GOLDEN["valid_from"]
    assert envelope["sequence"] == "0000000000000001"
    assert envelope["subject"] == envelope["partitionkey"] == VISIT


def test_fields_of_a_later_version_are_kept_in_the_signed_bytes() -> None:
    decision = parse(told(later={"deep": [1, "two"]}, basis={"authority": "hub", "novelty": 1}))

    assert json.loads(decision.wire)["later"] == {"deep": [1, "two"]}
    assert json.loads(decision.wire)["basis"]["novelty"] == 1


@pytest.mark.parametrize("action", get_args(Action))
def test_release_needs_its_own_role_and_every_other_action_hold_or_release(action: Action) -> None:
    plain: dict[str, Any] = {"action": action, "reasons": ["sampled"], "route": "hold"}
    hold_only = trust(key(SIGNER, roles=("hold",)))

    assert parse(told(**plain), trust(key(SIGNER, roles=("release",)))).action == action
    if action == "release":
        assert refusal(told(**plain), hold_only) == "wrong_role"
    else:
        assert parse(told(**plain), hold_only).action == action
    assert refusal(told(**plain), trust(key(SIGNER, roles=("ack", "config")))) == "wrong_role"


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "not_json"),
        (b"release", "not_json"),
        (b"[]", "bad_shape"),
        (b"{}", "bad_shape"),
        (b'{"data":[]}', "bad_shape"),
        (b" " * (DECISION_BYTES_MAX + 1), "too_large"),
        (told(hub="MY-KUL-2"), "wrong_hub"),
        (told(gw="gw-04"), "wrong_gateway"),
        (told(mode="practice"), "wrong_mode"),
        (told(signer=OTHER), "unknown_key"),
        (told().replace(b'"slack_us":10288000000', b'"slack_us":10288000001'), "bad_id"),
        (told().replace(b"urn:ehub:MY-KUL-1:co-1", b"urn:ehub:MY-KUL-2:co-1"), "attribute_mismatch"),
        (told().replace(b"urn:ehub:MY-KUL-1:co-1", b"urn:ehub:MY-KUL-1:"), "attribute_mismatch"),
        (told().replace(b"org.ehub.decision.v1", b"org.ehub.decision.v2"), "attribute_mismatch"),
        (told().replace(b'"sequence":"0000000000000001"', b'"sequence":"0000000000000002"'), "attribute_mismatch"),
        (told().replace(b'"ehubsig"', b'"ehubsi"'), "bad_signature"),
        (told().replace(SIGNER.sign(DECISION_BYTES).encode(), b"A" * 86), "bad_signature"),
        (told().replace(SIGNER.sign(DECISION_BYTES).encode(), b"short"), "bad_signature"),
        (told(slack_us=1).replace(b'"slack_us":1', b'"slack_us":1.0'), "bad_number"),
        (told().replace(b'"was":null', b'"was":null,"was":null'), "duplicate_key"),
        (told().replace(b'"was":null', b'"Was":null'), "bad_key"),
        (told().replace(b'"was":null', b'"x":"\\u0000","was":null'), "bad_text"),
        (told().replace(b'"was":null', b'"x":' + b"[" * 40 + b"]" * 40 + b',"was":null'), "too_deep"),
    ],
)  # fmt: skip
def test_a_decision_that_is_not_one_is_absent_for_one_reason(payload: bytes, reason: str) -> None:
    assert refusal(payload) == reason


@pytest.mark.parametrize(
    "changed",
    [
        {"v": 2},
        {"v": "1"},
        {"dec": "1"},
        {"dec_seq": 0},
        {"dec_seq": True},
        {"visit": VISIT.upper()},
        {"visit": VISIT + "\n"},
        {"for": "ni:///sha-256;short"},
        {"action": "open"},
        {"action": "hold"},  # without a reason
        {"action": "hold", "reasons": ["sampled"]},  # but to lane green
        {"action": "hold", "reasons": ["because"], "route": "hold"},
        {"route": "roof"},
        {"route": None},
        {"basis": {}},
        {"cond": {"mass_mg": [1]}},
        {"cond": {"mass_mg": [1, "2"]}},
        {"cond": {"not_after": "soon"}},
        {"cond": {"not_after": "2026-02-30T00:00:00.000000Z"}},
        {"cond": {"seal": "B7"}},  # a condition nobody here can check
        {"cond": {"dims_um": [[1, 2]]}},
        {"cond": {"dims_um": [[1, 2], [3, 4], [5, "6"]]}},
        {"cond": {"dims_um": [[1, 2], [3, 4], [5, 6], [7, 8]]}},
        {"needs": "none"},
        {"needs": ["agency:x"] * 33},
        {"valid_until": "2026-11-22T00:15:02.300000Z"},
        {"valid_from": "2026-11-22 00:15"},
        {"clock": ""},
    ],
    ids=str,
)
def test_a_decision_out_of_shape_is_absent(changed: dict[str, Any]) -> None:
    assert refusal(told(**changed)) == "bad_shape"


@pytest.mark.parametrize(
    "name",
    [
        *("v", "hub", "gw", "mode", "dec", "dec_seq", "visit", "for", "action", "reasons"),
        *("route", "basis", "needs", "valid_from", "valid_until", "clock"),
    ],
)
def test_a_decision_without_a_field_it_must_have_is_absent(name: str) -> None:
    assert refusal(told(without=name)) == "bad_shape"


def test_the_bands_of_a_box_are_a_condition() -> None:
    release = parse(told(cond={"dims_um": [[290_000, 310_000], [190_000, 210_000], [0, 110_000]]}))

    assert release.conditions.dims_um == ((290_000, 310_000), (190_000, 210_000), (0, 110_000))


def test_a_hold_with_a_condition_from_the_future_still_holds() -> None:
    held = parse(told(action="hold", reasons=["sampled"], route="hold", cond={"seal": "B7"}))

    assert held.action == "hold"


def test_a_practice_key_can_not_speak_in_live_nor_a_live_key_in_practice() -> None:
    practice = trust(key(SIGNER, modes=("practice",)))

    assert refusal(told(), practice) == "wrong_mode"
    with pytest.raises(WireError, match="wrong_mode"):
        parse_decision(told(mode="practice"), trust(), HUB, GATEWAY, "practice")
    assert parse_decision(told(mode="practice"), practice, HUB, GATEWAY, "practice").action == "release"


def test_a_decision_that_would_not_fit_into_an_event_is_absent() -> None:
    with pytest.raises(WireError, match="too_large"):
        told(padding="x" * DECISION_BYTES_MAX)


ACK = Ack(epoch=7, through_seq=360, through_id=ZERO_ID)


def test_an_ack_and_a_nak_come_through() -> None:
    ack = build_ack(ACK, HUB, GATEWAY, "live", SIGNER)
    nak = build_nak(Nak(7, 12), HUB, GATEWAY, "live", SIGNER)

    assert parse_ack(ack, trust(), HUB, GATEWAY, "live") == ACK
    assert parse_nak(nak, trust(), HUB, GATEWAY, "live") == Nak(7, 12)
    assert set(json.loads(ack)) == {"data", "ehubkid", "ehubsig"}


def test_an_ack_is_refused_like_a_decision() -> None:
    def refused(payload: bytes, store: TrustStore | None = None) -> str:
        with pytest.raises(WireError) as caught:
            parse_ack(payload, store or trust(), HUB, GATEWAY, "live")
        return caught.value.reason

    good = build_ack(ACK, HUB, GATEWAY, "live", SIGNER)
    assert refused(b"") == "not_json"
    assert refused(good.replace(b"360", b"361")) == "bad_signature"
    assert refused(good, trust(key(SIGNER, roles=("release", "hold")))) == "wrong_role"
    assert refused(good, trust(key(OTHER))) == "unknown_key"
    assert refused(build_ack(ACK, HUB, GATEWAY, "practice", SIGNER)) == "wrong_mode"
    assert refused(build_nak(Nak(7, 12), HUB, GATEWAY, "live", SIGNER)) == "bad_shape"
    assert refused(canonical({"data": {"v": 1}})) == "bad_shape"
    assert refused(build_ack(Ack(7, -1, ZERO_ID), HUB, GATEWAY, "live", SIGNER)) == "bad_shape"
    assert refused(build_ack(Ack(7, 1, "x"), HUB, GATEWAY, "live", SIGNER)) == "bad_shape"


def test_an_ack_of_another_shape_is_told_with_every_field_at_once() -> None:
    bare = canonical({"data": {"epoch": 7, "through_seq": 360, "through_id": ZERO_ID}})

    with pytest.raises(WireError, match="bad_shape: v, hub, gw, mode: Field required"):
        parse_ack(bare, trust(), HUB, GATEWAY, "live")


@pytest.mark.parametrize(
    "state",
    [
        State(True, "s-1", 1_795_306_502_300_000, None),
        State(False, "s-1", None, None),
        State(True, "s", 5, (3, 9)),
    ],
    ids=str,
)
def test_a_state_comes_through(state: State) -> None:
    assert parse_state(build_state(state)) == state


@pytest.mark.parametrize(
    "payload",
    [b"", b"online", b"{}", b'{"online":1,"session":"a"}', b'{"online":true,"session":"a b"}'],
)
def test_a_state_that_is_not_one_is_refused(payload: bytes) -> None:
    with pytest.raises(WireError):
        parse_state(payload)


def test_the_trust_list_refuses_a_kid_that_is_not_its_keys_and_a_key_named_twice() -> None:
    wrong = key(SIGNER)
    object.__setattr__(wrong, "kid", OTHER.kid)

    with pytest.raises(ValueError, match="is not that of its public key"):
        trust(wrong)
    with pytest.raises(ValueError, match="listed twice"):
        trust(key(SIGNER), key(SIGNER, roles=("hold",)))
