"""What an event says on the wire, and what never leaves the gateway (contract §2, §4)."""

import hmac
import json
from dataclasses import replace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire_samples import (
    CONTEXT,
    DECISION_BYTES,
    EVENT_BYTES,
    SIGNER,
    VISIT,
    code,
    departed,
    device_changed,
    measured,
)

from edge.core.decision import Conditions, Decision
from edge.core.event import Dims, Event
from edge.wire import verifier
from edge.wire.canonical import ZERO_ID, JsonObject, WireError, canonical, event_id
from edge.wire.disclosure import event_salt
from edge.wire.envelope import (
    DATA_BYTES_MAX,
    DeviceProvenance,
    cloudevent,
    event_payload,
    open_cloudevent,
)
from edge.wire.event_body import CODES_MAX, NOTE_CHARS_MAX, event_data
from hub_config.names import DeviceId, LaneId

KEYS = {SIGNER.kid: SIGNER.public_b64}


def data_of(event: Event) -> JsonObject:
    return event_data(event, CONTEXT, seq=1, prev=ZERO_ID)


def payload_of(event: Event) -> bytes:
    body = canonical(data_of(event))
    return event_payload(body, event_id(body), SIGNER.sign(body), SIGNER.kid)


def obeyed() -> Event:
    told = json.loads(DECISION_BYTES)
    decision = Decision(
        told["dec"], 1, VISIT, None, told["for"], "release", (), LaneId("green"), "customs", Conditions(), (),
        1, 2, "hub", DECISION_BYTES.decode(), SIGNER.kid, SIGNER.sign(DECISION_BYTES),
    )  # fmt: skip
    return replace(measured(), kind="parcel.decided", codes=(), mass=None, assoc=None, decision=decision)


def test_a_measured_parcel_is_told_field_by_field() -> None:
    assert data_of(measured()) == {
        "v": 1,
        "kind": "parcel.measured",
        "mode": "live",
        "hub": "MY-KUL-1",
        "line": "bench-1",
        "gw": "gw-03",
        "epoch": 7,
        "seq": 1,
        "prev": ZERO_ID,
        "visit": VISIT,
        "t": "2026-11-22T00:15:02.123456Z",
        "t_src": "ntp",
        "t_unc_us": 1_500,
        "mono_us": 987_654_321,
        "flags": [],
        "codes": [
            {"sym": "code128", "data": "RR473124829MY", "type": "s10", "chk": True, "dev": "scan-1", "reads": 1}
        ],
        "mass": {
            "dev": "scale-1", "mg": 1_234_500, "u_mg": 5_000, "e_mg": 5_000, "tare_mg": 0, "stable": True,
            "mode": "static", "regime": "nawi", "rec": 88_213,
        },
        "assoc": {"method": "bench", "p_ppm": 999_999, "rivals": 0},
        "prov": {
            "edge": "0.1.0",
            "cfg": "ab" * 32,
            "dev": {"scale-1": {"fw": "3.12", "cal": "c-2026-03", "cal_until": "2027-03-01"}},
        },
        "salt": event_salt(CONTEXT.evidence_key, ZERO_ID),
    }  # fmt: skip


def test_a_box_is_told_as_in_the_golden_event_and_its_device_with_it() -> None:
    dims = Dims(DeviceId("dim-1"), 301_200, 200_100, 99_800, 5_000, "cuboid", 4_410)
    known = {
        **CONTEXT.devices,
        DeviceId("dim-1"): DeviceProvenance(fw="2.0.1", cal="d-2026-02", cal_until="2027-02-01"),
    }
    golden = json.loads(EVENT_BYTES)

    data = event_data(replace(measured(), dims=dims), replace(CONTEXT, devices=known), seq=1, prev=ZERO_ID)

    assert data["dims"] == golden["dims"]
    assert cast(JsonObject, data["prov"])["dev"] == golden["prov"]["dev"]
    assert "dims" not in data_of(measured())


