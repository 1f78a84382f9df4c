"""Parcels are dealt to benches and lines as they are asked for: who gets which does not depend on who asks when."""

from itertools import zip_longest

import pytest

from hub_config.hub import HubConfig
from hub_config.load import load
from simulators import deal as deals
from simulators.deal import Deal
from simulators.parcels import Flow, stream
from simulators.practice import EXAMPLE, declarations, shared_out, with_lines

PARCELS = 200


@pytest.fixture(scope="module")
def config() -> HubConfig:
    return with_lines(load(EXAMPLE), 3, benches=True)


def test_every_place_gets_its_parcels_whoever_asks_first(config: HubConfig) -> None:
    parcels = stream(4, PARCELS)
    shares = shared_out(config, parcels)
    one_by_one, in_turn, of_a_list = (
        Deal(config, given) for given in (Flow(4, PARCELS), Flow(4, PARCELS), parcels)
    )
    rounds = list(zip_longest(*in_turn.shares.values()))

    assert {place: len(share) for place, share in of_a_list.shares.items()} == {
        place: len(share) for place, share in shares.items()
    }
    assert {place: list(share) for place, share in one_by_one.shares.items()} == shares
    assert [[one for one in row if one] for row in zip(*rounds, strict=True)] == list(shares.values())
    assert one_by_one.declared == declarations(parcels)


def test_of_parcels_done_with_the_latest_declarations_are_kept(
    config: HubConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deals, "DECLARED_MAX", 10)
    parcels = stream(4, PARCELS)
    deal = Deal(config, parcels)
    for share in deal.shares.values():
        list(share)
    codes = list(declarations(parcels))
    deal.forget(parcels[:100])
    done = len(declarations(parcels[:100]))

    assert list(declarations(parcels[100:])) == [code for code in codes[done:] if code in deal.declared]
    assert [code for code in codes[:done] if code in deal.declared] == codes[done - 10 : done]


def test_a_parcel_is_where_it_was_dealt(config: HubConfig) -> None:
    parcels = stream(4, 8)
    deal = Deal(config, parcels)

    assert [one.number for one in parcels if one in deal.shares[config.benches[0].id]] == [
        one.number for one in shared_out(config, parcels)[config.benches[0].id]
    ]
