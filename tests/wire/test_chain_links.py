"""The hash chain of one epoch."""

from dataclasses import replace

import pytest
from wire_samples import CONTEXT, SIGNER, departed, device_changed, measured

from edge.wire.canonical import ZERO_ID, WireError, event_id, parse_strict
from edge.wire.chain import Chain, Head
from hub_config.names import VisitId

PRACTICE = replace(CONTEXT, mode="practice")


def test_each_event_names_the_one_before() -> None:
    chain = Chain(CONTEXT, SIGNER)
    links = [chain.append(event) for event in (measured(), departed(), device_changed())]

    assert [link.seq for link in links] == [1, 2, 3]
    assert [link.prev for link in links] == [ZERO_ID, links[0].id, links[1].id]
    for link in links:
        data = parse_strict(link.body)
        assert (data["seq"], data["prev"], event_id(link.body)) == (link.seq, link.prev, link.id)
        assert link.sig == SIGNER.sign(link.body)
    assert chain.head == Head(4, links[2].id)


def test_the_chain_goes_on_where_it_stood() -> None:
    whole = Chain(CONTEXT, SIGNER)
    first, second = whole.append(measured()), whole.append(departed())

    assert Chain(CONTEXT, SIGNER, next_seq=2, prev=first.id).append(departed()) == second


def test_a_link_taken_back_is_made_again_the_same() -> None:
    chain = Chain(CONTEXT, SIGNER)
    head = chain.head
    link = chain.append(measured())
    chain.rewind(head)

    assert chain.append(measured()) == link


def test_an_event_that_can_not_be_told_leaves_the_chain_where_it_was() -> None:
    chain = Chain(CONTEXT, SIGNER)
    huge = replace(device_changed(), note=(("a" * 70_000, 1),))
    with pytest.raises(WireError, match="too_large"):
        chain.append(huge)

    assert chain.head == Head()


def test_in_practice_a_sample_of_visits_is_signed_whole_and_all_are_chained() -> None:
    chain = Chain(PRACTICE, SIGNER, sign_one_in=10)
    signed = 0
    for number in range(1_000):
        visit = VisitId(f"01a2009b-37eb-7cc0-9f2a-{number:012x}")
        first, second = chain.append(measured(visit)), chain.append(departed(visit))
        assert second.prev == first.id
        assert (first.sig is None) == (second.sig is None) == (first.kid is None)
        signed += first.sig is not None

    assert 50 < signed < 200


def test_live_events_are_all_signed() -> None:
    with pytest.raises(ValueError, match="live events are all signed"):
        Chain(CONTEXT, SIGNER, sign_one_in=1_000)