def test_a_departure_tells_where_and_who_answers_for_the_time() -> None:
    data = data_of(departed())

    assert data["act"] == {"lane": "green", "bay": "G1", "confirmed": True}
    assert data["clock"] == "hub"
    assert data["dwell"] == [{"owner": "hub", "us": 9_000_000}, {"owner": "customs", "us": 1_000_000}]
    assert not {"codes", "mass", "assoc", "decision", "note"} & set(data)


def test_an_event_without_a_parcel_is_of_line_gw() -> None:
    data = data_of(device_changed())
    envelope = json.loads(payload_of(device_changed()))

    assert (data["line"], data["visit"]) == ("gw", None)
    assert data["note"] == {"device": "scale-1", "to": "down", "reason": "port is gone"}
    assert (envelope["subject"], envelope["partitionkey"]) == ("gw-03", "gw-03")


def test_the_obeyed_decision_is_copied_as_it_was_signed() -> None:
    copy = cast(JsonObject, data_of(obeyed())["decision"])

    assert canonical(cast(JsonObject, copy["data"])) == DECISION_BYTES
    assert SIGNER.sign(canonical(cast(JsonObject, copy["data"]))) == copy["sig"]


def test_the_text_of_an_unrecognised_code_never_leaves() -> None:
    text = "MECARD:N:Aminah;TEL:0123456789;;"
    data = data_of(measured(codes=(code(text, "unknown", raw=b"]Q1" + text.encode()),)))
    digest = hmac.new(CONTEXT.evidence_key, b"]Q1" + text.encode(), "sha256").hexdigest()

    assert data["codes"] == [{"sym": "code128", "dev": "scan-1", "reads": 1, "len": 35, "dig": digest}]
    assert b"Aminah" not in canonical(data)


@pytest.mark.parametrize("text", ["x" * 513, "RR\0", "RR\n", "\ud800", "Ä"])
def test_text_no_identifier_has_goes_out_as_a_digest_whatever_its_type(text: str) -> None:
    data = data_of(measured(codes=(code(text, "carrier", raw=b"raw"),)))

    canonical(data)
    assert set(cast(JsonObject, cast(list[object], data["codes"])[0])) == {
        "sym",
        "dev",
        "reads",
        "len",
        "dig",
    }


@given(st.text(), st.binary(max_size=50), st.sampled_from(["s10", "carrier", "unknown", "gs1dl"]))
def test_whatever_a_label_holds_can_be_told(text: str, raw: bytes, kind: str) -> None:
    assert verifier.examine(payload_of(measured(codes=(code(text, kind, raw),))), KEYS)


@given(st.text())
def test_whatever_a_device_says_of_itself_can_be_told(reason: str) -> None:
    assert verifier.examine(payload_of(device_changed(reason)), KEYS)


def test_a_long_note_is_cut_and_a_sheet_of_labels_is_counted() -> None:
    note = cast(JsonObject, data_of(device_changed("x" * 10_000))["note"])
    many = data_of(measured(codes=tuple(code("9" * 512, "carrier") for _ in range(CODES_MAX + 5))))

    assert len(cast(str, note["reason"])) == NOTE_CHARS_MAX
    assert len(cast(list[object], many["codes"])) == CODES_MAX
    assert many["codes_more"] == 5
    assert len(canonical(many)) < DATA_BYTES_MAX


def test_the_payload_holds_the_attributes_of_the_contract() -> None:
    envelope = json.loads(payload_of(measured()))
    data = envelope.pop("data")

    assert envelope == {
        "specversion": "1.0",
        "id": event_id(canonical(data)),
        "source": "urn:ehub:MY-KUL-1:gw-03:e7",
        "type": "org.ehub.parcel.measured.v1",
        "subject": VISIT,
        "time": "2026-11-22T00:15:02.123456Z",
        "sequence": "0000000000000001",
        "partitionkey": VISIT,
        "datacontenttype": "application/json",
        "ehubsig": SIGNER.sign(canonical(data)),
        "ehubkid": SIGNER.kid,
    }


