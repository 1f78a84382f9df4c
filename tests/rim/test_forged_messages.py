"""The corpus of forged messages against a running gateway and a running coordinator: each is counted once, under its
one reason, and nothing of it is acted on."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from forged_messages import Data, Forgery, Source, forgeries
from hub_rig import COORDINATOR_KEY, GATEWAY_KEY, CoordinatorProcess, Gateway, letters, measured, wait_for
from nacl.signing import SigningKey
from paho.mqtt import publish

from edge.wire.canonical import ZERO_ID, WireError, canonical, event_id
from edge.wire.chain import Chain
from edge.wire.envelope import EventContext, cloudevent, open_cloudevent
from edge.wire.it_orders import parse_command, parse_config
from edge.wire.messages import DECISION_BYTES_MAX, build_decision, parse_ack, parse_decision, parse_nak
from edge.wire.signing import Signer, TrustStore
from edge.wire.verifier import Refused, examine
from edge.wire.vouchers import parse_manifest
from hub_config.names import GatewayId, HubId
from hub_config.trust import Trust
from simulators.broker import Broker

ROOT = "ehub-practice/v1/MY-KUL-1"
HUB, GATEWAY = HubId("MY-KUL-1"), GatewayId("gw-01")
COORDINATOR = Signer(COORDINATOR_KEY)
STRANGER = Signer(SigningKey(bytes(range(5, 37))))
HOLDS_ONLY = Signer(SigningKey(bytes(range(6, 38))))
LIVE_ONLY = Signer(SigningKey(bytes(range(7, 39))))
IT = Signer(SigningKey(bytes(range(8, 40))))
AGENCY = Signer(SigningKey(bytes(range(9, 41))))
OUTRANKED = (("wrong_role", HOLDS_ONLY), ("wrong_mode", LIVE_ONLY))
ADDRESS: tuple[tuple[str, str, object], ...] = (
    ("wrong_hub", "hub", "BE-LGG-1"),
    ("wrong_gateway", "gw", "gw-02"),
    ("wrong_mode", "mode", "live"),
    ("wrong_mode", "mode", "replay"),
    ("bad_shape", "mode", "other"),
    ("bad_shape", "hub", "a/b"),
)
ADDRESSED: Data = {"v": 1, "hub": HUB, "gw": GATEWAY, "mode": "practice", "epoch": 1}
DECISION: Data = {
    "v": 1, "hub": HUB, "gw": GATEWAY, "mode": "practice", "dec": "01a2009b-3881-7000-8000-000000000001",
    "dec_seq": 1, "visit": "01a2009b-37eb-7cc0-9f2a-3a5b6c7d8e9f", "was": None, "for": ZERO_ID, "supersedes": None,
    "action": "release", "reasons": [], "route": "green", "basis": {"authority": "customs", "tier": "standard"},
    "cond": {"code": "RR473124829MY", "mass_mg": [1, 2]}, "needs": [], "clock": "hub", "slack_us": 1,
    "valid_from": "2026-11-22T00:15:02.300000Z", "valid_until": "2026-11-22T00:15:12.300000Z",
}  # fmt: skip


def trusted(
    signer: Signer, roles: tuple[str, ...], mode: str = "practice", authorities: tuple[str, ...] | None = None
) -> Trust:
    told = {
        "kid": signer.kid,
        "public_key": signer.public_b64,
        "holder": "x",
        "roles": roles,
        "modes": (mode,),
    }
    return Trust.model_validate(told | {"authorities": authorities})


TRUST = TrustStore(
    [
        trusted(COORDINATOR, ("release", "hold", "ack")),
        trusted(HOLDS_ONLY, ("hold",)),
        trusted(IT, ("config",)),
        trusted(LIVE_ONLY, ("release", "hold", "ack"), "live"),
        trusted(AGENCY, ("release", "hold"), authorities=("agency:plants", "agency:food")),
    ]
)


def signed(data: Data, signer: Signer) -> bytes:
    return canonical({"data": data, "ehubkid": signer.kid, "ehubsig": signer.sign(canonical(data))})


def event(data: Data, signer: Signer) -> bytes:
    body = canonical(data)
    return cloudevent(data, event_id(body), signer.sign(body), signer.kid)


def event_data() -> Data:
    context = EventContext(HUB, GATEWAY, "practice", 1, "0.1.0", "0" * 64, {}, b"e" * 32)
    data: dict[str, Any] = json.loads(Chain(context, Signer(GATEWAY_KEY)).append(measured(1)).body)
    return data


SOURCES = (
    Source(
        "decision", DECISION, lambda data, signer: build_decision(data, "co-1", signer), COORDINATOR, STRANGER,
        (*ADDRESS, ("bad_shape", "action", "let-go"), ("bad_shape", "route", "chute-1"), ("bad_shape", "dec_seq", 0),
         ("bad_shape", "valid_until", "2026-11-22T00:15:02.300000Z"), ("bad_shape", "cond", {"colour": "red"}),
         ("bad_shape", "needs", ["x"] * 33), ("bad_shape", "reasons", ["because"])),
        (*OUTRANKED, ("wrong_authority", AGENCY)), DECISION_BYTES_MAX,
    ),
    Source("ack", ADDRESSED | {"through_seq": 1, "through_id": ZERO_ID}, signed, COORDINATOR, STRANGER,
           (*ADDRESS, ("bad_shape", "epoch", 0), ("bad_shape", "through_seq", -1)), OUTRANKED),
    Source("nak", ADDRESSED | {"from_seq": 1}, signed, COORDINATOR, STRANGER,
           (*ADDRESS, ("bad_shape", "epoch", 0), ("bad_shape", "from_seq", 0)), OUTRANKED),
)  # fmt: skip
ORDERED: Data = {"v": 1, "hub": HUB, "gw": GATEWAY, "mode": "practice"}
ORDERS = (
    Source("cfg", ORDERED | {"version": 1, "toml": "[hub]"}, signed, IT, STRANGER,
           (*ADDRESS, ("bad_shape", "version", 0), ("bad_shape", "toml", ""), ("bad_shape", "toml", "x" * 49_153)),
           (("wrong_role", COORDINATOR), ("wrong_mode", LIVE_ONLY))),
    Source("cmd", ORDERED | {"device": "scale-1", "key": "k-1", "command": "zero",
                             "until": "2026-11-22T00:15:02.300000Z"},
           signed, IT, STRANGER,
           (*ADDRESS, ("bad_shape", "command", "release"), ("bad_shape", "command", "divert"),
            ("bad_shape", "device", "a/b"), ("bad_shape", "key", ""), ("bad_shape", "until", "soon")),
           (("wrong_role", COORDINATOR), ("wrong_mode", LIVE_ONLY))),
)  # fmt: skip
ALL_SOURCES = (*SOURCES, *ORDERS)
TO_THE_GATEWAY = [forgery for source in ALL_SOURCES for forgery in forgeries(source)]
EVENTS = Source(
    "event", event_data(), event, Signer(GATEWAY_KEY), STRANGER,
    (("wrong_gateway", "hub", "BE-LGG-1"), ("wrong_gateway", "gw", "gw-02"), ("wrong_gateway", "line", "b2"),
     ("wrong_mode", "mode", "live"), ("wrong_mode", "mode", "replay"), ("bad_shape", "visit", None),
     ("bad_shape", "t_unc_us", -1), ("bad_shape", "flags", [1]), ("bad_shape", "visit", "a/b")),
)  # fmt: skip
NONSENSE = tuple(
    Forgery(
        "event",
        f"{field} is {value!r:.20}",
        EVENTS.seal(EVENTS.data | {field: value}, EVENTS.signer),
        "bad_shape",
    )
    for field in ("codes", "mass", "dims", "assoc", "decision", "voucher", "act", "clock", "dwell", "note")
    for value in (True, 5, [None], "y" * 600)
) + tuple(
    Forgery(
        "event", f"epoch {epoch}", EVENTS.seal(EVENTS.data | {"epoch": epoch}, EVENTS.signer), "bad_shape"
    )
    for epoch in (2**32, 2**53 - 1)
)
"""Rightly signed, with a field that the verifier leaves to whoever reads it."""
TO_THE_COORDINATOR = [*forgeries(EVENTS), *NONSENSE]


def test_there_are_enough_of_them_and_none_twice() -> None:
    assert len(TO_THE_GATEWAY) >= 300
    assert len(TO_THE_COORDINATOR) >= 100
    for source in (*ALL_SOURCES, EVENTS):
        names = [forgery.name for forgery in forgeries(source)]
        assert len(names) == len(set(names))
        payloads = [forgery.payload for forgery in forgeries(source)]
        assert len(payloads) == len(set(payloads))


def test_what_they_are_made_from_is_good() -> None:
    """Otherwise they might be refused for another reason than the one they are made for."""
    decision, ack, nak = (source.seal(source.data, source.signer) for source in SOURCES)

    parse_decision(decision, TRUST, HUB, GATEWAY, "practice")
    parse_ack(ack, TRUST, HUB, GATEWAY, "practice")
    parse_nak(nak, TRUST, HUB, GATEWAY, "practice")
    config, command = (source.seal(source.data, source.signer) for source in ORDERS)
    parse_config(config, TRUST, HUB, GATEWAY, "practice")
    parse_command(command, TRUST, HUB, GATEWAY, "practice")
    payload = EVENTS.seal(EVENTS.data, EVENTS.signer)
    examine(payload, {EVENTS.signer.kid: EVENTS.signer.public_b64})
    open_cloudevent(payload)


PARSERS: dict[str, Callable[..., object]] = {
    "decision": parse_decision, "ack": parse_ack, "nak": parse_nak, "cfg": parse_config, "cmd": parse_command,
}  # fmt: skip


@pytest.mark.parametrize(
    "forgery", TO_THE_GATEWAY, ids=[f"{forgery.kind}: {forgery.name}" for forgery in TO_THE_GATEWAY]
)
def test_the_gateway_refuses_it_for_its_one_reason(forgery: Forgery) -> None:
    parse = PARSERS[forgery.kind]

    with pytest.raises(WireError) as refused:
        parse(forgery.payload, TRUST, HUB, GATEWAY, "practice")

    assert refused.value.reason == forgery.reason, refused.value


@pytest.mark.parametrize("action", ["release", "hold"])
def test_a_key_that_is_bound_to_authorities_decides_as_these_alone(action: str) -> None:
    reasons = [] if action == "release" else ["risk_profile"]
    route = "green" if action == "release" else "hold"

    def told(authority: str, signer: Signer) -> str:
        data = DECISION | {
            "action": action, "reasons": reasons, "route": route, "basis": {"authority": authority},
        }  # fmt: skip
        payload = build_decision(data, "co-1", signer)
        return parse_decision(payload, TRUST, HUB, GATEWAY, "practice").authority

    assert told("agency:food", AGENCY) == "agency:food"
    assert told("agency:food", COORDINATOR) == "agency:food", "not bound: it relays for all"
    for other in ("customs", "hub", "agency:drugs", "agency:foo", "Agency:food"):
        with pytest.raises(WireError) as refused:
            told(other, AGENCY)
        assert refused.value.reason == "wrong_authority"


MANIFEST: Data = {
    "v": 1, "hub": HUB, "mode": "practice", "number": 1, "issued": "2026-11-22T00:15:02.300000Z",
    "index_key": "A" * 43, "shards": [], "revoked": [],
}  # fmt: skip
MANIFESTS = forgeries(
    Source(
        "manifest", MANIFEST, signed, COORDINATOR, STRANGER,
        (("wrong_hub", "hub", "BE-LGG-1"), ("wrong_mode", "mode", "live"), ("bad_shape", "number", 0),
         ("bad_shape", "issued", "soon"), ("bad_shape", "index_key", "x"), ("bad_shape", "shards", ["A" * 43] * 901),
         ("bad_shape", "revoked", [DECISION["visit"]] * 501)),
        (*OUTRANKED, ("wrong_authority", AGENCY)),
    )
)  # fmt: skip


@pytest.mark.parametrize("forgery", MANIFESTS, ids=[forgery.name for forgery in MANIFESTS])
def test_a_forged_manifest_of_vouchers_is_refused_for_its_one_reason(forgery: Forgery) -> None:
    parse_manifest(signed(MANIFEST, COORDINATOR), TRUST, HUB, "practice")

    with pytest.raises(WireError) as refused:
        parse_manifest(forgery.payload, TRUST, HUB, "practice")

    assert refused.value.reason == forgery.reason, refused.value


LATER = ("wrong_gateway", "wrong_mode")
"""Reasons that the verifier leaves to whoever knows the topic."""
TO_THE_VERIFIER = [forgery for forgery in forgeries(EVENTS) if forgery.reason not in LATER]


@pytest.mark.parametrize("forgery", TO_THE_VERIFIER, ids=[forgery.name for forgery in TO_THE_VERIFIER])
def test_the_verifier_refuses_it_for_its_one_reason(forgery: Forgery) -> None:
    with pytest.raises(Refused) as refused:
        examine(forgery.payload, {EVENTS.signer.kid: EVENTS.signer.public_b64})

    assert refused.value.reason == forgery.reason, refused.value


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    running = Broker.start(tmp_path / "broker")
    yield running
    running.stop()


def say_all(broker: Broker, messages: list[tuple[str, bytes]]) -> None:
    told = [{"topic": f"{ROOT}/{topic}", "payload": payload, "qos": 1} for topic, payload in messages]
    publish.multiple(told, hostname=broker.host, port=broker.port)  # type: ignore[arg-type]


TOPICS = {
    "decision": "dec/gw-01", "ack": "ack/gw-01", "nak": "nak/gw-01", "event": "evt/b1/gw-01", "cfg": "cfg/gw-01",
    "cmd": "cmd/gw-01/scale-1",
}  # fmt: skip


@pytest.mark.system
def test_a_running_gateway_counts_each_of_them_once_and_acts_on_none(broker: Broker, tmp_path: Path) -> None:
    gateway = Gateway(tmp_path / "gateway", broker.port, letters())
    gateway.uplink._trust = gateway.it_desk._trust = TRUST
    gateway.offered._trust = TRUST
    gateway.start()
    try:
        wait_for(lambda: gateway.uplink.figures().broker, "connected")
        gateway.tell(3)
        wait_for(lambda: len(gateway.pubacks.seen) == 3, "published")
        say_all(broker, [(TOPICS[forgery.kind], forgery.payload) for forgery in TO_THE_GATEWAY])
        say_all(broker, [("dec/gw-01", SOURCES[0].seal(DECISION, COORDINATOR))])
        wait_for(lambda: bool(gateway.core.decisions), "the good one, after the others")

        wanted = Counter(forgery.reason for forgery in TO_THE_GATEWAY)
        wait_for(
            lambda: sum(dict(gateway.uplink.figures().rejected).values()) == wanted.total(), "all counted"
        )
        assert dict(gateway.uplink.figures().rejected) == wanted
        assert len(gateway.core.rejected) == len(TO_THE_GATEWAY)
        assert len(gateway.core.decisions) == 1
        assert gateway.journal.figures().pending == 3
        assert gateway.uplink.figures().redelivered == 0
    finally:
        gateway.stop()


@pytest.mark.system
def test_a_running_coordinator_counts_each_of_them_once_and_stores_none(
    broker: Broker, tmp_path: Path
) -> None:
    coordinator = CoordinatorProcess(tmp_path / "coordinator", broker.port)
    try:
        coordinator.start()
        wait_for(lambda: "connected to broker" in (coordinator.folder / "log").read_text(), "it listens")
        say_all(broker, [(TOPICS["event"], forgery.payload) for forgery in TO_THE_COORDINATOR])
        good = EVENTS.seal(EVENTS.data, EVENTS.signer)
        say_all(broker, [(TOPICS["event"], good), (TOPICS["event"], good)])
        wait_for(lambda: coordinator.counts()["redelivered"] == 1, "the good one, and its replay")

        found = coordinator.counts()
        assert found["rejected"] == Counter(forgery.reason for forgery in TO_THE_COORDINATOR)
        assert found["stored"] == found["decisions"] == 1
    finally:
        coordinator.stop()
