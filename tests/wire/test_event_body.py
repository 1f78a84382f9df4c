"""The bytes that an event is chained, hashed and signed by: canonical whatever is in them, and kept within bounds."""

from dataclasses import replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire_samples import (
    CONTEXT,
    DECISION_BYTES,
    MASS,
    SIGNER,
    VISIT,
    code,
    departed,
    device_changed,
    measured,
)

from edge.core.decision import Conditions, Decision
from edge.core.event import Association, Dims, Event, Operator
from edge.wire.canonical import ZERO_ID, WireError, canonical
from edge.wire.envelope import DeviceProvenance
from edge.wire.event_body import PROVENANCES_KEPT, EventBodies
from hub_config.names import DeviceId, Instant, LaneId, LineId

DECISION = Decision(
    "01a2009b-3881-7000-8000-000000000001", 1, VISIT, None, ZERO_ID, "release", (), LaneId("green"), "customs",
    Conditions(), (), 1, 2, "hub", DECISION_BYTES.decode(), SIGNER.kid, SIGNER.sign(DECISION_BYTES),
)  # fmt: skip
WHOLE = replace(
    departed(),
    flags=("two_labels", "no_read"),
    codes=(code(), code("MECARD:N:Aminah", "unknown"), code('a"b\\c\x1d', "carrier")),
    mass=MASS,
    dims=Dims(DeviceId("dim-1"), 301_200, 200_100, 99_800, 5_000, "cuboid", None),
    assoc=Association("bench", 999_999, 0),
    decision=DECISION,
    operator=Operator("0f" * 8, LineId("bench-1")),
    note=(("z", "Ärger\n"), ("a", 1), ("m", 'quote " and \\')),
)
KNOWN = replace(
    CONTEXT,
    devices={
        DeviceId("wim-1"): DeviceProvenance(drv="x", seal="s", cal_until="2027-01-01", cal="c", fw="1"),
        DeviceId("scale-1"): DeviceProvenance(fw="3.12"),
        DeviceId("dim-1"): DeviceProvenance(),
    },
)


@pytest.mark.parametrize(
    "event",
    [
        WHOLE,
        replace(WHOLE, decision=replace(DECISION, voucher=True)),
        measured(),
        departed(),
        device_changed(),
        measured(codes=tuple(code(str(number)) for number in range(40))),
    ],
)
def test_the_bytes_are_the_canonical_form_of_what_they_say(event: Event) -> None:
    body = EventBodies(KNOWN).body(event, 7, ZERO_ID)

    assert canonical(orjson.loads(body)) == body


@given(st.text(), st.binary(max_size=20), st.integers(-(2**53) + 1, 2**53 - 1))
def test_they_are_so_whatever_a_device_says(text: str, raw: bytes, number: int) -> None:
    note = (("said", text), ("number", number), ("a", "x"))
    body = EventBodies(KNOWN).body(
        replace(measured(codes=(code(text, "carrier", raw or b"-"),)), note=note), 1, ZERO_ID
    )

    assert canonical(orjson.loads(body)) == body


def test_what_can_not_be_told_is_refused_in_the_words_of_the_contract() -> None:
    bodies = EventBodies(CONTEXT)
    with pytest.raises(WireError, match="bad_number"):
        bodies.body(replace(measured(), mass=replace(MASS, mg=2**53)), 1, ZERO_ID)
    with pytest.raises(WireError, match="bad_number"):
        bodies.body(replace(measured(), note=(("far", 2**60),)), 1, ZERO_ID)
    with pytest.raises(WireError, match="bad_text"):
        bodies.body(replace(departed(), clock="half \ud800"), 1, ZERO_ID)
    with pytest.raises(WireError, match="bad_text"):
        bodies.body(replace(departed(), clock="\0"), 1, ZERO_ID)
    with pytest.raises(WireError, match="too_large"):
        bodies.body(replace(departed(), clock="x" * 70_000), 1, ZERO_ID)


def test_devices_that_made_events_together_are_written_once_and_forgotten_at_the_bound() -> None:
    bodies = EventBodies(KNOWN)
    for number in range(3 * PROVENANCES_KEPT):
        device = DeviceId(f"scan-{number}")
        event = measured(codes=(replace(code(), device=device),))
        assert bodies.body(event, 1, ZERO_ID) == EventBodies(KNOWN).body(event, 1, ZERO_ID)

    assert len(bodies._provenances) <= PROVENANCES_KEPT


def test_the_same_event_at_another_place_differs_in_its_place_alone() -> None:
    bodies = EventBodies(CONTEXT)
    first = orjson.loads(bodies.body(measured(), 1, ZERO_ID))
    later = orjson.loads(bodies.body(replace(measured(), at=Instant(1)), 2, "ni:///sha-256;x"))

    assert {name for name in first if first[name] != later[name]} == {"mono_us", "prev", "salt", "seq"}