@pytest.mark.parametrize("event", [measured(), departed(), device_changed(), obeyed()], ids=lambda e: e.kind)
def test_every_event_opens_at_both_ends(event: Event) -> None:
    payload = payload_of(event)
    opened = open_cloudevent(payload)

    assert opened.data == verifier.examine(payload, KEYS).data == data_of(event)
    assert (opened.sig, opened.kid) == (SIGNER.sign(canonical(opened.data)), SIGNER.kid)


def test_the_golden_event_opens_at_both_ends() -> None:
    payload = event_payload(EVENT_BYTES, event_id(EVENT_BYTES), SIGNER.sign(EVENT_BYTES), SIGNER.kid)

    assert canonical(open_cloudevent(payload).data) == EVENT_BYTES
    assert verifier.examine(payload, KEYS).id == event_id(EVENT_BYTES)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("specversion", "1.1"),
        ("source", "urn:ehub:MY-KUL-1:gw-03:e8"),
        ("source", "urn:ehub:MY-KUL-2:gw-03:e7"),
        ("type", "org.ehub.parcel.departed.v1"),
        ("subject", "01a2009b-37eb-7cc0-9f2a-000000000000"),
        ("time", "2026-11-22T00:15:02.123457Z"),
        ("sequence", "1"),
        ("sequence", 1),
        ("partitionkey", None),
        ("datacontenttype", "text/plain"),
    ],
)
def test_an_attribute_that_disagrees_with_data_is_refused_at_both_ends(name: str, value: object) -> None:
    envelope = json.loads(payload_of(measured()))
    assert_refused(json.dumps(envelope | {name: value}).encode(), "attribute_mismatch")
    del envelope[name]
    assert_refused(json.dumps(envelope).encode(), "attribute_mismatch")


def test_a_changed_id_or_missing_data_is_refused_at_both_ends() -> None:
    envelope = json.loads(payload_of(measured()))

    assert_refused(json.dumps(envelope | {"id": ZERO_ID}).encode(), "bad_id")
    assert_refused(json.dumps(envelope | {"data": "text"}).encode(), "bad_shape")
    for name in ("hub", "gw", "epoch", "seq", "kind", "t"):
        data = {key: value for key, value in envelope["data"].items() if key != name}
        assert_refused(json.dumps(envelope | {"data": data}).encode(), "bad_shape")


def assert_refused(payload: bytes, reason: str) -> None:
    with pytest.raises(WireError) as ours:
        open_cloudevent(payload)
    with pytest.raises(verifier.Refused) as theirs:
        verifier.examine(payload, KEYS)
    assert (ours.value.reason, theirs.value.reason) == (reason, reason)


def test_a_signature_without_its_key_is_refused() -> None:
    envelope = json.loads(payload_of(measured()))
    del envelope["ehubkid"]

    with pytest.raises(WireError, match="come together"):
        open_cloudevent(json.dumps(envelope).encode())


def test_an_unsigned_event_has_neither_signature_nor_key() -> None:
    data = data_of(measured())
    payload = cloudevent(data, event_id(canonical(data)), None, None)

    assert not {"ehubsig", "ehubkid"} & set(json.loads(payload))
    assert open_cloudevent(payload).sig is None


@pytest.mark.parametrize("signed", [True, False])
def test_a_payload_made_from_the_journalled_bytes_is_that_of_its_data(signed: bool) -> None:
    sig, kid = (SIGNER.sign(EVENT_BYTES), SIGNER.kid) if signed else (None, None)
    identity = event_id(EVENT_BYTES)

    assert event_payload(EVENT_BYTES, identity, sig, kid) == cloudevent(
        json.loads(EVENT_BYTES), identity, sig, kid
    )
