"""Every event of whole simulated hubs is what the published schema says: neither can drift from the other."""

from collections import Counter

import fastjsonschema
import pytest

from edge.wire.asyncapi import schemas
from hub_config.rules import load_rules
from simulators.coordinator.well_formed import misfit
from simulators.parcels import Flow
from simulators.practice import practice_signer
from simulators.scenario import find
from simulators.simulate import prepare


@pytest.mark.parametrize("scenario", ["demo", "line-dws", "outage-2h", "fault-late-record"])
def test_every_event_of_a_run_fits_its_schema(scenario: str) -> None:
    schema = schemas()["event"]
    check = fastjsonschema.compile(schema["$defs"]["EventData"] | {"$defs": schema["$defs"]})
    plan = find(scenario)
    simulation = prepare(
        plan.config(practice_signer("coordinator")), Flow(3, 60, plan.goods), 3, plan.name, lines=plan.lines,
        network=plan.network_of(60, None), mistakes_ppm=plan.mistakes_ppm, rules=load_rules(plan.rules),
        offline=plan.offline,
    )  # fmt: skip
    simulation.run()
    kinds = Counter(event["kind"] for event in simulation.hub.events)
    for event in simulation.hub.events:
        assert misfit(event) is None, event
        check(event)  # which puts defaults in

    assert kinds["parcel.measured"] > 30, kinds
